// The facade's recorder: the calls of the facade, each answered with a handle by its key.
// Never knows: cells, and how a name is registered.
// Read next: `kept.rs`, where a known key is found; `emitted.rs`, the first use of a name.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use metrics::{Key, KeyName, Metadata, SharedString};

use super::bridge::{Again, Bridged};
use super::claims::Claims;
use super::emitted::{Desk, Emissions, expire};
use super::kept::Kept;
use super::matcher::{Matcher, Settings};
use super::told::Renamed;
use crate::error::Error;
use crate::instrument::{AnyMetric, Counter, FractionGauge, Histogram};
use crate::registry::Registry;
use crate::sync::{Mutex, is_marked};

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
/// let renamed: Vec<String> = recorder.renamed().into_iter().map(|renamed| renamed.to).collect();
/// assert_eq!(renamed, ["body_bytes", "workers_count_value"]);
/// assert!(recorder.refused().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// **Names.** A metric is renamed rather than lost. A character that the formats do not allow
/// becomes `_`; a leading digit gets a `_` before it; a name that ends like a sample (`_count`,
/// `_sum`, `_bucket`, `_info`, `_created`, and `_total` unless it is a counter) gets `_value` after
/// it, as do the reserved labels `le` and `quantile`. If two names become one, or the name is taken
/// in the registry, one of them gets its kind and then a number after it: `request`,
/// `request_histogram`, `request_histogram_2`; two labels become `k_x` and `k_x_2`. Which one that is
/// does not depend on what was emitted first: a name that needs no change goes before one that does,
/// then counters before gauges before histograms, then the alphabet decides; what was exposed under
/// the name before moves to its own. [`Recorder::renamed`] returns what is exposed under another name
/// than the emitted one, its unit and a counter's `_total` included.
///
/// **Removal.** A name that was taken out by [`Registry::unregister`] comes back, from zero, when the
/// facade next looks it up; until then [`Recorder::refused`] has it. [`Recorder::expire_idle`]
/// removes what is idle.
///
/// **Labels.** A name has all labels that it was ever used with; a use without one of them leaves
/// that label empty, which is the same to Prometheus as a missing label. The number of label values
/// is limited as in any [`Family`](crate::Family), or as [`RecorderBuilder::limit`] says. If one use has the same label twice, the first
/// stands.
///
/// **Values.** Gauges are fractions. A histogram's unit is that of its description, which must
/// precede its first value, or else follows from its name; [`Recorder::refused`] has those whose
/// description came too late:
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
/// the key, and allocates nothing; the first call with a key under each lock makes the handle. What
/// an allocator emits while its thread makes a handle, registers or reads is counted where its key is
/// known to the lock, and else lost; it does not wait for itself.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    registry: Registry,
    settings: Settings,
    counters: Kept<metrics::Counter>,
    gauges: Kept<metrics::Gauge>,
    histograms: Kept<metrics::Histogram>,
    state: Mutex<State>,
    /// Asks this recorder for a histogram, for as long as it is there.
    again: Again,
}

#[derive(Default)]
struct State {
    counters: Emissions<Counter>,
    gauges: Emissions<FractionGauge>,
    histograms: Emissions<Histogram>,
    claims: Claims,
}

/// Configures a [`Recorder`]: limits, bounds and ages of the metrics whose emitted names match.
///
/// ```
/// use std::time::Duration;
/// use kairos_metrics::{Matcher, Recorder, Registry};
///
/// let registry = Registry::new();
/// let recorder = Recorder::builder(&registry)
///     .limit(Matcher::Prefix("http_".to_owned()), 100)
///     .bounds(Matcher::Suffix("_duration".to_owned()), [0.1, 0.5, 2.0])
///     .expire_idle(Matcher::Full("session_age".to_owned()), Duration::from_secs(600))
///     .build()?;
/// metrics::with_local_recorder(&recorder, || metrics::histogram!("poll_duration").record(0.5));
/// let text = registry.encode_prometheus();
/// assert!(text.contains("poll_duration_seconds_bucket{le=\"0.1\"} 0\n"));
/// assert!(text.contains("poll_duration_seconds_bucket{le=\"0.5\"} 1\n"));
/// assert_eq!(recorder.expire_idle(), 0);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct RecorderBuilder {
    registry: Registry,
    settings: Settings,
}

impl RecorderBuilder {
    /// Sets how many series a metric has at most, not including the overflow series; the default is
    /// the registry's limit.
    pub fn limit(mut self, names: Matcher, series: usize) -> RecorderBuilder {
        self.settings.limits.push((names, series));
        self
    }

    /// Sets the bounds of a histogram's exposed buckets, in the unit that is emitted; those that are
    /// not below its highest value are left out.
    pub fn bounds(mut self, names: Matcher, bounds: impl Into<Vec<f64>>) -> RecorderBuilder {
        self.settings.bounds.push((names, bounds.into()));
        self
    }

    /// Has [`Recorder::expire_idle`] remove series that counted nothing for that long.
    pub fn expire_idle(mut self, names: Matcher, idle: Duration) -> RecorderBuilder {
        self.settings.ages.push((names, idle));
        self
    }

