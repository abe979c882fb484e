// The claims of `near.rs`, each as a test, and a table against a map.
// Never knows: caches.
// Read next: `../near.rs`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::thread;

use proptest::prelude::*;

use super::*;

/// What is remembered of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    key: u64,
    value: u64,
    is_dead: bool,
}

impl Kept {
    fn of(key: u64) -> Kept {
        Kept { key, value: key, is_dead: false }
    }
}

/// Keys that differ by less than the number of sets belong to sets of their own.
fn hash(key: u64) -> u64 {
    key << 20
}

fn put(table: &mut Table<Kept>, kept: Kept) -> Option<Kept> {
    let (key, mut before) = (kept.key, None);
    let is = |kept: &Kept| kept.key == key;
    table.put(
        hash(key),
        |kept| kept.is_dead,
        is,
        |stood| {
            before = stood;
            kept
        },
    );
    before
}

fn find(table: &mut Table<Kept>, key: u64) -> Option<u64> {
    table.find(hash(key), |kept| kept.key == key).map(|kept| kept.value)
}

fn die(table: &mut Table<Kept>, key: u64) {
    let found = table.find(hash(key), |kept| kept.key == key);
    found.expect("it was put").is_dead = true;
}

fn len(table: &Table<Kept>) -> usize {
    table.sets.iter().flatten().flatten().count()
}

/// Keys of one set, however many sets there are.
fn of_one_set(most: usize) -> impl Iterator<Item = u64> {
    (0..).map(move |number| number * most as u64)
}

#[test]
fn a_table_that_grows_gives_nothing_up() {
    let most = 8 * FIRST;
    let mut table = Table::new(most);
    assert_eq!(table.sets.len(), FIRST);
    for key in 0..(most * WAYS) as u64 {
        assert_eq!(put(&mut table, Kept::of(key)), None);
        for known in 0..=key {
            assert_eq!(find(&mut table, known), Some(known), "of {key}");
        }
    }
    assert_eq!(table.sets.len(), most);
}

#[test]
fn a_set_that_cannot_grow_gives_up_what_has_not_been_used_since_all_were() {
    let mut table = Table::new(1);
    let keys: Vec<u64> = of_one_set(1).take(WAYS + 2).collect();
    for key in &keys[..WAYS] {
        put(&mut table, Kept::of(*key));
    }
    // The last one has been used, and of the others the first.
    assert_eq!(find(&mut table, keys[0]), Some(keys[0]));
    assert_eq!(put(&mut table, Kept::of(keys[WAYS])), Some(Kept::of(keys[1])));
    // All have been used but one.
    assert_eq!(put(&mut table, Kept::of(keys[WAYS + 1])), Some(Kept::of(keys[2])));
    assert_eq!(find(&mut table, keys[0]), Some(keys[0]));
    assert_eq!(len(&table), WAYS);
}

#[test]
fn a_crowded_set_lets_in_what_it_knows_and_the_last_that_it_refused() {
    let mut table = Table::new(1);
    let hashes: Vec<u64> = (1..).map(|number| number << 32).take(WAYS + 2).collect();
    for hash in &hashes[..WAYS] {
        assert!(table.admits(*hash), "there is a place");
        table.put(*hash, |_| false, |_| false, |_| Kept::of(*hash));
    }
    assert!(table.admits(hashes[0]), "it is known");
    let [first, second] = [hashes[WAYS], hashes[WAYS + 1]];
    assert!(!table.admits(first));
    assert!(table.admits(first), "it was refused last");
    assert!(!table.admits(second));
    assert!(!table.admits(first), "another was refused since");
    table.take(hashes[1], |_| true);
    assert!(table.admits(second), "there is a place");
}

#[test]
fn a_table_grows_for_what_is_let_in_alone() {
    let mut table = Table::new(8 * FIRST);
    let mut hashes = of_one_set(8 * FIRST).map(|key| hash(key) | (key << 40));
    for hash in hashes.by_ref().take(WAYS) {
        table.put(hash, |_| false, |_| false, |_| Kept::of(hash));
    }
    let refused = hashes.by_ref().take(100).filter(|hash| !table.admits(*hash)).count();
    assert_eq!((refused, table.sets.len()), (100, FIRST));
    let next = hashes.next().expect("without end");
    assert_eq!([table.admits(next), table.admits(next)], [false, true]);
    table.put(next, |_| false, |_| false, |_| Kept::of(next));
    assert_eq!((table.sets.len(), len(&table)), (8 * FIRST, WAYS), "all are of one set");
}

#[test]
fn a_dead_place_is_taken_before_a_free_one_and_before_the_table_grows() {
    let most = 4 * FIRST;
    let mut table = Table::new(most);
    let mut keys = of_one_set(most);
    let mut next = || keys.next().expect("without end");
    let first = [next(), next()];
    for key in first {
        put(&mut table, Kept::of(key));
    }
    die(&mut table, first[1]);
    let dead = Kept { is_dead: true, ..Kept::of(first[1]) };
    let third = next();
    assert_eq!(put(&mut table, Kept::of(third)), Some(dead));
    put(&mut table, Kept::of(next()));
    put(&mut table, Kept::of(next()));
    die(&mut table, first[0]);
    let dead = Kept { is_dead: true, ..Kept::of(first[0]) };
    assert_eq!(put(&mut table, Kept::of(next())), Some(dead));
    assert_eq!(find(&mut table, third), Some(third));
    assert_eq!((table.sets.len(), len(&table)), (FIRST, WAYS));
}

