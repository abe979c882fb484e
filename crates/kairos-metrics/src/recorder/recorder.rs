// The facade's recorder: the calls of the facade, each answered with a handle by its key.
// Never knows: cells, and how a name is registered.
// Read next: `kept.rs`, where a known key is found; `emitted.rs`, the first use of a name.

use std::fmt;
use std::sync::Arc;

use metrics::{Key, KeyName, Metadata, SharedString};

use super::emitted::Emissions;
use super::kept::Kept;
use super::told::{Renamed, Told};
use crate::error::Error;
use crate::instrument::{Counter, FractionGauge, Histogram};
use crate::registry::Registry;
use crate::sync::Mutex;

/// A recorder for the `metrics` facade that counts in a [`Registry`].
///
/// Clones are the same recorder: install one, and keep another to ask.
///
/// ```
/// use kairos_metrics::{Recorder, Registry};
///
/// let registry = Registry::new();
/// let recorder = Recorder::new(&registry);
/// metrics::set_global_recorder(recorder.clone())?;
/// metrics::describe_histogram!("body", metrics::Unit::Kibibytes, "Size of a body");
/// metrics::histogram!("body", "path" => "/").record(1.4);
/// metrics::gauge!("workers_count").set(4);
/// let text = registry.encode_openmetrics();
/// assert!(text.contains("body_bytes_sum{path=\"/\"} 1434\n"));
/// assert!(text.contains("workers_count_value 4.0\n"));
/// assert_eq!(recorder.renamed()[0].to, "workers_count_value");
/// assert!(recorder.refused().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// **Names.** A metric is renamed rather than lost. A character that the formats do not allow
/// becomes `_`; a leading digit gets a `_` before it; a name that ends like a sample (`_count`,
/// `_sum`, `_bucket`, `_info`, `_created`, and `_total` unless it is a counter) gets `_value` after
/// it, as do the reserved labels `le` and `quantile`. If two names become one, or the name is taken
/// in the registry, the later one gets its kind and then a number after it: `request`,
/// `request_histogram`, `request_histogram_2`; two labels become `k_x` and `k_x_2`.
/// [`Recorder::renamed`] returns each of these changes.
///
/// **Labels.** A name has all labels that it was ever used with; a use without one of them leaves
/// that label empty, which is the same to Prometheus as a missing label. The number of label values
/// is limited as in any [`Family`](crate::Family). If one use has the same label twice, the first
/// stands.
///
/// **Values.** Gauges are fractions. A histogram's unit is that of its description, which must
/// precede its first use, or else follows from its name:
///
/// | described as, or named | recorded | exposed |
/// |---|---|---|
/// | a unit of time; without a unit `…_seconds`, `…_duration`, `…_time`, `…_latency` | nanoseconds | `…_seconds` |
/// | bytes to tebibytes; without a unit `…_bytes` | whole bytes | `…_bytes` |
/// | bits to terabits per second | whole bits per second | as named |
/// | a count | whole numbers, rounded | as named |
/// | percent, count per second; without a unit any other name | millionths | as named, as a fraction |
///
/// The names without the leading `…_` have the same effect. An emitted value is taken to be in the
/// described unit, or else in seconds or bytes, and is recorded in the base unit. Negative values
/// and NaN are recorded as 0. The highest value of seconds is one hour, that of everything else
/// 2^53.
///
/// **Cost.** A call through a cached handle costs one virtual call. A call that looks its key up,
/// as the facade's macros do, takes one of 16 locks, which are assigned to threads in turn whatever
/// the key, and allocates nothing; the first call with a key under each lock makes the handle. An
/// allocator must not count through the facade: making a handle takes another lock, and allocates.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    registry: Registry,
    counters: Kept<metrics::Counter>,
    gauges: Kept<metrics::Gauge>,
    histograms: Kept<metrics::Histogram>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counters: Emissions<Counter>,
    gauges: Emissions<FractionGauge>,
    histograms: Emissions<Histogram>,
    told: Told,
}

impl Recorder {
    /// Creates a recorder that counts in this registry.
    pub fn new(registry: &Registry) -> Recorder {
        Recorder(Arc::new(Inner {
            registry: registry.clone(),
            counters: Kept::default(),
            gauges: Kept::default(),
            histograms: Kept::default(),
            state: Mutex::new(State::default()),
        }))
    }

    /// Returns why emitted metrics are not exposed: every name that they could have had is taken in
    /// the registry.
    ///
    /// What is counted in such a metric is lost.
    pub fn refused(&self) -> Vec<Error> {
        self.0.state.lock().told.refused.clone()
    }

    /// Returns the metrics and labels that are exposed under another name than the emitted one, in
    /// the order of their first use.
    pub fn renamed(&self) -> Vec<Renamed> {
        self.0.state.lock().told.renamed.clone()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("registry", &self.0.registry).finish_non_exhaustive()
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        self.0.state.lock().counters.describe(&key, unit, &text);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        self.0.state.lock().gauges.describe(&key, unit, &text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        self.0.state.lock().histograms.describe(&key, unit, &text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        self.0.counters.find_or_make(key, || {
            let State { counters, told, .. } = &mut *self.0.state.lock();
            counters.bridge(&self.0.registry, key, told)
        })
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        self.0.gauges.find_or_make(key, || {
            let State { gauges, told, .. } = &mut *self.0.state.lock();
            gauges.bridge(&self.0.registry, key, told)
        })
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        self.0.histograms.find_or_make(key, || {
            let State { histograms, told, .. } = &mut *self.0.state.lock();
            histograms.bridge(&self.0.registry, key, told)
        })
    }
}
