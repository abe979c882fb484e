//! Models of suspension: nothing computed before a change of status is stored, served or joined after it.
//! Never knows: the store, or what a read does while its market is suspended.
//! Read next: `crates/kairos-cache/src/scope.rs`, the flag before the kill.
#![cfg(kairos_loom)]

mod cache_world;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cache_world::match_::{Match, graph};
use kairos_cache::model::{Capture, Class, Flight, Job, Join, KeyMarks, Kind, Launch};
use kairos_cache::{MarketId, TradingStatus};
use loom::thread;

/// At which of the two levels the status changes.
#[derive(Clone, Copy)]
enum Level {
    Match,
    Market,
}

impl Level {
    fn set(self, world: &Match, status: TradingStatus) -> Option<u64> {
        let market: Option<MarketId> = match self {
            Level::Match => None,
            Level::Market => Some(world.market),
        };
        world.scope.set_status(market, status, &world.sequence)
    }
}

/// A compute of a class, up to its end.
type Storing = fn(&Match, &Arc<Class>);

fn nothing_is_stored(level: Level, known: bool, compute: Storing) {
    let graph = graph();
    loom::model(move || {
        let world = Arc::new(Match::new(&graph));
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
        assert_eq!(world.shelf.serve(), None, "alive after the suspension");
        computing.join().unwrap();
        assert_eq!(world.shelf.serve(), None, "stored in spite of the suspension");
        assert!(died <= 1);
    });
}

#[test]
fn nothing_is_stored_through_a_suspension_of_the_match() {
    nothing_is_stored(Level::Match, true, Match::compute_and_store);
}

#[test]
fn nothing_is_stored_through_a_suspension_of_the_market() {
    nothing_is_stored(Level::Market, true, Match::compute_and_store);
}

#[test]
fn nothing_is_stored_through_a_suspension_by_a_compute_of_a_new_class() {
    nothing_is_stored(Level::Match, false, Match::compute_and_store);
}

#[test]
#[should_panic(expected = "in spite of the suspension")]
fn a_flag_looked_at_before_the_capture_lets_a_value_through() {
    nothing_is_stored(Level::Match, true, |world, class| {
        if !world.scope.is_suspended(Some(world.market)) {
            let capture = world.capture(class);
            world.shelf.store(world.source.read(), &capture, KeyMarks::default());
        }
    });
}

#[test]
#[should_panic(expected = "in spite of the suspension")]
fn a_flag_not_looked_at_lets_a_value_through() {
    nothing_is_stored(Level::Market, true, |world, class| {
        let capture = world.capture(class);
        world.shelf.store(world.source.read(), &capture, KeyMarks::default());
    });
}

/// What was computed before a market opened is neither served nor stored after it.
fn nothing_from_before_is_stored(statuses: &'static [TradingStatus], compute: Storing) {
    let graph = graph();
    loom::model(move || {
        let world = Arc::new(Match::new(&graph));
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
    nothing_from_before_is_stored(CLOSED_THEN_OPEN, Match::compute_and_store);
}

#[test]
fn nothing_computed_before_a_suspension_is_stored_after_it_has_ended() {
    nothing_from_before_is_stored(&[TradingStatus::Open], Match::compute_and_store);
}

#[test]
#[should_panic(expected = "from before")]
fn a_capture_after_the_compute_lets_a_value_through_a_suspension_that_has_ended() {
    nothing_from_before_is_stored(&[TradingStatus::Open], |world, class| {
        let value = world.source.read();
        world.store(value, &world.capture(class), KeyMarks::default());
    });
}

/// A read that sees the suspension goes to the source, and sees what the suspension was about.
fn a_read_that_sees_a_suspension_computes_what_came_before_it(level: Level) {
    let graph = graph();
    loom::model(move || {
        let world = Arc::new(Match::new(&graph));
        let suspending = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                world.source.write(1);
                level.set(&world, TradingStatus::Suspended);
            })
        };
        world.turn.take();
        if world.scope.is_suspended(Some(world.market)) {
            assert_eq!(world.source.read(), 1);
        }
        suspending.join().unwrap();
        assert!(world.scope.is_suspended(Some(world.market)));
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
        let world = Arc::new(Match::new(&graph));
        world.compute_and_store(&world.class());
        let setting = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.turn.take();
                Level::Match.set(&world, TradingStatus::Closed)
            })
        };
        world.turn.take();
        let own = Level::Match.set(&world, TradingStatus::Closed);
        assert_eq!(world.shelf.serve(), None, "alive although the status is set");
        let other = setting.join().unwrap();
        assert!(own.is_some() ^ other.is_some());
        assert_eq!(own.or(other), Some(1), "the entry dies once");
    });
}

struct Compute(Arc<Match>, Arc<Class>);

impl Job for Compute {
    fn capture(&self) -> Capture {
        self.0.capture(&self.1)
    }
}

type KeyFlight = Flight<Compute, u64>;

fn read(world: &Arc<Match>, flight: &KeyFlight) -> Option<kairos_cache::model::Ticket<u64>> {
    let job = || Compute(Arc::clone(world), world.class());
    let Join::Wait(ticket, mut launch) = flight.join(Kind::Miss, || true, job) else { return None };
    while let Some(Launch { run, .. }) = launch.take() {
        let value = world.source.read();
        let after = flight.finish(&run, |capture, marks| {
            world.store(value, capture, marks);
            value
        });
        launch = after.launch;
    }
    Some(ticket)
}

/// A read that begins after the market opened again waits for no compute from before.
#[test]
fn nothing_computed_before_the_market_opened_is_joined_after_it() {
    let graph = graph();
    loom::model(move || {
        let (world, flight) = (Arc::new(Match::new(&graph)), Arc::new(KeyFlight::new()));
        let _class = world.class();
        Level::Match.set(&world, TradingStatus::Suspended);
        let other = {
            let (world, flight) = (Arc::clone(&world), Arc::clone(&flight));
            thread::spawn(move || {
                world.turn.take();
                read(&world, &flight);
            })
        };
        world.turn.take();
        world.source.write(1);
        Level::Match.set(&world, TradingStatus::Open);
        let ticket = read(&world, &flight);
        // Behind the other's compute, which runs this one's when it has ended.
        other.join().unwrap();
        if let Some(mut ticket) = ticket {
            let answer = ticket.run.poll(&mut ticket.seat, &Context::from_waker(Waker::noop()));
            assert_eq!(answer, Poll::Ready(1), "joined a compute from before");
        }
        assert_ne!(world.serve(), Some(0));
    });
}
