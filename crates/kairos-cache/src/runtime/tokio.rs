// Tokio's tasks and timers.
// Never knows: what the tasks do.

#![expect(clippy::disallowed_methods, reason = "this is the runtime, which waits")]

use std::sync::Arc;

use super::clock::{Clock, until};
use super::timers::timers;
use super::{BoxFuture, Runtime, Task};
use crate::error::Error;
use crate::policy::MonoNs;

/// Tokio's tasks and timers.
pub(crate) struct TokioRuntime {
    handle: ::tokio::runtime::Handle,
    timers: ::tokio::runtime::Handle,
    clock: Clock,
    _own: Option<OwnThread>,
}

/// A current-thread runtime on a thread of its own, ended by dropping this.
struct OwnThread {
    stop: Option<::tokio::sync::oneshot::Sender<()>>,
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
        handle: Option<::tokio::runtime::Handle>,
        clock: Clock,
    ) -> Result<TokioRuntime, Error> {
        let thread_error = |e| Error::Thread(Arc::new(e));
        let timers = timers().map_err(thread_error)?;
        if let Some(handle) = handle.or_else(|| ::tokio::runtime::Handle::try_current().ok()) {
            return Ok(TokioRuntime { handle, timers, clock, _own: None });
        }
        let runtime = ::tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(thread_error)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = ::tokio::sync::oneshot::channel();
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
                ::tokio::time::sleep(until(clock.now(), deadline))
            };
            sleep.await;
        })
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        let abort = self.handle.spawn_blocking(work).abort_handle();
        Task::new(move || abort.abort())
    }
}
