// Stale-price exposure: how far a match's prices have moved since a served value was computed.
// Never knows: why a value was served, or a price that has not arrived yet.
// Read next: `plain_ttl.rs` and `engine/tally.rs`, which collect it.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::report::Moved;
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
    /// The kickoff that was given last, in ms since the Unix epoch.
    kickoff_ms: Option<i64>,
    index: HashMap<Name, usize, FixedState>,
    series: Vec<Series>,
}

/// The changes of one market's price in order of time.
#[derive(Debug, Default)]
struct Series {
    changes: Vec<Change>,
    /// The time of the newest price, changed or not.
    last_ms: i64,
}

/// What a price is beside the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tick {
    /// The time between them, in ms.
    pub(crate) gap_ms: i64,
    /// |ln(price / price before)|.
    pub(crate) change: f64,
}

/// How far the prices of a match have moved between two instants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exposure {
    /// The mean of |ln(price now / price then)| over the markets that had a price at both times.
    pub(crate) moved: f64,
    /// The time from the later instant to the match's kickoff, in ms, if that is known.
    pub(crate) to_kickoff_ms: Option<i64>,
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

    /// Adds a price, and returns it beside the market's newest one, if there is one. A price that is not finite, not
    /// above 1.0, or older than the market's newest is ignored. A repeated price costs two hash look-ups and no memory.
    pub(crate) fn observe(
        &mut self,
        match_id: &Name,
        market: &Name,
        t_ms: i64,
        price: f64,
    ) -> Option<Tick> {
        if !(price.is_finite() && price > 1.0) {
            return None;
        }
        let change = Change { t_ms, ln_price: price.ln() };
        match self.matches.get_mut(match_id) {
            Some(markets) => markets.series_of(market).push(change),
            None => self.new_match(match_id).series_of(market).push(change),
        }
    }

    /// How far the prices of a match have moved since a compute; `None` if no market had a price both then and now. Learns
    /// the kickoff of the match, if the read gave one.
    ///
    /// The price at a time is the last that arrived up to and including that millisecond. O(markets × log changes), no
    /// allocation but for a match without a price.
    pub(crate) fn exposure(
        &mut self,
        match_id: &Name,
        kickoff_ms: Option<i64>,
        (computed_at_ms, now_ms): (i64, i64),
    ) -> Option<Exposure> {
        let Some(of) = self.matches.get_mut(match_id) else {
            if kickoff_ms.is_some() {
                self.new_match(match_id).kickoff_ms = kickoff_ms;
            }
            return None;
        };
        of.kickoff_ms = kickoff_ms.or(of.kickoff_ms);
        let mut sum = 0.0;
        let mut markets = 0_u32;
        for series in &of.series {
            // A market without a price at the compute has nothing to compare; one with a price then has one now.
            if let (Some(then), Some(now)) = (series.at(computed_at_ms), series.at(now_ms)) {
                sum += (now - then).abs();
                markets += 1;
            }
        }
        (markets > 0).then(|| Exposure {
            moved: sum / f64::from(markets),
            to_kickoff_ms: of.kickoff_ms.map(|kickoff_ms| kickoff_ms.saturating_sub(now_ms)),
        })
    }

    /// The market whose price has moved most since a compute, and its prices; of equals, the one that was priced first.
    pub(crate) fn most_moved(
        &self,
        match_id: &str,
        (computed_at_ms, now_ms): (i64, i64),
    ) -> Option<Moved> {
        let of = self.matches.get(match_id)?;
        let mut most: Option<(usize, f64, Change)> = None;
        for (at, series) in of.series.iter().enumerate() {
            if let (Some(then), Some(now)) = (series.at(computed_at_ms), series.change_at(now_ms))
                && most.is_none_or(|(_, a, b)| (now.ln_price - then).abs() > (b.ln_price - a).abs())
            {
                most = Some((at, then, now));
            }
        }
        let (at, then, now) = most?;
        let market = of.index.iter().find_map(|(name, place)| (*place == at).then_some(name))?;
        Some(Moved {
            market: Arc::clone(market),
            then: price_of(then),
            now: price_of(now.ln_price),
            since_ms: now.t_ms,
        })
    }

    /// The matches that had prices, with the times of their first and their newest price.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (&Name, i64, i64)> {
        self.matches.iter().filter_map(|(name, of)| {
            let first = of.series.iter().filter_map(|series| series.changes.first());
            let last = of.series.iter().map(|series| series.last_ms).max()?;
            Some((name, first.map(|change| change.t_ms).min()?, last))
        })
    }

    fn new_match(&mut self, match_id: &Name) -> &mut Markets {
        self.matches.entry(Arc::clone(match_id)).or_default()
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
    fn push(&mut self, change: Change) -> Option<Tick> {
        let tick = match self.changes.last() {
            Some(_) if change.t_ms < self.last_ms => return None,
            Some(last) => Some(Tick {
                gap_ms: change.t_ms - self.last_ms,
                change: (change.ln_price - last.ln_price).abs(),
            }),
            None => None,
        };
        self.last_ms = change.t_ms;
        if self.changes.last().is_none_or(|last| !same(change.ln_price, last.ln_price)) {
            self.changes.push(change);
        }
        tick
    }

    /// The logarithm of the price in force at `t_ms`.
    fn at(&self, t_ms: i64) -> Option<f64> {
        self.change_at(t_ms).map(|change| change.ln_price)
    }

    /// The change by which the price in force at `t_ms` came.
    fn change_at(&self, t_ms: i64) -> Option<Change> {
        let after = self.changes.partition_point(|change| change.t_ms <= t_ms);
        after.checked_sub(1).map(|last| self.changes[last])
    }
}

