//! Models of pinned reads: whatever changes, a pin that is read after it serves nothing from before.
//! Never knows: the rules; here an entry is served while it lives, trades and nothing is known of its match.
//! Read next: `crates/kairos-cache/src/stamp.rs`, the protocol; `pin.rs`, which this replays.
#![cfg(kairos_loom)]

mod cache_world;

use std::sync::Arc;

use cache_world::match_::{Match, graph};
use kairos_cache::TradingStatus;
use kairos_cache::model::{Held, MatchFacts, Slot, Stamp, Version};
use loom::thread;

/// A match, and what counts the changes across matches.
struct Stage {
    world: Match,
    everywhere: Version,
}

impl Stage {
    fn new(graph: &Arc<kairos_cache::EventGraph>) -> Stage {
        let stage = Stage { world: Match::new(graph), everywhere: Version::new() };
        stage.world.compute_and_store(&stage.world.class());
        stage
    }

    fn versions(&self) -> [&Version; 2] {
        [self.world.scope.version(), &self.everywhere]
    }

    /// What a read finds that begins now, as `Engine::read_stored` looks.
    fn decide(&self) -> Option<Found> {
        let world = &self.world;
        let slot = world.shelf.slot()?;
        let (version, Held { entry, capture }) = slot.read()?;
        let served = !capture.is_killed()
            && !capture.is_expired()
            && !slot.expired_after(capture.seq())
            && !world.scope.is_suspended(Some(world.market))
            && world.scope.facts() == MatchFacts::default();
        served.then_some(Found { slot, version, value: *entry })
    }

    /// As `Cache::invalidate`.
    fn invalidate_key(&self) {
        let _seq = self.world.sequence.next();
        match self.world.shelf.slot() {
            Some(_) => self.world.shelf.remove(),
            None => self.everywhere.touch(),
        }
    }

    /// Replaces the value under the flight's lock, as a compute that ends does.
    fn replace(&self, value: u64) {
        let capture = self.world.capture(&self.world.class());
        let slot = self.world.shelf.slot().expect("stored when the stage was set");
        slot.replace(Held { entry: Arc::new(value), capture });
    }
}

struct Found {
    slot: Arc<Slot<u64>>,
    version: u64,
    value: u64,
}

/// When a pin takes its stamp.
#[derive(Clone, Copy)]
enum Stamped {
    BeforeDeciding,
    AfterDeciding,
}

/// A pin, in the order in which `Pinned` looks.
struct Pin {
    stamp: Stamp<2>,
    found: Option<Found>,
    stamped: Stamped,
}

impl Pin {
    fn new(stage: &Stage, stamped: Stamped) -> Pin {
        let mut pin = Pin { stamp: Stamp::take(stage.versions()), found: None, stamped };
        pin.look(stage);
        pin
    }

    fn look(&mut self, stage: &Stage) {
        match self.stamped {
            Stamped::BeforeDeciding => {
                self.stamp = Stamp::take(stage.versions());
                self.found = stage.decide();
            }
            Stamped::AfterDeciding => {
                self.found = stage.decide();
                self.stamp = Stamp::take(stage.versions());
            }
        }
    }

    fn read(&mut self, stage: &Stage) -> Option<u64> {
        let remembered = self.found.as_ref().is_some_and(|found| {
            found.slot.version() == found.version && self.stamp.holds(stage.versions())
        });
        if !remembered {
            self.look(stage);
        }
        self.found.as_ref().map(|found| found.value)
    }
}

