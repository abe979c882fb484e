// What the values of a histogram that have more than 64 bits add to its sum, as a fraction.
// Never knows: buckets and threads. It is compiled with the feature `facade` only.
// Read next: `histogram.rs`, which exposes it.

use std::sync::Arc;

use crate::shard::process;
use crate::sync::{AtomicI64, Ordering};

/// A fraction that only grows, zeroed in a forked child as a gauge is.
#[derive(Debug)]
pub(super) struct Beyond(Arc<AtomicI64>);

impl Beyond {
    pub(super) fn new() -> Beyond {
        let bits = Arc::new(AtomicI64::new(0));
        process().adopt_gauge(Arc::downgrade(&bits));
        Beyond(bits)
    }

    /// Adds `x`, which is not negative.
    pub(super) fn add(&self, x: f64) {
        let plus = |bits: i64| Some((f64::from_bits(bits as u64) + x).to_bits() as i64);
        // Relaxed: a sum publishes nothing, and the exchange loses no part of it.
        let _before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, plus);
    }

    pub(super) fn value(&self) -> f64 {
        // Relaxed: as in `add`.
        f64::from_bits(self.0.load(Ordering::Relaxed) as u64)
    }
}
