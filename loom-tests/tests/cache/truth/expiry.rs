// Models of a key's own expiry, and of fills: nobody sees a result that an expiry covers without it, and a
// fill that begins beside an invalidation stands behind it or is covered.
// Never knows: what a read does with a stale entry.

use std::sync::Arc;

use kairos_cache::model::{Capture, KeyMarks, Kind, Shelf, View};
use loom::thread;

use crate::stage::{Memory, Remember, World, graph};

/// How a result becomes visible.
type Store = fn(&World, u64, &Capture, KeyMarks) -> bool;

fn in_order(world: &World, value: u64, capture: &Capture, marks: KeyMarks) -> bool {
    world.store(value, capture, marks)
}

/// The mistake that the models must find: the entry first, its expiry after it.
fn expiry_last(world: &World, value: u64, capture: &Capture, marks: KeyMarks) -> bool {
    let stands = world.store(value, capture, KeyMarks { expired: 0, ..marks });
    if let Some(row) = world.place.row() {
        row.expire(marks.expired);
    }
    stands
}

/// What stands in the key's place when the compute ends.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    /// The entry that was expired.
    Old,
    /// An entry of a compute that began after the expiry, in a slot that knows nothing of it.
    Newer,
}

/// Whether the result that the expiry covers is seen fresh.
fn is_lost(view: Option<View<u64>>) -> bool {
    view.is_some_and(|view| **view.entry() == COVERED && !view.is_expired())
}

const COVERED: u64 = 1;

/// The key is expired while its compute runs; the compute ends beside a read and one that remembers.
fn an_expiry_is_seen_with_what_it_covers(before: Before, store: Store) {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        if matches!(before, Before::Old) {
            assert!(world.compute_and_store(&world.class()));
        }
        let (_ticket, launch) = world.join(Kind::Bypass).expect("a new flight");
        let run = launch.expect("nothing runs").run;
        world.expire_key();
        if matches!(before, Before::Newer) {
            assert!(world.compute_and_store(&world.class()));
        }
        let ending = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                let after = world.flight.finish(&run, |capture, marks| {
                    (COVERED, store(&world, COVERED, capture, marks))
                });
                assert!(after.launch.is_none());
            })
        };
        world.turn.take();
        assert!(!is_lost(world.look()), "seen fresh meanwhile");
        let mut memory = Memory::new(&world, Remember::InOrder);
        assert_ne!(memory.read(&world), Some(COVERED), "remembered as fresh meanwhile");
        ending.join().unwrap();
        assert!(world.look().is_some_and(|view| **view.entry() == COVERED && view.is_expired()));
        assert_ne!(memory.read(&world), Some(COVERED), "remembered as fresh later");
    });
}

#[test]
fn an_expiry_is_seen_with_the_first_entry() {
    an_expiry_is_seen_with_what_it_covers(Before::Nothing, in_order);
}

#[test]
fn an_expiry_is_seen_with_the_entry_that_replaces_an_old_one() {
    an_expiry_is_seen_with_what_it_covers(Before::Old, in_order);
}

#[test]
fn an_expiry_is_seen_with_the_entry_that_replaces_a_newer_one() {
    an_expiry_is_seen_with_what_it_covers(Before::Newer, in_order);
}

#[test]
#[should_panic(expected = "meanwhile")]
fn an_expiry_carried_over_after_the_first_entry_is_lost() {
    an_expiry_is_seen_with_what_it_covers(Before::Nothing, expiry_last);
}

#[test]
#[should_panic(expected = "meanwhile")]
fn an_expiry_carried_over_after_a_replacement_is_lost() {
    an_expiry_is_seen_with_what_it_covers(Before::Newer, expiry_last);
}

/// Whoever has expired the key sees nothing fresh of a compute from before, wherever it stands.
#[test]
fn an_expiry_that_has_returned_covers_a_compute_that_ends_beside_it() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let (_ticket, launch) = world.join(Kind::Miss).expect("a new flight");
        let ending = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                world.run(launch);
            })
        };
        world.turn.take();
        world.expire_key();
        assert!(world.look().is_none_or(|view| view.is_expired()), "seen fresh at once");
        ending.join().unwrap();
        assert!(world.look().is_some_and(|view| view.is_expired()), "seen fresh later");
    });
}

/// The same for a value computed elsewhere, which a held flight publishes.
#[test]
fn an_expiry_covers_a_fill_that_began_before_it() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let capture = world.flight.begin_fill(|| world.capture()).expect("a new flight");
        let filling = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                world.fill(7, &capture);
            })
        };
        world.turn.take();
        world.expire_key();
        assert!(world.look().is_none_or(|view| view.is_expired()), "seen fresh at once");
        filling.join().unwrap();
        assert!(world.look().is_some_and(|view| view.is_expired()), "seen fresh later");
    });
}

/// The key is invalidated or expired beside the beginning of a fill: the fill stands behind it, or
/// is covered.
fn a_fill_that_begins_beside(cover: fn(&World), is_covered: fn(Option<View<u64>>) -> bool) {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let filling = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                let begun = world.flight.begin_fill(|| world.capture());
                let value = world.source.read();
                if let Some(capture) = begun {
                    world.fill(value, &capture);
                }
            })
        };
        world.turn.take();
        world.source.write(COVERED);
        cover(&world);
        let before = |view: &View<u64>| **view.entry() != COVERED;
        assert!(is_covered(world.look().filter(before)), "seen at once");
        filling.join().unwrap();
        assert!(is_covered(world.look().filter(before)), "seen later");
    });
}

#[test]
fn a_fill_that_begins_beside_an_invalidation_of_its_key_is_not_served_from_before_it() {
    a_fill_that_begins_beside(World::kill_key, |view| view.is_none());
}

#[test]
fn a_fill_that_begins_beside_an_expiry_of_its_key_is_not_fresh_from_before_it() {
    a_fill_that_begins_beside(World::expire_key, |view| view.is_none_or(|v| v.is_expired()));
}

#[test]
fn a_fill_that_begins_beside_an_invalidation_of_everything_is_not_served_from_before_it() {
    a_fill_that_begins_beside(|world| world.invalidations.kill_everything(), |view| view.is_none());
}
