//! The registry: names, their instruments, and everything that is read from them at once.
//! Never knows: how anything is counted.
//! Read next: `instrument.rs` for metrics, `family.rs` for families, `encode/` for the text.

use std::fmt;
use std::sync::Arc;

use super::catalog::Catalog;
use super::family::{
    CounterFamily, Family, FractionGaugeFamily, GaugeFamily, Handled, HistogramFamily,
};
use crate::clock::Clock;
use crate::encode::{Encoder, Format};
use crate::error::Error;
use crate::instrument::{
    Counter, CounterCells, Description, Fraction, FractionGauge, Gauge, GaugeCell, Histogram,
    HistogramCells, HistogramConfig, HistogramSpec, Metric, Whole,
};
use crate::names::{Unit, check_labels, check_metric, family_name};
use crate::shard::Sum;
use crate::snapshot::Snapshot;
use crate::sync::{Mutex, process_static};

process_static! {
    /// What timers read where no clock was chosen; calibrated once.
    static TICKS: Clock = Clock::ticks();
}

/// How many series a family has at most, unless it is told otherwise.
pub const DEFAULT_FAMILY_LIMIT: usize = 1_000;

/// A set of named instruments that is read and exposed together.
///
/// Cloning is cheap, and clones are the same registry. Registering takes the registry's lock and
/// never holds up a thread that counts. An instrument's cells are given back when both its last
/// handle and the registry's last clone are gone.
///
/// ```
/// use kairos_metrics::{Precision, Registry};
///
/// let registry = Registry::new();
/// let orders = registry.counter("orders", "Orders accepted")?;
/// let open = registry.gauge("open_positions", "Open positions")?;
/// let fills = registry.histogram("fill_latency", "Fill latency", Precision::two_digits())?;
/// let by_venue = registry.counter_family("fills", "Fills", ["venue"])?;
/// orders.inc();
/// open.set(3);
/// by_venue.with(["xlon"]).inc();
/// {
///     let _timer = fills.start();
/// }
/// let before = registry.snapshot();
/// orders.add(2);
/// let delta = registry.snapshot().since(&before);
/// assert_eq!(delta.counter("orders"), 2);
/// println!("{:?}", delta.histogram("fill_latency").value_at_quantile(0.999));
/// assert!(registry.encode_openmetrics().ends_with("# EOF\n"));
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    /// The clock that was chosen for everything, if one was.
    clock: Option<Clock>,
    idle_clock: Clock,
    family_limit: usize,
    metrics: Mutex<Catalog>,
}

/// Chooses a registry's clock and bounds.
#[derive(Clone, Debug)]
pub struct RegistryBuilder {
    clock: Option<Clock>,
    family_limit: usize,
}

impl RegistryBuilder {
    /// The clock of timers, creation stamps and idle series. The default times with
    /// [`Clock::ticks`], calibrated when the first histogram is registered.
    #[must_use]
    pub fn clock(self, clock: Clock) -> RegistryBuilder {
        RegistryBuilder { clock: Some(clock), ..self }
    }

    /// How many series a family has at most; [`DEFAULT_FAMILY_LIMIT`] unless chosen.
    #[must_use]
    pub fn family_limit(self, series: usize) -> RegistryBuilder {
        RegistryBuilder { family_limit: series, ..self }
    }

    /// The registry, with nothing registered.
    pub fn build(self) -> Registry {
        let idle_clock = self.clock.clone().unwrap_or_else(Clock::system);
        Registry(Arc::new(Inner {
            clock: self.clock,
            idle_clock,
            family_limit: self.family_limit,
            metrics: Mutex::new(Catalog::default()),
        }))
    }
}

impl Default for RegistryBuilder {
    fn default() -> RegistryBuilder {
        RegistryBuilder { clock: None, family_limit: DEFAULT_FAMILY_LIMIT }
    }
}

impl Default for Registry {
    fn default() -> Registry {
        RegistryBuilder::default().build()
    }
}

