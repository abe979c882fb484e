// Models of remembered reads: whatever changes, a thread or pin that reads after it is served nothing from before.
// Never knows: the rules; see the stage's memory for when an entry is served there.

use std::sync::Arc;

use kairos_cache::TradingStatus;
use kairos_cache::model::{Finding, Given, KeyMarks};
use loom::thread;

use crate::stage::{FAR, Memory, NEAR, Remember, TAG, World, graph};

fn stage(graph: &Arc<kairos_cache::EventGraph>) -> Arc<World> {
    let world = World::new(graph);
    assert!(world.compute_and_store(&world.class()));
    world
}

/// Replaces the value, as a compute that ends does.
fn replace(world: &World, value: u64) {
    let stored = world.store(value, &world.capture(), KeyMarks::default());
    assert!(stored, "nothing covers it");
}

/// One looks beside a change, and reads when the change has returned; so does one that has looked before.
fn a_remembered_read_after(change: fn(&World), how: Remember, expected: Option<u64>) {
    let graph = graph();
    loom::model(move || {
        let world = stage(&graph);
        let looking = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                Memory::new(&world, how)
            })
        };
        let mut early = Memory::new(&world, how);
        world.turn.take();
        change(&world);
        assert_eq!(early.read(&world), expected, "by who made the change");
        let mut beside = looking.join().unwrap();
        assert_eq!(beside.read(&world), expected, "by who looked meanwhile");
        assert_eq!(beside.read(&world), expected, "by who looked again");
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
            a_remembered_read_after($change, Remember::InOrder, None);
        }
    )*};
}

noticed! {
    a_remembered_read_after_an_invalidation_of_the_key_serves_nothing: World::kill_key;
    a_remembered_read_after_an_invalidation_of_the_match_serves_nothing: |world| {
        world.scope.kill_all(world.invalidations.sequence());
    };
    a_remembered_read_after_an_event_serves_nothing: |world| {
        world.scope.kill_event(world.event, world.invalidations.sequence());
    };
    a_remembered_read_after_an_expiry_of_the_match_does_not_serve_as_fresh: |world| {
        world.scope.expire_all(world.invalidations.sequence());
    };
    a_remembered_read_after_an_invalidation_of_a_tag_serves_nothing: |world| {
        world.invalidations.kill_tag(&world.tags, TAG);
    };
    a_remembered_read_after_an_invalidation_of_everything_serves_nothing: |world| {
        world.invalidations.kill_everything();
    };
    a_remembered_read_after_an_expiry_of_everything_does_not_serve_as_fresh: |world| {
        world.invalidations.expire_everything();
    };
    a_remembered_read_after_an_expiry_of_a_tag_does_not_serve_as_fresh: |world| {
        world.invalidations.expire_tag(&world.tags, TAG);
    };
    a_remembered_read_after_an_expiry_of_the_key_does_not_serve_as_fresh: World::expire_key;
    a_remembered_read_after_a_compute_that_found_nothing_serves_nothing: |world| {
        world.conclude(Finding::Nothing(None), &world.capture(), KeyMarks::default());
    };
    a_remembered_read_after_a_suspension_serves_nothing: |world| {
        let sequence = world.invalidations.sequence();
        world.scope.set_status(None, TradingStatus::Suspended, sequence);
    };
    a_remembered_read_after_a_suspension_of_the_market_serves_nothing: |world| {
        let sequence = world.invalidations.sequence();
        world.scope.set_status(Some(world.market), TradingStatus::Closed, sequence);
    };
    a_remembered_read_after_a_hard_move_serves_nothing: |world| {
        world.observe(FAR);
    };
    a_remembered_read_after_a_soft_move_does_not_serve_as_fresh: |world| {
        world.observe(NEAR);
    };
    a_remembered_read_after_a_kickoff_was_published_obeys_it: |world| {
        world.scope.publish(Some(given(1)), None);
    };
    a_remembered_read_after_a_line_up_was_published_obeys_it: |world| {
        world.scope.publish(None, Some(given(true)));
    };
    a_remembered_read_after_a_reload_goes_by_the_new_rules: World::close;
}

#[test]
fn a_remembered_read_after_the_value_was_replaced_serves_the_new_one() {
    a_remembered_read_after(|world| replace(world, 7), Remember::InOrder, Some(7));
}

#[test]
#[should_panic(expected = "by who looked meanwhile")]
fn a_stamp_taken_after_the_decision_misses_a_suspension() {
    let suspend = |world: &World| {
        let sequence = world.invalidations.sequence();
        world.scope.set_status(None, TradingStatus::Suspended, sequence);
    };
    a_remembered_read_after(suspend, Remember::StampedLate, None);
}

#[test]
#[should_panic(expected = "by who looked meanwhile")]
fn a_stamp_taken_after_the_decision_misses_an_invalidation_of_everything() {
    let invalidate = |world: &World| world.invalidations.kill_everything();
    a_remembered_read_after(invalidate, Remember::StampedLate, None);
}

/// So does one whose moment was taken before the counts: its rules may be the old ones.
#[test]
#[should_panic(expected = "by who looked meanwhile")]
fn counts_read_after_the_rules_miss_a_reload() {
    a_remembered_read_after(World::close, Remember::RuledEarly, None);
}

#[test]
#[should_panic(expected = "by who looked meanwhile")]
fn a_word_read_after_its_entry_misses_a_replacement() {
    a_remembered_read_after(|world| replace(world, 7), Remember::WordApart, Some(7));
}

/// Two make the same change: whichever finds it made already, its reads go by it when it returns.
fn a_change_made_already_is_counted(change: fn(&World)) {
    let graph = graph();
    loom::model(move || {
        let world = stage(&graph);
        let mut memory = Memory::new(&world, Remember::InOrder);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                change(&world);
            })
        };
        world.turn.take();
        change(&world);
        assert_eq!(memory.read(&world), None, "by who had nothing to change");
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
#[should_panic(expected = "by who had nothing to change")]
fn a_price_that_is_the_reference_already_fails_for_a_move_counted_behind_the_lock() {
    a_change_made_already_is_counted(|world| {
        world.observe_and_mark_later(FAR);
    });
}
