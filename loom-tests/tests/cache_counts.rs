//! Models of the count of the dead: every entry that dies with its class is counted by one kill.
//! Never knows: what kills a class; kills of one class are serialised, as a match's lock does.
//! Read next: `crates/kairos-cache/src/generation.rs`, the class word.
#![cfg(kairos_loom)]

mod cache_world;

use std::sync::Arc;

use cache_world::World;
use kairos_cache::model::{Capture, Class, Held, Replaced, Slot};
use loom::thread;

fn publish(world: &World) -> Option<Slot<u64>> {
    let capture = world.capture();
    Slot::with_entry(Held { entry: Arc::new(world.source.read()), capture })
}

fn is_dead(slot: &Slot<u64>) -> bool {
    slot.read().is_none_or(|(_, held)| held.capture.is_killed())
}

#[test]
fn a_kill_counts_exactly_the_entries_that_are_dead_after_it() {
    loom::model(|| {
        let world = Arc::new(World::new());
        let publishing = [(); 2].map(|()| {
            let world = Arc::clone(&world);
            thread::spawn(move || publish(&world))
        });
        let died = world.kill_class();
        let slots: Vec<_> = publishing.into_iter().filter_map(|t| t.join().unwrap()).collect();
        let dead = slots.iter().filter(|slot| is_dead(slot)).count();
        assert_eq!(died, dead as u64);
        assert_eq!(world.kill_class(), (slots.len() - dead) as u64, "the rest dies later");
        assert_eq!(world.kill_class(), 0);
    });
}

#[test]
fn two_kills_share_the_entries_between_them() {
    loom::model(|| {
        let world = Arc::new(World::new());
        let publishing = [(); 2].map(|()| {
            let world = Arc::clone(&world);
            thread::spawn(move || publish(&world))
        });
        let died = world.kill_class() + world.kill_class();
        let slots: Vec<_> = publishing.into_iter().filter_map(|t| t.join().unwrap()).collect();
        let alive = slots.iter().filter(|slot| !is_dead(slot)).count() as u64;
        assert_eq!(died + alive, slots.len() as u64);
        assert_eq!(world.kill_class(), alive);
    });
}

#[test]
fn an_entry_replaced_in_place_is_counted_once() {
    loom::model(|| {
        let world = Arc::new(World::new());
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let replacing = {
            let (world, slot) = (Arc::clone(&world), Arc::clone(&slot));
            thread::spawn(move || {
                let capture = world.capture();
                slot.replace(Held { entry: Arc::new(1), capture })
            })
        };
        let first = world.kill_class();
        let replaced = replacing.join().unwrap();
        assert_eq!(first, 1, "the old entry or the new one, never both");
        let alive = u64::from(!is_dead(&slot));
        assert!(alive == 0 || replaced == Replaced::Yes);
        assert_eq!(world.kill_class(), alive);
    });
}

#[test]
fn an_entry_that_moves_to_another_class_is_counted_in_one_of_them() {
    loom::model(|| {
        let world = Arc::new(World::new());
        let other = Arc::new(Class::new([]));
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let moving = {
            let (world, other, slot) = (Arc::clone(&world), Arc::clone(&other), Arc::clone(&slot));
            thread::spawn(move || {
                let capture = Capture::take(&world.sequence, &world.everything, &other);
                slot.replace(Held { entry: Arc::new(1), capture })
            })
        };
        let died = other.kill(world.sequence.next());
        let replaced = moving.join().unwrap();
        let alive = u64::from(!is_dead(&slot));
        if replaced == Replaced::Yes {
            assert_eq!(died + alive, 1, "the new entry, before the kill or after it");
            assert_eq!(world.kill_class(), 0, "the old entry has left its class");
            assert_eq!(other.kill(world.sequence.next()), alive);
        } else {
            assert_eq!(died, 0, "the new entry was refused");
            assert_eq!(world.kill_class(), alive, "the old entry, unless it was given up");
        }
    });
}

#[test]
fn an_eviction_beside_a_kill_takes_nobody_elses_place() {
    loom::model(|| {
        let world = Arc::new(World::new());
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let evicting = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.kill().is_some())
        };
        let first = world.kill_class();
        assert!(first <= 1);
        let next = publish(&world).expect("captured after the kill");
        assert!(evicting.join().unwrap(), "it is ended once");
        assert!(!is_dead(&next));
        assert_eq!(world.kill_class(), 1, "the entry that came after the first kill");
    });
}

#[test]
fn of_two_who_end_a_slot_one_does() {
    loom::model(|| {
        let world = Arc::new(World::new());
        let slot = Arc::new(publish(&world).expect("nothing covers it yet"));
        let _other = publish(&world).expect("nothing covers it yet");
        let ending = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.kill().is_some())
        };
        let own = slot.kill().is_some();
        assert!(own ^ ending.join().unwrap());
        assert_eq!(world.kill_class(), 1, "the other entry is still counted");
    });
}
