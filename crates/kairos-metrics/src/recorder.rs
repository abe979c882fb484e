//! The bridge from the `metrics` facade: what libraries emit through it lands in a registry.
//! Never knows: cells; it registers and counts through this crate's own handles.
//! Read next: `registry.rs`. It exists with the feature `facade` only.

use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::{CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata, SharedString};

use crate::buckets::Precision;
use crate::counter::{Counter, CounterCells};
use crate::error::Error;
use crate::family::SeriesOf;
use crate::gauge::{Fraction, FractionGauge, GaugeCell};
use crate::histogram::{Histogram, HistogramCells, HistogramConfig, HistogramSpec};
use crate::names::{OVERFLOW, Unit};
use crate::registry::Registry;
use crate::sync::Mutex;

/// A recorder for `metrics::set_global_recorder` that counts in a [`Registry`].
///
/// A name's characters that Prometheus does not allow become `_`. A name's labels are those of
/// its first use: a later use without one of them leaves it empty, one with others counts in the
/// overflow series. Histograms take seconds, or what their description says (another unit of
/// time, bytes, plain numbers); gauges are fractions. The facade's cost of a call through a
/// cached handle is one virtual call.
#[derive(Debug)]
pub struct Recorder {
    registry: Registry,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    descriptions: BTreeMap<String, (Option<metrics::Unit>, String)>,
    counters: BTreeMap<String, Emitted<Counter>>,
    gauges: BTreeMap<String, Emitted<FractionGauge>>,
    histograms: BTreeMap<String, Emitted<Histogram>>,
    refused: Vec<Error>,
}

/// A metric that the facade has named, with the labels of its first use.
struct Emitted<H> {
    labels: Vec<String>,
    series: Arc<dyn SeriesOf<H>>,
}

impl<H> std::fmt::Debug for Emitted<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emitted").field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl<H> Emitted<H> {
    fn handle(&self, key: &Key) -> H {
        let foreign = key.labels().any(|label| !self.labels.contains(&allowed(label.key())));
        let value = |name: &String| {
            let found = key.labels().find(|label| allowed(label.key()) == *name);
            found.map_or("", metrics::Label::value)
        };
        let values: Vec<&str> = if foreign {
            vec![OVERFLOW; self.labels.len()]
        } else {
            self.labels.iter().map(value).collect()
        };
        self.series.with(&values)
    }
}

impl Recorder {
    /// A recorder into this registry.
    pub fn new(registry: &Registry) -> Recorder {
        Recorder { registry: registry.clone(), state: Mutex::new(State::default()) }
    }

    /// Why names that the facade asked for are not exposed: a name may be taken, or be reserved.
    /// Their handles count unseen.
    pub fn refused(&self) -> Vec<Error> {
        self.state.lock().refused.clone()
    }

    fn describe(&self, key: &KeyName, unit: Option<metrics::Unit>, text: &SharedString) {
        self.state.lock().descriptions.insert(allowed(key.as_str()), (unit, text.to_string()));
    }
}

impl State {
    fn description(&self, name: &str) -> (Option<metrics::Unit>, String) {
        let found = self.descriptions.get(name).cloned().unwrap_or_default();
        let help = if found.1.trim().is_empty() { "Not described".to_owned() } else { found.1 };
        (found.0, help)
    }
}

/// Finds or registers a name and gives the key's handle.
fn emitted<H>(
    known: &mut BTreeMap<String, Emitted<H>>,
    refused: &mut Vec<Error>,
    key: &Key,
    register: impl Fn(&Registry, &str, &[&str]) -> Result<Arc<dyn SeriesOf<H>>, Error>,
    registry: &Registry,
) -> H {
    let name = allowed(key.name());
    if !known.contains_key(&name) {
        let mut labels: Vec<String> = key.labels().map(|label| allowed(label.key())).collect();
        labels.sort();
        labels.dedup();
        let names: Vec<&str> = labels.iter().map(String::as_str).collect();
        let series = register(registry, &name, &names).unwrap_or_else(|error| {
            refused.push(error);
            // A registry that nobody reads; without labels, and a name that suits.
            labels.clear();
            register(&Registry::new(), "unseen", &[]).expect("the name is valid and new")
        });
        known.insert(name.clone(), Emitted { labels, series });
    }
    known[&name].handle(key)
}

