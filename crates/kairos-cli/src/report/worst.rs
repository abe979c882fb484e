// The reads that were served the most outdated prices, ten at most.
// Never knows: why a read was served; its receipt says so.
// Read next: `exposures.rs`, which keeps them beside the sums.

use crate::scenario::Name;

/// How many reads are kept.
const MOST: usize = 10;

/// A served read, and how far prices had moved since its value was computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorstRead {
    /// Its stale-price exposure.
    pub(crate) exposure: f64,
    /// The key.
    pub(crate) key: Name,
    /// The match.
    pub(crate) match_id: Name,
    /// The market of the read, if it named one.
    pub(crate) market: Option<Name>,
    /// When the answer was given, in ms since the Unix epoch.
    pub(crate) served_ms: i64,
    /// How long before that its value was computed, in ms.
    pub(crate) age_ms: i64,
    /// How the engine answered.
    pub(crate) strategy: &'static str,
    /// Why it did so.
    pub(crate) reason: &'static str,
    /// The price that had moved most.
    pub(crate) moved: Moved,
}

/// How far the price of one odds market has moved.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moved {
    /// The odds market.
    pub(crate) market: Name,
    /// The price when the value was computed.
    pub(crate) then: f64,
    /// The price when the read was answered.
    pub(crate) now: f64,
}

/// The worst reads of a run, the worst first; of reads that are as bad, the earlier ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Worst {
    reads: Vec<WorstRead>,
}

impl Worst {
    /// Whether a read of this exposure is among the worst so far. One comparison.
    pub(crate) fn takes(&self, exposure: f64) -> bool {
        let least = if self.reads.len() < MOST { 0.0 } else { self.reads[MOST - 1].exposure };
        exposure > least
    }

    /// Adds a read that is [taken](Self::takes); reads must come in the order in which they were answered.
    pub(crate) fn add(&mut self, read: WorstRead) {
        let at = self.reads.partition_point(|other| other.exposure >= read.exposure);
        self.reads.insert(at, read);
        self.reads.truncate(MOST);
    }

    /// The reads, the worst first.
    pub(crate) fn into_reads(self) -> Vec<WorstRead> {
        self.reads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(served_ms: i64, exposure: f64) -> WorstRead {
        WorstRead {
            exposure,
            key: "m:btts".into(),
            match_id: "m".into(),
            market: None,
            served_ms,
            age_ms: 5,
            strategy: "serve_fresh",
            reason: "fresh",
            moved: Moved { market: "home".into(), then: 2.0, now: 3.0 },
        }
    }

    #[test]
    fn ten_reads_are_kept_the_worst_first_and_the_earlier_of_equals() {
        let mut worst = Worst::default();
        assert!(!worst.takes(0.0) && worst.takes(1e-9));
        for n in 0..40_i32 {
            // Each exposure comes four times.
            let exposure = f64::from(n % 10 + 1);
            if worst.takes(exposure) {
                worst.add(read(i64::from(n), exposure));
            }
        }
        let kept: Vec<_> =
            worst.into_reads().iter().map(|read| (read.exposure as i64, read.served_ms)).collect();
        let expected = [
            (10, 9),
            (10, 19),
            (10, 29),
            (10, 39),
            (9, 8),
            (9, 18),
            (9, 28),
            (9, 38),
            (8, 7),
            (8, 17),
        ];
        assert_eq!(kept, expected);
    }
}
