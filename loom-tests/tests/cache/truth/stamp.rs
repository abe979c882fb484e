// Models of pinned reads: whatever changes, a pin that is read after it serves nothing from before.
// Never knows: the rules; here an entry is served while it lives, trades and nothing is known of its match.

use std::sync::Arc;

use kairos_cache::TradingStatus;
use kairos_cache::model::{Finding, Given, KeyMarks, MatchFacts, Remembered, Stamp, Version, View};
use loom::thread;

use crate::stage::{FAR, NEAR, TAG, World, graph};

fn stage(graph: &Arc<kairos_cache::EventGraph>) -> Arc<World> {
    let world = World::new(graph);
    assert!(world.compute_and_store(&world.class()));
    world
}

/// What a read finds that begins now.
fn decide(world: &World) -> Option<View<u64>> {
    let view = world.look()?;
    let served =
        !view.is_expired() && !world.is_barred() && world.scope.facts() == MatchFacts::default();
    served.then_some(view)
}

fn versions(world: &World) -> [&Version; 2] {
    [world.scope.version(), world.invalidations.changes()]
}

fn stamp(world: &World) -> Stamp<2> {
    Stamp::take(versions(world))
}

/// Replaces the value, as a compute that ends does.
fn replace(world: &World, value: u64) {
    let stored = world.store(value, &world.capture(), KeyMarks::default());
    assert!(stored, "nothing covers it");
}

/// When a pin takes its stamp.
#[derive(Clone, Copy)]
enum Stamped {
    BeforeDeciding,
    /// The mistake that the models must find.
    AfterDeciding,
}

/// A pinned read: the production memory, with the model's decision in it.
struct Pin {
    remembered: Remembered<View<u64>, (), 2>,
    stamped: Stamped,
}

impl Pin {
    fn new(world: &World, stamped: Stamped) -> Pin {
        let mut pin = Pin { remembered: Remembered::new(), stamped };
        // The first decision has no stamp: what it is about was not known before it.
        pin.look(world);
        pin.look(world);
        pin
    }

    fn look(&mut self, world: &World) {
        let found = |found: Option<View<u64>>| found.map(|view| (view, ()));
        match self.stamped {
            Stamped::BeforeDeciding => {
                self.remembered.decide(|()| stamp(world), |_| found(decide(world)));
            }
            Stamped::AfterDeciding => {
                let decision = decide(world);
                self.remembered.decide(|()| stamp(world), |_| found(decision));
            }
        }
    }

    fn read(&mut self, world: &World) -> Option<u64> {
        if !self.remembered.holds(View::stands, |()| versions(world)) {
            self.look(world);
        }
        self.remembered.decision().map(|view| **view.entry())
    }
}

/// A pin looks beside a change, and is read when the change has returned.
fn a_pinned_read_after(change: fn(&World), stamped: Stamped, expected: Option<u64>) {
    let graph = graph();
    loom::model(move || {
        let world = stage(&graph);
        let looking = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                Pin::new(&world, stamped)
            })
        };
        let mut early = Pin::new(&world, stamped);
        world.turn.take();
        change(&world);
        assert_eq!(early.read(&world), expected, "by the pin of who made the change");
        let mut beside = looking.join().unwrap();
        assert_eq!(beside.read(&world), expected, "by a pin that looked meanwhile");
        assert_eq!(beside.read(&world), expected, "by a pin that looked again");
    });
}

/// Given once, whoever publishes it.
fn given<T>(value: T) -> Given<T> {
    Given { value, order: 1 }
}

macro_rules! noticed {
    ($($name:ident: $change:expr;)*) => {$(
        #[test]
        fn $name() {
            a_pinned_read_after($change, Stamped::BeforeDeciding, None);
        }
    )*};
}

