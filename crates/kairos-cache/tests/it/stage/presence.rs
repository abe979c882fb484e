// That something runs: from its start to its drop, however it ends.
// Never knows: what runs.
// Read next: `work.rs`, the first to be counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counted as running while it lives.
pub(crate) struct Present(Arc<AtomicU64>);

impl Present {
    /// One more of those that are counted here.
    pub(crate) fn enter(running: &Arc<AtomicU64>) -> Present {
        // AcqRel: in order with the end of the one before, and with those who look at the count.
        running.fetch_add(1, Ordering::AcqRel);
        Present(Arc::clone(running))
    }

    /// The only one: nothing else that is counted here may run.
    pub(crate) fn alone(running: &Arc<AtomicU64>) -> Present {
        // AcqRel: as above.
        assert_eq!(running.fetch_add(1, Ordering::AcqRel), 0, "one compute at a time");
        Present(Arc::clone(running))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel); // AcqRel: as in `enter`.
    }
}
