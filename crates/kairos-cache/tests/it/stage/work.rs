// Computes that are held at a gate, and a read that brings one as its closure.
// Never knows: what a test claims.
// Read next: `task.rs`, the read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kairos_cache::Context;
use tokio::sync::Semaphore;

use super::{Present, Read, Stage};

pub(crate) type Failure = std::io::Error;

/// Work that waits at a gate and then yields how many computes of it had started.
pub(crate) struct Work {
    gate: Semaphore,
    started: AtomicU64,
    running: Arc<AtomicU64>,
    finished: AtomicU64,
}

impl Stage {
    /// Starts a read and runs everything until nothing can go on.
    pub(crate) fn read(&self, key: &str, context: &Context, work: &Arc<Work>) -> Read {
        let (cache, key, context) = (self.cache.clone(), key.to_owned(), context.clone());
        let work = Arc::clone(work);
        self.start(async move {
            cache.get_or_compute(key.as_str(), &context, move || work.compute()).await
        })
    }

    /// Lets `computes` computes of a gate finish, and runs what follows.
    pub(crate) fn open(&self, work: &Work, computes: usize) {
        work.let_go(computes);
        self.sim.run_until_idle();
    }
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
            running: Arc::default(),
            finished: AtomicU64::new(0),
        })
    }

    /// A compute of a key; only one at a time runs.
    pub(crate) async fn compute(self: Arc<Work>) -> Result<u64, Failure> {
        // AcqRel: in order with the reads that look at the count as they arrive.
        let number = self.started.fetch_add(1, Ordering::AcqRel) + 1;
        let _present = Present::alone(&self.running);
        self.gate.acquire().await.expect("never closed").forget();
        // Relaxed: a count; the test reads it on this thread or after a join.
        self.finished.fetch_add(1, Ordering::Relaxed);
        Ok(number)
    }

    /// How many computes have started.
    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::Acquire) // Acquire: pairs with the count in `compute`.
    }

    /// How many computes have started and have neither finished nor been dropped.
    pub(crate) fn running(&self) -> u64 {
        self.running.load(Ordering::Acquire) // Acquire: pairs with `Present`.
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
