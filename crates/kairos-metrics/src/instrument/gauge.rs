// The gauges: levels that rise and fall, one shared cell each.
// Never knows: threads, of which a level has no share.
// Read next: `instrument.rs`, what a gauge is made of.

use std::sync::Arc;

use super::instrument::{Activity, Handle, Instrument, Series, Stamp};
use super::rounding::Rounding;
use crate::encode::{Encoder, Heads};
use crate::names::Kind;
use crate::shard::{Reader, Sum, process};
use crate::snapshot::Value;
use crate::sync::{AtomicI64, AtomicU64, Ordering, Shared};

/// A gauge of whole numbers: a level that rises and falls.
///
/// All threads share one value: of several calls of `set` the last one stands, and `add` and `sub`
/// are exact. Merging the snapshots of several processes adds their gauges up; a forked child's
/// gauges start at zero. A write costs an atomic read-modify-write, more when threads contend.
///
/// In a family, a gauge is idle from the last [`expire_idle`](crate::Family::expire_idle) that saw
/// its level away from zero, or saw that it was written, even with the same level: a gauge that
/// holds a level does not expire. A level of fractions that additions brought back to zero counts as
/// zero, though rounding may have left 10⁻¹⁷ of it.
///
/// ```
/// use kairos_metrics::Registry;
///
/// let registry = Registry::new();
/// let open = registry.gauge("open_positions", "Open positions")?;
/// open.set(3);
/// open.add(2);
/// open.sub(1);
/// assert_eq!(open.value(), 4);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gauge(Shared<Series<GaugeCell<Whole>>>);

/// A gauge of fractions, such as a ratio or a temperature; in all else like [`Gauge`].
///
/// ```
/// use kairos_metrics::Registry;
///
/// let registry = Registry::new();
/// let load = registry.fraction_gauge("load_ratio", "Share of the workers that are busy")?;
/// load.set(0.5);
/// load.add(0.25);
/// load.sub(0.5);
/// assert_eq!(load.value(), 0.25);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FractionGauge(Shared<Series<GaugeCell<Fraction>>>);

impl Gauge {
    fn level(&self) -> &AtomicI64 {
        &self.0.cells.level
    }

    /// The level, of which the next sweep shall know that it was written.
    fn written(&self) -> &AtomicI64 {
        self.0.cells.written.mark();
        self.level()
    }

    /// Sets the level.
    pub fn set(&self, level: i64) {
        // Relaxed: a level publishes nothing but itself; so for all gauges.
        self.written().store(level, Ordering::Relaxed);
    }

    /// Raises the level by `n`, wrapping at the ends of `i64`.
    pub fn add(&self, n: i64) {
        // Relaxed: the add must be atomic and orders nothing else.
        self.written().fetch_add(n, Ordering::Relaxed);
    }

    /// Lowers the level by `n`, wrapping at the ends of `i64`.
    pub fn sub(&self, n: i64) {
        // Relaxed: as in `add`.
        self.written().fetch_sub(n, Ordering::Relaxed);
    }

    /// Returns the level.
    pub fn value(&self) -> i64 {
        // Relaxed: as in `set`.
        self.level().load(Ordering::Relaxed)
    }
}

impl FractionGauge {
    fn level(&self) -> &AtomicI64 {
        &self.0.cells.level
    }

    /// As [`Gauge`]'s.
    fn written(&self) -> &AtomicI64 {
        self.0.cells.written.mark();
        self.level()
    }

    /// Sets the level.
    pub fn set(&self, level: f64) {
        // Relaxed: a level publishes nothing but itself.
        self.written().store(level.to_bits() as i64, Ordering::Relaxed);
        self.0.cells.rounding.set(level);
    }

    /// Raises the level by `x`; retries while other threads change it.
    pub fn add(&self, x: f64) {
        let level = self.written();
        // Relaxed: a guess, which the exchange below checks.
        let mut seen = level.load(Ordering::Relaxed);
        loop {
            let before = f64::from_bits(seen as u64);
            let raised = before + x;
            // Relaxed: the exchange must be atomic and orders nothing else.
            let swapped = level.compare_exchange_weak(
                seen,
                raised.to_bits() as i64,
                Ordering::Relaxed, // Relaxed: see above.
                Ordering::Relaxed,
            );
            match swapped {
                Ok(_) => return self.0.cells.rounding.added(before, x, raised),
                Err(now) => seen = now,
            }
        }
    }

    /// Lowers the level by `x`; retries while other threads change it.
    pub fn sub(&self, x: f64) {
        self.add(-x);
    }