/// The price of a logarithm, to six decimals: that gives back every price that was written with as many.
fn price_of(ln_price: f64) -> f64 {
    (ln_price.exp() * 1e6).round() / 1e6
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
            let _tick =
                history.observe(&Name::from(*match_id), &Name::from(*market), *t_ms, *price);
        }
        history
    }

    fn check(history: &mut PriceHistory, match_id: &str, span: (i64, i64), expected: Option<f64>) {
        let found = history.exposure(&match_id.into(), None, span).map(|found| found.moved);
        let close = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
            (found, expected) => found == expected,
        };
        assert!(close, "{match_id} {span:?}: {found:?}, expected {expected:?}");
    }

    #[test]
    fn exposure_is_the_mean_move_of_the_markets_priced_then_and_now() {
        let mut history = history(&[
            (0, "m", "home", 2.0),
            (10, "m", "away", 4.0),
            (20, "m", "home", 3.0),
            (30, "m", "away", 2.0),
            (30, "m", "draw", 3.5),
            (30, "other", "home", 9.0),
        ]);
        check(&mut history, "m", (0, 0), Some(0.0));
        check(&mut history, "m", (0, 19), Some(0.0));
        // Only home had a price at 5.
        check(&mut history, "m", (5, 25), Some(1.5_f64.ln()));
        check(&mut history, "m", (10, 25), Some(1.5_f64.ln() / 2.0));
        // A fall counts like a rise, and draw had no price then.
        check(&mut history, "m", (10, 40), Some(f64::midpoint(1.5_f64.ln(), 2.0_f64.ln())));
        check(&mut history, "m", (30, 40), Some(0.0));
    }

    #[test]
    fn without_a_price_then_there_is_no_exposure() {
        let mut history = history(&[(10, "m", "home", 2.0)]);
        check(&mut history, "m", (9, 20), None);
        check(&mut history, "nobody", (10, 20), None);
    }

    #[test]
    fn what_is_no_price_leaves_no_trace() {
        let mut history = history(&[
            (10, "m", "home", 2.0),
            (20, "m", "home", f64::NAN),
            (20, "m", "home", 1.0),
            (20, "m", "home", f64::INFINITY),
            (5, "m", "home", 9.0),
            (30, "m", "home", 2.0),
        ]);
        check(&mut history, "m", (10, 30), Some(0.0));
        assert_eq!(history.matches["m"].series[0].changes.len(), 1);
    }

    #[test]
    fn the_last_price_of_a_millisecond_is_the_one_in_force() {
        let mut history =
            history(&[(10, "m", "home", 2.0), (20, "m", "home", 3.0), (20, "m", "home", 4.0)]);
        check(&mut history, "m", (10, 20), Some(2.0_f64.ln()));
    }

    #[test]
    fn a_price_is_told_beside_the_one_before_it_whether_it_has_changed_or_not() {
        let mut history = PriceHistory::new();
        let [match_id, market] = ["m", "home"].map(Name::from);
        let mut observe = |t_ms, price| history.observe(&match_id, &market, t_ms, price);
        assert_eq!(observe(10, 2.0), None);
        assert_eq!(observe(30, 2.0), Some(Tick { gap_ms: 20, change: 0.0 }));
        let tick = observe(60, 4.0).unwrap();
        assert!(tick.gap_ms == 30 && (tick.change - 2.0_f64.ln()).abs() < 1e-12, "{tick:?}");
        assert_eq!(observe(59, 4.0), None);
        assert_eq!(observe(70, 1.0), None);
        assert_eq!(history.spans().collect::<Vec<_>>(), [(&match_id, 10, 60)]);
    }

    #[test]
    fn the_most_moved_market_is_named_with_its_prices() {
        let history = history(&[
            (0, "m", "draw", 3.3),
            (0, "m", "home", 2.1),
            (0, "m", "away", 4.2),
            (5, "m", "home", 1.05),
            (5, "m", "away", 8.4),
        ]);
        let moved = Moved { market: "home".into(), then: 2.1, now: 1.05, since_ms: 5 };
        assert_eq!(history.most_moved("m", (0, 5)), Some(moved));
        assert_eq!(history.most_moved("nobody", (0, 5)), None);
    }

    #[test]
    fn an_exposure_knows_the_time_to_the_kickoff_that_was_given_last() {
        let mut history = history(&[(0, "m", "home", 2.0)]);
        let mut to_kickoff_ms =
            |kickoff_ms| history.exposure(&"m".into(), kickoff_ms, (0, 5)).unwrap().to_kickoff_ms;
        assert_eq!(to_kickoff_ms(None), None);
        assert_eq!(to_kickoff_ms(Some(100)), Some(95));
        assert_eq!(to_kickoff_ms(Some(50)), Some(45));
        assert_eq!(to_kickoff_ms(None), Some(45));
    }

    #[test]
    fn a_kickoff_is_known_from_before_the_first_price() {
        let mut history = PriceHistory::new();
        let [match_id, market] = ["m", "home"].map(Name::from);
        assert_eq!(history.exposure(&match_id, Some(100), (0, 0)), None);
        let _tick = history.observe(&match_id, &market, 10, 2.0);
        let found = history.exposure(&match_id, None, (10, 20)).unwrap();
        assert_eq!(found, Exposure { moved: 0.0, to_kickoff_ms: Some(80) });
    }
}
