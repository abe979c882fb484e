// The registry: the methods that register metrics, read all of them, and write them as text.
// Never knows: how anything is counted.
// Read next: `registration.rs`, which each method ends in; `family.rs`, what it returns.

use std::fmt;
use std::sync::Arc;

use super::catalog::Catalog;
use super::family::{CounterFamily, FractionGaugeFamily, GaugeFamily, HistogramFamily};
use super::registration::Registration;
use crate::clock::Clock;
use crate::encode::{Encoder, Format};
use crate::error::Error;
use crate::instrument::{
    Counter, FractionGauge, Gauge, Handle, Histogram, HistogramConfig, Info, Instrument,
};
use crate::names::Unit;
use crate::shard::Sum;
use crate::snapshot::Snapshot;

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
pub struct Registry(Arc<Catalog>);

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
        Registry(Arc::new(Catalog::new(self.clock, self.family_limit)))
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
        self.registration(name, help, Unit::Plain).single()
    }

    /// Registers a gauge of whole numbers.
    ///
    /// # Errors
    /// As [`Registry::counter`].
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, Error> {
        self.registration(name, help, Unit::Plain).single()
    }

    /// Registers a gauge of fractions.
    ///
    /// # Errors
    /// As [`Registry::counter`].
    pub fn fraction_gauge(&self, name: &str, help: &str) -> Result<FractionGauge, Error> {
        self.registration(name, help, Unit::Plain).single()
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
        self.histogram_registration(name, help, &config.into())?.single()
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
        self.registration(name, help, Unit::Plain).family(labels)
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
        self.registration(name, help, Unit::Plain).family(labels)
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
        self.registration(name, help, Unit::Plain).family(labels)
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
        self.histogram_registration(name, help, &config.into())?.family(labels)
    }

    /// Registers labels that say something of the process, such as its version; they are exposed
    /// with `_info` after the name, which may be given with or without, and the value 1: as info in
    /// `OpenMetrics`, as a gauge in the Prometheus format.
    ///
    /// ```
    /// use kairos_metrics::Registry;
    ///
    /// let registry = Registry::new();
    /// registry.info("build", "What is running", [("version", "1.2"), ("commit", "5e1f0a2")])?;
    /// let line = "build_info{version=\"1.2\",commit=\"5e1f0a2\"} 1\n";
    /// assert!(registry.encode_openmetrics().contains(line));
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn info<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [(&str, &str); N],
    ) -> Result<(), Error> {
        let (names, values) = (labels.map(|(name, _)| name), labels.map(|(_, value)| value));
        let series = self.registration::<Info>(name, help, Unit::Plain).series(&names)?;
        // One series, whatever the registry's bound is.
        series.set_limit(1);
        series.with(&values);
        Ok(())
    }

    /// Takes a metric out; `false` if there is none of that name. Its handles go on counting
    /// unseen, and the name can be registered anew.
    pub fn unregister(&self, name: &str) -> bool {
        self.0.metrics().remove(name)
    }

    /// Reads everything, as plain data. Allocates; O(series x live threads), and for histograms
    /// the buckets between their smallest and largest values.
    pub fn snapshot(&self) -> Snapshot {
        let mut sum = Sum::default();
        let metrics = self.0.metrics();
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
        for (_, metric) in self.0.metrics().iter() {
            metric.encode(&mut sum, &mut encoder);
        }
    }

    /// The way in of what has no configuration.
    pub(crate) fn registration<'a, H>(
        &'a self,
        name: &'a str,
        help: &'a str,
        unit: Unit,
    ) -> Registration<'a, H>
    where
        H: Handle<Cells: Instrument<Spec = ()>>,
    {
        Registration::new(&self.0, name, help, unit)
    }

    /// The way in of histograms.
    pub(crate) fn histogram_registration<'a>(
        &'a self,
        name: &'a str,
        help: &'a str,
        config: &HistogramConfig,
    ) -> Result<Registration<'a, Histogram>, Error> {
        Registration::histogram(&self.0, name, help, config)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.0.metrics();
        f.debug_struct("Registry").field("metrics", &metrics.iter().count()).finish_non_exhaustive()
    }
}
