// The claims of `table.rs`, each as a test, and a table against a map.
// Never knows: caches.
// Read next: `../table.rs`.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::store::near::IntoRest;

/// What is remembered of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store::near) struct Kept {
    pub(in crate::store::near) key: u64,
    value: u64,
    is_dead: bool,
}

impl Kept {
    pub(in crate::store::near) fn of(key: u64) -> Kept {
        Kept { key, value: key, is_dead: false }
    }
}

impl IntoRest for Kept {
    type Rest = Kept;

    fn into_rest(self) -> Kept {
        self
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

pub(in crate::store::near) fn find(table: &mut Table<Kept>, key: u64) -> Option<u64> {
    table.find(hash(key), |kept| kept.key == key).map(|kept| kept.value)
}

fn die(table: &mut Table<Kept>, key: u64) {
    let found = table.find(hash(key), |kept| kept.key == key);
    found.expect("it was put").is_dead = true;
}

pub(in crate::store::near) fn len(table: &Table<Kept>) -> usize {
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
fn a_table_refuses_nothing_as_long_as_it_may_grow() {
    let mut table = Table::new(2 * FIRST);
    let hash = |key| hash(key) | key << 40;
    for key in of_one_set(FIRST).take(2 * WAYS) {
        assert!(table.admits(hash(key)));
        table.put(hash(key), |_| false, |_| false, |_| Kept::of(key));
    }
    assert_eq!((table.sets.len(), len(&table)), (2 * FIRST, 2 * WAYS), "both sets are full");
    let refused =
        of_one_set(FIRST).skip(2 * WAYS).take(100).filter(|key| !table.admits(hash(*key)));
    assert_eq!(refused.count(), 100);
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
    while len(&table) < WAYS {
        put(&mut table, Kept::of(next()));
    }
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
    for key in [1, 2, 3] {
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
    assert_eq!(swept, [1, 2, 3]);
    die(&mut table, 0);
    assert_eq!(table.sweep(|kept| kept.is_dead).len(), 1);
    assert_eq!(len(&table), FIRST - 4);
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

/// The keys' own code may be poor.
#[test]
fn hashes_that_are_alike_do_not_make_a_table_grow() {
    let mut table = Table::new(64 * FIRST);
    for key in 0..100 {
        let is = |kept: &Kept| kept.key == key;
        table.put(hash(1), |_| false, is, |_| Kept::of(key));
    }
    assert_eq!((table.sets.len(), len(&table)), (FIRST, WAYS));
}
