// The registration of counters and gauges that are measured in a unit.
// Never knows: histograms, whose configuration has their unit.
// Read next: `registry.rs`, the same without a unit; `names.rs`, what a unit does to a name.

use super::family::{CounterFamily, FractionGaugeFamily, GaugeFamily};
use super::labels::{LabelSet, TypedFamily};
use super::registration::Registration;
use super::registry::Registry;
use crate::error::Error;
use crate::instrument::{Counter, FractionGauge, Gauge, Handle, Instrument};
use crate::names::Unit;

/// Registers counters and gauges that are measured in a unit; made by [`Registry::measured_in`].
///
/// ```
/// use kairos_metrics::{Label, Registry, Unit};
///
/// struct Pool;
///
/// impl Label for Pool {
///     const NAME: &'static str = "pool";
///
///     fn value(&self) -> &str {
///         "main"
///     }
/// }
///
/// let registry = Registry::new();
/// let bytes = registry.measured_in(Unit::Bytes);
/// bytes.counter("sent", "Sent")?.add(3);
/// bytes.gauge("held", "Held")?.set(4);
/// bytes.fraction_gauge("held_mean", "Mean of what is held")?.set(4.5);
/// bytes.counter_family("sent_to", "Sent by host", ["host"])?.with(["a"]).add(3);
/// bytes.gauge_family("held_by", "Held by host", ["host"])?.with(["a"]).set(4);
/// bytes.fraction_gauge_family("mean_of", "Mean by host", ["host"])?.with(["a"]).set(4.5);
/// bytes.counters_by::<Pool>("sent_by", "Sent by pool")?.with(&Pool).add(3);
/// bytes.gauges_by::<Pool>("held_in", "Held by pool")?.with(&Pool).set(4);
/// bytes.fraction_gauges_by::<Pool>("mean_in", "Mean by pool")?.with(&Pool).set(4.5);
/// let text = registry.encode_prometheus();
/// assert!(text.contains("sent_bytes_total 3\n"));
/// assert!(text.contains("held_by_bytes{host=\"a\"} 4\n"));
/// assert!(text.contains("mean_in_bytes{pool=\"main\"} 4.5\n"));
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    registry: &'a Registry,
    unit: Unit,
}

impl Registry {
    /// Returns the registration of counters and gauges that are measured in `unit`.
    ///
    /// The exposed name ends in the unit, and `OpenMetrics` declares it. Counters and whole gauges
    /// record what the unit says: with [`Unit::Seconds`] nanoseconds, which are exposed as exact
    /// seconds. Fraction gauges hold what is exposed: seconds.
    ///
    /// ```
    /// use kairos_metrics::{Registry, Unit};
    ///
    /// let registry = Registry::new();
    /// let busy = registry.measured_in(Unit::Seconds).counter("busy", "Time at work")?;
    /// busy.add(2_500_000);
    /// assert!(registry.encode_prometheus().contains("busy_seconds_total 0.0025\n"));
    /// assert!(registry.encode_openmetrics().contains("# UNIT busy_seconds seconds\n"));
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    pub fn measured_in(&self, unit: Unit) -> Measured<'_> {
        Measured { registry: self, unit }
    }
}

impl Measured<'_> {
    /// Registers a counter.
    ///
    /// # Errors
    /// As [`Registry::counter`].
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, Error> {
        self.registration(name, help).single()
    }

    /// Registers a gauge of whole numbers.
    ///
    /// # Errors
    /// As [`Registry::counter`].
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, Error> {
        self.registration(name, help).single()
    }

    /// Registers a gauge of fractions.
    ///
    /// # Errors
    /// As [`Registry::counter`].
    pub fn fraction_gauge(&self, name: &str, help: &str) -> Result<FractionGauge, Error> {
        self.registration(name, help).single()
    }

    /// Registers a family of counters.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn counter_family<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<CounterFamily<N>, Error> {
        self.registration(name, help).family(labels)
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
        self.registration(name, help).family(labels)
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
        self.registration(name, help).family(labels)
    }

    /// Registers a family of counters with a typed label set.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn counters_by<L: LabelSet>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<TypedFamily<Counter, L>, Error> {
        self.registration(name, help).typed()
    }

    /// Registers a family of gauges with a typed label set.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn gauges_by<L: LabelSet>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<TypedFamily<Gauge, L>, Error> {
        self.registration(name, help).typed()
    }

    /// Registers a family of fraction gauges with a typed label set.
    ///
    /// # Errors
    /// As [`Registry::counter_family`].
    pub fn fraction_gauges_by<L: LabelSet>(
        &self,
        name: &str,
        help: &str,
    ) -> Result<TypedFamily<FractionGauge, L>, Error> {
        self.registration(name, help).typed()
    }

    fn registration<'a, H>(&'a self, name: &'a str, help: &'a str) -> Registration<'a, H>
    where
        H: Handle<Cells: Instrument<Spec = ()>>,
    {
        self.registry.registration(name, help, self.unit)
    }
}
