// The claims of `mod.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `mod.rs`.

use super::*;
use crate::truth::{Capture, Class, Finding, KeyMarks, Sequence, Shelf, conclude};

#[test]
fn the_stored_key_is_found_by_a_borrowed_form_that_has_no_owned_one() {
    let store: Store<Arc<str>, u32> =
        Store::new(&Bound::Entries(10), FixedState::default(), |_, _| {}, || {});
    let class = Arc::new(Class::new([]));
    let capture = Capture::take(&Sequence::new(), &class);
    let finding = Finding::Value(Some(Arc::new(1)));
    let stored: Arc<str> = "k".into();
    let marks = KeyMarks::default();
    assert!(conclude(&store.shelf(&stored), finding, &capture, marks, || false).stands());
    let found = store.key("k").expect("stored");
    assert!(Arc::ptr_eq(&found, &stored));
    assert!(store.key("other").is_none());
    let shelf = store.shelf("k");
    let row = shelf.row().expect("stored");
    assert!(row.slot().kill().is_some());
    shelf.take_out(&row);
    assert!(store.key("k").is_none());
}

#[test]
fn a_slot_is_not_taken_out_for_another_that_stood_in_its_place() {
    let store: Store<u32, u32> =
        Store::new(&Bound::Entries(10), FixedState::default(), |_, _| {}, || {});
    let (sequence, class) = (Sequence::new(), Arc::new(Class::new([])));
    let put = |value| {
        let capture = Capture::take(&sequence, &class);
        let finding = Finding::Value(Some(Arc::new(value)));
        let marks = KeyMarks::default();
        assert!(conclude(&store.shelf(&7), finding, &capture, marks, || false).stands());
        store.find(store.probe(&7)).expect("stored")
    };
    let old = put(1);
    assert!(old.slot().kill().is_some());
    let new = put(2);
    assert!(!Arc::ptr_eq(&old, &new));
    store.shelf(&7).take_out(&old);
    store.run_pending();
    assert_eq!(store.len(), 1);
    assert!(store.find(store.probe(&7)).is_some_and(|row| Arc::ptr_eq(&row, &new)));
    store.shelf(&7).take_out(&new);
    store.run_pending();
    assert_eq!(store.len(), 0);
}

type Numbers = Store<u64, u64>;

fn numbers(most: u64, evicted: impl Fn(&u64, &Held<u64>) + Send + Sync + 'static) -> Numbers {
    Store::new(&Bound::Entries(most), FixedState::default(), evicted, || {})
}

/// Stores a key's own number for it.
fn keep(store: &Numbers, key: u64) {
    let class = Arc::new(Class::new([]));
    let capture = Capture::take(&Sequence::new(), &class);
    let finding = Finding::Value(Some(Arc::new(key)));
    let marks = KeyMarks::default();
    assert!(conclude(&store.shelf(&key), finding, &capture, marks, || false).stands());
}

fn found(store: &Numbers, key: u64) -> Option<u64> {
    store.find(store.probe(&key))?.slot().inspect(|held| *held.entry)
}

/// What a look finds it learns from moka asking it whether a key is the one that is meant.
#[test]
fn moka_asks_a_look_about_the_key_that_is_meant_wherever_its_row_has_been_moved() {
    let store = numbers(100_000, |_, _| {});
    for key in 0..3_000 {
        keep(&store, key);
        assert_eq!(found(&store, key), Some(key), "at once");
        assert_eq!(found(&store, key + 3_000), None);
    }
    // moka has moved its rows to larger tables meanwhile.
    let all_found = |when: &str| {
        let lost = (0..3_000).find(|key| found(&store, *key) != Some(*key));
        assert_eq!(lost, None, "{when}");
    };
    all_found("later");
    store.run_pending();
    all_found("after moka's own work");
    store.resize(50_000);
    all_found("in another table");
    assert_eq!(store.keys(|_| true).len(), 3_000);
}

/// Fills a store, has a key asked for often in this way, and lets newcomers in that are asked for a few
/// times each. Returns whether the key is still there.
fn outlives_newcomers(ask: impl Fn(&Numbers)) -> bool {
    const MOST: u64 = 8;
    let store = numbers(MOST, |_, _| {});
    for key in 0..MOST {
        keep(&store, key);
    }
    store.run_pending();
    for _ in 0..10 {
        ask(&store);
        store.run_pending();
    }
    for key in 100..100 + 2 * MOST {
        for _ in 0..3 {
            store.miss(store.probe(&key).hash());
        }
        store.run_pending();
        keep(&store, key);
        store.run_pending();
    }
    found(&store, 0).is_some()
}

#[test]
fn moka_takes_no_notice_of_a_look_and_ranks_by_what_it_is_told() {
    assert!(!outlives_newcomers(|_| {}), "a key that nobody asks for makes room");
    assert!(!outlives_newcomers(|store| {
        let row = store.find(store.probe(&0)).expect("stored");
        assert!(!row.slot().is_dead());
    }));
    assert!(outlives_newcomers(|store| {
        store.touch(&store.find(store.probe(&0)).expect("stored"));
    }));
}

/// Whoever puts a row in waits for the notice of the one that has been let go before: nobody remembers a
/// slot that lives beside another of its key. Model:
/// `a_row_that_takes_the_place_of_one_that_is_let_go_fails_without_the_lock_of_the_key`.
#[test]
fn a_row_is_put_in_after_the_notice_of_the_one_that_was_let_go() {
    use std::sync::mpsc::channel;
    use std::sync::{Mutex as StdMutex, OnceLock};
    use std::thread;

    let log = Arc::new(StdMutex::new(Vec::new()));
    let (let_go, gone) = channel();
    let (asking, asked) = channel();
    let asked = StdMutex::new(Some(asked));
    let shared = Arc::new(OnceLock::<Numbers>::new());
    let store = {
        let log = Arc::clone(&log);
        numbers(1, move |key, _| {
            // The first notice alone waits for the other thread.
            let Some(asked) = asked.lock().expect("no panic").take() else { return };
            let_go.send(*key).expect("awaited");
            asked.recv().expect("it asks");
            // Time to put the row in, for a moka that would let it.
            (0..1_000).for_each(|_| thread::yield_now());
            log.lock().expect("no panic").push("noticed");
        })
    };
    assert!(shared.set(store).is_ok());
    let putting = {
        let (shared, log) = (Arc::clone(&shared), Arc::clone(&log));
        thread::spawn(move || {
            let key = gone.recv().expect("a notice");
            let store = shared.get().expect("set");
            asking.send(()).expect("awaited");
            keep(store, key);
            log.lock().expect("no panic").push("put in");
        })
    };
    let store = shared.get().expect("set");
    for key in 0..2 {
        keep(store, key);
    }
    store.run_pending();
    putting.join().expect("no panic");
    assert_eq!(*log.lock().expect("no panic"), ["noticed", "put in"]);
}
