// Exact percentiles of a set of values.
// Never knows: what the values measure.
// Read next: `rows.rs`, which reports latencies and exposures by them.

/// Values of at least 0, kept exactly; zeros, the usual case on virtual time, are only counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    zeros: u64,
    above: Vec<f64>,
}

/// The distribution of [`Samples`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// The number of values, at least one.
    pub(crate) count: u64,
    /// Their sum.
    pub(crate) sum: f64,
    /// Their mean.
    pub(crate) mean: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The median.
    pub(crate) p50: f64,
    /// The value that 90 % of the values do not exceed.
    pub(crate) p90: f64,
    /// The value that 99 % of the values do not exceed.
    pub(crate) p99: f64,
    /// The value that 99.9 % of the values do not exceed.
    pub(crate) p99_9: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Samples {
    /// Adds a value; a negative value or NaN counts as 0. A value above 0 takes eight bytes.
    pub(crate) fn add(&mut self, value: f64) {
        if value > 0.0 { self.above.push(value) } else { self.zeros += 1 }
    }

    /// The number of values.
    pub(crate) fn count(&self) -> u64 {
        self.zeros + self.above.len() as u64
    }

    /// The distribution of the values, or `None` if there are none. O(n log n).
    ///
    /// A percentile is the smallest of the values that at least that share of them does not exceed.
    pub(crate) fn spread(&self) -> Option<Spread> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let mut sorted = self.above.clone();
        sorted.sort_by(f64::total_cmp);
        // Ranks count from 1; the zeros have the first ones.
        let at_rank = |rank: u64| match rank.checked_sub(self.zeros + 1) {
            None => 0.0,
            Some(above) => sorted.get(above as usize).copied().unwrap_or_default(),
        };
        // In integer thousandths, because 0.999 × 1000 in floating point may be slightly more than 999.
        let quantile = |thousandths: u128| {
            at_rank((u128::from(count) * thousandths).div_ceil(1000).max(1) as u64)
        };
        // From zero: the sum of no floats is minus zero.
        let sum = sorted.iter().fold(0.0, |sum, value| sum + value);
        Some(Spread {
            count,
            sum,
            mean: sum / count as f64,
            min: at_rank(1),
            p50: quantile(500),
            p90: quantile(900),
            p99: quantile(990),
            p99_9: quantile(999),
            max: at_rank(count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread_of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut samples = Samples::default();
        for value in values {
            samples.add(value);
        }
        samples.spread()
    }

    #[test]
    fn nothing_but_zeros_sums_up_to_zero_and_not_to_minus_zero() {
        let spread = spread_of([0.0, 0.0]).expect("two samples");
        assert!(spread.sum.is_sign_positive() && spread.mean.is_sign_positive());
    }

    fn spread(count: u64, sum: f64, points: [f64; 6]) -> Spread {
        let [min, p50, p90, p99, p99_9, max] = points;
        Spread { count, sum, mean: sum / count as f64, min, p50, p90, p99, p99_9, max }
    }

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let expected = spread(1000, 500_500.0, [1.0, 500.0, 900.0, 990.0, 999.0, 1000.0]);
        assert_eq!(spread_of((1..=1000).rev().map(f64::from)), Some(expected));
    }

    #[test]
    fn zeros_count_like_every_value() {
        let zeros = std::iter::repeat_n(0.0, 95);
        let expected = spread(100, 15.0, [0.0, 0.0, 0.0, 4.0, 5.0, 5.0]);
        assert_eq!(spread_of(zeros.chain((1..=5).map(f64::from))), Some(expected));
    }

    #[test]
    fn one_value_is_all_percentiles_and_none_is_none() {
        assert_eq!(spread_of([7.0]), Some(spread(1, 7.0, [7.0; 6])));
        assert_eq!(spread_of([]), None);
        assert_eq!(spread_of([f64::NAN, -1.0]), Some(spread(2, 0.0, [0.0; 6])));
    }
}
