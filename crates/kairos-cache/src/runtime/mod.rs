//! Tasks and timers: what the engine asks of a runtime, and tokio's answer.
//! Never knows: what the tasks do.
//! Read next: `sim.rs`, the same on virtual time.

#![expect(clippy::disallowed_methods, reason = "this is the runtime, which waits")]

#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod clock;
pub(crate) mod parking;
pub(crate) mod random;
pub(crate) mod sim;
pub(crate) mod timers;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::Error;
use crate::policy::MonoNs;
use crate::runtime::clock::{Clock, until};
use crate::runtime::timers::timers;

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

/// Tokio's tasks and timers.
pub(crate) struct TokioRuntime {
    handle: tokio::runtime::Handle,
    timers: tokio::runtime::Handle,
    clock: Clock,
    _own: Option<OwnThread>,
}

/// A current-thread runtime on a thread of its own, ended by dropping this.
struct OwnThread {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
    }
}

impl TokioRuntime {
    /// Uses the given handle, else the one current here, else a thread of its own.
    pub(crate) fn new(
        handle: Option<tokio::runtime::Handle>,
        clock: Clock,
    ) -> Result<TokioRuntime, Error> {
        let thread_error = |e| Error::Thread(Arc::new(e));
        let timers = timers().map_err(thread_error)?;
        if let Some(handle) = handle.or_else(|| tokio::runtime::Handle::try_current().ok()) {
            return Ok(TokioRuntime { handle, timers, clock, _own: None });
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(thread_error)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("kairos".into())
            .spawn(move || {
                let _stop = runtime.block_on(stopped);
            })
            .map_err(thread_error)?;
        Ok(TokioRuntime { handle, timers, clock, _own: Some(OwnThread { stop: Some(stop) }) })
    }
}

impl Runtime for TokioRuntime {
    fn spawn(&self, future: BoxFuture) -> Task {
        let abort = self.handle.spawn(future).abort_handle();
        Task::new(move || abort.abort())
    }

    fn spawn_timer(&self, future: BoxFuture) -> Task {
        let abort = self.timers.spawn(future).abort_handle();
        Task::new(move || abort.abort())
    }

    fn sleep_until(&self, deadline: MonoNs) -> BoxFuture {
        let (clock, timers) = (self.clock.clone(), self.timers.clone());
        Box::pin(async move {
            let sleep = {
                // A timer belongs to the runtime current at its making; a waiter need not be in one.
                let _runtime = timers.enter();
                tokio::time::sleep(until(clock.now(), deadline))
            };
            sleep.await;
        })
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        let abort = self.handle.spawn_blocking(work).abort_handle();
        Task::new(move || abort.abort())
    }
}
