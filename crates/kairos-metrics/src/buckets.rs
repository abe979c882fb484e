// The arithmetic of HDR buckets: from value to bucket and back, as pure functions.
// Never knows: cells, threads, time.
// Read next: `shard/tally.rs`, which counts in these buckets.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// One hour in nanoseconds: the highest value of a [`Precision`] unless another is chosen.
pub const HOUR_NS: u64 = 3_600_000_000_000;

/// The resolution of a histogram: significant decimal digits, up to a highest value.
///
/// Small values are recorded exactly. A larger value falls in a bucket whose width is at most
/// `10^-digits` of the value: 6.3 %, 0.8 % or 0.1 %, as widths are powers of two. A value above the
/// highest is counted in the top bucket and in
/// [`HistogramSnapshot::saturated`](crate::HistogramSnapshot::saturated).
///
/// A histogram takes for each thread that records in it the buckets between the smallest and the
/// largest value: 64 bytes for an octave at one digit, 512 at two, 4 KiB at three, and at most 3, 18
/// or 132 KiB; once for all threads that have ended, twice that.
///
/// ```
/// use kairos_metrics::Precision;
///
/// let coarse = Precision::one_digit().up_to(1_000_000)?;
/// assert_eq!((coarse.digits(), coarse.highest()), (1, 1_000_000));
/// assert!(Precision::three_digits().up_to(1).is_err());
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "RawPrecision", into = "RawPrecision")]
pub struct Precision {
    digits: u8,
    highest: u64,
}

impl Precision {
    /// Creates a precision of one significant digit, for values up to [`HOUR_NS`].
    pub const fn one_digit() -> Precision {
        Precision { digits: 1, highest: HOUR_NS }
    }

    /// Creates a precision of two significant digits, for values up to [`HOUR_NS`]; suits
    /// latencies.
    pub const fn two_digits() -> Precision {
        Precision { digits: 2, highest: HOUR_NS }
    }

    /// Creates a precision of three significant digits, for values up to [`HOUR_NS`].
    pub const fn three_digits() -> Precision {
        Precision { digits: 3, highest: HOUR_NS }
    }

    /// Returns the same digits with another highest value, from 2 to 2^53 (104 days in
    /// nanoseconds).
    ///
    /// # Errors
    /// [`Error::Precision`] when `highest` is outside that range.
    pub fn up_to(self, highest: u64) -> Result<Precision, Error> {
        if !(2..=1 << f64::MANTISSA_DIGITS).contains(&highest) {
            let allowed = "2 to 2^53";
            return Err(Error::Precision { field: "highest", value: highest, allowed });
        }
        Ok(Precision { highest, ..self })
    }

    /// Returns the number of significant decimal digits: 1, 2 or 3.
    pub const fn digits(self) -> u8 {
        self.digits
    }

    /// Returns the highest value that is recorded at this resolution.
    pub const fn highest(self) -> u64 {
        self.highest
    }

    pub(crate) const fn layout(self) -> Layout {
        let grain = match self.digits {
            1 => 4,
            2 => 7,
            _ => 10,
        };
        Layout { grain, highest: self.highest }
    }
}

impl TryFrom<u8> for Precision {
    type Error = Error;

