// Tasks and timers: what the engine asks of a runtime.
// Never knows: what the tasks do.
// Read next: `tokio.rs` for the answer in production, `sim.rs` for the same on virtual time.

mod alarms;
mod clock;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod coarse;
mod lineage;
mod machine_time;
mod manual;
mod nanos;
mod parking;
mod random;
mod sim;
mod sleeping;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod steps;
mod ticker;
mod timers;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod to_come;
mod tokio;
mod tokio_time;

use std::fmt;
use std::pin::Pin;

use crate::policy::MonoNs;

pub use clock::{Clock, ManualClock};
pub(crate) use clock::{Deadline, Timing};
#[cfg(kairos_loom)]
pub use coarse::{Coarse, Seen, reading};
pub(crate) use lineage::Lineage;
pub(crate) use nanos::{nanos, system_time, wall_ns};
pub(crate) use parking::{before, may_wait, wait};
pub(crate) use random::{Draws, Purpose};
pub use sim::Sim;
#[cfg(not(kairos_loom))]
pub(crate) use steps::SecondHand;
#[cfg(kairos_loom)]
pub use steps::{SecondHand, Steps};
#[cfg(not(kairos_loom))]
pub(crate) use to_come::ToCome;
#[cfg(kairos_loom)]
pub use to_come::ToCome;
pub(crate) use tokio::TokioRuntime;

/// A task's future.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A spawned task, which can be aborted. Dropping the handle lets the task go on.
///
/// ```
/// use kairos_cache::Task;
/// use std::sync::mpsc::channel;
///
/// let (tell, told) = channel();
/// Task::new(move || tell.send("aborted").expect("heard")).abort();
/// assert_eq!(told.recv(), Ok("aborted"));
/// ```
pub struct Task(Box<dyn FnOnce() + Send>);

impl Task {
    /// Returns the handle of a task that `abort` aborts.
    pub fn new(abort: impl FnOnce() + Send + 'static) -> Task {
        Task(Box::new(abort))
    }

    /// Drops the task's future, at once or when it next yields.
    pub fn abort(self) {
        (self.0)();
    }

    pub(crate) fn into_abort(self) -> Box<dyn FnOnce() + Send> {
        self.0
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// A runtime of tasks and timers, on which a cache runs computes, refreshes and timeouts.
pub trait Runtime: Send + Sync + 'static {
    /// Runs a future to its end, unless it is aborted. Must not poll it before returning.
    fn spawn(&self, future: BoxFuture) -> Task;

    /// Runs a sleep and short work after it. A runtime whose tasks may be held up by a compute that
    /// does not yield has another thread for this.
    ///
    /// No example: the default suits an executor that no compute holds up, and its timers go there too.
    fn spawn_timer(&self, future: BoxFuture) -> Task {
        self.spawn(future)
    }

    /// Calls `ring` once the clock's monotonic reading has reached `deadline` (nanoseconds), unless
    /// the alarm is aborted before. `ring` may take long, and runs code of users: a runtime whose
    /// timers serve more than one cache calls it where it holds up none of them. There is an alarm
    /// for every compute, and hardly any rings.
    ///
    /// By default sleeps, and then calls `ring`, in a task of `spawn_timer`.
    ///
    /// No example: only a runtime that keeps its alarms without a task for each has one of its own.
    fn alarm(&self, deadline: MonoNs, ring: Box<dyn FnOnce() + Send>) -> Task {
        let sleep = self.sleep_until(deadline);
        self.spawn_timer(Box::pin(async move {
            sleep.await;
            ring();
        }))
    }

    /// Returns a future that resolves once the clock's monotonic reading has reached `deadline`
    /// (nanoseconds). Any executor may poll it, as may threads without one.
    fn sleep_until(&self, deadline: MonoNs) -> BoxFuture;

    /// Runs a closure that may block its thread, on a thread that polls no futures. Must not run
    /// the closure before returning. An abort drops a closure that has not begun; one that has
    /// begun runs to its end.
    ///
    /// By default each closure runs on a thread of its own, beyond the reach of an abort; a closure
    /// for which there is no thread is dropped.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        let _dropped_if_none =
            std::thread::Builder::new().name("kairos-blocking".into()).spawn(work);
        Task::new(|| {})
    }

    /// Called by a thread before it parks until tasks of this runtime have answered it. A runtime
    /// that runs only when called may run its ready tasks here. By default does nothing.
    fn before_park(&self) {}
}
