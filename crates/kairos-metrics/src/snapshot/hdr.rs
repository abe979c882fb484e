// A distribution as plain data: quantiles, differences, sums.
// Never knows: cells, threads, registries.
// Read next: `snapshot.rs`, which holds one for each histogram series; `to_hdr.rs`, the way to the HDR tools.

use serde::{Deserialize, Serialize};

use crate::buckets::Precision;
use crate::shard::Sum;

/// The distribution of a histogram when it was read.
///
/// Values are in the recorded unit: nanoseconds for latencies.
///
/// ```
/// use kairos_metrics::{HistogramSnapshot, Precision, Registry};
///
/// let registry = Registry::new();
/// let fills = registry.histogram("fill_latency", "Fill latency", Precision::two_digits())?;
/// fills.record(10);
/// let before: HistogramSnapshot = fills.snapshot();
/// fills.record(20);
/// fills.record(2 * kairos_metrics::HOUR_NS);
/// let now = fills.snapshot();
/// assert_eq!((now.count(), now.min(), now.saturated()), (3, 10, 1));
/// assert!(now.max() >= kairos_metrics::HOUR_NS && now.mean() > 20.0);
/// assert_eq!(now.value_at_quantile(0.5), 20);
/// assert_eq!(now.buckets().next(), Some((10, 10, 1)));
/// assert_eq!(now.sum(), 30 + 2 * kairos_metrics::HOUR_NS);
///
/// let since = now.since(&before);
/// assert_eq!(since.count(), 2);
/// assert_eq!(since.merge(&before).count(), 3);
/// let none = HistogramSnapshot::empty(now.precision());
/// assert!(none.is_empty() && none.merge(&now) == now);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawHistogram")]
pub struct HistogramSnapshot {
    precision: Precision,
    /// Bucket and count, ascending, without empty buckets.
    buckets: Vec<(u32, u64)>,
    sum: u128,
    min: u64,
    max: u64,
    saturated: u64,
}

impl HistogramSnapshot {
    /// Creates a distribution without values.
    pub const fn empty(precision: Precision) -> HistogramSnapshot {
        HistogramSnapshot { precision, buckets: Vec::new(), sum: 0, min: 0, max: 0, saturated: 0 }
    }

    pub(crate) fn from_sum(precision: Precision, sum: &Sum) -> HistogramSnapshot {
        let counts = sum.counts.iter().zip(sum.low..).filter(|(count, _)| **count != 0);
        let mut buckets: Vec<(u32, u64)> =
            counts.map(|(count, bucket)| (bucket as u32, *count)).collect();
        let (min, max, saturated) = (sum.min, sum.max, sum.saturated);
        if saturated != 0 {
            let top = precision.layout().len() as u32 - 1;
            match buckets.last_mut().filter(|(bucket, _)| *bucket == top) {
                Some((_, count)) => *count = count.saturating_add(saturated),
                None => buckets.push((top, saturated)),
            }
        }
        HistogramSnapshot { precision, buckets, sum: sum.total, min, max, saturated }.bounded()
    }

    /// Brings min and max into the outermost buckets: a bucket may be seen before its bounds are.
    fn bounded(mut self) -> HistogramSnapshot {
        let layout = self.precision.layout();
        let (Some((low, _)), Some((high, _))) = (self.buckets.first(), self.buckets.last()) else {
            // The sum stays: it may have been seen before, or after, the buckets it belongs to.
            return HistogramSnapshot { min: 0, max: 0, ..self };
        };
        let (low, high) = (*low as usize, *high as usize);
        self.min = self.min.clamp(layout.lowest_of(low), layout.highest_of(low));
        self.max = self.max.clamp(layout.lowest_of(high), layout.highest_of(high)).max(self.min);
        self
    }