noticed! {
    a_pinned_read_after_an_invalidation_of_the_key_serves_nothing: World::kill_key;
    a_pinned_read_after_an_invalidation_of_the_match_serves_nothing: |world| {
        world.scope.kill_all(world.invalidations.sequence());
    };
    a_pinned_read_after_an_event_serves_nothing: |world| {
        world.scope.kill_event(world.event, world.invalidations.sequence());
    };
    a_pinned_read_after_an_expiry_of_the_match_does_not_serve_as_fresh: |world| {
        world.scope.expire_all(world.invalidations.sequence());
    };
    a_pinned_read_after_an_invalidation_of_a_tag_serves_nothing: |world| {
        world.invalidations.kill_tag(&world.tags, TAG);
    };
    a_pinned_read_after_an_invalidation_of_everything_serves_nothing: |world| {
        world.invalidations.kill_everything();
    };
    a_pinned_read_after_an_expiry_of_everything_does_not_serve_as_fresh: |world| {
        world.invalidations.expire_everything();
    };
    a_pinned_read_after_an_expiry_of_a_tag_does_not_serve_as_fresh: |world| {
        world.invalidations.expire_tag(&world.tags, TAG);
    };
    a_pinned_read_after_an_expiry_of_the_key_does_not_serve_as_fresh: World::expire_key;
    a_pinned_read_after_a_compute_that_found_nothing_serves_nothing: |world| {
        world.conclude(Finding::Nothing(None), &world.capture(), KeyMarks::default());
    };
    a_pinned_read_after_a_suspension_serves_nothing: |world| {
        let sequence = world.invalidations.sequence();
        world.scope.set_status(None, TradingStatus::Suspended, sequence);
    };
    a_pinned_read_after_a_suspension_of_the_market_serves_nothing: |world| {
        let sequence = world.invalidations.sequence();
        world.scope.set_status(Some(world.market), TradingStatus::Closed, sequence);
    };
    a_pinned_read_after_a_hard_move_serves_nothing: |world| {
        world.observe(FAR);
    };
    a_pinned_read_after_a_soft_move_does_not_serve_as_fresh: |world| {
        world.observe(NEAR);
    };
    a_pinned_read_after_a_kickoff_was_published_obeys_it: |world| {
        world.scope.publish(Some(given(1)), None);
    };
    a_pinned_read_after_a_line_up_was_published_obeys_it: |world| {
        world.scope.publish(None, Some(given(true)));
    };
}

#[test]
fn a_pinned_read_after_the_value_was_replaced_serves_the_new_one() {
    a_pinned_read_after(|world| replace(world, 7), Stamped::BeforeDeciding, Some(7));
}

#[test]
#[should_panic(expected = "by a pin that looked meanwhile")]
fn a_stamp_taken_after_the_decision_misses_a_suspension() {
    let suspend = |world: &World| {
        let sequence = world.invalidations.sequence();
        world.scope.set_status(None, TradingStatus::Suspended, sequence);
    };
    a_pinned_read_after(suspend, Stamped::AfterDeciding, None);
}

#[test]
#[should_panic(expected = "by a pin that looked meanwhile")]
fn a_stamp_taken_after_the_decision_misses_an_invalidation_of_everything() {
    let invalidate = |world: &World| world.invalidations.kill_everything();
    a_pinned_read_after(invalidate, Stamped::AfterDeciding, None);
}

/// Two make the same change: whichever finds it made already, its pins go by it when it returns.
fn a_change_made_already_is_counted(change: fn(&World)) {
    let graph = graph();
    loom::model(move || {
        let world = stage(&graph);
        let mut pin = Pin::new(&world, Stamped::BeforeDeciding);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                change(&world);
            })
        };
        world.turn.take();
        change(&world);
        assert_eq!(pin.read(&world), None, "by the pin of who had nothing to change");
        other.join().unwrap();
    });
}

#[test]
fn a_publisher_with_nothing_to_change_has_its_kickoff_obeyed_by_pins() {
    a_change_made_already_is_counted(|world| world.scope.publish(Some(given(1)), None));
}

#[test]
fn a_publisher_with_nothing_to_change_has_its_line_up_obeyed_by_pins() {
    a_change_made_already_is_counted(|world| world.scope.publish(None, Some(given(true))));
}

#[test]
fn a_publisher_with_half_of_it_to_change_has_its_kickoff_obeyed_by_pins() {
    a_change_made_already_is_counted(|world| {
        world.scope.publish(Some(given(1)), Some(given(true)))
    });
}

#[test]
fn a_status_that_is_set_already_is_obeyed_by_pins() {
    a_change_made_already_is_counted(|world| {
        let sequence = world.invalidations.sequence();
        world.scope.set_status(None, TradingStatus::Suspended, sequence);
    });
}

#[test]
fn a_price_that_is_the_reference_already_has_its_hard_move_obeyed_by_pins() {
    a_change_made_already_is_counted(|world| {
        world.observe(FAR);
    });
}

#[test]
fn a_price_that_is_the_reference_already_has_its_soft_move_obeyed_by_pins() {
    a_change_made_already_is_counted(|world| {
        world.observe(NEAR);
    });
}

#[test]
#[should_panic(expected = "by the pin of who had nothing to change")]
fn a_price_that_is_the_reference_already_fails_for_a_move_counted_behind_the_lock() {
    a_change_made_already_is_counted(|world| {
        world.observe_and_mark_later(FAR);
    });
}
