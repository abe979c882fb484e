// The histogram, whose values are counted in HDR buckets by the recording thread's own tally.
// Never knows: shards and leases (`shard/local.rs` does), or the length of a tick.
// Read next: `timer.rs` for timing, `shard/tally.rs` for the cells, `snapshot/hdr.rs` for reading.

use std::ops::Range;
use std::sync::Arc;

#[cfg(feature = "facade")]
use super::beyond::Beyond;
use super::instrument::{Activity, Handle, Instrument, Series, Stamp};
use crate::buckets::{Layout, Precision};
use crate::clock::Clock;
use crate::encode::{Encoder, Heads, push_bound};
use crate::error::Error;
use crate::names::{Kind, Unit};
use crate::shard::{self, Place, Reader, Released, Sum, process};
use crate::snapshot::{HistogramSnapshot, Value};
use crate::sync::Shared;

/// A histogram: a distribution of values, in nanoseconds unless another [`Unit`] is configured.
///
/// This is a handle, like [`Counter`](crate::Counter). Recording costs a bucket index and two plain
/// adds in memory of the recording thread; a thread's first value allocates its buckets.
///
/// ```
/// use kairos_metrics::{Precision, Registry};
///
/// let registry = Registry::new();
/// let fills = registry.histogram("fill_latency", "Fill latency", Precision::two_digits())?;
/// fills.record(1_500);
/// if let Some(weight) = fills.due(1) {
///     let clock = fills.clock();
///     let start = clock.raw();
///     fills.record_n(clock.delta_ns(start, clock.raw()), weight.into());
/// }
/// assert_eq!(fills.snapshot().count(), 2);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Histogram {
    pub(super) place: Place,
    series: Shared<Series<HistogramCells>>,
}

impl Histogram {
    /// Records one value, in nanoseconds or the configured unit.
    #[inline]
    pub fn record(&self, ns: u64) {
        shard::record(&self.place, ns, 1);
    }

    /// Records a value `weight` times at once.
    #[inline]
    pub fn record_n(&self, ns: u64, weight: u64) {
        shard::record(&self.place, ns, weight);
    }

    /// Returns the clock that this histogram's timers read.
    #[inline]
    pub fn clock(&self) -> &Clock {
        &self.series.cells.clock
    }

    /// Returns everything recorded so far by all threads, including those that have ended.
    ///
    /// Takes a lock; O(live threads × buckets between the smallest and the largest value).
    pub fn snapshot(&self) -> HistogramSnapshot {
        self.series.cells.read(&process().reader(), &mut Sum::default())
    }
}

#[cfg(feature = "facade")]
impl Histogram {
    /// Adds what values have beyond `u64::MAX`, as which they are recorded, to the exposed sum; a
    /// fraction of any size, infinity included. One atomic exchange.
    pub(crate) fn record_beyond(&self, excess: f64) {
        if let Some(beyond) = &self.series.cells.beyond {
            beyond.add(excess);
        }
    }
}

impl Handle for Histogram {
    type Cells = HistogramCells;

    fn new(series: Shared<Series<HistogramCells>>) -> Histogram {
        Histogram { place: Place::new(series.cells.id, series.cells.layout), series }
    }
}

/// The configuration of a histogram: its precision, its unit and its exposed bounds.
///
/// A [`Precision`] alone converts into a configuration for latencies.
///
/// ```
/// use kairos_metrics::{HistogramConfig, Precision, Registry, Unit};
///
/// let config = HistogramConfig::new(Precision::two_digits()).unit(Unit::Bytes).bounds([255, 1023]);
/// let registry = Registry::new();
/// registry.histogram("body", "Size of a body", config)?.record(300);
/// assert!(registry.encode_prometheus().contains("body_bytes_bucket{le=\"1023.0\"} 1\n"));
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramConfig {
    precision: Precision,
    unit: Unit,
    bounds: Option<Vec<u64>>,
    /// Whether there may be values beyond 64 bits.
    #[cfg(feature = "facade")]
    float_sum: bool,
}

