// A fresh value as reads are served it until something changes, and the receipt of each of them.
// Never knows: who remembers it, or whether it still counts.
// Read next: `../engine/read/near.rs` and `../engine/read/pin.rs`, which remember.

use std::sync::Arc;
use std::time::Duration;

use super::Receipt;
use crate::policy::{MarketId, MonoNs, freshness};

/// A fresh value as reads are served it until something changes.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Served<V> {
    value: Arc<V>,
    stored_at: MonoNs,
    ttl_ns: u64,
    /// From here on a read that can compute, or has a loader behind it, refreshes early.
    due_from: MonoNs,
    market: Option<MarketId>,
    /// The receipt of the first of the reads.
    receipt: Receipt,
}

impl<V> Served<V> {
    pub(crate) fn new(
        value: Arc<V>,
        stored_at: MonoNs,
        due_from: MonoNs,
        market: Option<MarketId>,
        receipt: Receipt,
    ) -> Served<V> {
        let ttl_ns = u64::try_from(receipt.ttl.as_nanos()).unwrap_or(u64::MAX);
        Served { value, stored_at, ttl_ns, due_from, market, receipt }
    }

    /// From here on a read refreshes the value early, if it can.
    #[inline]
    pub(crate) fn due_from(&self) -> MonoNs {
        self.due_from
    }

    #[inline]
    pub(crate) fn value(&self) -> &Arc<V> {
        &self.value
    }

    pub(crate) fn into_arc(self) -> Arc<V> {
        self.value
    }

    /// The receipt of the first read.
    pub(crate) fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The market to which the value belongs.
    pub(crate) fn market(&self) -> Option<MarketId> {
        self.market
    }

    /// The age at `now`.
    #[inline]
    pub(crate) fn age_ns(&self, now: MonoNs) -> u64 {
        now.saturating_sub(self.stored_at)
    }

    /// The receipt of a read at `now`.
    pub(crate) fn receipt_at(&self, now: MonoNs) -> Receipt {
        let age_ns = self.age_ns(now);
        let (age, freshness) = (Duration::from_nanos(age_ns), freshness(age_ns, self.ttl_ns));
        Receipt { age, freshness, ..self.receipt }
    }
}
