// Tokio's tasks and timers, on whichever runtime there is.
// Never knows: what the tasks do.
// Read next: `timers.rs` for the thread of timers.

use std::cell::Cell;
use std::io;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use kairos_metrics::forks;

use ::tokio::runtime::{Builder, Handle};
use ::tokio::sync::oneshot;

use super::clock::Clock;
use super::parking::on_blocking_thread;
use super::sleeping::Sleeping;
use super::timers::{is_of_timers, timers};
use super::{BoxFuture, Runtime, Task};
use crate::error::Error;
use crate::policy::MonoNs;
use crate::sync::{AtomicBool, Ordering};

thread_local! {
    /// What this thread has spawned last was dropped at once.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Tokio's tasks and timers. Tasks run on the given runtime until that has ended; without one, on
/// the runtime that is current where a task is spawned; where there is none, on a thread of the
/// cache's own.
pub(crate) struct TokioRuntime {
    given: Option<Handle>,
    given_has_ended: AtomicBool,
    own: ArcSwapOption<OwnThread>,
    clock: Clock,
    /// In which process of a line of forks this was made: a child has none of its parent's threads.
    forks: u64,
}

/// A current-thread runtime on a thread of its own, ended by dropping this.
struct OwnThread {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    forks: u64,
}

impl OwnThread {
    fn start() -> io::Result<OwnThread> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        std::thread::Builder::new().name("kairos".into()).spawn(move || {
            let _stop = runtime.block_on(stopped);
        })?;
        Ok(OwnThread { handle, stop: Some(stop), forks: forks() })
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
    }
}

impl TokioRuntime {
    /// Uses the given runtime for as long as it lasts.
    pub(crate) fn new(given: Option<Handle>, clock: Clock) -> Result<TokioRuntime, Error> {
        // Timers are needed by every compute: what cannot be had is told here.
        timers().map_err(|e| Error::Thread(Arc::new(e)))?;
        let (given_has_ended, forks) = (AtomicBool::new(false), forks());
        Ok(TokioRuntime { given, given_has_ended, own: ArcSwapOption::empty(), clock, forks })
    }

    /// Spawns by `spawn` on the runtime that tasks run on here and now. A runtime that has ended
    /// drops what it is given; the given one is not used again then. Without a thread to be had
    /// nothing is spawned, and what `spawn` holds is dropped.
    fn spawn_on(&self, spawn: impl FnOnce(&Handle) -> Task) -> Task {
        if let Some(given) = self.given.as_ref().filter(|_| !self.has_given_ended()) {
            REFUSED.set(false);
            let task = spawn(given);
            if REFUSED.get() {
                self.given_has_ended.store(true, Ordering::Relaxed); // Relaxed: as above.
            }
            return task;
        }
        match Handle::try_current() {
            // The thread of timers, and those beside it, run no computes: what is spawned there would
            // hold up every cache's timers, and has no IO.
            Ok(current) if !is_of_timers(&current) => spawn(&current),
            _ => match self.own() {
                Ok(own) => spawn(&own.handle),
                Err(_) => Task::new(|| {}),
            },
        }
    }

    /// Whether the given runtime takes nothing any more, or has no threads in this process.
    fn has_given_ended(&self) -> bool {
        // Relaxed: a hint; a caller that misses it finds the runtime ended once more.
        self.given_has_ended.load(Ordering::Relaxed) || self.forks != forks()
    }

    /// The runtime on a thread of the cache's own, started on first use.
    fn own(&self) -> io::Result<Arc<OwnThread>> {
        let forks = forks();
        loop {
            let before = self.own.load();
            if let Some(own) = before.as_ref().filter(|own| own.forks == forks) {
                return Ok(Arc::clone(own));
            }
            // Of two that start at once one is kept.
            self.own.compare_and_swap(&before, Some(Arc::new(OwnThread::start()?)));
        }
    }
}

/// Tells the thread that spawned it of work that is dropped before it has begun.
struct Unbegun(bool);

impl Unbegun {
    fn begin(&mut self) {
        self.0 = false;
    }
}

impl Drop for Unbegun {
    fn drop(&mut self) {
        if self.0 {
            let _ending = REFUSED.try_with(|refused| refused.set(true));
        }
    }
}

impl Runtime for TokioRuntime {
    fn spawn(&self, future: BoxFuture) -> Task {
        self.spawn_on(move |handle| {
            let mut unbegun = Unbegun(true);
            let abort = handle.spawn(async move {
                unbegun.begin();
                future.await;
            });
            let abort = abort.abort_handle();
            Task::new(move || abort.abort())
        })
    }

    fn spawn_timer(&self, future: BoxFuture) -> Task {
        // Without a thread for timers the compute ends, as without one for itself.
        let timers = timers().expect("the operating system has a thread for timers");
        let abort = timers.handle.spawn(future).abort_handle();
        Task::new(move || abort.abort())
    }

    fn alarm(&self, deadline: MonoNs, ring: Box<dyn FnOnce() + Send>) -> Task {
        let timers = timers().expect("as above");
        let Some(sleep) = self.clock.sleep_until(deadline) else {
            let place = timers.alarms.set(self.clock.instant(deadline), ring);
            return Task::new(move || timers.alarms.take_back(place));
        };
        self.spawn_timer(Box::pin(async move {
            sleep.await;
            timers.alarms.ring_beside(ring);
        }))
    }

    fn sleep_until(&self, deadline: MonoNs) -> BoxFuture {
        match self.clock.sleep_until(deadline) {
            Some(sleep) => sleep,
            None => Box::pin(Sleeping::new(self.clock.instant(deadline))),
        }
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        self.spawn_on(move |handle| {
            let mut unbegun = Unbegun(true);
            let abort = handle.spawn_blocking(move || {
                unbegun.begin();
                on_blocking_thread(work);
            });
            let abort = abort.abort_handle();
            Task::new(move || abort.abort())
        })
    }
}
