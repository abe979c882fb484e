// What every kind of series has in common, and a metric as a map of such series.
// Never knows: which kinds there are.
// Read next: `counter.rs`, the simplest kind; `series.rs`, the map.

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

/// One series: its cells, and what it looks like.
#[derive(Debug)]
pub(crate) struct Series<T> {
    pub(super) cells: T,
    stamp: Stamp,
    seen_activity: Activity,
    seen_at: u64,
}

/// A metric: a description and its series. One without labels has one series.
#[derive(Debug)]
pub(crate) struct Metric<T: Instrument> {
    description: Description,
    spec: T::Spec,
    clock: Clock,
    series: SeriesMap<Series<T>>,
}

/// A metric as it is exposed.
#[derive(Debug)]
pub(crate) struct Description {
    family: String,
    /// Changes where a description comes late.
    help: Mutex<String>,
    unit: Unit,
    /// Changes and is read under the lock of the series.
    labels: Mutex<Vec<String>>,
}

impl Description {
    /// What a metric is exposed as; the labels are those of its first registration.
    pub(crate) fn new(family: String, help: &str, unit: Unit, labels: &[&str]) -> Description {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        Description { family, help: Mutex::new(help.to_owned()), unit, labels: Mutex::new(labels) }
    }
}

impl<T: Instrument> Metric<T> {
    pub(crate) fn new(description: Description, spec: T::Spec, clock: Clock, limit: usize) -> Self {
        Metric { description, spec, clock, series: SeriesMap::new(limit) }
    }

    /// The series of these label values; see [`SeriesMap::find_or_make`].
    pub(crate) fn series(&self, values: &[&str]) -> Shared<Series<T>> {
        self.series.find_or_make(values, |values| {
            let names = self.description.labels.lock();
            let names = names.iter().map(String::as_str);
            let labels = label_pairs(names.zip(values.iter().map(String::as_str)));
            let mut created = String::new();
            push_ns_as_seconds(&mut created, self.clock.unix_ns());
            Series {
                cells: T::make(&self.spec),
                stamp: Stamp {
                    heads: T::heads(&self.spec, &self.description.family, &labels),
                    unit: self.description.unit,
                    created,
                    number: process().number_series(),
                },
                seen_activity: Activity::Counted(0),
                seen_at: self.clock.raw(),
            }
        })
    }

    pub(crate) fn remove(&self, values: &[&str]) -> bool {
        self.series.remove(values).is_some()
    }

    /// Adds a label, `at` that place among the labels. The series there are have it empty, which is
    /// the same as not to have it: their samples need not be rendered anew.
    #[cfg(feature = "facade")]
    pub(crate) fn insert_label(&self, at: usize, label: &str) {
        let mut series = self.series.lock();
        series.widen(at);
        self.description.labels.lock().insert(at, label.to_owned());
    }

    /// Replaces the help text, which both formats take at any time.
    #[cfg(feature = "facade")]
    pub(crate) fn set_help(&self, help: &str) {
        help.clone_into(&mut self.description.help.lock());
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
        self.series.expire(|series| {
            let activity = series.cells.activity(&process().reader());
            if activity != series.seen_activity {
                (series.seen_activity, series.seen_at) = (activity, now);
            }
            activity != Activity::Held && self.clock.delta_ns(series.seen_at, now) >= idle_ns
        })
    }
}

/// A metric of any kind, for a registry to hold.
pub(crate) trait AnyMetric: Send + Sync {
    fn snapshot(&self, sum: &mut Sum) -> MetricSnapshot;
    fn encode(&self, sum: &mut Sum, encoder: &mut Encoder<'_>);
    fn kind(&self) -> Kind;
    fn family(&self) -> &str;
}

impl<T: Instrument> AnyMetric for Metric<T> {
    fn snapshot(&self, sum: &mut Sum) -> MetricSnapshot {
        let series = self.series.lock();
        // A reader for each series: an ending thread waits for one series, not for a whole family.
        let series = series.iter().map(|(values, series)| {
            let reader = process().reader();
            SeriesSnapshot {
                values: values.to_vec(),
                birth: reader.birth(series.stamp.number),
                value: series.cells.value(&reader, sum),
            }
        });
        let Description { help, unit, labels, .. } = &self.description;
        MetricSnapshot {
            help: help.lock().clone(),
            kind: T::KIND,
            unit: *unit,
            labels: labels.lock().clone(),
            series: series.collect(),
        }
    }

    fn encode(&self, sum: &mut Sum, encoder: &mut Encoder<'_>) {
        let Description { family, help, unit, .. } = &self.description;
        encoder.header(family, &help.lock(), T::KIND, *unit);
        let series = self.series.lock();
        for (_, series) in series.iter() {
            // A reader for each, as above.
            series.cells.encode(&process().reader(), &series.stamp, sum, encoder);
        }
    }

    fn kind(&self) -> Kind {
        T::KIND
    }

    fn family(&self) -> &str {
        &self.description.family
    }
}
