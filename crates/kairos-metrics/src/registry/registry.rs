// The registry: the methods that register metrics, read all of them, and write them as text.
// Never knows: how anything is counted.
// Read next: `registration.rs`, which each method ends in; `family.rs`, what it returns.

use std::fmt;
use std::sync::Arc;

use super::catalog::Catalog;
use super::family::{CounterFamily, FractionGaugeFamily, GaugeFamily, HistogramFamily};
use super::registration::Registration;
use crate::clock::Clock;
use crate::encode::Format;
use crate::error::Error;
use crate::instrument::{
    Constant, Counter, FractionGauge, Gauge, Handle, Histogram, HistogramConfig, Info, Instrument,
};
use crate::names::Unit;

/// How many series a family has at most, unless the registry or the family sets another limit.
pub const DEFAULT_FAMILY_LIMIT: usize = 1_000;

/// A registry: metrics by name, which are read and exposed together.
///
/// Cloning is cheap, and clones are the same registry. Registering takes the registry's lock, for
/// which counting never waits. The cells of a metric are reused once its last handle and the
/// registry's last clone are gone.
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
pub struct Registry(pub(super) Arc<Catalog>);

/// Configures a [`Registry`]: its clock, the limit of its families, and labels of all metrics.
///
/// ```
/// use kairos_metrics::{Clock, Precision, Registry};
///
/// let (clock, _hand) = Clock::manual();
/// let registry = Registry::builder().clock(clock).family_limit(100).label("desk", "football").build();
/// registry.fraction_gauge("load_ratio", "Busy workers")?.set(0.5);
/// registry.gauge_family("open", "Open orders", ["venue"])?.with(["xlon"]).set(3);
/// registry.fraction_gauge_family("fill_ratio", "Filled", ["venue"])?.with(["xlon"]).set(0.5);
/// let latency = Precision::two_digits();
/// registry.histogram_family("fill", "Fills", latency, ["venue"])?.with(["xlon"]).record(1_500);
/// let mut page = String::new(); // Kept from scrape to scrape.
/// registry.encode_prometheus_into(&mut page);
/// assert!(page.contains("load_ratio{desk=\"football\"} 0.5\n"));
/// page.clear();
/// registry.encode_openmetrics_into(&mut page);
/// assert!(page.ends_with("# EOF\n"));
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RegistryBuilder {
    clock: Option<Clock>,
    family_limit: usize,
    labels: Constant,
}

impl RegistryBuilder {
    /// Sets the clock of timers, creation stamps and idle series.
    ///
    /// By default timers read [`Clock::ticks`], which is calibrated when the process registers its
    /// first histogram, and the rest reads [`Clock::system`].
    #[must_use]
    pub fn clock(self, clock: Clock) -> RegistryBuilder {
        RegistryBuilder { clock: Some(clock), ..self }
    }

    /// Sets how many series a family has at most; by default [`DEFAULT_FAMILY_LIMIT`].
    #[must_use]
    pub fn family_limit(self, series: usize) -> RegistryBuilder {
        RegistryBuilder { family_limit: series, ..self }
    }

    /// Gives all metrics one more label, before their own; it tells registries of one page apart.
    ///
    /// A metric with a label of the same name is refused when it is registered.
    #[must_use]
    pub fn label(self, name: &str, value: &str) -> RegistryBuilder {
        RegistryBuilder { labels: self.labels.with(&[(name, value)]), ..self }
    }

    /// Creates the registry, without metrics.
    pub fn build(self) -> Registry {
        Registry(Arc::new(Catalog::new(self.clock, self.family_limit, self.labels)))
    }
}

impl Default for RegistryBuilder {
    fn default() -> RegistryBuilder {
        RegistryBuilder {
            clock: None,
            family_limit: DEFAULT_FAMILY_LIMIT,
            labels: Constant::default(),
        }
    }
}

impl Default for Registry {
    fn default() -> Registry {
        RegistryBuilder::default().build()
    }
}

impl Registry {
    /// Creates an empty registry with the default clock and limit.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Returns a builder, which sets the clock and the limit.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// Registers a counter, which is exposed with `_total` after its name; `name` may include that.
    ///
    /// # Errors
    /// [`Error::Name`] or [`Error::Help`] when the name or the help text is invalid;
    /// [`Error::Duplicate`] when the registry exposes a sample of that name already.
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

    /// Registers a histogram.
    ///
    /// With a [`Precision`](crate::Precision) alone, it is one of latencies: recorded in
    /// nanoseconds, and exposed in seconds under a name that ends in `_seconds`.
    ///
    /// # Errors
    /// As [`Registry::counter`], and [`Error::Bounds`] when the configured bounds are invalid.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        config: impl Into<HistogramConfig>,
    ) -> Result<Histogram, Error> {
        self.histogram_registration(name, help, &config.into())?.single()
    }

    /// Registers a family of counters.
    ///
    /// # Errors
    /// As [`Registry::counter`], and [`Error::Label`] when a label's name is invalid, reserved or
    /// repeated.
    pub fn counter_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<CounterFamily<N>, Error> {
        self.registration(name, help, Unit::Plain).family(labels)
    }

    /// Registers a family of gauges.
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

    /// Registers a family of fraction gauges.
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

    /// Registers a family of histograms.
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

    /// Registers info: labels that describe the process, such as its version.
    ///
    /// They are exposed with the value 1 and `_info` after the name, which `name` may include: as
    /// info in `OpenMetrics`, as a gauge in the Prometheus format.
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

    /// Returns all metrics in the Prometheus text format 0.0.4, whose content type is
    /// `text/plain; version=0.0.4; charset=utf-8`. [`respond`](Registry::respond) returns both.
    pub fn encode_prometheus(&self) -> String {
        let mut out = String::new();
        self.encode_prometheus_into(&mut out);
        out
    }

    /// Appends all metrics in the Prometheus text format to `out`.
    ///
    /// With a buffer that is kept from scrape to scrape, nothing is allocated for a series.
    pub fn encode_prometheus_into(&self, out: &mut String) {
        self.encode(out, Format::Prometheus);
    }

    /// Returns all metrics in the `OpenMetrics` text format 1.0, whose content type is
    /// `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    pub fn encode_openmetrics(&self) -> String {
        let mut out = String::new();
        self.encode_openmetrics_into(&mut out);
        out
    }

    /// Appends all metrics in the `OpenMetrics` text format to `out`.
    ///
    /// With a buffer that is kept from scrape to scrape, nothing is allocated for a series.
    pub fn encode_openmetrics_into(&self, out: &mut String) {
        self.encode(out, Format::OpenMetrics);
        out.push_str("# EOF\n");
    }

    /// The registration of a metric without a configuration.
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

    /// The registration of a histogram.
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