    /// Creates a precision of 1, 2 or 3 significant digits, for values up to [`HOUR_NS`].
    ///
    /// # Errors
    /// [`Error::Precision`] for any other number of digits.
    fn try_from(digits: u8) -> Result<Precision, Error> {
        match digits {
            1..=3 => Ok(Precision { digits, highest: HOUR_NS }),
            _ => Err(Error::Precision {
                field: "digits",
                value: digits.into(),
                allowed: "1, 2 or 3",
            }),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct RawPrecision {
    digits: u8,
    highest: u64,
}

impl TryFrom<RawPrecision> for Precision {
    type Error = Error;

    fn try_from(raw: RawPrecision) -> Result<Precision, Error> {
        Precision::try_from(raw.digits)?.up_to(raw.highest)
    }
}

impl From<Precision> for RawPrecision {
    fn from(precision: Precision) -> RawPrecision {
        RawPrecision { digits: precision.digits, highest: precision.highest }
    }
}

/// The bucket arithmetic of one precision: `2^grain` buckets to an octave, as in `HdrHistogram`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Layout {
    grain: u8,
    highest: u64,
}

impl Layout {
    /// The highest value that is told apart.
    #[inline]
    pub(crate) fn highest(self) -> u64 {
        self.highest
    }

    /// Buckets from the first to that of the highest value.
    pub(crate) fn len(self) -> usize {
        self.index(self.highest) + 1
    }

    /// The bucket of a value.
    #[inline]
    pub(crate) fn index(self, value: u64) -> usize {
        let grain = u32::from(self.grain);
        // With the grain's bit forced, small values share shift 0, where buckets are one wide.
        let shift = (value | 1 << grain).ilog2() - grain;
        ((shift as usize) << grain) + (value >> shift) as usize
    }

    /// How many of the first buckets are one wide, and hold the values that are their index.
    pub(crate) fn exact(self) -> usize {
        1 << self.grain
    }

    /// What [`FastIndex`] needs.
    pub(crate) const fn fast_index(self) -> FastIndex {
        let shift = f64::MANTISSA_DIGITS - 1 - self.grain as u32;
        // The exponent's bias, and the octaves below the first that is split.
        let bias = (1_023 + self.grain as u64) << self.grain;
        FastIndex { shift, bias }
    }

    /// How many buckets are laid out at once where a value falls: half an octave, or four where an
    /// octave has few.
    pub(crate) fn chunk(self) -> usize {
        (1 << self.grain >> 1).max(64)
    }

    /// A bucket's octave (0 and 1 share the width 1) and its place in there.
    fn split(self, index: usize) -> (u32, u64) {
        ((index >> self.grain) as u32, (index & ((1 << self.grain) - 1)) as u64)
    }

    /// The lowest value of a bucket.
    pub(crate) fn lowest_of(self, index: usize) -> u64 {
        match self.split(index) {
            (0, offset) => offset,
            (octave, offset) => ((1 << self.grain) + offset) << (octave - 1),
        }
    }

    /// The highest value of a bucket.
    pub(crate) fn highest_of(self, index: usize) -> u64 {
        let (octave, _) = self.split(index);
        self.lowest_of(index) + ((1 << octave.saturating_sub(1)) - 1)
    }

    /// The bucket, in a layout that is no finer, which holds all of this layout's bucket `index`.
    pub(crate) fn index_in(self, coarser: Layout, index: usize) -> usize {
        debug_assert!(coarser.grain <= self.grain, "a finer layout splits buckets");
        coarser.index(self.lowest_of(index))
    }
}

/// [`Layout::index`] by way of a float, whose exponent and leading mantissa bits are octave and
/// place: no search for the highest bit, which x86-64 without `lzcnt` does in microcode on some
/// processors.
///
/// Counted from the first bucket past the [exact](Layout::exact) ones, for values from there to
/// 2^53. Smaller values come out beyond every layout, and larger ones at or above the index of
/// 2^53, so that one check of the index against the buckets' number judges the value as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FastIndex {
    shift: u32,
    bias: u64,
}

impl FastIndex {
    #[cfg(test)]
    fn of(self, value: u64) -> usize {
        self.of_from(value, self.bias_from(0))
    }

    /// What [`of_from`](Self::of_from) takes away to count from the bucket `first` past the exact ones.
    pub(crate) const fn bias_from(self, first: usize) -> u64 {
        self.bias + first as u64
    }

    /// The index counted from a later bucket; what lies before it comes out beyond every layout, too.
    #[inline]
    pub(crate) fn of_from(self, value: u64, less: u64) -> usize {
        // The conversion is exact up to 2^53; from a signed integer it is one instruction.
        let bits = (value as i64 as f64).to_bits();
        (bits >> self.shift).wrapping_sub(less) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "hdrhistogram")]
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    fn all() -> [Precision; 3] {
        [Precision::one_digit(), Precision::two_digits(), Precision::three_digits()]
    }

