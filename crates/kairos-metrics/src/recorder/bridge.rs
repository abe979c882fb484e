//! The facade's three kinds: how each is registered here, and handed out as the facade's handle.
//! Never knows: names and labels.
//! Read next: `emitted.rs`, which asks.

use std::sync::Arc;

use metrics::{CounterFn, GaugeFn, HistogramFn};

use super::measure::Measure;
use crate::error::Error;
use crate::instrument::{
    Counter, CounterCells, Fraction, FractionGauge, GaugeCell, Histogram, HistogramCells,
    HistogramSpec,
};
use crate::names::{Kind, Unit};
use crate::registry::{Registry, SeriesOf};
use crate::sync::{Mutex, process_static};

process_static! {
    /// Keeps one reading and raising of a counter from another's.
    static ABSOLUTE: Mutex<()> = Mutex::new(());
}

/// The series of a name, with labels whose number is known only at run time.
pub(super) type Series<H> = Arc<dyn SeriesOf<H>>;

/// One of this crate's handles that the facade has a kind for.
pub(super) trait Bridged: Sized {
    const KIND: Kind;

    /// The facade's handle.
    type Facade;

    fn register(
        registry: &Registry,
        name: &str,
        help: &str,
        labels: &[&str],
        measure: Measure,
    ) -> Result<Series<Self>, Error>;

    fn bridge(self, measure: Measure) -> Self::Facade;

    /// A handle that counts nowhere.
    fn unseen() -> Self::Facade;
}

impl Bridged for Counter {
    const KIND: Kind = Kind::Counter;

    type Facade = metrics::Counter;

    fn register(
        registry: &Registry,
        name: &str,
        help: &str,
        labels: &[&str],
        _: Measure,
    ) -> Result<Series<Counter>, Error> {
        Ok(registry.register_series::<CounterCells>(name, help, Unit::Plain, labels, ())?)
    }

    fn bridge(self, _: Measure) -> metrics::Counter {
        metrics::Counter::from_arc(Arc::new(Counts(self)))
    }

    fn unseen() -> metrics::Counter {
        metrics::Counter::noop()
    }
}

impl Bridged for FractionGauge {
    const KIND: Kind = Kind::Gauge;

    type Facade = metrics::Gauge;

    fn register(
        registry: &Registry,
        name: &str,
        help: &str,
        labels: &[&str],
        _: Measure,
    ) -> Result<Series<FractionGauge>, Error> {
        Ok(registry.register_series::<GaugeCell<Fraction>>(name, help, Unit::Plain, labels, ())?)
    }

    fn bridge(self, _: Measure) -> metrics::Gauge {
        metrics::Gauge::from_arc(Arc::new(Levels(self)))
    }

    fn unseen() -> metrics::Gauge {
        metrics::Gauge::noop()
    }
}

impl Bridged for Histogram {
    const KIND: Kind = Kind::Histogram;

    type Facade = metrics::Histogram;

    fn register(
        registry: &Registry,
        name: &str,
        help: &str,
        labels: &[&str],
        measure: Measure,
    ) -> Result<Series<Histogram>, Error> {
        let spec = HistogramSpec::new(name, &measure.config(), registry.timer_clock())?;
        Ok(registry.register_series::<HistogramCells>(name, help, spec.unit, labels, spec)?)
    }

    fn bridge(self, measure: Measure) -> metrics::Histogram {
        metrics::Histogram::from_arc(Arc::new(Measured { histogram: self, measure }))
    }

    fn unseen() -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

struct Counts(Counter);

impl CounterFn for Counts {
    fn increment(&self, value: u64) {
        self.0.add(value);
    }

    /// Raises the counter to `value` if it is below; increments that run beside this one add up.
    fn absolute(&self, value: u64) {
        // The lock orders what the last holder added before this reading.
        let _alone = ABSOLUTE.lock();
        self.0.add(value.saturating_sub(self.0.value()));
    }
}

struct Levels(FractionGauge);

impl GaugeFn for Levels {
    fn increment(&self, value: f64) {
        self.0.add(value);
    }

    fn decrement(&self, value: f64) {
        self.0.sub(value);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

struct Measured {
    histogram: Histogram,
    measure: Measure,
}

impl HistogramFn for Measured {
    fn record(&self, value: f64) {
        self.histogram.record(self.measure.recorded(value));
    }

    fn record_many(&self, value: f64, count: usize) {
        self.histogram.record_n(self.measure.recorded(value), count as u64);
    }
}
