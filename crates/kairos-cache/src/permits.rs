//! A bulkhead: so many at once, and no queue.
//! Never knows: what is being limited.
//! Read next: `compute.rs`, whose refreshes each hold a permit.

use std::sync::Arc;

use crate::sync::{AtomicUsize, Ordering};

/// A bounded number of permits.
#[derive(Debug)]
pub(crate) struct Permits(Arc<AtomicUsize>);

/// A permit, given back by dropping it.
#[derive(Debug)]
pub(crate) struct Permit(Arc<AtomicUsize>);

impl Permits {
    pub(crate) fn new(count: usize) -> Permits {
        Permits(Arc::new(AtomicUsize::new(count)))
    }

    /// Takes a permit if one is free.
    pub(crate) fn try_take(&self) -> Option<Permit> {
        // Relaxed: the count publishes nothing; what a permit protects is started afterwards.
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1))
            .ok()
            .map(|_| Permit(Arc::clone(&self.0)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: as in `try_take`.
    }
}