    #[test]
    fn neighbouring_buckets_touch_and_cover_everything() {
        for precision in all() {
            let layout = precision.layout();
            let last = layout.index(HOUR_NS);
            for index in 0..=last {
                assert_eq!(layout.index(layout.lowest_of(index)), index);
                assert_eq!(layout.index(layout.highest_of(index)), index);
                assert_eq!(layout.highest_of(index) + 1, layout.lowest_of(index + 1));
            }
            assert_eq!(layout.lowest_of(0), 0);
            assert_eq!(last + 1, layout.len());
        }
    }

    #[test]
    fn the_highest_u64_has_a_bucket() {
        for precision in all() {
            let layout = precision.layout();
            assert_eq!(layout.highest_of(layout.index(u64::MAX)), u64::MAX);
        }
    }

    #[test]
    fn precision_outside_the_range_is_refused_by_field() {
        assert!(Precision::try_from(0).unwrap_err().to_string().contains("digits"));
        assert!(Precision::try_from(4).is_err());
        assert_eq!(Precision::try_from(2).unwrap(), Precision::two_digits());
        for highest in [0, 1, (1 << 53) + 1, u64::MAX] {
            let error = Precision::two_digits().up_to(highest).unwrap_err();
            assert!(error.to_string().contains("highest"));
        }
    }

    proptest! {
        #[cfg(feature = "hdrhistogram")]
        #[test]
        fn buckets_are_those_of_hdrhistogram(value in 0..=HOUR_NS, shift in 0u32..41) {
            let value = value >> shift;
            for precision in all() {
                let layout = precision.layout();
                let theirs = Histogram::<u64>::new_with_bounds(1, HOUR_NS, precision.digits()).unwrap();
                let index = layout.index(value);
                prop_assert_eq!(layout.lowest_of(index), theirs.lowest_equivalent(value));
                prop_assert_eq!(layout.highest_of(index), theirs.highest_equivalent(value));
            }
        }

        #[test]
        fn the_fast_index_is_the_index_past_the_exact_buckets(
            value in 0_u64..=1 << 53, shift in 0u32..53,
        ) {
            for precision in all() {
                let layout = precision.layout();
                for value in [value >> shift, (1 << shift) - 1, 1 << shift] {
                    let fast = layout.fast_index().of(value);
                    match layout.index(value).checked_sub(layout.exact()) {
                        Some(index) => prop_assert_eq!(fast, index),
                        None => prop_assert!(fast > layout.index(u64::MAX), "{value} is exact"),
                    }
                }
            }
        }

        #[test]
        fn the_fast_index_never_brings_down_a_value_above_its_range(
            above in (1_u64 << 53) + 1..=u64::MAX,
        ) {
            for precision in all() {
                let fast = precision.layout().fast_index();
                for value in [above, u64::MAX, i64::MAX as u64, 1 << 63, (1 << 53) + 1] {
                    prop_assert!(fast.of(value) >= fast.of(1 << 53));
                }
            }
        }

        #[test]
        fn a_bucket_is_narrower_than_its_precision(value in 1..u64::MAX) {
            for precision in all() {
                let layout = precision.layout();
                let index = layout.index(value);
                let width = (layout.highest_of(index) - layout.lowest_of(index)) as f64;
                prop_assert!(width <= value as f64 / 10f64.powi(precision.digits().into()));
            }
        }

        #[test]
        fn fine_buckets_nest_in_coarse_ones(value in 0..u64::MAX) {
            let [one, two, three] = all().map(Precision::layout);
            for (fine, coarse) in [(three, two), (three, one), (two, one)] {
                let index = fine.index(value);
                prop_assert_eq!(fine.index_in(coarse, index), coarse.index(value));
                prop_assert_eq!(coarse.index(fine.highest_of(index)), coarse.index(value));
            }
        }
    }
}
