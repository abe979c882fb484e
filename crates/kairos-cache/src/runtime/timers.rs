// The thread on which timers run: one for the process, whatever runtime computes run on.
// Never knows: what a timer is for. It holds nothing of a cache and runs no code of its users.
// Read next: `alarms.rs` for the deadlines of computes; `tokio.rs`, which hands timers over.
// Why: `docs/decisions/0002-a-timer-beside-each-compute.md`.
//
// A compute may block the only thread of its runtime, and a runtime may have no timers. What ends
// a compute in time must depend on neither. What a timer sets off may take long, or wake a task
// whose waker does: that runs on threads beside this one, so that no cache delays another's timers.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use kairos_metrics::forks;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::alarms::Alarms;

static TIMERS: ArcSwapOption<Timers> = ArcSwapOption::const_empty();

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
        let _stop = runtime.block_on(stopped);
    })?;
    let alarms = Alarms::new(handle.clone());
    Ok(Timers { handle, alarms, _stop: stop, forks: forks() })
}

/// Whether this is the runtime of timers, which is also current on the threads beside its own.
pub(super) fn is_of_timers(runtime: &Handle) -> bool {
    TIMERS.load().as_ref().is_some_and(|timers| timers.handle.id() == runtime.id())
}