    /// Returns the level.
    pub fn value(&self) -> f64 {
        // Relaxed: as in `set`.
        f64::from_bits(self.level().load(Ordering::Relaxed) as u64)
    }
}

impl Handle for Gauge {
    type Cells = GaugeCell<Whole>;

    fn new(series: Shared<Series<GaugeCell<Whole>>>) -> Gauge {
        Gauge(series)
    }
}

impl Handle for FractionGauge {
    type Cells = GaugeCell<Fraction>;

    fn new(series: Shared<Series<GaugeCell<Fraction>>>) -> FractionGauge {
        FractionGauge(series)
    }
}

/// How a gauge's 64 bits are read. Zero bits are zero in both ways.
pub(crate) trait Reading: Send + Sync + 'static {
    fn value(bits: i64) -> Value;

    /// Whether the gauge is away from zero, by more than rounding explains.
    fn is_level(bits: i64, rounding: &Rounding) -> bool;
}

#[derive(Debug)]
pub(crate) enum Whole {}

#[derive(Debug)]
pub(crate) enum Fraction {}

impl Reading for Whole {
    fn value(bits: i64) -> Value {
        Value::Gauge(bits)
    }

    fn is_level(bits: i64, _: &Rounding) -> bool {
        bits != 0
    }
}

impl Reading for Fraction {
    fn value(bits: i64) -> Value {
        Value::Fraction(f64::from_bits(bits as u64))
    }

    fn is_level(bits: i64, rounding: &Rounding) -> bool {
        let level = f64::from_bits(bits as u64);
        level != 0.0 && !rounding.explains(level)
    }
}

/// Whether a gauge was written since it was last swept: bit 0, and how many sweeps found it in use
/// in the bits above.
#[derive(Debug)]
struct Written(AtomicU64);

impl Written {
    fn new() -> Written {
        Written(AtomicU64::new(0))
    }

    /// Tells the next sweep of a write. Costs a load of a line that is seldom written.
    fn mark(&self) {
        // Relaxed: what expires is swept once more after its last handle was dropped, which orders the
        // marks before it.
        let seen = self.0.load(Ordering::Relaxed);
        if seen & 1 == 0 {
            // Relaxed: as above; atomic, though all that write beside this one set the same bit.
            self.0.fetch_or(1, Ordering::Relaxed);
        }
    }

    /// A number that differs from that of the last sweep if there was a write.
    fn sweep(&self) -> u64 {
        let swept = |seen: u64| (seen & 1 == 1).then(|| seen.wrapping_add(1));
        // Relaxed: as in `mark`; atomic, for a write beside this one must not lose its mark.
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, swept) {
            Ok(seen) => seen.wrapping_add(1),
            Err(seen) => seen,
        }
    }
}

#[derive(Debug)]
pub(crate) struct GaugeCell<R> {
    level: Arc<AtomicI64>,
    written: Written,
    /// Of no use to whole numbers.
    rounding: Rounding,
    reading: std::marker::PhantomData<fn() -> R>,
}

impl<R: Reading> GaugeCell<R> {
    fn read(&self) -> i64 {
        // Relaxed: as in `Gauge::set`.
        self.level.load(Ordering::Relaxed)
    }
}

impl<R: Reading> Instrument for GaugeCell<R> {
    type Spec = ();

    const KIND: Kind = Kind::Gauge;

    fn make((): &()) -> GaugeCell<R> {
        let level = Arc::new(AtomicI64::new(0));
        process().adopt_gauge(Arc::downgrade(&level));
        GaugeCell {
            level,
            written: Written::new(),
            rounding: Rounding::new(),
            reading: std::marker::PhantomData,
        }
    }

    fn heads((): &(), family: &str, labels: &str, _: &str) -> Heads {
        let mut heads = Heads::default();
        heads.push(family, "", labels, "");
        heads
    }

    fn activity(&self, _: &Reader<'_>) -> Activity {
        if R::is_level(self.read(), &self.rounding) {
            // What brings it back to zero is a write, after which it is idle for the age.
            self.written.mark();
            return Activity::Held;
        }
        Activity::Counted(self.written.sweep())
    }

    fn value(&self, _: &Reader<'_>, _: &mut Sum) -> Value {
        R::value(self.read())
    }

    fn encode(&self, _: &Reader<'_>, stamp: &Stamp, _: &mut Sum, encoder: &mut Encoder<'_>) {
        let head = stamp.heads.iter().next().unwrap_or_default();
        match R::value(self.read()) {
            Value::Fraction(level) => encoder.sample_f64(head, level),
            Value::Gauge(level) => encoder.sample_signed_in(stamp.unit, head, level),
            Value::Counter(_) | Value::Histogram(_) | Value::Info => {}
        }
    }
}
