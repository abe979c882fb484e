// A future that runs as a task of the stage, and what has come of it.
// Never knows: what it reads, or by which way.
// Read next: `mod.rs`, which starts it.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use kairos_cache::{Error, Hit, Runtime as _, Sim, Task};

/// What has become of a future that runs as a task.
pub(crate) struct Running<T> {
    task: Cell<Option<Task>>,
    output: Arc<Mutex<Option<T>>>,
}

/// A read of one key.
pub(crate) type Read = Running<Result<Hit<u64>, Error>>;

impl<T: Send + 'static> Running<T> {
    /// Starts it and runs everything until nothing can go on.
    pub(crate) fn start(sim: &Sim, future: impl Future<Output = T> + Send + 'static) -> Running<T> {
        let output = Arc::new(Mutex::new(None));
        let found = Arc::clone(&output);
        let task = sim.spawn(Box::pin(async move {
            let output = future.await;
            *found.lock().expect("no panic") = Some(output);
        }));
        sim.run_until_idle();
        Running { task: Cell::new(Some(task)), output }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.output.lock().expect("no panic").is_some()
    }

    /// What it came to, if it has ended and this was not asked before.
    pub(crate) fn take(&self) -> Option<T> {
        self.output.lock().expect("no panic").take()
    }

    /// Drops the future.
    pub(crate) fn cancel(&self) {
        self.task.take().expect("cancelled once").abort();
    }
}

impl Read {
    /// The value, if the read has ended; it must have succeeded.
    pub(crate) fn value(&self) -> Option<u64> {
        self.hit().map(|hit| *hit)
    }

    /// The hit, if the read has ended; it must have succeeded.
    pub(crate) fn hit(&self) -> Option<Hit<u64>> {
        self.outcome().map(|outcome| outcome.expect("a value"))
    }

    /// The error, if the read has ended; it must have failed.
    pub(crate) fn error(&self) -> Option<Error> {
        self.outcome().map(|outcome| outcome.expect_err("an error"))
    }

    fn outcome(&self) -> Option<Result<Hit<u64>, Error>> {
        self.output.lock().expect("no panic").clone()
    }
}
