// The thread on which timers run: one for the process, whatever runtime computes run on.
// Never knows: what a timer is for. It holds nothing of a cache and runs no code of its users.
// Read next: `alarms.rs` for the deadlines of computes; `tokio.rs`, which hands timers over.
// Why: `docs/decisions/0002-a-timer-beside-each-compute.md`.
//
// A compute may block the only thread of its runtime, and a runtime may have no timers. What ends
// a compute in time must depend on neither. What a timer sets off may take long, or wake a task
// whose waker does: that runs on threads beside this one, so that no cache delays another's timers.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwapOption;
use kairos_metrics::forks;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::alarms::Alarms;

static TIMERS: ArcSwapOption<Timers> = ArcSwapOption::const_empty();

thread_local! {
    static IS_TIMERS: Cell<bool> = const { Cell::new(false) };
}

/// The runtime of timers; dropping this ends its thread.
pub(super) struct Timers {
    pub(super) handle: Handle,
    pub(super) alarms: Arc<Alarms>,
    _stop: oneshot::Sender<()>,
    /// Which process of a line of forks has the thread: a child has none of its parent's.
    forks: u64,
}

/// The runtime of timers, started on first use; it lasts as long as the process.
pub(super) fn timers() -> io::Result<Arc<Timers>> {
    let forks = forks();
    loop {
        let before = TIMERS.load();
        if let Some(timers) = before.as_ref().filter(|timers| timers.forks == forks) {
            return Ok(Arc::clone(timers));
        }
        // Of two that start at once one is kept.
        TIMERS.compare_and_swap(&before, Some(Arc::new(start()?)));
    }
}

fn start() -> io::Result<Timers> {
    let runtime =
        Builder::new_current_thread().enable_time().thread_name("kairos-beside-timers").build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel();
    std::thread::Builder::new().name("kairos-timers".into()).spawn(move || {
        IS_TIMERS.set(true);
        let _stop = runtime.block_on(stopped);
    })?;
    let alarms = Alarms::new(handle.clone());
    Ok(Timers { handle, alarms, _stop: stop, forks: forks() })
}

/// Whether this is the thread of timers.
pub(super) fn is_timers() -> bool {
    IS_TIMERS.get()
}

/// Whether this is the runtime of timers, which is also current on the threads beside its own.
pub(super) fn is_of_timers(runtime: &Handle) -> bool {
    TIMERS.load().as_ref().is_some_and(|timers| timers.handle.id() == runtime.id())
}

/// A sleep whose end is told by a thread beside that of timers: the waker may be any.
pub(super) struct Relayed {
    rings: oneshot::Receiver<()>,
    task: AbortHandle,
}

impl Relayed {
    /// Starts `sleep` on the thread of timers.
    pub(super) fn start(
        timers: &Handle,
        sleep: impl Future<Output = ()> + Send + 'static,
    ) -> Relayed {
        let (ring, rings) = oneshot::channel();
        let beside = timers.clone();
        let task = timers.spawn(async move {
            sleep.await;
            // The sender wakes the sleeper, which runs code of its user's.
            beside.spawn_blocking(move || ring.send(()));
        });
        Relayed { rings, task: task.abort_handle() }
    }
}

impl Future for Relayed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // An error means that the timers have ended, and with them every deadline.
        Pin::new(&mut self.rings).poll(cx).map(|_| ())
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        self.task.abort();
    }
}