    /// Returns the precision of the distribution.
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// Returns the number of values, which is always the sum of the buckets. O(buckets).
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |total: u64, (_, count)| total.saturating_add(*count))
    }

    /// Returns whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Returns the sum of all recorded values, including those above the precision's highest, or
    /// `u64::MAX` if it is larger.
    ///
    /// While threads record, the sum may lead or lag the count by the values that are being
    /// recorded; what one difference lacks, the next one has.
    pub const fn sum(&self) -> u64 {
        if self.sum > u64::MAX as u128 { u64::MAX } else { self.sum as u64 }
    }

    /// Returns the smallest value, or 0 if there are none; after [`since`](Self::since), the lower
    /// bound of the lowest bucket.
    pub const fn min(&self) -> u64 {
        self.min
    }

    /// Returns the largest value, or 0 if there are none; after [`since`](Self::since), the upper
    /// bound of the highest bucket.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// Returns the mean of the values, or 0 if there are none.
    pub fn mean(&self) -> f64 {
        match self.count() {
            0 => 0.0,
            count => self.sum as f64 / count as f64,
        }
    }

    /// Returns the number of values above the precision's highest, which count in the top bucket.
    pub const fn saturated(&self) -> u64 {
        self.saturated
    }

    /// Returns the value at or below which a share `q` (0 to 1) of the values lies; 0 if there are
    /// none.
    ///
    /// It is the upper bound of the bucket, within [`min`](Self::min) and [`max`](Self::max); for a
    /// share of 0 it is the minimum. O(buckets).
    pub fn value_at_quantile(&self, q: f64) -> u64 {
        // A NaN asks for nothing sensible; it gets the minimum, too.
        if q.is_nan() || q <= 0.0 {
            return self.min;
        }
        let count = self.count();
        let rank = ((q.min(1.0) * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0_u64;
        for (bucket, count) in &self.buckets {
            seen = seen.saturating_add(*count);
            if seen >= rank {
                return self
                    .precision
                    .layout()
                    .highest_of(*bucket as usize)
                    .clamp(self.min, self.max);
            }
        }
        self.max
    }

    /// Returns the buckets that are not empty, ascending: lowest value, highest value, count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let layout = self.precision.layout();
        self.buckets.iter().map(move |(bucket, count)| {
            (layout.lowest_of(*bucket as usize), layout.highest_of(*bucket as usize), *count)
        })
    }

    /// Returns what was recorded after `earlier`, an earlier reading of the same series.
    ///
    /// Counts, sum and saturation are exact; min and max become the bounds of the outermost
    /// buckets. O(buckets).
    #[must_use]
    pub fn since(&self, earlier: &HistogramSnapshot) -> HistogramSnapshot {
        let mut buckets = Vec::with_capacity(self.buckets.len());
        let mut before = earlier.buckets.iter().peekable();
        for (bucket, count) in &self.buckets {
            while before.next_if(|(other, _)| other < bucket).is_some() {}
            let base = before.next_if(|(other, _)| other == bucket).map_or(0, |(_, count)| *count);
            if *count > base {
                buckets.push((*bucket, count.saturating_sub(base)));
            }
        }
        let delta = HistogramSnapshot {
            precision: self.precision,
            buckets,
            sum: self.sum.saturating_sub(earlier.sum),
            min: 0,
            max: u64::MAX,
            saturated: self.saturated.saturating_sub(earlier.saturated),
        };
        delta.bounded()
    }

    /// Returns both distributions as one; associative and commutative.
    ///
    /// Of two precisions the result has the fewer digits and the higher highest value. O(buckets).
    #[must_use]
    pub fn merge(&self, other: &HistogramSnapshot) -> HistogramSnapshot {
        let precision = common(self.precision, other.precision);
        let (mine, theirs) = (self.coarsened(precision), other.coarsened(precision));
        let mut buckets = Vec::with_capacity(mine.buckets.len() + theirs.buckets.len());
        let mut theirs_left = theirs.buckets.iter().peekable();
        for (bucket, count) in &mine.buckets {
            while let Some(lower) = theirs_left.next_if(|(other, _)| other < bucket) {
                buckets.push(*lower);
            }
            let same = theirs_left.next_if(|(other, _)| other == bucket).map_or(0, |(_, n)| *n);
            buckets.push((*bucket, count.saturating_add(same)));
        }
        buckets.extend(theirs_left);
        let (min, max) = match (self.is_empty(), other.is_empty()) {
            (true, _) => (other.min, other.max),
            (_, true) => (self.min, self.max),
            _ => (self.min.min(other.min), self.max.max(other.max)),
        };
        HistogramSnapshot {
            precision,
            buckets,
            sum: self.sum.saturating_add(other.sum),
            min,
            max,
            saturated: self.saturated.saturating_add(other.saturated),
        }
    }

    fn coarsened(&self, precision: Precision) -> HistogramSnapshot {
        let (fine, coarse) = (self.precision.layout(), precision.layout());
        let mut buckets: Vec<(u32, u64)> = Vec::with_capacity(self.buckets.len());
        for (bucket, count) in &self.buckets {
            let bucket = fine.index_in(coarse, *bucket as usize) as u32;
            match buckets.last_mut() {
                Some((last, total)) if *last == bucket => *total = total.saturating_add(*count),
                _ => buckets.push((bucket, *count)),
            }
        }
        HistogramSnapshot { precision, buckets, ..self.clone() }
    }
}

/// A distribution as it was read from outside, before it is known to be one.
#[derive(Deserialize)]
struct RawHistogram {
    precision: Precision,
    buckets: Vec<(u32, u64)>,
    sum: u128,
    min: u64,
    max: u64,
    saturated: u64,
}

impl TryFrom<RawHistogram> for HistogramSnapshot {
    type Error = &'static str;

    fn try_from(raw: RawHistogram) -> Result<HistogramSnapshot, &'static str> {
        let RawHistogram { precision, buckets, sum, min, max, saturated } = raw;
        let layout = precision.layout();
        let buckets: Vec<_> = buckets.into_iter().filter(|(_, count)| *count != 0).collect();
        if !buckets.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err("buckets must ascend");
        }
        if buckets.last().is_some_and(|(top, _)| *top as usize > layout.index(layout.highest())) {
            return Err("a bucket lies above the highest value");
        }
        Ok(HistogramSnapshot { precision, buckets, sum, min, max, saturated }.bounded())
    }
}

/// The finest precision whose buckets hold those of both.
fn common(a: Precision, b: Precision) -> Precision {
    let coarser = if a.digits() <= b.digits() { a } else { b };
    coarser.up_to(a.highest().max(b.highest())).expect("both are at least 2")
}
