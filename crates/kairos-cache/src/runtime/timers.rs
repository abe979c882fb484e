// The thread on which timers run: one for the process, whatever runtime computes run on.
// Never knows: what a timer is for.
// Read next: `tokio.rs`, which hands timers over.
// Why: `docs/decisions/0002-a-timer-task-beside-each-compute.md`.
//
// A compute may block the only thread of its runtime, and a runtime may have no timers. What ends
// a compute in time must depend on neither.

use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

static TIMERS: OnceLock<Timers> = OnceLock::new();

/// The runtime of timers; dropping this ends its thread.
struct Timers {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

/// The runtime of timers, started on first use; it lasts as long as the process.
pub(crate) fn timers() -> io::Result<Handle> {
    if let Some(timers) = TIMERS.get() {
        return Ok(timers.handle.clone());
    }
    let started = start()?;
    // Of two that start at once one is kept.
    Ok(TIMERS.get_or_init(|| started).handle.clone())
}

fn start() -> io::Result<Timers> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel();
    std::thread::Builder::new().name("kairos-timers".into()).spawn(move || {
        let _stop = runtime.block_on(stopped);
    })?;
    Ok(Timers { handle, _stop: stop })
}