    /// Creates the recorder.
    ///
    /// # Errors
    /// [`Error::Bounds`] when bounds are empty, do not rise, or are not above zero and finite.
    pub fn build(self) -> Result<Recorder, Error> {
        self.settings.check()?;
        Ok(Recorder(Arc::new_cyclic(|weak: &Weak<Inner>| {
            let weak = Weak::clone(weak);
            let again = move |key: &Key| {
                weak.upgrade().map_or_else(metrics::Histogram::noop, |inner| inner.histogram(key))
            };
            Inner {
                registry: self.registry,
                settings: self.settings,
                counters: Kept::default(),
                gauges: Kept::default(),
                histograms: Kept::default(),
                state: Mutex::new(State::default()),
                again: Arc::new(again),
            }
        })))
    }
}

impl Recorder {
    /// Creates a recorder that counts in this registry.
    ///
    /// # Panics
    /// Never: without settings there is nothing to refuse.
    pub fn new(registry: &Registry) -> Recorder {
        Recorder::builder(registry).build().expect("no settings are sound settings")
    }

    /// Returns a builder, which sets limits, bounds and ages by the emitted name.
    pub fn builder(registry: &Registry) -> RecorderBuilder {
        RecorderBuilder { registry: registry.clone(), settings: Settings::default() }
    }

    /// Returns why emitted metrics are not exposed: every name that they could have had is taken in
    /// the registry, or they were unregistered and not used since. What is counted in them is lost.
    ///
    /// And which histograms are not exposed in the unit of their description, as that came after
    /// their first value.
    pub fn refused(&self) -> Vec<Error> {
        let state = self.0.state.lock();
        let mut refused = state.claims.refused(&self.0.registry);
        refused.extend(state.histograms.late());
        refused
    }

    /// Returns the metrics and labels that are exposed under another name than the emitted one, in
    /// the order of their first use; a suffix that the unit or the kind adds is another name.
    pub fn renamed(&self) -> Vec<Renamed> {
        self.0.state.lock().claims.renamed()
    }

    /// Removes the series that have been idle for the age that was set for their name, and to which
    /// nobody holds a handle; returns their number.
    ///
    /// A series is idle since the last call of this method that saw it change: call this
    /// periodically. The handles that the recorder keeps for the facade's macros are given up, and
    /// made anew at their next use. A gauge that is away from zero does not expire.
    pub fn expire_idle(&self) -> usize {
        let Inner { settings, state, counters, gauges, histograms, .. } = &*self.0;
        if settings.ages.is_empty() {
            return 0;
        }
        counters.clear();
        gauges.clear();
        histograms.clear();
        let state = state.lock();
        let aged = (
            state.counters.aged(settings),
            state.gauges.aged(settings),
            state.histograms.aged(settings),
        );
        // A sweep reads, for which no lookup waits.
        drop(state);
        expire(aged.0) + expire(aged.1) + expire(aged.2)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("registry", &self.0.registry).finish_non_exhaustive()
    }
}

impl Inner {
    /// The handle of a key, made by its kind's part of the state where there is none.
    fn handle<H: Bridged>(
        &self,
        kept: &Kept<H::Facade>,
        key: &Key,
        part: fn(&mut State) -> (&mut Emissions<H>, &mut Claims),
    ) -> H::Facade
    where
        H::Facade: Clone,
    {
        // Dropped after the locks.
        let mut gone = Vec::new();
        let handle = kept.find_or_make(key, self.registry.removals(), || {
            let mut state = self.state.lock();
            let (emissions, claims) = part(&mut state);
            emissions.bridge(&mut self.desk(claims, &mut gone), key)
        });
        handle.unwrap_or_else(H::unseen)
    }

    fn desk<'a>(
        &'a self,
        claims: &'a mut Claims,
        gone: &'a mut Vec<Arc<dyn AnyMetric>>,
    ) -> Desk<'a> {
        let Inner { registry, settings, again, .. } = self;
        Desk { registry, settings, claims, gone, again }
    }

    fn histogram(&self, key: &Key) -> metrics::Histogram {
        self.handle(&self.histograms, key, |state| (&mut state.histograms, &mut state.claims))
    }

    /// Takes a description, but not from an allocator whose thread may have the lock.
    fn describe(&self, take: impl FnOnce(&mut State)) {
        if !is_marked() {
            take(&mut self.state.lock());
        }
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        self.0.describe(|state| state.counters.describe(&key, unit, &text));
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        self.0.describe(|state| state.gauges.describe(&key, unit, &text));
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        // Dropped after the lock.
        let mut gone = Vec::new();
        self.0.describe(|state| {
            state.histograms.describe(&key, unit, &text);
            let State { histograms, claims, .. } = state;
            histograms.measure_anew(&mut self.0.desk(claims, &mut gone), key.as_str());
        });
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        self.0.handle(&self.0.counters, key, |state| (&mut state.counters, &mut state.claims))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        self.0.handle(&self.0.gauges, key, |state| (&mut state.gauges, &mut state.claims))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        self.0.histogram(key)
    }
}
