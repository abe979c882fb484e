// Stale-price exposure: how far a match's prices have moved since a served value was computed.
// Never knows: why a value was served, or a price that has not arrived yet.
// Read next: `plain_ttl.rs` and `engine/tally.rs`, which collect it.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::scenario::Name;

/// Every price of every match, by market and time.
#[derive(Debug, Default)]
pub(crate) struct PriceHistory {
    matches: HashMap<Name, Markets, FixedState>,
}

/// The markets of one match, in the order of their first prices: sums are taken in that order, so that the same run
/// gives the same bits.
#[derive(Debug, Default)]
struct Markets {
    index: HashMap<Name, usize, FixedState>,
    series: Vec<Series>,
}

/// The changes of one market's price in order of time.
#[derive(Debug, Default)]
struct Series {
    changes: Vec<Change>,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    t_ms: i64,
    ln_price: f64,
}

impl PriceHistory {
    /// A history without prices.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a price. A price that is not finite, not above 1.0, or older than the market's newest is ignored. A
    /// repeated price costs three hash look-ups and no memory.
    pub(crate) fn observe(&mut self, match_id: &Name, market: &Name, t_ms: i64, price: f64) {
        if !(price.is_finite() && price > 1.0) {
            return;
        }
        if !self.matches.contains_key(match_id) {
            self.matches.insert(Arc::clone(match_id), Markets::default());
        }
        if let Some(markets) = self.matches.get_mut(match_id) {
            markets.series_of(market).push(Change { t_ms, ln_price: price.ln() });
        }
    }

    /// The mean of |ln(price now / price at the compute)| over the match's markets that had a price at both times;
    /// `None` if no market had.
    ///
    /// The price at a time is the last that arrived up to and including that millisecond. O(markets × log changes), no
    /// allocation.
    pub(crate) fn exposure(&self, match_id: &str, computed_at_ms: i64, now_ms: i64) -> Option<f64> {
        let mut sum = 0.0;
        let mut markets = 0_u32;
        for series in &self.matches.get(match_id)?.series {
            // A market without a price at the compute has nothing to compare; one with a price then has one now.
            if let (Some(then), Some(now)) = (series.at(computed_at_ms), series.at(now_ms)) {
                sum += (now - then).abs();
                markets += 1;
            }
        }
        (markets > 0).then(|| sum / f64::from(markets))
    }
}

impl Markets {
    fn series_of(&mut self, market: &Name) -> &mut Series {
        let at = if let Some(at) = self.index.get(market) {
            *at
        } else {
            self.index.insert(Arc::clone(market), self.series.len());
            self.series.push(Series::default());
            self.series.len() - 1
        };
        &mut self.series[at]
    }
}

impl Series {
    fn push(&mut self, change: Change) {
        match self.changes.last() {
            Some(last) if change.t_ms < last.t_ms || same(change.ln_price, last.ln_price) => {}
            _ => self.changes.push(change),
        }
    }

    /// The logarithm of the price in force at `t_ms`.
    fn at(&self, t_ms: i64) -> Option<f64> {
        let after = self.changes.partition_point(|change| change.t_ms <= t_ms);
        after.checked_sub(1).map(|last| self.changes[last].ln_price)
    }
}

/// Equal to the last bit: any other price is a change.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(prices: &[(i64, &str, &str, f64)]) -> PriceHistory {
        let mut history = PriceHistory::new();
        for (t_ms, match_id, market, price) in prices {
            history.observe(&Name::from(*match_id), &Name::from(*market), *t_ms, *price);
        }
        history
    }

    fn check(history: &PriceHistory, match_id: &str, span: (i64, i64), expected: Option<f64>) {
        let found = history.exposure(match_id, span.0, span.1);
        let close = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
            (found, expected) => found == expected,
        };
        assert!(close, "{match_id} {span:?}: {found:?}, expected {expected:?}");
    }

    #[test]
    fn exposure_is_the_mean_move_of_the_markets_priced_then_and_now() {
        let history = history(&[
            (0, "m", "home", 2.0),
            (10, "m", "away", 4.0),
            (20, "m", "home", 3.0),
            (30, "m", "away", 2.0),
            (30, "m", "draw", 3.5),
            (30, "other", "home", 9.0),
        ]);
        check(&history, "m", (0, 0), Some(0.0));
        check(&history, "m", (0, 19), Some(0.0));
        // Only home had a price at 5.
        check(&history, "m", (5, 25), Some(1.5_f64.ln()));
        check(&history, "m", (10, 25), Some(1.5_f64.ln() / 2.0));
        // A fall counts like a rise, and draw had no price then.
        check(&history, "m", (10, 40), Some(f64::midpoint(1.5_f64.ln(), 2.0_f64.ln())));
        check(&history, "m", (30, 40), Some(0.0));
    }

    #[test]
    fn without_a_price_then_there_is_no_exposure() {
        let history = history(&[(10, "m", "home", 2.0)]);
        check(&history, "m", (9, 20), None);
        check(&history, "nobody", (10, 20), None);
    }

    #[test]
    fn what_is_no_price_leaves_no_trace() {
        let history = history(&[
            (10, "m", "home", 2.0),
            (20, "m", "home", f64::NAN),
            (20, "m", "home", 1.0),
            (20, "m", "home", f64::INFINITY),
            (5, "m", "home", 9.0),
            (30, "m", "home", 2.0),
        ]);
        check(&history, "m", (10, 30), Some(0.0));
        assert_eq!(history.matches["m"].series[0].changes.len(), 1);
    }

    #[test]
    fn the_last_price_of_a_millisecond_is_the_one_in_force() {
        let history =
            history(&[(10, "m", "home", 2.0), (20, "m", "home", 3.0), (20, "m", "home", 4.0)]);
        check(&history, "m", (10, 20), Some(2.0_f64.ln()));
    }
}
