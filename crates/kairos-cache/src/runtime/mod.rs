// Tasks and timers: what the engine asks of a runtime.
// Never knows: what the tasks do.
// Read next: `tokio.rs` for the answer in production, `sim.rs` for the same on virtual time.

#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod clock;
mod parking;
mod random;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod second;
mod sim;
mod timers;
mod tokio;

use std::fmt;
use std::pin::Pin;

use crate::policy::MonoNs;

#[cfg(kairos_loom)]
pub use clock::Steps;
pub use clock::{Clock, ManualClock};
pub(crate) use clock::{nanos, wall_ns};
pub(crate) use parking::wait;
pub(crate) use random::{Draws, Purpose};
#[cfg(kairos_loom)]
pub use second::SecondHand;
#[cfg(not(kairos_loom))]
pub(crate) use second::SecondHand;
pub use sim::Sim;
pub(crate) use tokio::TokioRuntime;

/// A task's future.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A spawned task, which can be aborted. Dropping the handle lets the task go on.
pub struct Task(Box<dyn FnOnce() + Send>);

impl Task {
    /// Wraps a way to abort a task.
    pub fn new(abort: impl FnOnce() + Send + 'static) -> Task {
        Task(Box::new(abort))
    }

    /// Drops the task's future, at once or when it next yields.
    pub fn abort(self) {
        (self.0)();
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// Where computes, refreshes and timers run.
pub trait Runtime: Send + Sync + 'static {
    /// Runs a future to its end, unless it is aborted. Must not poll it before returning.
    fn spawn(&self, future: BoxFuture) -> Task;

    /// Runs what follows a timer: a sleep, then work too short to hold anybody up. A runtime whose
    /// tasks may be held up by a compute that does not yield has another thread for it.
    fn spawn_timer(&self, future: BoxFuture) -> Task {
        self.spawn(future)
    }

    /// Resolves once the clock's monotonic reading has reached `deadline` (nanoseconds). May be
    /// polled by any executor, and by threads without one.
    fn sleep_until(&self, deadline: MonoNs) -> BoxFuture;

    /// Runs a closure that may block its thread, on one that polls no futures. Must not run it
    /// before returning. An abort drops it if it has not begun; what has begun runs to its end.
    ///
    /// By default each runs on a thread of its own, beyond the reach of an abort; a closure for
    /// which there is no thread is dropped.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        let _dropped_if_none =
            std::thread::Builder::new().name("kairos-blocking".into()).spawn(work);
        Task::new(|| {})
    }

    /// Told by a thread that is about to park until tasks of this runtime have answered it. A
    /// runtime that runs only when it is told to may run what is ready. By default nothing.
    fn before_park(&self) {}
}
