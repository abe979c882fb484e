// The facade's three kinds: how each is registered here, and what it is to the facade.
// Never knows: which names and labels the facade used.
// Read next: `emitted.rs`, the caller; `measure.rs`, what a histogram measures.

use std::sync::Arc;

use metrics::{CounterFn, GaugeFn, HistogramFn, Key};

use super::measure::Measure;
use super::settling::Settling;
use crate::error::Error;
use crate::instrument::{Counter, FractionGauge, Handle, Histogram, HistogramConfig};
use crate::names::Unit;
use crate::registry::{Registration, Registry, SeriesOf};
use crate::sync::{Mutex, is_marked, process_static};

process_static! {
    /// Keeps one reading and raising of a counter from another's.
    static ABSOLUTE: Mutex<()> = Mutex::new(());
}

/// The series of a name, with labels whose number is known only at run time.
pub(super) type Series<H> = Arc<dyn SeriesOf<H>>;

/// How the recorder is asked for a handle once more.
pub(super) type Again = Arc<dyn Fn(&Key) -> metrics::Histogram + Send + Sync>;

/// Where a handle comes from: what a histogram needs beside its cells.
pub(super) struct Source {
    pub(super) measure: Measure,
    pub(super) settling: Arc<Settling>,
    pub(super) key: Key,
    pub(super) again: Again,
}

/// One of this crate's handles that the facade has a kind for.
pub(super) trait Bridged: Handle {
    /// The facade's handle.
    type Facade;

    fn registration<'a>(
        registry: &'a Registry,
        name: &'a str,
        help: &'a str,
        measure: Measure,
        bounds: Option<Vec<u64>>,
    ) -> Result<Registration<'a, Self>, Error>;

    fn bridge(self, source: Source) -> Self::Facade;

    /// A handle that counts nowhere.
    fn unseen() -> Self::Facade;
}

impl Bridged for Counter {
    type Facade = metrics::Counter;

    fn registration<'a>(
        registry: &'a Registry,
        name: &'a str,
        help: &'a str,
        _: Measure,
        _: Option<Vec<u64>>,
    ) -> Result<Registration<'a, Counter>, Error> {
        Ok(registry.registration(name, help, Unit::Plain))
    }

    fn bridge(self, _: Source) -> metrics::Counter {
        metrics::Counter::from_arc(Arc::new(Counts(self)))
    }

    fn unseen() -> metrics::Counter {
        metrics::Counter::noop()
    }
}

impl Bridged for FractionGauge {
    type Facade = metrics::Gauge;

    fn registration<'a>(
        registry: &'a Registry,
        name: &'a str,
        help: &'a str,
        _: Measure,
        _: Option<Vec<u64>>,
    ) -> Result<Registration<'a, FractionGauge>, Error> {
        Ok(registry.registration(name, help, Unit::Plain))
    }

    fn bridge(self, _: Source) -> metrics::Gauge {
        metrics::Gauge::from_arc(Arc::new(Levels(self)))
    }

    fn unseen() -> metrics::Gauge {
        metrics::Gauge::noop()
    }
}

impl Bridged for Histogram {
    type Facade = metrics::Histogram;

    fn registration<'a>(
        registry: &'a Registry,
        name: &'a str,
        help: &'a str,
        measure: Measure,
        bounds: Option<Vec<u64>>,
    ) -> Result<Registration<'a, Histogram>, Error> {
        let config = measure.config();
        let config = bounds.into_iter().fold(config, HistogramConfig::bounds);
        registry.histogram_registration(name, help, &config)
    }

    fn bridge(self, source: Source) -> metrics::Histogram {
        let replacement = Mutex::new(None);
        metrics::Histogram::from_arc(Arc::new(Measured { histogram: self, source, replacement }))
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

    /// Raises the counter to `value` if it is below; increments that run beside this one add up. Does
    /// nothing for an allocator whose thread may have the lock: its next value makes up for it.
    fn absolute(&self, value: u64) {
        if is_marked() {
            return;
        }
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
    source: Source,
    /// What a held handle records with, if a description came before the first value.
    replacement: Mutex<Option<metrics::Histogram>>,
}

impl Measured {
    /// The handle of the same key in the measure that replaced this one; none for an allocator whose
    /// thread may have the locks that it takes.
    fn replacement(&self) -> Option<metrics::Histogram> {
        if is_marked() {
            return None;
        }
        let known = self.replacement.lock().clone();
        Some(known.unwrap_or_else(|| {
            let found = (self.source.again)(&self.source.key);
            // Two threads may ask at once, and have handles of one series. Dropped after the lock.
            let _before = self.replacement.lock().replace(found.clone());
            found
        }))
    }
}

impl HistogramFn for Measured {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        let Source { measure, settling, .. } = &self.source;
        if count == 0 {
            return;
        }
        if !settling.settle() {
            if let Some(replacement) = self.replacement() {
                replacement.record_many(value, count);
            }
            return;
        }
        let recorded = measure.recorded(value);
        self.histogram.record_n(recorded, count as u64);
        if recorded == u64::MAX {
            self.histogram.record_beyond(measure.beyond(value) * count as f64);
        }
    }
}
