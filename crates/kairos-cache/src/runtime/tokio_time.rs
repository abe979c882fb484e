// The time of a tokio runtime, which may be paused, and may end.
// Never knows: what is slept for.
// Read next: `clock.rs`, one kind of which this is; `sleeping.rs` for sleeps when it has ended.

#![expect(clippy::disallowed_methods, reason = "this is a clock")]

use std::time::Duration;

use ::tokio::runtime::Handle;
use ::tokio::sync::oneshot;
use ::tokio::task::AbortHandle;
use ::tokio::time::{Instant, sleep_until};

use super::sleeping::Sleeping;

/// The time of a tokio runtime since this was made.
#[derive(Debug)]
pub(super) struct TokioTime {
    runtime: Handle,
    origin: Instant,
}

/// Ends the task of a sleep that nobody waits for.
struct Ended(AbortHandle);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
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

    /// Sleeps on the runtime, whose timers panic once it has ended: from then on nothing moves its
    /// time, and what is left of the sleep goes by the operating system's.
    pub(super) fn sleep_until(
        &self,
        deadline: Duration,
    ) -> impl Future<Output = ()> + Send + use<> {
        let rings = self.origin.checked_add(deadline);
        let left = deadline.saturating_sub(self.elapsed());
        let (bell, rung) = oneshot::channel();
        let task = rings.map(|rings| {
            let task = self.runtime.spawn(async move {
                sleep_until(rings).await;
                let _gone = bell.send(());
            });
            Ended(task.abort_handle())
        });
        async move {
            let Some(_ended) = task else { return std::future::pending().await };
            if rung.await.is_err() {
                Sleeping::after(left).await;
            }
        }
    }
}
