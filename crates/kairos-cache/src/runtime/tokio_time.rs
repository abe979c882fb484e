// The time of a tokio runtime, which may be paused.
// Never knows: tasks.
// Read next: `clock.rs`, one kind of which this is.

#![expect(clippy::disallowed_methods, reason = "this is a clock")]

use std::time::Duration;

use ::tokio::runtime::Handle;
use ::tokio::time::{Instant, sleep_until};

use super::BoxFuture;

/// The time of a tokio runtime since this was made.
#[derive(Debug)]
pub(super) struct TokioTime {
    runtime: Handle,
    origin: Instant,
}

impl TokioTime {
    /// The time of the current runtime. Panics outside of any.
    pub(super) fn of_current() -> TokioTime {
        TokioTime { runtime: Handle::current(), origin: Instant::now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        // Paused time is that of the runtime that is entered.
        let _runtime = self.runtime.enter();
        self.origin.elapsed()
    }

    pub(super) fn sleep_until(&self, deadline: Duration) -> BoxFuture {
        let _runtime = self.runtime.enter();
        match self.origin.checked_add(deadline) {
            Some(rings) => Box::pin(sleep_until(rings)),
            None => Box::pin(std::future::pending()),
        }
    }
}
