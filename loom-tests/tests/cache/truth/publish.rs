// Models of the promise: what was computed before an invalidation is not served after it.
// Never knows: who waits for a compute; here one thread computes and stores.

use std::sync::Arc;

use kairos_cache::model::{KeyMarks, View};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::stage::{TAG, World, graph};

/// An invalidation, as the engine makes it.
type Cover = fn(&World);

fn by_event(world: &World) {
    world.scope.kill_event(world.event, world.invalidations.sequence());
}

fn by_match(world: &World) {
    world.scope.kill_all(world.invalidations.sequence());
}

fn by_tag(world: &World) {
    world.invalidations.kill_tag(&world.tags, TAG);
}

fn of_everything(world: &World) {
    world.invalidations.kill_everything();
}

/// When the compute captures.
#[derive(Clone, Copy)]
enum Captured {
    BeforeCompute,
    AfterCompute,
}

fn compute_and_store(world: &World, captured: Captured) {
    let class = world.class();
    let (capture, value) = match captured {
        Captured::BeforeCompute => {
            let capture = world.invalidations.capture(&class);
            (capture, world.source.read())
        }
        Captured::AfterCompute => {
            let value = world.source.read();
            (world.invalidations.capture(&class), value)
        }
    };
    world.store(value, &capture, KeyMarks::default());
}

fn publish_or_die(cover: Cover, captured: Captured) {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let _known = world.class();
        let computing = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                compute_and_store(&world, captured);
            })
        };
        world.turn.take();
        world.source.write(1);
        cover(&world);
        assert_ne!(world.alive(), Some(0), "read at once");
        computing.join().unwrap();
        assert_ne!(world.alive(), Some(0), "read later");
    });
}

#[test]
fn publish_or_die_under_an_event() {
    publish_or_die(by_event, Captured::BeforeCompute);
}

#[test]
fn publish_or_die_under_a_kill_of_the_match() {
    publish_or_die(by_match, Captured::BeforeCompute);
}

#[test]
fn publish_or_die_under_a_kill_of_a_tag() {
    publish_or_die(by_tag, Captured::BeforeCompute);
}

#[test]
fn publish_or_die_under_a_kill_of_everything() {
    publish_or_die(of_everything, Captured::BeforeCompute);
}

#[test]
#[should_panic(expected = "assertion `left != right` failed")]
fn publish_or_die_fails_for_an_event_when_the_capture_follows_the_compute() {
    publish_or_die(by_event, Captured::AfterCompute);
}

#[test]
#[should_panic(expected = "assertion `left != right` failed")]
fn publish_or_die_fails_for_a_tag_when_the_capture_follows_the_compute() {
    publish_or_die(by_tag, Captured::AfterCompute);
}

#[test]
#[should_panic(expected = "assertion `left != right` failed")]
fn publish_or_die_fails_for_everything_when_the_capture_follows_the_compute() {
    publish_or_die(of_everything, Captured::AfterCompute);
}

#[test]
fn a_read_that_learns_that_the_invalidation_returned_is_not_served_what_it_killed() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let _known = world.class();
        let returned = Arc::new(AtomicBool::new(false));
        let computing = {
            let world = Arc::clone(&world);
            thread::spawn(move || compute_and_store(&world, Captured::BeforeCompute))
        };
        let invalidating = {
            let (world, returned) = (Arc::clone(&world), Arc::clone(&returned));
            thread::spawn(move || {
                world.source.write(1);
                by_event(&world);
                // Release: tells that the invalidation has returned; pairs with the load below.
                returned.store(true, Ordering::Release);
            })
        };
        // Acquire: pairs with the store above.
        if returned.load(Ordering::Acquire) {
            assert_ne!(world.alive(), Some(0));
        }
        computing.join().unwrap();
        invalidating.join().unwrap();
    });
}

#[test]
fn a_number_carries_what_came_before_every_earlier_number() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let computing = {
            let world = Arc::clone(&world);
            thread::spawn(move || compute_and_store(&world, Captured::BeforeCompute))
        };
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || by_tag(&world))
        };
        world.source.write(1);
        of_everything(&world);
        computing.join().unwrap();
        other.join().unwrap();
        assert_ne!(world.alive(), Some(0));
    });
}

/// Two kill by one tag: the newer number stands, whichever raises the mark last.
#[test]
fn of_two_kills_by_one_tag_the_newer_stands() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let _known = world.class();
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || by_tag(&world))
        };
        let computing = {
            let world = Arc::clone(&world);
            thread::spawn(move || compute_and_store(&world, Captured::BeforeCompute))
        };
        world.source.write(1);
        by_tag(&world);
        other.join().unwrap();
        computing.join().unwrap();
        assert_ne!(world.alive(), Some(0));
    });
}

/// A read that finds its entry killed or expired sees what the caller did before, and what it
/// computes instead is neither.
fn what_replaces_a_covered_entry_is_new(cover: Cover) {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let class = world.class();
        assert!(world.compute_and_store(&class));
        let covering = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                world.source.write(1);
                cover(&world);
            })
        };
        world.turn.take();
        if world.look().is_none_or(|view| view.is_expired()) {
            let stored = world.compute_and_store(&class);
            covering.join().unwrap();
            let value = world.look().filter(|view| !view.is_expired());
            let value = value.map(|view: View<u64>| **view.entry());
            assert!(stored, "computed after the number of the invalidation");
            assert_eq!(value, Some(1), "the compute sees what came before the invalidation");
        } else {
            covering.join().unwrap();
        }
    });
}

#[test]
fn what_replaces_an_entry_that_died_by_an_event_is_new() {
    what_replaces_a_covered_entry_is_new(by_event);
}

#[test]
fn what_replaces_an_entry_killed_by_its_tag_is_new() {
    what_replaces_a_covered_entry_is_new(by_tag);
}

#[test]
fn what_replaces_an_entry_killed_with_everything_is_new() {
    what_replaces_a_covered_entry_is_new(of_everything);
}

#[test]
fn what_replaces_an_entry_expired_with_its_match_is_new() {
    what_replaces_a_covered_entry_is_new(|world| {
        world.scope.expire_all(world.invalidations.sequence());
    });
}

#[test]
fn what_replaces_an_entry_expired_by_its_tag_is_new() {
    what_replaces_a_covered_entry_is_new(|world| {
        world.invalidations.expire_tag(&world.tags, TAG);
    });
}

#[test]
fn what_replaces_an_entry_expired_with_everything_is_new() {
    what_replaces_a_covered_entry_is_new(|world| world.invalidations.expire_everything());
}

#[test]
fn what_replaces_an_entry_expired_by_its_key_is_new() {
    what_replaces_a_covered_entry_is_new(World::expire_key);
}
