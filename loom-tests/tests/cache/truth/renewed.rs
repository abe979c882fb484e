// Models of a value that takes the place of a live one without a flight: what covers it does so by the slot alone.
// Never knows: how a key is found to have no flight.
// Read next: `expiry.rs`, the same for what a flight publishes.

use std::sync::Arc;

use kairos_cache::model::{Capture, KeyMarks, Renewed, Shelf, View, renew};
use loom::sync::Mutex;

use crate::stage::{World, model};

/// What the source holds before the change that is announced.
const COVERED: u64 = 5;

/// Captures, takes the value, puts it in the place of what stands there. Says whether it stands.
fn renewed(world: &World) -> bool {
    let capture = world.capture();
    renewed_by(world, world.source.read(), capture)
}

fn renewed_by(world: &World, value: u64, capture: Capture) -> bool {
    let (Some(row), value) = (world.place.row(), Arc::new(value)) else { return false };
    match renew(&row, value, capture, || world.is_barred()) {
        Renewed::Stands(_) => true,
        Renewed::Covered(None) | Renewed::NoRow => false,
        Renewed::Covered(Some(_)) => {
            world.place.take_out(&row);
            false
        }
    }
}

/// An entry is renewed beside a change of the source that is announced by `cover`: what stands is from after
/// the change, or is covered.
fn an_entry_is_renewed_beside(cover: fn(&World), is_covered: fn(Option<View<u64>>) -> bool) {
    renewed_beside(renewed, cover, is_covered);
}

fn renewed_beside(
    renew: fn(&World) -> bool,
    cover: fn(&World),
    is_covered: fn(Option<View<u64>>) -> bool,
) {
    model(move |world| {
        world.source.write(COVERED);
        assert!(world.store(COVERED, &world.capture(), KeyMarks::default()), "nothing covers it");
        let renewing = world.beside(move |world| {
            world.turn.take();
            renew(world)
        });
        world.turn.take();
        world.source.write(COVERED + 1);
        cover(world);
        let before = |view: &View<u64>| **view.entry() == COVERED;
        assert!(is_covered(world.look().filter(before)), "seen at once");
        renewing.join().unwrap();
        assert!(is_covered(world.look().filter(before)), "seen later");
    });
}

#[test]
fn an_entry_is_renewed_beside_an_invalidation_of_its_key() {
    an_entry_is_renewed_beside(World::kill_key, |view| view.is_none());
}

/// The twin: whoever has its value before it captures is not covered. That is what `begin` is for.
#[test]
#[should_panic(expected = "seen")]
fn a_value_that_was_found_before_the_renewal_is_served_after_an_invalidation() {
    let late = |world: &World| {
        let value = world.source.read();
        renewed_by(world, value, world.capture())
    };
    renewed_beside(late, World::kill_key, |view| view.is_none());
}

#[test]
fn an_entry_is_renewed_beside_an_expiry_of_its_key() {
    an_entry_is_renewed_beside(World::expire_key, |view| view.is_none_or(|v| v.is_expired()));
}

#[test]
fn an_entry_is_renewed_beside_an_event() {
    let event = |world: &World| {
        world.scope.kill_event(world.event, world.invalidations.sequence());
    };
    an_entry_is_renewed_beside(event, |view| view.is_none());
}

/// Of two that renew an entry, one at a time, the one that began last stands.
#[test]
fn an_entry_is_renewed_beside_another_renewal() {
    model(|world| {
        assert!(world.store(0, &world.capture(), KeyMarks::default()), "nothing covers it");
        let shard = Arc::new(Mutex::new(0));
        let renew = |shard: &Mutex<u64>, world: &World| {
            let mut began = shard.lock().unwrap();
            *began += 1;
            world.source.write(*began);
            assert!(renewed(world), "nothing covers it");
        };
        let renewing = {
            let shard = Arc::clone(&shard);
            world.beside(move |world| renew(&shard, world))
        };
        renew(&shard, world);
        renewing.join().unwrap();
        assert_eq!(world.fresh(), Some(2));
    });
}