/// A pin looks beside a change, and is read when the change has returned.
fn a_pinned_read_after(change: fn(&Stage), stamped: Stamped, expected: Option<u64>) {
    let graph = graph();
    loom::model(move || {
        let stage = Arc::new(Stage::new(&graph));
        let looking = {
            let stage = Arc::clone(&stage);
            thread::spawn(move || {
                stage.world.turn.take();
                Pin::new(&stage, stamped)
            })
        };
        let mut early = Pin::new(&stage, stamped);
        stage.world.turn.take();
        change(&stage);
        assert_eq!(early.read(&stage), expected, "by the pin of who made the change");
        let mut beside = looking.join().unwrap();
        assert_eq!(beside.read(&stage), expected, "by a pin that looked meanwhile");
        assert_eq!(beside.read(&stage), expected, "by a pin that looked again");
    });
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
    a_pinned_read_after_an_invalidation_of_the_key_serves_nothing: Stage::invalidate_key;
    a_pinned_read_after_an_invalidation_of_the_match_serves_nothing: |stage| {
        stage.world.scope.kill_all(&stage.world.sequence);
    };
    a_pinned_read_after_an_event_serves_nothing: |stage| {
        stage.world.scope.kill_event(stage.world.event, &stage.world.sequence);
    };
    a_pinned_read_after_an_expiry_of_the_match_does_not_serve_as_fresh: |stage| {
        stage.world.scope.expire_all(&stage.world.sequence);
    };
    a_pinned_read_after_an_invalidation_of_a_tag_serves_nothing: |stage| {
        stage.world.tag.kill(stage.world.sequence.next());
        stage.everywhere.touch();
    };
    a_pinned_read_after_an_invalidation_of_everything_serves_nothing: |stage| {
        stage.world.everything.kill(stage.world.sequence.next());
        stage.everywhere.touch();
    };
    a_pinned_read_after_an_expiry_of_the_key_does_not_serve_as_fresh: |stage| {
        let slot = stage.world.shelf.slot().expect("stored when the stage was set");
        slot.expire(stage.world.sequence.next());
        stage.everywhere.touch();
    };
    a_pinned_read_after_a_suspension_serves_nothing: |stage| {
        stage.world.scope.set_status(None, TradingStatus::Suspended, &stage.world.sequence);
    };
    a_pinned_read_after_a_suspension_of_the_market_serves_nothing: |stage| {
        let (world, closed) = (&stage.world, TradingStatus::Closed);
        world.scope.set_status(Some(world.market), closed, &world.sequence);
    };
    a_pinned_read_after_a_kickoff_was_published_obeys_it: |stage| {
        stage.world.scope.publish(Some(1), None);
    };
    a_pinned_read_after_a_line_up_was_published_obeys_it: |stage| {
        stage.world.scope.publish(None, Some(true));
    };
}

#[test]
fn a_pinned_read_after_the_value_was_replaced_serves_the_new_one() {
    a_pinned_read_after(|stage| stage.replace(7), Stamped::BeforeDeciding, Some(7));
}

#[test]
#[should_panic(expected = "by a pin that looked meanwhile")]
fn a_stamp_taken_after_the_decision_misses_a_suspension() {
    let suspend = |stage: &Stage| {
        stage.world.scope.set_status(None, TradingStatus::Suspended, &stage.world.sequence);
    };
    a_pinned_read_after(suspend, Stamped::AfterDeciding, None);
}

#[test]
#[should_panic(expected = "by a pin that looked meanwhile")]
fn a_stamp_taken_after_the_decision_misses_an_invalidation_of_everything() {
    let invalidate = |stage: &Stage| {
        stage.world.everything.kill(stage.world.sequence.next());
        stage.everywhere.touch();
    };
    a_pinned_read_after(invalidate, Stamped::AfterDeciding, None);
}

/// Two make the same change: whichever finds it made already, its pins go by it when it returns.
fn a_change_made_already_is_counted(change: fn(&Stage)) {
    let graph = graph();
    loom::model(move || {
        let stage = Arc::new(Stage::new(&graph));
        let mut pin = Pin::new(&stage, Stamped::BeforeDeciding);
        let other = {
            let stage = Arc::clone(&stage);
            thread::spawn(move || {
                stage.world.turn.take();
                change(&stage);
            })
        };
        stage.world.turn.take();
        change(&stage);
        assert_eq!(pin.read(&stage), None, "by the pin of who had nothing to change");
        other.join().unwrap();
    });
}

#[test]
fn a_publisher_with_nothing_to_change_has_its_kickoff_obeyed_by_pins() {
    a_change_made_already_is_counted(|stage| stage.world.scope.publish(Some(1), None));
}

#[test]
fn a_publisher_with_nothing_to_change_has_its_line_up_obeyed_by_pins() {
    a_change_made_already_is_counted(|stage| stage.world.scope.publish(None, Some(true)));
}

#[test]
fn a_publisher_with_half_of_it_to_change_has_its_kickoff_obeyed_by_pins() {
    a_change_made_already_is_counted(|stage| stage.world.scope.publish(Some(1), Some(true)));
}

#[test]
fn a_status_that_is_set_already_is_obeyed_by_pins() {
    a_change_made_already_is_counted(|stage| {
        stage.world.scope.set_status(None, TradingStatus::Suspended, &stage.world.sequence);
    });
}
