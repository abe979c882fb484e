// Cancellation: a reader that goes away at any await of its read leaves nothing behind.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../many/ends.rs`, the same for many keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Task, Poll, Waker};

use kairos_cache::{Cache, Context, Error, Reason, Runtime, Sim, TradingStatus};

use crate::stage::{Present, SECOND, Stage};

/// The ways of a read that wait for something.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Starts the compute it waits for.
    Miss,
    /// Waits for a compute that another reader started.
    Joined,
    /// Waits behind a compute that it may not join.
    Queued,
    /// Waits at the gate behind the compute of another key.
    AtGate,
    /// Has an old value at hand, and a soft timeout.
    SoftTimeout,
    /// Is served a stale value and leaves a refresh behind.
    Refreshing,
}

const WAYS: [Way; 6] =
    [Way::Miss, Way::Joined, Way::Queued, Way::AtGate, Way::SoftTimeout, Way::Refreshing];

/// A cache in which one compute and one refresh may run, and a count of the reads that finished.
struct World {
    sim: Sim,
    cache: Cache<String, u64>,
    finished: Arc<AtomicU64>,
    running: Arc<AtomicU64>,
}

impl World {
    fn new() -> World {
        // The gate lets one compute pass.
        let Stage { sim, cache } = Stage::with(|builder| {
            builder
                .max_concurrent_computes(1)
                .max_concurrent_refreshes(1)
                .default_ttl(10 * SECOND)
                .soft_timeout(2 * SECOND)
                .xfetch_enabled(false)
        });
        World { sim, cache, finished: Arc::default(), running: Arc::default() }
    }

    /// A read whose compute sleeps three times for a second; counted when it has finished.
    fn read(&self, key: &'static str, force: bool) -> impl Future<Output = Reason> + Send + use<> {
        let (cache, sim) = (self.cache.clone(), self.sim.clone());
        let (finished, running) = (Arc::clone(&self.finished), Arc::clone(&self.running));
        async move {
            let compute = move || async move {
                let _present = Present::alone(&running);
                for _ in 0..3 {
                    sim.sleep(SECOND).await;
                }
                Ok::<u64, Error>(1)
            };
            let context = Context::none().force_refresh(force);
            let answer = cache.explain(key, &context, compute).await.expect("a plain context");
            assert!(answer.outcome.is_ok());
            finished.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread.
            answer.receipt.reason
        }
    }

    fn spawn(&self, key: &'static str, force: bool) {
        let read = self.read(key, force);
        let _task = self.sim.spawn(Box::pin(async move {
            read.await;
        }));
        self.sim.run_until_idle();
    }

    fn seconds(&self, seconds: u32) {
        self.sim.advance_to(self.sim.now() + seconds * SECOND);
    }

    /// Prepares what the way needs, and gives the read that will be dropped.
    fn set_out(&self, way: Way) -> impl Future<Output = Reason> + Send + use<> {
        match way {
            Way::Miss => {}
            Way::Joined => self.spawn("k", false),
            Way::Queued => self.spawn("k", true),
            Way::AtGate => self.spawn("other", false),
            Way::SoftTimeout | Way::Refreshing => {
                self.cache.insert("k", &Context::none(), 0).expect("a plain context");
                self.seconds(if matches!(way, Way::Refreshing) { 15 } else { 25 });
            }
        }
        self.read("k", matches!(way, Way::Queued))
    }
}

/// Drops a read of the given way after `polls` polls, half a second apart. False if it had
/// finished by then.
fn drop_after(way: Way, polls: u32, world: &World) -> bool {
    let mut read = Box::pin(world.set_out(way));
    let mut task = Task::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(_reason) = read.as_mut().poll(&mut task) {
            return false;
        }
        world.sim.advance_to(world.sim.now() + SECOND / 2);
    }
    drop(read);
    true
}

#[test]
fn a_read_dropped_at_any_await_leaves_no_count_no_claim_and_a_usable_key() {
    for way in WAYS {
        let mut dropped = 0;
        for polls in 0.. {
            let world = World::new();
            let was_dropped = drop_after(way, polls, &world);
            dropped += u32::from(was_dropped);
            world.sim.run_to_end();
            let counted = || world.cache.stats().total_requests;
            let finished = || world.finished.load(Ordering::Relaxed); // Relaxed: one thread.
            assert_eq!(counted(), finished(), "{way:?} after {polls} polls");
            assert_eq!(world.running.load(Ordering::Relaxed), 0, "{way:?} after {polls} polls");
            // The gate and the key are free: this read computes at once.
            world.spawn("k", true);
            world.seconds(3);
            assert_eq!(counted(), finished(), "{way:?} after {polls} polls");
            // The bulkhead is free: this one is stale and starts a refresh.
            world.seconds(15);
            let before = world.cache.activity().computes_for_refreshes;
            world.spawn("k", false);
            let refreshes = world.cache.activity().computes_for_refreshes - before;
            assert_eq!(refreshes, 1, "{way:?} after {polls} polls");
            if !was_dropped {
                break;
            }
        }
        let least = if matches!(way, Way::Refreshing) { 1 } else { 4 };
        assert!(dropped >= least, "{way:?}: dropped at {dropped} awaits");
    }
}

#[test]
fn a_compute_that_lost_its_last_reader_is_dropped_at_whichever_await_it_stands() {
    for polls in 1..6 {
        let world = World::new();
        assert!(drop_after(Way::Miss, polls, &world));
        world.sim.run_until_idle();
        assert_eq!(world.running.load(Ordering::Relaxed), 0, "after {polls} polls"); // Relaxed: one thread.
        assert!(world.cache.get("k").is_none());
    }
}

#[test]
fn a_reader_that_goes_while_its_match_is_suspended_leaves_the_match_usable() {
    let world = World::new();
    let scope = world.cache.scope("m");
    world.cache.set_status(&scope, None, TradingStatus::Suspended).expect("known");
    let context = Context::new(&scope);
    let (cache, own) = (world.cache.clone(), context.clone());
    let mut read = Box::pin(async move {
        let compute = || std::future::pending::<Result<u64, Error>>();
        cache.explain("k", &own, compute).await.expect("a plain context")
    });
    assert!(read.as_mut().poll(&mut Task::from_waker(Waker::noop())).is_pending());
    world.sim.run_until_idle();
    drop(read);
    world.sim.run_until_idle();
    world.cache.set_status(&scope, None, TradingStatus::Open).expect("known");
    assert!(world.cache.insert("k", &context, 5).expect("a plain context"));
    assert_eq!(world.cache.get("k").map(|hit| *hit), Some(5));
    assert_eq!(world.cache.stats().total_requests, 1);
}
