//! Models of single-flight: one compute at a time, every waiter answered, nothing lost at the end of a flight.
//! Never knows: tasks; the thread that receives a launch runs it.
//! Read next: `crates/kairos-cache/src/flight.rs`.
#![cfg(kairos_loom)]

use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};

use kairos_cache::model::{
    After, Capture, Class, Flight, Held, Job, Join, KeyMarks, Kind, Launch, Mark, Sequence, Slot,
    Ticket,
};
use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

struct World {
    sequence: Sequence,
    everything: StdArc<Mark>,
    class: StdArc<Class>,
    /// The backend: what a compute reads. Relaxed, so that only the protocol orders it.
    source: AtomicU64,
    running: AtomicUsize,
    /// The store's place for the key.
    slot: Mutex<Option<StdArc<Slot<u64>>>>,
    flight: Flight<Compute, u64>,
}

/// A compute, which knows how to capture.
struct Compute(StdArc<Shared>);

struct Shared(Arc<World>);

impl Job for Compute {
    fn capture(&self) -> Capture {
        let world = &self.0.0;
        Capture::take(&world.sequence, &world.everything, &world.class)
    }
}

impl World {
    fn new() -> Arc<World> {
        Arc::new(World {
            sequence: Sequence::new(),
            everything: StdArc::new(Mark::new()),
            class: StdArc::new(Class::new([])),
            source: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            slot: Mutex::new(None),
            flight: Flight::new(),
        })
    }

    fn join(world: &Arc<World>, kind: Kind) -> Option<(Ticket<u64>, Option<Launch<Compute, u64>>)> {
        let job = || Compute(StdArc::new(Shared(Arc::clone(world))));
        match world.flight.join(kind, || true, job) {
            Join::Wait(ticket, launch) => Some((ticket, launch)),
            Join::LookAgain | Join::Retired => None,
        }
    }

    /// Runs a launched compute and whatever it leaves to be run.
    fn run(&self, mut launch: Option<Launch<Compute, u64>>) {
        while let Some(Launch { run, .. }) = launch.take() {
            assert_eq!(self.running.fetch_add(1, Ordering::SeqCst), 0, "two computes at once");
            let value = self.source.load(Ordering::Relaxed);
            self.running.fetch_sub(1, Ordering::SeqCst);
            let After { launch: next, .. } =
                self.flight.finish(&run, |capture, marks| self.publish(value, capture, marks));
            launch = next;
        }
    }

    fn publish(&self, value: u64, capture: &Capture, marks: KeyMarks) -> u64 {
        if marks.killed <= capture.seq() {
            let held = Held { entry: StdArc::new(value), capture: capture.clone() };
            *self.slot.lock().unwrap() = Slot::with_entry(held).map(StdArc::new);
        }
        value
    }

    /// As `Cache::invalidate`: the number, the flight, the store.
    fn invalidate_key(&self) {
        let seq = self.sequence.next();
        self.flight.kill_key(seq);
        if let Some(slot) = self.slot.lock().unwrap().take() {
            slot.kill();
        }
    }

    fn served(&self) -> Option<u64> {
        let slot = self.slot.lock().unwrap().clone()?;
        let (_, held) = slot.read()?;
        (!held.capture.is_killed()).then_some(*held.entry)
    }
}

fn answer(ticket: &mut Ticket<u64>) -> Option<u64> {
    match ticket.run.poll(&mut ticket.seat, &Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// The key is invalidated while its compute runs: the old value is neither served nor stored.
#[test]
fn an_invalidation_of_the_key_is_not_lost_to_a_running_compute() {
    loom::model(|| {
        let world = World::new();
        let reading = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let (_ticket, launch) = World::join(&world, Kind::Miss).expect("a new flight");
                world.run(launch);
            })
        };
        world.source.store(1, Ordering::Relaxed);
        world.invalidate_key();
        assert_ne!(world.served(), Some(0), "served what was invalidated");
        reading.join().unwrap();
        assert_ne!(world.served(), Some(0), "stored what was invalidated");
    });
}

/// A bypass that arrives after a change sees it, whatever runs when it arrives.
#[test]
fn a_bypass_gets_a_compute_that_started_after_it_arrived() {
    loom::model(|| {
        let world = World::new();
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                if let Some((mut ticket, launch)) = World::join(&world, Kind::Bypass) {
                    world.run(launch);
                    let _answer = answer(&mut ticket);
                }
            })
        };
        world.source.store(1, Ordering::Relaxed);
        if let Some((mut ticket, launch)) = World::join(&world, Kind::Bypass) {
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
    loom::model(|| {
        let world = World::new();
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let joined = World::join(&world, Kind::Miss);
                joined.map(|(ticket, launch)| {
                    world.run(launch);
                    ticket
                })
            })
        };
        let mine = World::join(&world, Kind::Miss).map(|(ticket, launch)| {
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
    loom::model(|| {
        let world = World::new();
        let (ticket, launch) = World::join(&world, Kind::Miss).expect("a new flight");
        let running = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.run(launch))
        };
        let after = world.flight.leave(&ticket);
        let late = World::join(&world, Kind::Miss);
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
    loom::model(|| {
        let world = World::new();
        let (mut ticket, launch) = World::join(&world, Kind::Miss).expect("a new flight");
        let launch = launch.expect("nothing ran before");
        let run = StdArc::clone(&launch.run);
        let running = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.run(Some(launch)))
        };
        let doomed = world.flight.doom(&run, || 408);
        running.join().unwrap();
        let expected = if doomed { 408 } else { 0 };
        assert_eq!(answer(&mut ticket), Some(expected));
        assert_eq!(world.served().is_some(), !doomed, "stored although it was given up");
    });
}
