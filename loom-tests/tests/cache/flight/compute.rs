// Models of single-flight: one compute at a time, every waiter answered, nothing lost at the end of a flight.
// Never knows: tasks; the thread that receives a launch runs it.

use std::sync::Arc;

use kairos_cache::model::Kind;
use loom::thread;

use crate::stage::{World, answer, graph};

/// The key is invalidated while its compute runs: the old value is neither served nor stored.
#[test]
fn an_invalidation_of_the_key_is_not_lost_to_a_running_compute() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let reading = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let (_ticket, launch) = world.join(Kind::Miss).expect("a new flight");
                world.run(launch);
            })
        };
        world.source.write(1);
        world.kill_key();
        assert_ne!(world.alive(), Some(0), "served what was invalidated");
        reading.join().unwrap();
        assert_ne!(world.alive(), Some(0), "stored what was invalidated");
    });
}

/// A bypass that arrives after a change sees it, whatever runs when it arrives.
#[test]
fn a_bypass_gets_a_compute_that_started_after_it_arrived() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                if let Some((mut ticket, launch)) = world.join(Kind::Bypass) {
                    world.run(launch);
                    let _answer = answer(&mut ticket);
                }
            })
        };
        world.source.write(1);
        if let Some((mut ticket, launch)) = world.join(Kind::Bypass) {
            world.run(launch);
            // Queued behind the other, which runs this one's compute when it has finished.
            other.join().unwrap();
            assert_eq!(answer(&mut ticket), Some(1), "an older value, or none");
        } else {
            other.join().unwrap();
        }
    });
}

/// Two readers of a missing key: both are answered, by one compute or by two in a row.
#[test]
fn every_waiter_is_answered() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let joined = world.join(Kind::Miss);
                joined.map(|(ticket, launch)| {
                    world.run(launch);
                    ticket
                })
            })
        };
        let mine = world.join(Kind::Miss).map(|(ticket, launch)| {
            world.run(launch);
            ticket
        });
        let theirs = other.join().unwrap();
        assert!(mine.is_some() || theirs.is_some(), "the flight retired before it began");
        for mut ticket in [mine, theirs].into_iter().flatten() {
            assert_eq!(answer(&mut ticket), Some(0), "a waiter was forgotten");
        }
    });
}

/// The last waiter leaves while the compute ends: aborted or published, never both, and a reader
/// that comes then is answered or sent to a new flight.
#[test]
fn leaving_and_finishing_agree() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let (ticket, launch) = world.join(Kind::Miss).expect("a new flight");
        let running = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.run(launch))
        };
        let after = world.flight.leave(&ticket);
        let late = world.join(Kind::Miss);
        if let Some((_, Some(launch))) = late {
            world.run(Some(launch));
        } else if let Some((mut ticket, None)) = late {
            running.join().unwrap();
            assert_eq!(answer(&mut ticket), Some(0), "a late reader was forgotten");
            return;
        }
        running.join().unwrap();
        assert!(after.launch.is_none());
    });
}

/// A timeout answers the waiters once, whether the compute ends before it or after.
#[test]
fn a_timeout_and_a_result_answer_once() {
    let graph = graph();
    loom::model(move || {
        let world = World::new(&graph);
        let (mut ticket, launch) = world.join(Kind::Miss).expect("a new flight");
        let launch = launch.expect("nothing ran before");
        let run = Arc::clone(&launch.run);
        let running = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.run(Some(launch)))
        };
        let doomed = world.flight.doom(&run, || 408);
        running.join().unwrap();
        let expected = if doomed { 408 } else { 0 };
        assert_eq!(answer(&mut ticket), Some(expected));
        assert_eq!(world.alive().is_some(), !doomed, "stored although it was given up");
    });
}
