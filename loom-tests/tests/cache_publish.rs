//! Models of the promise: what was computed before an invalidation is not served after it.
//! Never knows: who waits for a compute; here one thread computes and stores.
//! Read next: `crates/kairos-cache/src/generation.rs`, the argument that this checks.
#![cfg(kairos_loom)]

mod cache_world;

use std::sync::Arc;

use cache_world::{Shelf, World};
use kairos_cache::model::{Held, KeyMarks, Replaced, Slot};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

/// What an invalidation covers.
#[derive(Clone, Copy)]
enum Cover {
    Class,
    Tag,
    Everything,
}

impl Cover {
    /// Takes the number, then raises the mark.
    fn kill(self, world: &World) {
        let seq = world.sequence.next();
        match self {
            Cover::Class => {
                world.class.kill(seq);
            }
            Cover::Tag => world.tag.kill(seq),
            Cover::Everything => world.everything.kill(seq),
        }
    }
}

/// When the compute captures.
#[derive(Clone, Copy)]
enum Captured {
    BeforeCompute,
    AfterCompute,
}

fn compute_and_store(world: &World, shelf: &Shelf, captured: Captured) {
    let (capture, value) = match captured {
        Captured::BeforeCompute => {
            let capture = world.capture();
            (capture, world.source.read())
        }
        Captured::AfterCompute => {
            let value = world.source.read();
            (world.capture(), value)
        }
    };
    shelf.store(value, &capture, KeyMarks::default());
}

fn publish_or_die(cover: Cover, captured: Captured) {
    loom::model(move || {
        let (world, shelf) = (Arc::new(World::new()), Arc::new(Shelf::new()));
        let computing = {
            let (world, shelf) = (Arc::clone(&world), Arc::clone(&shelf));
            thread::spawn(move || compute_and_store(&world, &shelf, captured))
        };
        world.source.write(1);
        cover.kill(&world);
        assert_ne!(shelf.serve(), Some(0), "read at once");
        computing.join().unwrap();
        assert_ne!(shelf.serve(), Some(0), "read later");
    });
}

#[test]
fn publish_or_die_under_a_kill_of_the_class() {
    publish_or_die(Cover::Class, Captured::BeforeCompute);
}

#[test]
fn publish_or_die_under_a_kill_of_a_tag() {
    publish_or_die(Cover::Tag, Captured::BeforeCompute);
}

#[test]
fn publish_or_die_under_a_kill_of_everything() {
    publish_or_die(Cover::Everything, Captured::BeforeCompute);
}

#[test]
#[should_panic(expected = "assertion `left != right` failed")]
fn publish_or_die_fails_for_the_class_when_the_capture_follows_the_compute() {
    publish_or_die(Cover::Class, Captured::AfterCompute);
}

#[test]
#[should_panic(expected = "assertion `left != right` failed")]
fn publish_or_die_fails_for_a_tag_when_the_capture_follows_the_compute() {
    publish_or_die(Cover::Tag, Captured::AfterCompute);
}

#[test]
#[should_panic(expected = "assertion `left != right` failed")]
fn publish_or_die_fails_for_everything_when_the_capture_follows_the_compute() {
    publish_or_die(Cover::Everything, Captured::AfterCompute);
}

#[test]
fn whoever_learns_that_the_invalidation_returned_is_not_served_what_it_killed() {
    loom::model(|| {
        let (world, shelf) = (Arc::new(World::new()), Arc::new(Shelf::new()));
        let returned = Arc::new(AtomicBool::new(false));
        let computing = {
            let (world, shelf) = (Arc::clone(&world), Arc::clone(&shelf));
            thread::spawn(move || compute_and_store(&world, &shelf, Captured::BeforeCompute))
        };
        let invalidating = {
            let (world, returned) = (Arc::clone(&world), Arc::clone(&returned));
            thread::spawn(move || {
                world.source.write(1);
                Cover::Class.kill(&world);
                // Release: tells that the invalidation has returned; pairs with the load below.
                returned.store(true, Ordering::Release);
            })
        };
        // Acquire: pairs with the store above.
        if returned.load(Ordering::Acquire) {
            assert_ne!(shelf.serve(), Some(0));
        }
        computing.join().unwrap();
        invalidating.join().unwrap();
    });
}

#[test]
fn a_number_carries_what_came_before_every_earlier_number() {
    loom::model(|| {
        let (world, shelf) = (Arc::new(World::new()), Arc::new(Shelf::new()));
        let computing = {
            let (world, shelf) = (Arc::clone(&world), Arc::clone(&shelf));
            thread::spawn(move || compute_and_store(&world, &shelf, Captured::BeforeCompute))
        };
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || Cover::Tag.kill(&world))
        };
        world.source.write(1);
        Cover::Everything.kill(&world);
        computing.join().unwrap();
        other.join().unwrap();
        assert_ne!(shelf.serve(), Some(0));
    });
}

/// Two kill by one tag: the newer number stands, whichever raises the mark last.
#[test]
fn of_two_kills_by_one_tag_the_newer_stands() {
    loom::model(|| {
        let (world, shelf) = (Arc::new(World::new()), Arc::new(Shelf::new()));
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || Cover::Tag.kill(&world))
        };
        let computing = {
            let (world, shelf) = (Arc::clone(&world), Arc::clone(&shelf));
            thread::spawn(move || compute_and_store(&world, &shelf, Captured::BeforeCompute))
        };
        world.source.write(1);
        Cover::Tag.kill(&world);
        other.join().unwrap();
        computing.join().unwrap();
        assert_ne!(shelf.serve(), Some(0));
    });
}

/// A read that finds its entry killed or expired sees what the caller did before, and what it
/// computes instead is neither.
fn what_replaces_a_covered_entry_is_new(cover: fn(&World, &Slot<u64>)) {
    loom::model(move || {
        let world = Arc::new(World::new());
        let held = Held { entry: Arc::new(0), capture: world.capture() };
        let slot = Arc::new(Slot::with_entry(held.clone()).expect("nothing covers it yet"));
        let covering = {
            let (world, slot) = (Arc::clone(&world), Arc::clone(&slot));
            thread::spawn(move || {
                world.source.write(1);
                cover(&world, &slot);
            })
        };
        let early = &held.capture;
        let expired = early.is_expired() || slot.expired_after(early.seq());
        if early.is_killed() || expired {
            let held = Held { entry: Arc::new(world.source.read()), capture: world.capture() };
            assert_eq!(*held.entry, 1, "the compute sees what came before the invalidation");
            assert_eq!(slot.replace(held.clone()), Replaced::Yes);
            covering.join().unwrap();
            let new = &held.capture;
            assert!(!new.is_killed() && !new.is_expired() && !slot.expired_after(new.seq()));
        } else {
            covering.join().unwrap();
        }
    });
}

#[test]
fn what_replaces_an_entry_that_died_with_its_class_is_new() {
    what_replaces_a_covered_entry_is_new(|world, _| {
        world.kill_class();
    });
}

#[test]
fn what_replaces_an_entry_killed_by_its_tag_is_new() {
    what_replaces_a_covered_entry_is_new(|world, _| world.tag.kill(world.sequence.next()));
}

#[test]
fn what_replaces_an_entry_expired_by_its_tag_is_new() {
    what_replaces_a_covered_entry_is_new(|world, _| world.tag.expire(world.sequence.next()));
}

#[test]
fn what_replaces_an_entry_expired_by_its_key_is_new() {
    what_replaces_a_covered_entry_is_new(|world, slot| slot.expire(world.sequence.next()));
}