/// Registration with labels whose number is known only at run time.
impl Registry {
    fn counter_series(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<Arc<dyn SeriesOf<Counter>>, Error> {
        Ok(self.register_series::<CounterCells>(name, help, Unit::Plain, labels, ())?)
    }

    fn fraction_series(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<Arc<dyn SeriesOf<FractionGauge>>, Error> {
        Ok(self.register_series::<GaugeCell<Fraction>>(name, help, Unit::Plain, labels, ())?)
    }

    fn histogram_series(
        &self,
        name: &str,
        help: &str,
        config: &HistogramConfig,
        labels: &[&str],
    ) -> Result<Arc<dyn SeriesOf<Histogram>>, Error> {
        let unit = config.unit;
        let spec = HistogramSpec::new(name, config, self.timer_clock())?;
        Ok(self.register_series::<HistogramCells>(name, help, unit, labels, spec)?)
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        self.describe(&key, unit, &text);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        self.describe(&key, unit, &text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        self.describe(&key, unit, &text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        let mut state = self.state.lock();
        let (_, help) = state.description(&allowed(key.name()));
        let State { counters, refused, .. } = &mut *state;
        let register = |registry: &Registry, name: &str, labels: &[&str]| {
            registry.counter_series(name, &help, labels)
        };
        let counter = emitted(counters, refused, key, register, &self.registry);
        metrics::Counter::from_arc(Arc::new(Bridged(counter)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        let mut state = self.state.lock();
        let (_, help) = state.description(&allowed(key.name()));
        let State { gauges, refused, .. } = &mut *state;
        let register = |registry: &Registry, name: &str, labels: &[&str]| {
            registry.fraction_series(name, &help, labels)
        };
        let gauge = emitted(gauges, refused, key, register, &self.registry);
        metrics::Gauge::from_arc(Arc::new(Bridged(gauge)))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        let mut state = self.state.lock();
        let (unit, help) = state.description(&allowed(key.name()));
        let (unit, scale) = scale_of(unit);
        let State { histograms, refused, .. } = &mut *state;
        let register = |registry: &Registry, name: &str, labels: &[&str]| {
            let config = HistogramConfig::new(Precision::two_digits()).unit(unit);
            registry.histogram_series(name, &help, &config, labels)
        };
        let histogram = emitted(histograms, refused, key, register, &self.registry);
        metrics::Histogram::from_arc(Arc::new(Scaled { histogram, scale }))
    }
}

/// The unit that is exposed, and what a described value is multiplied by to be recorded.
fn scale_of(unit: Option<metrics::Unit>) -> (Unit, f64) {
    use metrics::Unit as Described;
    match unit {
        None | Some(Described::Seconds) => (Unit::Seconds, 1e9),
        Some(Described::Milliseconds) => (Unit::Seconds, 1e6),
        Some(Described::Microseconds) => (Unit::Seconds, 1e3),
        Some(Described::Nanoseconds) => (Unit::Seconds, 1.0),
        Some(Described::Bytes) => (Unit::Bytes, 1.0),
        Some(_) => (Unit::Plain, 1.0),
    }
}

/// A name with every character replaced that the exposition formats do not allow.
fn allowed(name: &str) -> String {
    let letter = |(at, c): (usize, char)| match c {
        '0'..='9' if at == 0 => '_',
        _ if c.is_ascii_alphanumeric() => c,
        _ => '_',
    };
    name.chars().enumerate().map(letter).collect()
}

struct Bridged<H>(H);

impl CounterFn for Bridged<Counter> {
    fn increment(&self, value: u64) {
        self.0.add(value);
    }

    /// Raises the counter to `value` if it is below; increments that run beside this one add up.
    fn absolute(&self, value: u64) {
        self.0.add(value.saturating_sub(self.0.value()));
    }
}

impl GaugeFn for Bridged<FractionGauge> {
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

struct Scaled {
    histogram: Histogram,
    scale: f64,
}

impl HistogramFn for Scaled {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        // The cast saturates: what is negative or no number counts as 0.
        self.histogram.record_n((value * self.scale).round() as u64, count as u64);
    }
}
