//! The stage of the concurrency tests: a cache on virtual time, computes held at a gate, reads as tasks.
//! Never knows: what a test claims.
//! Read next: `../concurrent.rs`.
#![allow(dead_code, reason = "each file of tests uses its part of the stage")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Builder, Cache, Context, Error, Hit, Runtime, Sim, Task};
use tokio::sync::Semaphore;

pub(crate) type Failure = std::io::Error;

/// A deterministic executor and a cache on it.
pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) cache: Cache<String, u64>,
}

/// What has become of a read that runs as a task.
pub(crate) struct Read {
    task: Option<Task>,
    outcome: Outcome,
}

type Outcome = Arc<Mutex<Option<Result<Hit<u64>, Error>>>>;

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage::with(|builder| builder.default_ttl(Duration::from_secs(60)))
    }

    pub(crate) fn with(
        configure: impl FnOnce(Builder<String, u64>) -> Builder<String, u64>,
    ) -> Stage {
        let sim = Sim::new(start());
        let cache = configure(Cache::builder().sim(&sim)).build().expect("valid");
        Stage { sim, cache }
    }

    /// Starts a read and runs everything until nothing can go on.
    pub(crate) fn read(&self, key: &str, context: &Context, work: &Arc<Work>) -> Read {
        let (cache, key, context) = (self.cache.clone(), key.to_owned(), context.clone());
        let outcome = Outcome::default();
        let (work, found) = (Arc::clone(work), Arc::clone(&outcome));
        let task = self.sim.spawn(Box::pin(async move {
            let answer = cache.get_or_compute(key.as_str(), &context, move || work.compute()).await;
            *found.lock().expect("no panic") = Some(answer);
        }));
        self.sim.run_until_idle();
        Read { task: Some(task), outcome }
    }

    pub(crate) fn seconds(&self, seconds: u64) {
        self.sim.advance_to(self.sim.now() + Duration::from_secs(seconds));
    }

    /// Lets `computes` computes of a gate finish, and runs what follows.
    pub(crate) fn open(&self, work: &Work, computes: usize) {
        work.gate.add_permits(computes);
        self.sim.run_until_idle();
    }

    /// Makes a match panic for as long as the clock stands.
    pub(crate) fn panic(&self, scope: &kairos_cache::Scope) {
        for second in 0..10 {
            let at = start() - Duration::from_secs(10 - second);
            self.cache.observe_odds(scope, "home_win", 2.0, at).expect("in order");
        }
        let status = self.cache.observe_odds(scope, "home_win", 9.0, start()).expect("in order");
        assert_eq!(status, kairos_cache::Volatility::Panic);
    }
}

pub(crate) fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

impl Read {
    /// The value, if the read has finished; it must have succeeded.
    pub(crate) fn value(&self) -> Option<u64> {
        self.hit().map(|hit| *hit)
    }

    /// The hit, if the read has finished; it must have succeeded.
    pub(crate) fn hit(&self) -> Option<Hit<u64>> {
        self.outcome.lock().expect("no panic").clone().map(|outcome| outcome.expect("a value"))
    }

    /// The error, if the read has finished; it must have failed.
    pub(crate) fn error(&self) -> Option<Error> {
        self.outcome.lock().expect("no panic").clone().map(|outcome| outcome.expect_err("an error"))
    }

    /// Drops the read.
    pub(crate) fn cancel(mut self) {
        self.task.take().expect("cancelled once").abort();
    }
}

/// Work that waits at a gate and then yields how many computes of it had started.
pub(crate) struct Work {
    gate: Semaphore,
    started: AtomicU64,
    running: AtomicU64,
    finished: AtomicU64,
}

impl Work {
    /// Work that waits until [`Stage::open`] lets it go on.
    pub(crate) fn gated() -> Arc<Work> {
        Work::with_permits(0)
    }

    /// Work that does not wait.
    pub(crate) fn at_once() -> Arc<Work> {
        Work::with_permits(1 << 20)
    }

    fn with_permits(permits: usize) -> Arc<Work> {
        Arc::new(Work {
            gate: Semaphore::new(permits),
            started: AtomicU64::new(0),
            running: AtomicU64::new(0),
            finished: AtomicU64::new(0),
        })
    }

    pub(crate) async fn compute(self: Arc<Work>) -> Result<u64, Failure> {
        let running = Run::start(&self);
        self.gate.acquire().await.expect("never closed").forget();
        // Relaxed: a count; the test reads it on this thread or after a join.
        self.finished.fetch_add(1, Ordering::Relaxed);
        Ok(running.number)
    }

    /// How many computes have started.
    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::Acquire) // Acquire: pairs with the count in `Run::start`.
    }

    /// How many computes have started and have neither finished nor been dropped.
    pub(crate) fn running(&self) -> u64 {
        self.running.load(Ordering::Acquire) // Acquire: pairs with `Run`.
    }

    /// How many computes ran to their end.
    pub(crate) fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed) // Relaxed: as where it is counted.
    }

    /// Lets computes go on, from any thread.
    pub(crate) fn let_go(&self, computes: usize) {
        self.gate.add_permits(computes);
    }
}

/// A compute's presence: it ends with the compute's future, however that ends.
struct Run {
    work: Arc<Work>,
    number: u64,
}

impl Run {
    fn start(work: &Arc<Work>) -> Run {
        // AcqRel: in order with the reads that look at the count as they arrive.
        let number = work.started.fetch_add(1, Ordering::AcqRel) + 1;
        // AcqRel: in order with the end of the compute before.
        let others = work.running.fetch_add(1, Ordering::AcqRel);
        assert_eq!(others, 0, "one compute of a key at a time");
        Run { work: Arc::clone(work), number }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.work.running.fetch_sub(1, Ordering::AcqRel); // AcqRel: as in `start`.
    }
}
