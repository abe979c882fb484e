// A bulkhead: a limit on how many run at once, and no queue.
// Never knows: what is being limited.
// Read next: `../engine/compute/dispatch.rs`, whose refreshes each take a permit.

use std::sync::Arc;

use kairos_metrics::forks;

use crate::sync::{AtomicUsize, Ordering};

/// The number of permits taken. The limit is given with each request, because it may be changed.
#[derive(Debug)]
pub struct Permits(Arc<AtomicUsize>);

/// A permit, given back by dropping it.
#[derive(Debug)]
pub struct Permit {
    taken: Arc<AtomicUsize>,
    /// In which process of a line of forks it was taken: another has forgotten it.
    forks: u64,
}

impl Permits {
    /// Permits of which none is taken.
    pub fn new() -> Permits {
        Permits(Arc::new(AtomicUsize::new(0)))
    }

    /// Takes a permit if fewer than `limit` are taken.
    pub fn try_take(&self, limit: usize) -> Option<Permit> {
        let one_more = |taken| if taken < limit { Some(taken + 1) } else { None };
        // Relaxed: the count publishes nothing; what a permit protects is started afterwards.
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()
            .map(|_| Permit { taken: Arc::clone(&self.0), forks: forks() })
    }
}

impl Permits {
    /// In a forked child, before any other thread is let in: no permit is taken.
    pub(crate) fn restart(&self) {
        self.0.store(0, Ordering::Relaxed); // Relaxed: as in `try_take`.
    }
}

impl Default for Permits {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.forks == forks() {
            self.taken.fetch_sub(1, Ordering::Relaxed); // Relaxed: as in `try_take`.
        }
    }
}
