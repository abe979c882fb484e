// The claims of `near.rs`, each as a test.
// Never knows: caches.
// Read next: `../near.rs`; `table/tests.rs` for what a table does.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::table::tests::{Kept, find, len};
use super::*;

/// Counts its drops, and does something as it is dropped.
struct Dropped<F: FnMut()>(F);

impl<F: FnMut()> Drop for Dropped<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl<F: FnMut() + 'static> IntoRest for Dropped<F> {
    type Rest = ();

    fn into_rest(self) {}
}

fn remember<W: IntoRest>(near: &Near<W>, kept: W) -> Option<()> {
    drop(near.open());
    near.with(|table| table.put(7, |_| false, |_| true, |_| kept))
}

#[test]
fn no_places_remember_nothing() {
    let near = Near::new(0);
    assert!(!near.is_on());
    assert_eq!(remember(&near, Kept::of(7)), None);
    assert!(Near::<Kept>::new(1).is_on());
}

#[test]
fn each_cache_has_a_table_of_its_own_on_each_thread() {
    let (one, other) = (Near::new(WAYS), Near::new(WAYS));
    remember(&one, Kept::of(1)).expect("it is on");
    remember(&other, Kept::of(2)).expect("it is on");
    let key_of = |near: &Near<Kept>| {
        near.with(|table| table.find(7, |_| true).map(|kept| kept.key)).flatten()
    };
    assert_eq!((key_of(&one), key_of(&other), key_of(&one)), (Some(1), Some(2), Some(1)));
    thread::scope(|threads| {
        threads.spawn(|| assert_eq!((key_of(&one), key_of(&other)), (None, None)));
    });
}

#[test]
fn a_call_within_a_call_is_refused() {
    let near = Near::new(WAYS);
    remember(&near, Kept::of(7)).expect("it is on");
    let inner =
        near.with(|_| (near.with(|_| ()), remember(&near, Kept::of(8)), forget_gone().len()));
    assert_eq!(inner, Some((None, None, 0)));
    assert_eq!(near.with(|table| find(table, 7)).flatten(), None, "put under another hash");
    assert_eq!(near.with(|table| len(table)), Some(1));
    // A cache that is dropped in such a call leaves its table for later.
    let other = RefCell::new(Some(Near::new(WAYS)));
    remember(other.borrow().as_ref().expect("there"), Kept::of(9)).expect("it is on");
    near.with(|_| drop(other.take())).expect("it is on");
    assert_eq!(TABLES.with_borrow(|tables| tables.iter().filter(|row| is_gone(row)).count()), 1);
    assert_eq!(forget_gone().len(), 1);
    assert_eq!(TABLES.with_borrow(|tables| tables.iter().filter(|row| is_gone(row)).count()), 0);
}

fn is_gone(row: &Row) -> bool {
    row.is_there.strong_count() == 0
}

#[test]
fn the_table_of_a_cache_goes_with_it_and_may_use_another_as_it_goes() {
    let other = Rc::new(Near::new(WAYS));
    let near = Near::new(WAYS);
    let drops = Rc::new(Cell::new(0));
    let kept = {
        let (other, drops) = (Rc::clone(&other), Rc::clone(&drops));
        Dropped(move || {
            drops.set(drops.get() + 1);
            remember(&other, Kept::of(1)).expect("under no borrow");
        })
    };
    remember(&near, kept).expect("it is on");
    drop(near);
    assert_eq!(drops.get(), 1);
    assert_eq!(other.with(|table| len(table)), Some(1));
}

/// Hands on what counts its drops.
struct Handed(Arc<AtomicUsize>);

impl IntoRest for Handed {
    type Rest = CountsDrop;

    fn into_rest(self) -> CountsDrop {
        CountsDrop(self.0)
    }
}

struct CountsDrop(Arc<AtomicUsize>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: read behind a join.
    }
}

#[test]
fn what_a_cache_that_is_gone_has_left_is_handed_to_whoever_may_drop_it() {
    let drops = Arc::new(AtomicUsize::new(0));
    let near = RefCell::new(Some(Near::new(WAYS)));
    remember(near.borrow().as_ref().expect("there"), Handed(Arc::clone(&drops))).expect("on");
    let other = Near::<Kept>::new(WAYS);
    remember(&other, Kept::of(1)).expect("it is on");
    // It is dropped in a call of another, and so leaves its table.
    other.with(|_| drop(near.take())).expect("it is on");
    let left = forget_gone();
    assert_eq!((left.len(), drops.load(Ordering::Relaxed)), (1, 0));
    thread::spawn(|| drop(left)).join().expect("no panic");
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn another_threads_table_goes_when_that_thread_uses_a_cache_for_the_first_time_or_ends() {
    use std::sync::Mutex as StdMutex;
    use std::sync::mpsc::channel;

    let log = Arc::new(StdMutex::new(Vec::new()));
    let logged = |what: &'static str| {
        let log = Arc::clone(&log);
        Dropped(move || log.lock().expect("no panic").push(what))
    };
    let [gone, stays] = [(); 2].map(|()| Arc::new(Near::new(WAYS)));
    let (told, go_on) = (channel(), channel());
    let thread = {
        let (gone, stays) = (Arc::clone(&gone), Arc::clone(&stays));
        let kept = [logged("first"), logged("second")];
        let (told, go_on) = (told.0, go_on.1);
        thread::spawn(move || {
            let [first, second] = kept;
            remember(&gone, first).expect("it is on");
            drop(gone);
            told.send(()).expect("awaited");
            go_on.recv().expect("it is told");
            remember(&stays, second).expect("it is on");
            told.send(()).expect("awaited");
            go_on.recv().expect("it is told");
        })
    };
    let seen = || log.lock().expect("no panic").clone();
    told.1.recv().expect("told");
    drop(gone);
    assert!(seen().is_empty(), "nothing can be taken from a thread");
    go_on.0.send(()).expect("awaited");
    told.1.recv().expect("told");
    assert_eq!(seen(), ["first"]);
    go_on.0.send(()).expect("awaited");
    thread.join().expect("no panic");
    assert_eq!(seen(), ["first", "second"]);
}