impl Registry {
    /// An empty registry with the default clock and bounds.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Chooses clock and bounds first.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// Registers a counter; it is exposed with `_total` after its name, which may be given with
    /// or without.
    ///
    /// # Errors
    /// When the name or the help text is invalid, or a sample of that name is registered; so for
    /// every registration.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, Error> {
        Ok(self.counter_family(name, help, [])?.with([]))
    }

    /// Registers a gauge of whole numbers.
    ///
    /// # Errors
    /// As [`Registry::counter`].
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, Error> {
        Ok(self.gauge_family(name, help, [])?.with([]))
    }

    /// Registers a gauge of fractions.
    ///
    /// # Errors
    /// As [`Registry::counter`].
    pub fn fraction_gauge(&self, name: &str, help: &str) -> Result<FractionGauge, Error> {
        Ok(self.fraction_gauge_family(name, help, [])?.with([]))
    }

    /// Registers a histogram, of latencies in nanoseconds when only a
    /// [`Precision`](crate::Precision) is given; these are exposed in seconds, with `_seconds`
    /// after the name unless it ends so.
    ///
    /// # Errors
    /// As [`Registry::counter`], and when the configuration's bounds do not rise.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        config: impl Into<HistogramConfig>,
    ) -> Result<Histogram, Error> {
        Ok(self.histogram_family(name, help, config, [])?.with([]))
    }

    /// Registers counters told apart by labels.
    ///
    /// # Errors
    /// As [`Registry::counter`], and when a label's name is invalid, reserved or repeated; so for
    /// every family.
    pub fn counter_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<CounterFamily<N>, Error> {
        self.register::<CounterCells, N>(name, help, Unit::Plain, labels, ())
    }

    /// Registers gauges told apart by labels.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn gauge_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<GaugeFamily<N>, Error> {
        self.register::<GaugeCell<Whole>, N>(name, help, Unit::Plain, labels, ())
    }

    /// Registers fraction gauges told apart by labels.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn fraction_gauge_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<FractionGaugeFamily<N>, Error> {
        self.register::<GaugeCell<Fraction>, N>(name, help, Unit::Plain, labels, ())
    }

    /// Registers histograms told apart by labels.
    ///
    /// # Errors
    /// As [`Registry::counter_family`] and [`Registry::histogram`].
    pub fn histogram_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        config: impl Into<HistogramConfig>,
        labels: [&str; N],
    ) -> Result<HistogramFamily<N>, Error> {
        let spec = HistogramSpec::new(name, &config.into(), self.timer_clock())?;
        self.register::<HistogramCells, N>(name, help, spec.unit, labels, spec)
    }

    /// Takes a metric out; `false` if there is none of that name. Its handles go on counting
    /// unseen, and the name can be registered anew.
    pub fn unregister(&self, name: &str) -> bool {
        self.0.metrics.lock().remove(name)
    }

    /// Reads everything, as plain data. Allocates; O(series x live threads), and for histograms
    /// the buckets between their smallest and largest values.
    pub fn snapshot(&self) -> Snapshot {
        let mut sum = Sum::default();
        let metrics = self.0.metrics.lock();
        let read = metrics.iter().map(|(name, m)| (name.clone(), m.snapshot(&mut sum)));
        Snapshot { metrics: read.collect() }
    }

    /// The Prometheus text format 0.0.4, content type `text/plain; version=0.0.4`.
    pub fn encode_prometheus(&self) -> String {
        let mut out = String::new();
        self.encode_prometheus_into(&mut out);
        out
    }

    /// Appends what [`Registry::encode_prometheus`] returns; with a buffer that is kept from
    /// scrape to scrape, nothing is allocated for a series.
    pub fn encode_prometheus_into(&self, out: &mut String) {
        self.encode(out, Format::Prometheus);
    }

    /// The `OpenMetrics` text format 1.0, content type
    /// `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    pub fn encode_openmetrics(&self) -> String {
        let mut out = String::new();
        self.encode_openmetrics_into(&mut out);
        out
    }

    /// Appends what [`Registry::encode_openmetrics`] returns, as
    /// [`Registry::encode_prometheus_into`] does.
    pub fn encode_openmetrics_into(&self, out: &mut String) {
        self.encode(out, Format::OpenMetrics);
        out.push_str("# EOF\n");
    }

    fn encode(&self, out: &mut String, format: Format) {
        let (mut sum, mut encoder) = (Sum::default(), Encoder::new(out, format));
        for (_, metric) in self.0.metrics.lock().iter() {
            metric.encode(&mut sum, &mut encoder);
        }
    }

    pub(crate) fn timer_clock(&self) -> Clock {
        self.0.clock.clone().unwrap_or_else(|| TICKS.clone())
    }

    fn register<T: Handled, const N: usize>(
        &self,
        name: &str,
        help: &str,
        unit: Unit,
        labels: [&str; N],
        spec: T::Spec,
    ) -> Result<Family<T::Handle, N>, Error> {
        Ok(Family::new(self.register_series::<T>(name, help, unit, &labels, spec)?))
    }

    pub(crate) fn register_series<T: Handled>(
        &self,
        name: &str,
        help: &str,
        unit: Unit,
        labels: &[&str],
        spec: T::Spec,
    ) -> Result<Arc<Metric<T>>, Error> {
        check_metric(name, help, T::KIND)?;
        check_labels(name, labels)?;
        let family = family_name(name, T::KIND, unit);
        let description = Description {
            family: family.clone(),
            help: help.to_owned(),
            unit,
            labels: Mutex::new(labels.iter().map(|label| (*label).to_owned()).collect()),
        };
        let limit =
            if labels.is_empty() { self.0.family_limit.max(1) } else { self.0.family_limit };
        let metric =
            Arc::new(Metric::<T>::new(description, spec, self.0.idle_clock.clone(), limit));
        self.0.metrics.lock().insert(name, Arc::clone(&metric) as _)?;
        Ok(metric)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.0.metrics.lock();
        f.debug_struct("Registry").field("metrics", &metrics.iter().count()).finish_non_exhaustive()
    }
}