impl HistogramConfig {
    /// Creates a configuration for latencies: recorded in nanoseconds, and exposed in seconds with
    /// the bounds 1, 2.5 and 5 of each decade from 1 µs to 10 s.
    pub fn new(precision: Precision) -> HistogramConfig {
        HistogramConfig {
            precision,
            unit: Unit::Seconds,
            bounds: None,
            #[cfg(feature = "facade")]
            float_sum: false,
        }
    }

    /// Sets the unit of the values.
    ///
    /// Unless other [`bounds`](Self::bounds) are set, bytes and plain numbers are exposed with the
    /// bounds `4^k - 1` up to 2^40, and millionths with 1, 2.5 and 5 of each decade from a
    /// thousandth to a million.
    #[must_use]
    pub fn unit(self, unit: Unit) -> HistogramConfig {
        HistogramConfig { unit, ..self }
    }

    /// Sets the bounds (`le`) of the exposed buckets, in the recorded unit: rising, and below the
    /// precision's highest value.
    ///
    /// Values above the highest are not told apart, and count under `+Inf` only; default bounds
    /// that are not below the highest value are left out.
    ///
    /// A bound's exposed count includes the whole bucket that the bound lies in: all values up to
    /// the bound, and those above it by less than the precision. A bound that ends a bucket is
    /// exact, as each `2^k - 1` is; values above the highest count under no bound.
    #[must_use]
    pub fn bounds(self, bounds: impl Into<Vec<u64>>) -> HistogramConfig {
        HistogramConfig { bounds: Some(bounds.into()), ..self }
    }

    /// Takes values beyond 64 bits as well; see [`Histogram::record_beyond`].
    #[cfg(feature = "facade")]
    pub(crate) fn float_sum(self) -> HistogramConfig {
        HistogramConfig { float_sum: true, ..self }
    }

    /// The bounds in force, if they are sound.
    fn sound_bounds(&self) -> Option<Vec<u64>> {
        let highest = self.precision.highest();
        let Some(given) = &self.bounds else {
            let default = default_bounds(self.unit);
            return Some(default.into_iter().filter(|bound| *bound < highest).collect());
        };
        let sound = !given.is_empty()
            && given.is_sorted_by(|a, b| a < b)
            && given.iter().all(|bound| *bound < highest);
        sound.then(|| given.clone())
    }
}

impl From<Precision> for HistogramConfig {
    fn from(precision: Precision) -> HistogramConfig {
        HistogramConfig::new(precision)
    }
}

fn default_bounds(unit: Unit) -> Vec<u64> {
    let decades = |digits: Range<u32>| {
        let last = 10_u64.pow(digits.end);
        let decades = digits.map(|digits| 10_u64.pow(digits));
        decades.flat_map(|decade| [decade, decade / 2 * 5, decade * 5]).chain([last]).collect()
    };
    match unit {
        Unit::Seconds => decades(3..10),
        Unit::Millionths => decades(3..12),
        Unit::Bytes | Unit::Plain => (1..=20).map(|power| (1 << (2 * power)) - 1).collect(),
    }
}

/// What the series of a histogram metric share.
#[derive(Clone, Debug)]
pub(crate) struct HistogramSpec {
    precision: Precision,
    pub(crate) unit: Unit,
    bounds: Arc<[u64]>,
    clock: Clock,
    #[cfg(feature = "facade")]
    float_sum: bool,
}

impl HistogramSpec {
    /// What the metric `name` is made with.
    ///
    /// # Errors
    /// [`Error::Bounds`] when bounds are given and there are none, or they do not rise, or do not
    /// stay below the highest value.
    pub(crate) fn new(
        name: &str,
        config: &HistogramConfig,
        clock: Clock,
    ) -> Result<HistogramSpec, Error> {
        let bounds =
            config.sound_bounds().ok_or_else(|| Error::Bounds { name: name.to_owned() })?;
        let HistogramConfig { precision, unit, .. } = *config;
        Ok(HistogramSpec {
            precision,
            unit,
            bounds: bounds.into(),
            clock,
            #[cfg(feature = "facade")]
            float_sum: config.float_sum,
        })
    }
}

