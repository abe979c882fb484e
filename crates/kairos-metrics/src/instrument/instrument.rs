// What every kind of series has in common, and a metric as a map of such series.
// Never knows: which kinds there are.
// Read next: `counter.rs`, the simplest kind; `series.rs`, the map.

use std::sync::Arc;
use std::time::Duration;

use super::series::SeriesMap;
use crate::clock::Clock;
use crate::encode::{Encoder, Heads, label_pairs, push_ns_as_seconds};
use crate::names::{Kind, Unit};
use crate::shard::{Reader, Sum, process};
use crate::snapshot::{MetricSnapshot, SeriesSnapshot, Value};
use crate::sync::{Mutex, Shared};

/// The cells of one series of some kind.
pub(crate) trait Instrument: Send + Sync + 'static {
    /// What is chosen at registration, for all series of the metric.
    type Spec: Clone + Send + Sync + 'static;

    const KIND: Kind;

    fn make(spec: &Self::Spec) -> Self;

    /// Renders the heads of the samples that `encode` writes, in its order.
    fn heads(spec: &Self::Spec, family: &str, labels: &str) -> Heads;

    fn activity(&self, reader: &Reader<'_>) -> Activity;

    fn value(&self, reader: &Reader<'_>, sum: &mut Sum) -> Value;

    fn encode(&self, reader: &Reader<'_>, stamp: &Stamp, sum: &mut Sum, encoder: &mut Encoder<'_>);
}

/// What a sweep learns of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// A number that changes whenever something is counted.
    Counted(u64),
    /// In use for as long as this is seen: it does not expire at any age.
    Held,
}

/// A handle that counts in one series; registrations and families return it.
pub(crate) trait Handle: Sized {
    type Cells: Instrument;

    fn new(series: Shared<Series<Self::Cells>>) -> Self;
}

/// What a series is beside its cells.
#[derive(Debug)]
pub(crate) struct Stamp {
    pub(super) heads: Heads,
    /// What the recorded numbers measure.
    pub(super) unit: Unit,
    /// When it was made, in seconds since the epoch, as every scrape shows it.
    pub(super) created: String,
    /// How many series of this process were made up to it; see [`Reader::birth`].
    pub(super) number: u64,
}

/// One series, to be counted in: what handles share. Without one left, the metric alone has it.
#[derive(Debug)]
pub(crate) struct Series<T> {
    pub(super) cells: Arc<T>,
}

/// One series, to be read: its cells, and what it looks like.
#[derive(Debug)]
struct Face<T> {
    cells: Arc<T>,
    stamp: Stamp,
    seen_activity: Activity,
    seen_at: u64,
}

/// A metric: a description and its series. One without labels has one series.
#[derive(Debug)]
pub(crate) struct Metric<T: Instrument> {
    unit: Unit,
    /// Locked for a moment, also by who has the list or the index of the series.
    description: Mutex<Description>,
    spec: T::Spec,
    clock: Clock,
    series: SeriesMap<Series<T>, Face<T>>,
}

/// Labels that all metrics of a registry have, with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Constant(Vec<(String, String)>);

impl Constant {
    /// These and more.
    pub(crate) fn with(&self, more: &[(&str, &str)]) -> Constant {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Constant(self.0.iter().cloned().chain(more).collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    fn values(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(_, value)| value)
    }
}

/// What a metric is exposed as.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) family: String,
    pub(crate) help: String,
    pub(crate) constant: Arc<Constant>,
    /// Changes while the list and the index of the series are locked.
    pub(crate) labels: Vec<String>,
}

impl Description {
    /// The labels of a series as its samples show them.
    fn pairs(&self, values: &[String]) -> String {
        let names = self.labels.iter().map(String::as_str);
        let own = label_pairs(names.zip(values.iter().map(String::as_str)));
        let constant = &self.constant.0;
        let constant = label_pairs(constant.iter().map(|(name, value)| (&**name, &**value)));
        let comma = if constant.is_empty() || own.is_empty() { "" } else { "," };
        format!("{constant}{comma}{own}")
    }
}

impl<T: Instrument> Metric<T> {
    pub(crate) fn new(
        description: Description,
        unit: Unit,
        spec: T::Spec,
        clock: Clock,
        limit: usize,
    ) -> Self {
        let description = Mutex::new(description);
        Metric { unit, description, spec, clock, series: SeriesMap::new(limit) }
    }

    /// The series of these label values; see [`SeriesMap::find_or_make`].
    pub(crate) fn series(&self, values: &[&str]) -> Shared<Series<T>> {
        self.series.find_or_make(values, |values| {
            let cells = Arc::new(T::make(&self.spec));
            let mut created = String::new();
            push_ns_as_seconds(&mut created, self.clock.unix_ns());
            let stamp = Stamp {
                heads: self.heads(&self.description.lock(), values),
                unit: self.unit,
                created,
                number: process().number_series(),
            };
            let seen_at = self.clock.raw();
            let seen_activity = Activity::Counted(0);
            (Series { cells: Arc::clone(&cells) }, Face { cells, stamp, seen_activity, seen_at })
        })
    }

    fn heads(&self, description: &Description, values: &[String]) -> Heads {
        T::heads(&self.spec, &description.family, &description.pairs(values))
    }

    pub(crate) fn remove(&self, values: &[&str]) -> bool {
        self.series.remove(values).is_some()
    }

