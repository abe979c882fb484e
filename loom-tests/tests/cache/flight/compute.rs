// Models of single-flight: one compute at a time, every waiter answered, nothing lost at the end of a flight.
// Never knows: tasks; the thread that receives a launch runs it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use kairos_cache::model::{Capture, Finding, KeyMarks, Kind, Launch, Ticket};

use crate::stage::{Compute, World, answer, model};

/// The key is invalidated while its compute runs: the old value is neither served nor stored.
#[test]
fn an_invalidation_of_the_key_is_not_lost_to_a_running_compute() {
    model(|world| {
        let reading = world.beside(|world| world.read(Kind::Miss));
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
    model(|world| {
        let other = world
            .beside(|world| world.read(Kind::Bypass).and_then(|mut ticket| answer(&mut ticket)));
        world.source.write(1);
        let mine = world.read(Kind::Bypass);
        // Queued behind the other, which runs this one's compute when it has finished.
        other.join().unwrap();
        if let Some(mut ticket) = mine {
            assert_eq!(answer(&mut ticket), Some(1), "an older value, or none");
            assert!(ticket.led(), "it ran the closure of this bypass, which nobody shared");
        }
    });
}

/// Two readers of a missing key: both are answered, by one compute or by two in a row.
#[test]
fn every_waiter_is_answered() {
    model(|world| {
        let other = world.beside(|world| world.read(Kind::Miss));
        let mine = world.read(Kind::Miss);
        let theirs = other.join().unwrap();
        assert!(mine.is_some() || theirs.is_some(), "the flight retired before it began");
        for mut ticket in [mine, theirs].into_iter().flatten() {
            assert_eq!(answer(&mut ticket), Some(0), "a waiter was forgotten");
        }
    });
}

/// Two readers of a missing key, of which the second comes to the flight while the first computes
/// or when the value is there.
#[test]
fn a_value_that_came_since_a_read_looked_is_not_computed_again() {
    model(|world| {
        // As a fill does: between two computes the flight would retire, and ask nothing.
        assert!(world.flight.begin_fill(|| ()).is_some());
        let other = world.beside(|world| world.read(Kind::Miss));
        world.read(Kind::Miss);
        other.join().unwrap();
        assert_eq!(world.source.computes(), 1);
    });
}

/// The same for two readers that find a stale value.
#[test]
fn a_value_that_came_since_a_read_looked_is_not_refreshed() {
    model(|world| {
        assert!(world.flight.begin_fill(|| ()).is_some());
        assert!(world.compute_and_store(&world.class()));
        world.expire_key();
        let other = world.beside(|world| world.run(world.refresh()));
        world.run(world.refresh());
        other.join().unwrap();
        assert_eq!(world.source.computes(), 1);
    });
}

/// A read that finds the entry killed computes, although its slot still stands in the key's place.
#[test]
fn a_killed_entry_keeps_no_read_from_a_compute() {
    model(|world| {
        assert!(world.compute_and_store(&world.class()));
        let killing = world.beside(|world| {
            world.source.write(1);
            world.invalidations.kill_everything();
        });
        if let Some(mut ticket) = world.read(Kind::Miss) {
            assert_eq!(answer(&mut ticket), Some(1), "it saw what the kill was about");
        }
        killing.join().unwrap();
        assert_ne!(world.alive(), Some(0));
    });
}

/// The last waiter leaves while the compute ends: aborted or published, never both, and a reader
/// that comes then is answered or sent to a new flight.
#[test]
fn leaving_and_finishing_agree() {
    model(|world| {
        let (ticket, launch) = world.join(Kind::Miss).expect("a new flight");
        let running = world.beside(|world| world.run(launch));
        let after = world.flight.leave(&ticket);
        let late = world.read(Kind::Miss);
        running.join().unwrap();
        if let Some(mut ticket) = late {
            assert_eq!(answer(&mut ticket), Some(0), "a late reader was forgotten");
        }
        assert!(after.launch.is_none());
    });
}

/// A timeout answers the waiters once, whether the compute ends before it or after.
#[test]
fn a_timeout_and_a_result_answer_once() {
    model(|world| {
        let (mut ticket, launch) = world.join(Kind::Miss).expect("a new flight");
        let launch = launch.expect("nothing ran before");
        let run = Arc::clone(&launch.run);
        let running = world.beside(|world| world.run(Some(launch)));
        let doomed = world.flight.doom(&run, |_, _| 408);
        running.join().unwrap();
        let expected = if doomed { 408 } else { 0 };
        assert_eq!(answer(&mut ticket), Some(expected));
        assert_eq!(world.alive().is_some(), !doomed, "stored although it was given up");
    });
}

/// The turn of a queued compute comes while its last waiter leaves: it begins and is aborted, or it
/// is given up, and whoever left finds it so.
#[test]
fn a_turn_and_the_last_waiter_to_leave_agree() {
    model(|world| {
        let (ticket, launch) = world.join(Kind::Miss).expect("a new flight");
        let launch = launch.expect("nothing ran before");
        let run = Arc::clone(&launch.run);
        world.flight.queue(&run);
        let turn = world.beside(move |world| world.flight.begin(&launch.run, &launch.job));
        let after = world.flight.leave(&ticket);
        let given_up = run.is_given_up();
        let began = turn.join().unwrap();
        assert_eq!(after.abort.is_some(), began);
        assert_eq!((given_up, after.retired), (!began, !began));
    });
}

/// A reader that asks the flight something as soon as it is woken.
struct ComesBack {
    world: Arc<World>,
    came: AtomicUsize,
}

impl Wake for ComesBack {
    fn wake(self: Arc<Self>) {
        let _runs = self.world.flight.is_running();
        self.came.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread wakes and looks.
    }
}

/// Waiters are woken when the flight's lock has been released: each can take it.
#[test]
fn a_reader_that_is_woken_may_come_back_at_once() {
    type Step = fn(&World, &Launch<Compute, u64>);
    let steps: [Step; 4] = [
        |world, Launch { run, .. }| drop(world.flight.finish(run, |_, _| (0, false))),
        |world, Launch { run, .. }| assert!(world.flight.doom(run, |_, _| 408)),
        |world, Launch { run, .. }| assert!((0..2).all(|_| world.flight.check_stuck(run, 408))),
        |world, _| drop(world.flight.turn_away(|_| 503)),
    ];
    for step in steps {
        model(move |world| {
            let (running, launch) = world.join(Kind::Miss).expect("a new flight");
            let (pending, _) = world.join(Kind::Bypass).expect("it runs");
            let came = AtomicUsize::new(0);
            let reader = Arc::new(ComesBack { world: Arc::clone(world), came });
            let waker = Waker::from(Arc::clone(&reader));
            for Ticket { run, seat, .. } in &mut [running, pending] {
                assert!(run.poll(seat, &Context::from_waker(&waker)).is_pending());
            }
            step(world, &launch.expect("nothing ran before"));
            // Relaxed: as in `wake`.
            assert_eq!(reader.came.load(Ordering::Relaxed), 1, "of two that wait one is answered");
        });
    }
}

/// The key is done with a compute before anyone is told of its result: whoever has that comes to a key
/// that is free, and never waits behind what has ended.
#[test]
fn a_reader_that_has_its_answer_finds_the_key_free() {
    model(|world| {
        let (mut ticket, launch) = world.join(Kind::Miss).expect("nothing is stored");
        let run = launch.expect("nothing runs").run;
        let ending = world.beside(move |world| {
            assert!(world.flight.finish(&run, |_, _| (1, false)).retired, "nobody else wants it");
        });
        if answer(&mut ticket).is_some() {
            assert!(!world.flight.is_running(), "it is told before it is done");
            assert!(world.join(Kind::Bypass).is_none(), "the flight has retired with its compute");
        }
        ending.join().unwrap();
    });
}

/// The same where the next compute begins: the reader of the one that has ended may join it.
#[test]
fn a_reader_that_has_its_answer_joins_the_next_compute() {
    model(|world| {
        let (mut ticket, launch) = world.join(Kind::Miss).expect("nothing is stored");
        let (_next, none) = world.join(Kind::Bypass).expect("it runs");
        assert!(none.is_none());
        let run = launch.expect("nothing runs").run;
        let ending = world.beside(move |world| {
            let after = world.flight.finish(&run, |_, _| (1, false));
            after.launch.expect("a bypass waits").run
        });
        if answer(&mut ticket).is_some() {
            let (again, launch) = world.join(Kind::Miss).expect("a compute runs");
            assert!(launch.is_none() && !Arc::ptr_eq(&again.run, &ticket.run), "it has ended");
        }
        let next = ending.join().unwrap();
        assert!(world.flight.finish(&next, |_, _| (2, false)).retired);
    });
}

/// A compute ends beside a fill that began after it, and is stored by `end`.
fn a_result_beside_what_began_later(end: fn(&World, &Capture, KeyMarks) -> bool) {
    const LATER: u64 = 7;
    model(move |world| {
        let (_ticket, launch) = world.join(Kind::Miss).expect("nothing is stored");
        let run = launch.expect("nothing runs").run;
        let begun = world.flight.begin_fill(|| world.capture()).expect("a compute runs");
        let ending = world.beside(move |world| {
            let after = world.flight.finish(&run, |capture, marks| (1, end(world, capture, marks)));
            assert!(after.launch.is_none());
        });
        assert!(world.fill(LATER, &begun), "nothing covers it");
        assert_eq!(world.alive(), Some(LATER), "seen at once");
        ending.join().unwrap();
        assert_eq!(world.alive(), Some(LATER), "seen when the compute has ended");
    });
}

#[test]
fn a_result_leaves_what_began_later() {
    a_result_beside_what_began_later(|world, capture, marks| world.store(1, capture, marks));
}

#[test]
fn the_result_that_there_is_no_value_leaves_what_began_later() {
    a_result_beside_what_began_later(|world, capture, marks| {
        world.conclude(Finding::Nothing(None), capture, marks).bars_older()
    });
}

/// What cannot be kept takes along what it was to replace, as the result that there is no value does.
#[test]
fn a_result_does_not_come_back_after_a_later_one_that_could_not_be_kept() {
    model(|world| {
        let (_ticket, launch) = world.join(Kind::Miss).expect("nothing is stored");
        let run = launch.expect("nothing runs").run;
        let begun = world.flight.begin_fill(|| world.capture()).expect("a compute runs");
        let ending = world.beside(move |world| {
            let publish = |capture: &Capture, marks| {
                let value = Finding::Value(Some(Arc::new(1)));
                (1, world.conclude(value, capture, marks).bars_older())
            };
            assert!(world.flight.finish(&run, publish).launch.is_none());
        });
        assert!(!world.fill_with(Finding::Nothing(None), &begun), "it cannot be kept");
        assert_eq!(world.alive(), None, "gone at once");
        ending.join().unwrap();
        assert_eq!(world.alive(), None, "gone when the compute has ended");
    });
}

/// The mistake that the models must find: the result does not know of what began later.
#[test]
#[should_panic(expected = "seen")]
fn a_result_that_does_not_know_of_a_later_one_replaces_it() {
    a_result_beside_what_began_later(|world, capture, marks| {
        world.store(1, capture, KeyMarks { older: false, ..marks })
    });
}
