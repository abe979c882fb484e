// Models of a value that takes the place of a live one under the slot's lock alone: what covers it does so by that.
// Never knows: how a key is found to have no flight.
// Read next: `renewed.rs`, the same under the lock of whoever looks for a flight.

use std::sync::Arc;

use kairos_cache::TradingStatus;
use kairos_cache::model::{KeyMarks, Row, Shelf, View};

use crate::stage::{TAG, World, model};

/// What the source holds before the change that is announced.
const COVERED: u64 = 5;

/// Puts what `value` returns in the place of what stands there. Says whether it did.
fn renewed_by(world: &World, value: impl FnOnce() -> u64) -> bool {
    let Some(row) = world.place.row() else { return false };
    let put = |entry: &mut Arc<u64>, _: &_| {
        let value = (!world.is_barred()).then(value)?;
        *entry = Arc::new(value);
        Some(())
    };
    world.invalidations.renew(row.slot(), put).is_some()
}

/// Captures, takes the value, puts it in the place of what stands there.
fn renewed(world: &World) -> bool {
    renewed_by(world, || world.source.read())
}

/// An entry is renewed beside a change of the source that is announced by `cover`: what stands is from after
/// the change, or is covered.
fn an_entry_is_renewed_in_place_beside(
    cover: fn(&World),
    is_covered: fn(Option<View<u64>>) -> bool,
) {
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
fn an_entry_is_renewed_in_place_beside_an_invalidation_of_its_key() {
    an_entry_is_renewed_in_place_beside(World::kill_key, |view| view.is_none());
}

/// The twin: whoever has its value before it captures is not covered.
#[test]
#[should_panic(expected = "seen")]
fn a_value_that_was_found_before_it_is_put_in_place_is_served_after_an_invalidation() {
    let late = |world: &World| {
        let value = world.source.read();
        renewed_by(world, || value)
    };
    renewed_beside(late, World::kill_key, |view| view.is_none());
}

#[test]
fn an_entry_is_renewed_in_place_beside_an_expiry_of_its_key() {
    let is_expired = |view: Option<View<u64>>| view.is_none_or(|view| view.is_expired());
    an_entry_is_renewed_in_place_beside(World::expire_key, is_expired);
}

#[test]
fn an_entry_is_renewed_in_place_beside_an_event() {
    let event = |world: &World| {
        world.scope.kill_event(world.event, world.invalidations.sequence());
    };
    an_entry_is_renewed_in_place_beside(event, |view| view.is_none());
}

#[test]
fn an_entry_is_renewed_in_place_beside_a_tag_of_it() {
    let tag = |world: &World| world.invalidations.kill_tag(&world.tags, TAG);
    an_entry_is_renewed_in_place_beside(tag, |view| view.is_none());
}

#[test]
fn an_entry_is_renewed_in_place_beside_a_suspension() {
    let suspend = |world: &World| {
        let (market, sequence) = (Some(world.market), world.invalidations.sequence());
        world.scope.set_status(market, TradingStatus::Suspended, sequence);
    };
    an_entry_is_renewed_in_place_beside(suspend, |view| view.is_none());
}

/// What is counted as living after a kill is what has not died by it.
#[test]
fn an_entry_that_is_renewed_in_place_dies_once() {
    model(|world| {
        assert!(world.store(0, &world.capture(), KeyMarks::default()), "nothing covers it");
        let renewing = world.beside(|world| renewed(world));
        let died = world.scope.kill_all(world.invalidations.sequence());
        let again = renewing.join().unwrap();
        let left = world.scope.kill_all(world.invalidations.sequence());
        assert_eq!((died, left), (1, 0), "renewed: {again}");
        assert_eq!(world.alive(), None);
    });
}

/// Of two that renew an entry the one whose step came last stands.
#[test]
fn an_entry_is_renewed_in_place_beside_another_renewal() {
    model(|world| {
        assert!(world.store(0, &world.capture(), KeyMarks::default()), "nothing covers it");
        let renew = |world: &World| {
            let next = || {
                let next = world.source.read() + 1;
                world.source.write(next);
                next
            };
            assert!(renewed_by(world, next), "nothing covers it");
        };
        let first = world.source.read();
        let renewing = world.beside(move |world| renew(world));
        renew(world);
        renewing.join().unwrap();
        assert_eq!(world.fresh(), Some(first + 2));
    });
}