    /// Changes the labels: their names, and for each the place that it had before, if it had one. A
    /// label that is new is empty in the series there are, which is the same as not to have it.
    #[cfg(feature = "facade")]
    pub(crate) fn relabel(&self, labels: Vec<String>, from: &[Option<usize>]) {
        self.series.relabel(from, |listed| {
            let mut description = self.description.lock();
            let mut kept = labels.iter().zip(from).filter_map(|(name, at)| Some((name, (*at)?)));
            let is_renamed = kept.any(|(name, at)| description.labels[at] != *name);
            description.labels = labels;
            if is_renamed {
                for (values, face) in listed.iter_mut() {
                    face.stamp.heads = self.heads(&description, values);
                }
            }
        });
    }

    /// Whether this is the series of what lies beyond the limit.
    #[cfg(feature = "facade")]
    pub(crate) fn is_overflow(&self, series: &Shared<Series<T>>) -> bool {
        self.series.is_overflow(series)
    }

    /// Replaces the help text, which both formats take at any time.
    #[cfg(feature = "facade")]
    pub(crate) fn set_help(&self, help: &str) {
        help.clone_into(&mut self.description.lock().help);
    }

    pub(crate) fn set_limit(&self, limit: usize) {
        self.series.set_limit(limit);
    }

    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    pub(crate) fn expire_idle(&self, idle: Duration) -> usize {
        let now = self.clock.raw();
        let idle_ns = u64::try_from(idle.as_nanos()).unwrap_or(u64::MAX);
        let is_idle = |face: &mut Face<T>| {
            let activity = face.cells.activity(&process().reader());
            if activity != face.seen_activity {
                (face.seen_activity, face.seen_at) = (activity, now);
            }
            activity != Activity::Held && self.clock.delta_ns(face.seen_at, now) >= idle_ns
        };
        // What a last holder counted meanwhile is seen by then.
        let still = |_: &mut Series<T>, face: &mut Face<T>| {
            face.cells.activity(&process().reader()) == face.seen_activity
        };
        self.series.expire(is_idle, still)
    }
}

/// A metric of any kind, for a registry to hold.
pub(crate) trait AnyMetric: Send + Sync {
    fn snapshot(&self, sum: &mut Sum) -> MetricSnapshot;
    fn header(&self, encoder: &mut Encoder<'_>);
    fn samples(&self, sum: &mut Sum, encoder: &mut Encoder<'_>);
    /// Changes the name that is exposed.
    #[cfg(feature = "facade")]
    fn rename(&self, family: &str);
    fn kind(&self) -> Kind;
    fn unit(&self) -> Unit;
    fn family(&self) -> String;
}

impl<T: Instrument> AnyMetric for Metric<T> {
    fn snapshot(&self, sum: &mut Sum) -> MetricSnapshot {
        let listed = self.series.list();
        let Description { help, constant, labels, .. } = self.description.lock().clone();
        // A reader for each series: an ending thread waits for one series, not for a whole family.
        let series = listed.iter().map(|(values, face)| {
            let reader = process().reader();
            SeriesSnapshot {
                values: constant.values().chain(values).cloned().collect(),
                birth: reader.birth(face.stamp.number),
                value: face.cells.value(&reader, sum),
            }
        });
        let series = series.collect();
        let labels = constant.names().map(str::to_owned).chain(labels).collect();
        MetricSnapshot { help, kind: T::KIND, unit: self.unit, labels, series }
    }

    fn header(&self, encoder: &mut Encoder<'_>) {
        let description = self.description.lock();
        encoder.header(&description.family, &description.help, T::KIND, self.unit);
    }

    fn samples(&self, sum: &mut Sum, encoder: &mut Encoder<'_>) {
        for (_, face) in self.series.list().iter() {
            // A reader for each, as above.
            face.cells.encode(&process().reader(), &face.stamp, sum, encoder);
        }
    }

    #[cfg(feature = "facade")]
    fn rename(&self, family: &str) {
        self.series.with_all(|listed| {
            let mut description = self.description.lock();
            family.clone_into(&mut description.family);
            for (values, face) in listed.iter_mut() {
                face.stamp.heads = self.heads(&description, values);
            }
        });
    }

    fn kind(&self) -> Kind {
        T::KIND
    }

    fn unit(&self) -> Unit {
        self.unit
    }

    fn family(&self) -> String {
        self.description.lock().family.clone()
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;
    use crate::instrument::{Counter, Gauge, Histogram, HistogramConfig, HistogramSpec};

    /// Looks up what is there and what is new while this thread reads: it would wait for itself.
    fn check<H: Handle>(spec: <H::Cells as Instrument>::Spec) {
        let labels = vec!["n".to_owned()];
        let (family, help, constant) = ("m".to_owned(), "M".to_owned(), Arc::default());
        let description = Description { family, help, constant, labels };
        let metric = Metric::<H::Cells>::new(description, Unit::Plain, spec, Clock::system(), 2);
        let known = metric.series(&["known"]);
        let listed = metric.series.list();
        let reader = process().reader();
        assert!(Shared::ptr_eq(&known, &metric.series(&["known"])));
        let made = [metric.series(&["new"]), metric.series(&["over"])];
        assert_eq!((metric.len(), listed.iter().count()), (3, 1));
        drop((reader, listed, made));
        let values = metric.snapshot(&mut Sum::default());
        let values: Vec<_> = values.series.iter().map(|series| series.values[0].clone()).collect();
        assert_eq!(values, ["known", "new", "_overflow_"]);
    }

    #[test]
    fn a_lookup_waits_for_no_reader() {
        check::<Counter>(());
        check::<Gauge>(());
        let config = HistogramConfig::new(crate::Precision::one_digit());
        check::<Histogram>(HistogramSpec::new("m", &config, Clock::system()).unwrap());
    }
}
