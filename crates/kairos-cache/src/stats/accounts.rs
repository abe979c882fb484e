// The accounts of computes and of reads that wait: what has begun has ended in one of these ways.
// Never knows: why a compute came to its end.
// Read next: `mod.rs`, which counts the other ways.

use kairos_metrics::{Counter, Error, Registry};

use crate::stats::counts::Discarded;

/// What became of computes that stored nothing, and of reads that waited for one.
pub(crate) struct Accounts {
    discarded: [Counter; Discarded::ALL.len()],
    nothing: Counter,
    aborted: Counter,
    waited: Counter,
    cancelled: Counter,
}

impl Accounts {
    pub(super) fn new(registry: &Registry) -> Result<Accounts, Error> {
        let discarded = registry.counter_family(
            "kairos_cache_results_discarded",
            "Values found by computes and not stored, by reason",
            ["reason"],
        )?;
        Ok(Accounts {
            discarded: Discarded::ALL.map(|reason| discarded.with([reason.name()])),
            nothing: registry.counter(
                "kairos_cache_computes_none",
                "Computes that found that there is no value",
            )?,
            aborted: registry.counter(
                "kairos_cache_computes_aborted",
                "Computes that ended without a result: dropped by their runtime, or by the last waiter",
            )?,
            waited: registry
                .counter("kairos_cache_reads_waited", "Reads that began to wait for a compute")?,
            cancelled: registry.counter(
                "kairos_cache_reads_cancelled",
                "Reads dropped while they waited for a compute",
            )?,
        })
    }

    pub(super) fn discarded(&self, reason: Discarded) {
        self.discarded[reason as usize].inc();
    }

    pub(super) fn found_nothing(&self) {
        self.nothing.inc();
    }

    /// Counts a compute that ended without a result.
    pub(crate) fn aborted(&self) {
        self.aborted.inc();
    }

    /// Counts a read that begins to wait for a compute; one that is dropped before it is told of its
    /// answer is counted as cancelled.
    pub(crate) fn wait(&self) -> Waits<'_> {
        self.waited.inc();
        Waits(Some(&self.cancelled))
    }
}

/// A read that waits, counted as cancelled when this is dropped before it has ended.
pub(crate) struct Waits<'a>(Option<&'a Counter>);

impl Waits<'_> {
    /// The read has its answer.
    pub(crate) fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if let Some(cancelled) = self.0 {
            cancelled.inc();
        }
    }
}
