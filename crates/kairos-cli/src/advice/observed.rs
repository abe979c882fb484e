// What a run has seen of prices and zones, as far as advice follows from it: counts and histograms, of one size however
// long the run.
// Never keeps a price or a read.
// Read next: `feed.rs`, which judges it.

use std::time::Duration;

use hdrhistogram::Histogram;
use kairos_cache::{Volatility, Zone};

/// What a run has seen of prices and zones.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// Prices that were taken.
    pub(super) prices: u64,
    /// Those of them that were a warning.
    pub(super) warnings: u64,
    /// The scores of those that were a panic, in hundredths.
    scores: Histogram<u64>,
    /// The time between two prices of a market, in ms.
    gaps_ms: Histogram<u64>,
    /// The changes of prices, without those that stayed the same, in millionths of ln.
    changes: Histogram<u64>,
    /// The reads of matches, by the zone of their answer.
    zones: [u64; Zone::ALL.len()],
}

impl Default for Observed {
    fn default() -> Self {
        let histogram = || Histogram::new(3).expect("three significant digits are allowed");
        Self {
            prices: 0,
            warnings: 0,
            scores: histogram(),
            gaps_ms: histogram(),
            changes: histogram(),
            zones: [0; Zone::ALL.len()],
        }
    }
}

impl Observed {
    /// Adds a price that was taken, with its status. A count or two.
    pub(crate) fn price(&mut self, status: Volatility) {
        self.prices += 1;
        self.warnings += u64::from(status == Volatility::Warning);
    }

    /// Adds the time since the market's last price, and how far that has moved, as |ln(price / price before)|.
    pub(crate) fn tick(&mut self, gap_ms: i64, change: f64) {
        record(&mut self.gaps_ms, gap_ms.unsigned_abs());
        if change > 0.0 {
            record(&mut self.changes, (change * 1e6).round() as u64);
        }
    }

    /// Adds the score of a panic.
    pub(crate) fn panic(&mut self, z: f64) {
        record(&mut self.scores, hundredths(z));
    }

    /// Adds a read of a match, by the zone of its answer.
    pub(crate) fn read(&mut self, zone: Zone) {
        self.zones[zone as usize] += 1;
    }

    /// The share of the prices that reached a score, which must be at least that of a panic.
    pub(super) fn share_from(&self, z: f64) -> f64 {
        let reached = self.scores.count_between(hundredths(z), u64::MAX);
        if self.prices == 0 { 0.0 } else { reached as f64 / self.prices as f64 }
    }

    /// The lowest threshold, in whole hundredths, that at most this share of the prices reached, which must be at most that of
    /// the panics. Where many prices have one score, it is above that.
    pub(super) fn threshold_of(&self, share: f64) -> f64 {
        let most = share * self.prices as f64;
        let (mut reached, mut threshold) = (self.scores.len(), 0);
        for of in self.scores.iter_recorded() {
            if reached as f64 <= most {
                break;
            }
            reached -= of.count_at_value();
            threshold = self.scores.next_non_equivalent(of.value_iterated_to());
        }
        threshold as f64 / 100.0
    }

    /// The median time between two prices of a market; `None` if no market had two.
    pub(super) fn gap(&self) -> Option<Duration> {
        (!self.gaps_ms.is_empty()).then(|| Duration::from_millis(value_at(&self.gaps_ms, 0.5)))
    }

    /// The change that this share of all changes did not exceed; `None` if no price has changed.
    pub(super) fn change_of(&self, share: f64) -> Option<f64> {
        (!self.changes.is_empty()).then(|| value_at(&self.changes, share) as f64 / 1e6)
    }

    /// The reads of matches.
    pub(super) fn reads(&self) -> u64 {
        self.zones.iter().sum()
    }

    /// The reads in a zone.
    pub(super) fn reads_in(&self, zone: Zone) -> u64 {
        self.zones[zone as usize]
    }
}

/// Values beyond this bound count as it, so that a histogram has a largest size.
const MOST: u64 = 1 << 40;

/// A score in whole hundredths, rounded down, so that none reaches a threshold that it is below. The engine lets a score
/// reach one that is closer than 1e-9.
fn hundredths(z: f64) -> u64 {
    (z * 100.0 + 1e-6).floor() as u64
}

/// The middle of the values that the histogram does not tell from a quantile.
fn value_at(histogram: &Histogram<u64>, quantile: f64) -> u64 {
    histogram.median_equivalent(histogram.value_at_quantile(quantile))
}

fn record(histogram: &mut Histogram<u64>, value: u64) {
    histogram.record(value.min(MOST)).expect("a histogram grows to the bound");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_scores_are_two_ways_of_one_tail() {
        let mut observed = Observed::default();
        for n in 0..1000_u32 {
            let panics = n < 50;
            observed.price(if panics { Volatility::Panic } else { Volatility::Normal });
            if panics {
                // 2.0, 2.1, …
                observed.panic(2.0 + f64::from(n) / 10.0);
            }
        }
        assert!((observed.share_from(2.0) - 0.05).abs() < 1e-9);
        // The tenth from above has 6.0.
        for (share, expected) in [(0.01, 5.91), (0.04, 2.91), (0.0, 6.91)] {
            let threshold = observed.threshold_of(share);
            assert!((threshold - expected).abs() < 1e-9, "{threshold}");
            assert!(observed.share_from(threshold) <= share);
            assert!(observed.share_from(threshold - 0.01) > share);
        }
    }

    #[test]
    fn where_many_prices_have_one_score_the_threshold_is_above_it() {
        for z in [3.0, 77.77, 12_345.6, 1e9] {
            let mut observed = Observed::default();
            (0..1000).for_each(|n| {
                observed.price(if n < 50 { Volatility::Panic } else { Volatility::Normal });
            });
            (0..50).for_each(|_| observed.panic(z));
            let threshold = observed.threshold_of(0.01);
            assert!(threshold > z && threshold < 1.01 * z, "{z}: {threshold}");
            assert!(observed.share_from(threshold) < 1e-9);
        }
    }

    #[test]
    fn gaps_and_changes_are_medians_and_what_stays_is_no_change() {
        let mut observed = Observed::default();
        assert_eq!((observed.gap(), observed.change_of(0.5)), (None, None));
        for (gap_ms, change) in [(1000, 0.0), (1000, 0.0), (60_000, 0.02)] {
            observed.tick(gap_ms, change);
        }
        let gap = observed.gap().unwrap().as_millis();
        assert!((995..=1005).contains(&gap), "{gap}");
        assert!((observed.change_of(0.5).unwrap() - 0.02).abs() < 0.0002);
    }

    #[test]
    fn a_zone_has_its_own_place() {
        let mut observed = Observed::default();
        for zone in Zone::ALL {
            observed.read(zone);
            assert_eq!(observed.reads_in(zone), 1);
        }
        assert_eq!(observed.reads(), Zone::ALL.len() as u64);
    }
}