#[test]
fn a_key_is_remembered_once() {
    let mut table = Table::new(FIRST);
    put(&mut table, Kept::of(3));
    put(&mut table, Kept::of(3 + FIRST as u64));
    let again = Kept { value: 30, ..Kept::of(3) };
    assert_eq!(put(&mut table, again.clone()), Some(Kept::of(3)));
    assert_eq!((find(&mut table, 3), len(&table)), (Some(30), 2));
    assert_eq!(table.take(hash(3), |kept| kept.key == 3), Some(again));
    assert_eq!((find(&mut table, 3), len(&table)), (None, 1));
    assert_eq!(table.take(hash(3), |kept| kept.key == 3), None);
}

#[test]
fn a_sweep_forgets_what_is_dead_and_nothing_else() {
    let mut table = Table::new(FIRST);
    for key in 0..FIRST as u64 {
        put(&mut table, Kept::of(key));
    }
    for key in [1, 3, 5] {
        die(&mut table, key);
    }
    let mut swept = Vec::new();
    loop {
        let (some, is_through) = table.sweep_next(|kept| kept.is_dead);
        swept.extend(some.into_iter().flatten().map(|kept| kept.key));
        if is_through {
            break;
        }
    }
    assert_eq!(swept, [1, 3, 5]);
    die(&mut table, 0);
    assert_eq!(table.sweep(|kept| kept.is_dead).len(), 1);
    assert_eq!(len(&table), FIRST - 4);
}

/// Counts its drops, and does something as it is dropped.
struct Dropped<F: FnMut()>(F);

impl<F: FnMut()> Drop for Dropped<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn remember<W: 'static>(near: &Near<W>, kept: W) -> Option<()> {
    near.open();
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
    let inner = near.with(|_| (near.with(|_| ()), remember(&near, Kept::of(8)), forget_gone()));
    assert_eq!(inner, Some((None, None, ())));
    assert_eq!(near.with(|table| find(table, 7)).flatten(), None, "put under another hash");
    assert_eq!(near.with(|table| len(table)), Some(1));
    // A cache that is dropped in such a call leaves its table for later.
    let other = RefCell::new(Some(Near::new(WAYS)));
    remember(other.borrow().as_ref().expect("there"), Kept::of(9)).expect("it is on");
    near.with(|_| drop(other.take())).expect("it is on");
    assert_eq!(TABLES.with_borrow(|tables| tables.iter().filter(|row| is_gone(row)).count()), 1);
    forget_gone();
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

/// What is done with a table.
#[derive(Debug, Clone, Copy)]
enum Step {
    Put(u64),
    Find(u64),
    Take(u64),
    Die(u64),
    SweepNext,
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    // So few keys that they meet, and so many that sets are crowded.
    let key = 0..160_u64;
    prop_oneof![
        8 => key.clone().prop_map(Step::Put),
        8 => key.clone().prop_map(Step::Find),
        1 => key.clone().prop_map(Step::Take),
        2 => key.prop_map(Step::Die),
        2 => Just(Step::SweepNext),
        1 => Just(Step::Sweep),
    ]
}

/// Several keys of one hash, of one but for the lowest bit, and of one set.
fn crowded_hash(key: u64) -> u64 {
    hash(key % 40 * 3) | (key / 40 % 2)
}

proptest! {
    /// A table is a map of what was put last under each key, less what it says that it gives up: what is
    /// dead, and where it cannot grow what shares a crowded set.
    #[test]
    fn a_table_finds_what_was_put_last_and_says_what_it_gives_up(
        most in (0_u32..6).prop_map(|bits| 1_usize << bits),
        steps in prop::collection::vec(step(), 1..400),
    ) {
        let (mut table, mut map) = (Table::new(most), HashMap::new());
        for (value, step) in (0..).zip(steps) {
            match step {
                Step::Put(key) => {
                    let mut before = None;
                    table.put(crowded_hash(key), |k: &Kept| k.is_dead, |k| k.key == key, |stood| {
                        before = stood;
                        Kept { key, value, is_dead: false }
                    });
                    if let Some(before) = before {
                        if before.key != key && !before.is_dead {
                            prop_assert_eq!(table.sets.len(), most, "{:?} for {}", before, key);
                            let set = &table.sets[table.at(crowded_hash(key))];
                            prop_assert!(set.iter().all(Option::is_some));
                        }
                        prop_assert_eq!(map.remove(&before.key), Some(before.value));
                    }
                    prop_assert_eq!(map.insert(key, value), None, "remembered twice");
                }
                Step::Find(_) => {}
                Step::Take(key) => {
                    let taken = table.take(crowded_hash(key), |kept| kept.key == key);
                    prop_assert_eq!(taken.map(|kept| kept.value), map.remove(&key));
                }
                Step::Die(key) => {
                    let found = table.find(crowded_hash(key), |kept| kept.key == key);
                    prop_assert_eq!(found.is_some(), map.contains_key(&key));
                    if let Some(kept) = found {
                        kept.is_dead = true;
                    }
                }
                Step::SweepNext => {
                    let (swept, _) = table.sweep_next(|kept| kept.is_dead);
                    for kept in swept.into_iter().flatten() {
                        prop_assert!(kept.is_dead && map.remove(&kept.key) == Some(kept.value));
                    }
                }
                Step::Sweep => {
                    for kept in table.sweep(|kept| kept.is_dead) {
                        prop_assert!(kept.is_dead && map.remove(&kept.key) == Some(kept.value));
                    }
                    prop_assert!(table.sweep(|kept| kept.is_dead).is_empty());
                }
            }
            if let Step::Put(key) | Step::Find(key) | Step::Take(key) | Step::Die(key) = step {
                let found = table.find(crowded_hash(key), |kept| kept.key == key);
                prop_assert_eq!(found.map(|kept| kept.value), map.get(&key).copied());
            }
            prop_assert_eq!(len(&table), map.len());
            prop_assert!(map.len() <= most * WAYS);
        }
    }
}
