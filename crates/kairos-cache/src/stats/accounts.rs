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
    answered: Counter,
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
            answered: registry.counter(
                "kairos_cache_reads_answered",
                "Reads that have waited for a compute, and have their answer, wherever it is from",
            )?,
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

    /// Counts a read that begins to wait for a compute. It is counted once more when it ends: as
    /// answered, or as cancelled if it is dropped before it is told of its answer.
    pub(crate) fn wait(&self) -> Waits<'_> {
        self.waited.inc();
        Waits { ends_as: &self.cancelled, answered: &self.answered }
    }
}

/// A read that waits, however often it looks again.
pub(crate) struct Waits<'a> {
    ends_as: &'a Counter,
    answered: &'a Counter,
}

impl Waits<'_> {
    /// The read has its answer.
    pub(crate) fn end(mut self) {
        self.ends_as = self.answered;
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.ends_as.inc();
    }
}