#[derive(Debug)]
pub(crate) struct HistogramCells {
    id: u32,
    layout: Layout,
    precision: Precision,
    unit: Unit,
    /// For each bound, the bucket after that in which it lies.
    edges: Vec<usize>,
    clock: Clock,
    #[cfg(feature = "facade")]
    beyond: Option<Beyond>,
}

impl HistogramCells {
    fn read(&self, reader: &Reader<'_>, sum: &mut Sum) -> HistogramSnapshot {
        reader.add_up(self.id, self.layout, sum);
        HistogramSnapshot::from_sum(self.precision, sum)
    }
}

#[cfg(feature = "facade")]
impl HistogramCells {
    /// What the values beyond 64 bits add to the sum.
    fn beyond(&self) -> f64 {
        self.beyond.as_ref().map_or(0.0, Beyond::value)
    }
}

#[cfg(not(feature = "facade"))]
impl HistogramCells {
    #[expect(clippy::unused_self, reason = "with the feature it is a cell")]
    fn beyond(&self) -> f64 {
        0.0
    }
}

impl Drop for HistogramCells {
    fn drop(&mut self) {
        process().release(Released::Tally(self.id, self.layout));
    }
}

impl Instrument for HistogramCells {
    type Spec = HistogramSpec;

    const KIND: Kind = Kind::Histogram;

    fn make(spec: &HistogramSpec) -> HistogramCells {
        let layout = spec.precision.layout();
        HistogramCells {
            id: process().acquire_tally(layout),
            layout,
            precision: spec.precision,
            unit: spec.unit,
            edges: spec.bounds.iter().map(|bound| layout.index(*bound) + 1).collect(),
            clock: spec.clock.clone(),
            #[cfg(feature = "facade")]
            beyond: spec.float_sum.then(Beyond::new),
        }
    }

    fn heads(spec: &HistogramSpec, family: &str, labels: &str, created: &str) -> Heads {
        let mut heads = Heads::default();
        for bound in spec.bounds.iter() {
            let mut le = "le=\"".to_owned();
            push_bound(&mut le, spec.unit, *bound);
            le.push('"');
            heads.push(family, "_bucket", labels, &le);
        }
        heads.push(family, "_bucket", labels, "le=\"+Inf\"");
        for suffix in ["_count", "_sum"] {
            heads.push(family, suffix, labels, "");
        }
        heads.push_created(family, labels, created);
        heads
    }

    fn activity(&self, reader: &Reader<'_>) -> Activity {
        let mut sum = Sum::default();
        reader.add_up_ranges(self.id, &[], &mut sum);
        Activity::Counted(sum.counts.iter().copied().fold(0, u64::saturating_add))
    }

    fn value(&self, reader: &Reader<'_>, sum: &mut Sum) -> Value {
        Value::Histogram(self.read(reader, sum))
    }

    fn encode(&self, reader: &Reader<'_>, stamp: &Stamp, sum: &mut Sum, encoder: &mut Encoder<'_>) {
        reader.add_up_ranges(self.id, &self.edges, sum);
        let mut heads = stamp.heads.iter();
        let mut all = 0_u64;
        for count in &mut sum.counts {
            all = all.saturating_add(*count);
            *count = all;
        }
        encoder.samples_u64(heads.by_ref(), &sum.counts);
        encoder.sample_u64(heads.next().unwrap_or_default(), all);
        let head = heads.next().unwrap_or_default();
        encoder.sample_sum(self.unit, head, sum.total, self.beyond());
        encoder.created(&stamp.heads, reader.began_anew(stamp.number));
    }
}
