// Exact percentiles of a set of values.
// Never knows: what the values measure.
// Read next: `rows.rs`, which reports latencies and exposures by them.

/// Values that are not negative, kept exactly; zeros, the usual case on virtual time, only as a count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    zeros: u64,
    above: Vec<f64>,
}

/// What [`Samples`] come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// How many values there are, at least one.
    pub(crate) count: u64,
    /// Their sum.
    pub(crate) sum: f64,
    /// Their mean.
    pub(crate) mean: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The median.
    pub(crate) p50: f64,
    /// The value that nine in ten do not exceed.
    pub(crate) p90: f64,
    /// The value that 99 in 100 do not exceed.
    pub(crate) p99: f64,
    /// The value that 999 in 1000 do not exceed.
    pub(crate) p99_9: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Samples {
    /// No values.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Takes in a value; what is negative or no number counts as 0. Eight bytes where it is above 0.
    pub(crate) fn add(&mut self, value: f64) {
        if value > 0.0 { self.above.push(value) } else { self.zeros += 1 }
    }

    /// How many values there are.
    pub(crate) fn count(&self) -> u64 {
        self.zeros + self.above.len() as u64
    }

    /// What the values come to, or nothing where there are none. O(n log n).
    ///
    /// A percentile is the smallest value that at least that share of all values does not exceed.
    pub(crate) fn spread(&self) -> Option<Spread> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let mut sorted = self.above.clone();
        sorted.sort_by(f64::total_cmp);
        // Ranks count from 1; those of the zeros come first.
        let at_rank = |rank: u64| match rank.checked_sub(self.zeros + 1) {
            None => 0.0,
            Some(above) => sorted.get(above as usize).copied().unwrap_or_default(),
        };
        // In thousandths and whole numbers, so that 0.999 × 1000 is 999 and not a little more.
        let quantile = |thousandths: u128| {
            at_rank((u128::from(count) * thousandths).div_ceil(1000).max(1) as u64)
        };
        let sum = sorted.iter().sum::<f64>();
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
        let mut samples = Samples::new();
        for value in values {
            samples.add(value);
        }
        samples.spread()
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
