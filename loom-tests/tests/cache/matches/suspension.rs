// Models of suspension: nothing computed before a change of status is stored, served or joined after it.
// Never knows: the store, or what a read does while its market is suspended.

use std::sync::Arc;

use kairos_cache::model::{Class, KeyMarks, Kind};
use kairos_cache::{MarketId, TradingStatus};
use loom::thread;

use crate::stage::{World, answer, graph};

/// At which of the two levels the status changes.
#[derive(Clone, Copy)]
enum Level {
    Match,
    Market,
}

impl Level {
    fn set(self, world: &World, status: TradingStatus) -> Option<u64> {
        let market: Option<MarketId> = match self {
            Level::Match => None,
            Level::Market => Some(world.market),
        };
        world.scope.set_status(market, status, world.invalidations.sequence())
    }
}

/// A compute of a class, up to its end.
type Storing = fn(&World, &Arc<Class>);

fn compute_and_store(world: &World, class: &Arc<Class>) {
    world.compute_and_store(class);
}

/// The same by a flag that was looked at before.
fn compute_and_store_unless(world: &World, class: &Arc<Class>, barred: bool) {
    let capture = world.invalidations.capture(class);
    world.place.store(world.source.read(), &capture, || barred);
}

fn nothing_is_stored(level: Level, known: bool, compute: Storing) {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let class = known.then(|| world.class());
        let computing = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                let class = class.unwrap_or_else(|| world.class());
                compute(&world, &class);
            })
        };
        world.turn.take();
        let died = level.set(&world, TradingStatus::Suspended).expect("it was open");
        assert_eq!(world.serve(), None, "served to a read that began after the suspension");
        assert_eq!(world.alive(), None, "alive after the suspension");
        computing.join().unwrap();
        assert_eq!(world.alive(), None, "stored in spite of the suspension");
        assert!(died <= 1);
    });
}

#[test]
fn nothing_is_stored_through_a_suspension_of_the_match() {
    nothing_is_stored(Level::Match, true, compute_and_store);
}

#[test]
fn nothing_is_stored_through_a_suspension_of_the_market() {
    nothing_is_stored(Level::Market, true, compute_and_store);
}

#[test]
fn nothing_is_stored_through_a_suspension_by_a_compute_of_a_new_class() {
    nothing_is_stored(Level::Match, false, compute_and_store);
}

#[test]
#[should_panic(expected = "in spite of the suspension")]
fn a_flag_looked_at_before_the_capture_lets_a_value_through() {
    nothing_is_stored(Level::Match, true, |world, class| {
        let barred = world.is_barred();
        compute_and_store_unless(world, class, barred);
    });
}

#[test]
#[should_panic(expected = "in spite of the suspension")]
fn a_flag_not_looked_at_lets_a_value_through() {
    nothing_is_stored(Level::Market, true, |world, class| {
        compute_and_store_unless(world, class, false);
    });
}

/// What was computed before a market opened is neither served nor stored after it.
fn nothing_from_before_is_stored(statuses: &'static [TradingStatus], compute: Storing) {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let (last, first) = statuses.split_last().expect("a status that is set last");
        if let [before] = first {
            Level::Market.set(&world, *before);
        }
        let computing = {
            let (world, class) = (Arc::clone(&world), world.class());
            thread::spawn(move || {
                world.turn.take();
                compute(&world, &class);
            })
        };
        world.turn.take();
        if first.is_empty() {
            Level::Market.set(&world, TradingStatus::Suspended);
        }
        world.source.write(1);
        Level::Market.set(&world, *last).expect("a real change");
        assert_ne!(world.serve(), Some(0), "served from before");
        computing.join().unwrap();
        assert_ne!(world.serve(), Some(0), "stored from before");
    });
}

#[test]
fn nothing_computed_before_the_market_opened_is_stored_after_it() {
    const CLOSED_THEN_OPEN: &[TradingStatus] = &[TradingStatus::Closed, TradingStatus::Open];
    nothing_from_before_is_stored(CLOSED_THEN_OPEN, compute_and_store);
}

#[test]
fn nothing_computed_before_a_suspension_is_stored_after_it_has_ended() {
    nothing_from_before_is_stored(&[TradingStatus::Open], compute_and_store);
}

#[test]
#[should_panic(expected = "from before")]
fn a_capture_after_the_compute_lets_a_value_through_a_suspension_that_has_ended() {
    nothing_from_before_is_stored(&[TradingStatus::Open], |world, class| {
        let value = world.source.read();
        world.store(value, &world.invalidations.capture(class), KeyMarks::default());
    });
}

/// A read that sees the suspension goes to the source, and sees what the suspension was about.
fn a_read_that_sees_a_suspension_computes_what_came_before_it(level: Level) {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let suspending = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                world.source.write(1);
                level.set(&world, TradingStatus::Suspended);
            })
        };
        world.turn.take();
        if world.is_barred() {
            assert_eq!(world.source.read(), 1);
        }
        suspending.join().unwrap();
        assert!(world.is_barred());
    });
}

#[test]
fn a_read_that_sees_a_suspension_of_the_match_computes_what_came_before_it() {
    a_read_that_sees_a_suspension_computes_what_came_before_it(Level::Match);
}

#[test]
fn a_read_that_sees_a_suspension_of_the_market_computes_what_came_before_it() {
    a_read_that_sees_a_suspension_computes_what_came_before_it(Level::Market);
}

/// Two set the same status: one of them changes it, and after either has returned it is in force.
#[test]
fn of_two_who_set_one_status_one_changes_it() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        assert!(world.compute_and_store(&world.class()));
        let setting = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                Level::Match.set(&world, TradingStatus::Closed)
            })
        };
        world.turn.take();
        let own = Level::Match.set(&world, TradingStatus::Closed);
        assert_eq!(world.alive(), None, "alive although the status is set");
        let other = setting.join().unwrap();
        assert!(own.is_some() ^ other.is_some());
        assert_eq!(own.or(other), Some(1), "the entry dies once");
    });
}

/// A read that begins after the market opened again waits for no compute from before.
#[test]
fn nothing_computed_before_the_market_opened_is_joined_after_it() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let _class = world.class();
        Level::Match.set(&world, TradingStatus::Suspended);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                world.read(Kind::Miss);
            })
        };
        world.turn.take();
        world.source.write(1);
        Level::Match.set(&world, TradingStatus::Open);
        let joined = world.read(Kind::Miss);
        // Behind the other's compute, which runs this one's when it has ended.
        other.join().unwrap();
        if let Some(mut ticket) = joined {
            assert_eq!(answer(&mut ticket), Some(1), "joined a compute from before");
        }
        assert_ne!(world.serve(), Some(0));
    });
}
