// What every kind of series has in common, and a metric as a map of such series.
// Never knows: which kinds there are.
// Read next: `counter.rs`, the simplest kind; `series.rs`, the map; `view.rs`, how a metric is read.

use std::sync::Arc;
use std::time::Duration;

use super::description::Description;
#[cfg(feature = "facade")]
use super::series::Listed;
use super::series::SeriesMap;
use super::values::Sought;
use crate::clock::Clock;
use crate::encode::{Encoder, Heads, push_ns_as_seconds};
use crate::names::{Kind, Unit};
use crate::shard::{Reader, Sum, process};
use crate::snapshot::Value;
use crate::sync::{Mutex, Shared};

/// The cells of one series of some kind.
pub(crate) trait Instrument: Send + Sync + 'static {
    /// What is chosen at registration, for all series of the metric.
    type Spec: Clone + Send + Sync + 'static;

    const KIND: Kind;

    fn make(spec: &Self::Spec) -> Self;

    /// Renders the heads of the samples that `encode` writes, in its order, of a series that was made at
    /// `created`.
    fn heads(spec: &Self::Spec, family: &str, labels: &str, created: &str) -> Heads;

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
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub(super) heads: Heads,
    /// What the recorded numbers measure.
    pub(super) unit: Unit,
    /// When it was made, in seconds since the epoch, as the heads have it.
    #[cfg_attr(not(feature = "facade"), expect(dead_code, reason = "a metric with a fixed name"))]
    created: String,
    /// How many series of this process were made up to it; see [`Reader::birth`].
    pub(super) number: u64,
}

/// One series, to be counted in: what handles share. Without one left, the metric alone has it.
#[derive(Debug)]
pub(crate) struct Series<T> {
    pub(super) cells: Arc<T>,
}

/// One series, to be read: its cells, and what it looks like. A clone shares both.
#[derive(Debug)]
pub(super) struct Face<T> {
    pub(super) cells: Arc<T>,
    pub(super) stamp: Arc<Stamp>,
    seen_activity: Activity,
    seen_at: u64,
}

impl<T> Clone for Face<T> {
    fn clone(&self) -> Face<T> {
        let (cells, stamp) = (Arc::clone(&self.cells), Arc::clone(&self.stamp));
        Face { cells, stamp, ..*self }
    }
}

/// A metric: a description and its series. One without labels has one series.
#[derive(Debug)]
pub(crate) struct Metric<T: Instrument> {
    unit: Unit,
    /// What new series are made with; the list has the same for readers. Locked for a moment, also by
    /// who has the list or the index of the series, and changed by who has the list.
    description: Mutex<Arc<Description>>,
    spec: T::Spec,
    clock: Clock,
    pub(super) series: SeriesMap<Series<T>, Face<T>>,
}

impl<T: Instrument> Metric<T> {
    pub(crate) fn new(description: Description, spec: T::Spec, clock: Clock, limit: usize) -> Self {
        let (unit, description) = (description.unit, Arc::new(description));
        let told_apart = !description.labels.is_empty();
        let series = SeriesMap::new(limit, told_apart, Arc::clone(&description));
        Metric { unit, description: Mutex::new(description), spec, clock, series }
    }

    pub(super) fn unit(&self) -> Unit {
        self.unit
    }

    /// What it is exposed as.
    pub(super) fn description(&self) -> Arc<Description> {
        Arc::clone(&self.description.lock())
    }

    /// The series of these label values, if there is one.
    #[inline]
    pub(crate) fn find(&self, sought: &Sought<'_>) -> Option<Shared<Series<T>>> {
        self.series.find(sought)
    }

    /// The series of these label values; see [`SeriesMap::find_or_make`].
    pub(crate) fn series(&self, values: &[&str]) -> Shared<Series<T>> {
        self.series.find_or_make(values, |values| {
            let cells = Arc::new(T::make(&self.spec));
            let mut created = String::new();
            push_ns_as_seconds(&mut created, self.clock.unix_ns());
            let description = self.description();
            let stamp = Arc::new(Stamp {
                heads: self.heads(&description, values, &created),
                unit: self.unit,
                created,
                number: process().number_series(),
            });
            let seen_at = self.clock.raw();
            let seen_activity = Activity::Counted(0);
            (Series { cells: Arc::clone(&cells) }, Face { cells, stamp, seen_activity, seen_at })
        })
    }

    fn heads(&self, description: &Description, values: &[String], created: &str) -> Heads {
        T::heads(&self.spec, description.family(), &description.pairs(values), created)
    }

    pub(crate) fn remove(&self, values: &[&str]) -> bool {
        self.series.remove(values).is_some()
    }

    /// Changes the labels: their names, and for each the place that it had before, if it had one. A
    /// label that is new is empty in the series there are, which is the same as not to have it.
    #[cfg(feature = "facade")]
    pub(crate) fn relabel(&self, labels: Vec<String>, from: &[Option<usize>]) {
        self.series.relabel(from, |listed| {
            let before = self.description();
            let mut kept = labels.iter().zip(from).filter_map(|(name, at)| Some((name, (*at)?)));
            let is_renamed = kept.any(|(name, at)| before.labels[at] != *name);
            self.describe(listed, before.relabelled(labels));
            if is_renamed {
                self.render(listed);
            }
        });
    }

    /// Changes the name that is exposed.
    #[cfg(feature = "facade")]
    pub(super) fn rename(&self, family: &str) {
        self.series.with_all(|listed| {
            self.describe(listed, self.description().renamed(T::KIND, family));
            self.render(listed);
        });
    }

    /// Replaces the help text, which both formats take at any time.
    #[cfg(feature = "facade")]
    pub(crate) fn set_help(&self, help: &str) {
        self.series.with_all(|listed| {
            self.describe(listed, self.description().with_help(T::KIND, help));
        });
    }

    /// Has readers and new series take this for what the metric is exposed as; with the list.
    #[cfg(feature = "facade")]
    fn describe(&self, listed: &mut Listed<Face<T>>, description: Description) {
        listed.description = Arc::new(description);
        *self.description.lock() = Arc::clone(&listed.description);
    }

    #[cfg(feature = "facade")]
    fn render(&self, listed: &mut Listed<Face<T>>) {
        let description = Arc::clone(&listed.description);
        for (values, face) in listed.iter_mut() {
            let stamp = Arc::make_mut(&mut face.stamp);
            stamp.heads = self.heads(&description, values, &stamp.created);
        }
    }

    /// The values of all series, in order.
    #[cfg(feature = "facade")]
    pub(crate) fn values(&self) -> Vec<Vec<String>> {
        self.series.list().iter().map(|(values, _)| values.to_vec()).collect()
    }

    /// Whether this is the series of what lies beyond the limit.
    #[cfg(feature = "facade")]
    pub(crate) fn is_overflow(&self, series: &Shared<Series<T>>) -> bool {
        self.series.is_overflow(series)
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
        let activity = |face: &Face<T>| face.cells.activity(&process().reader());
        let is_idle = |face: &mut Face<T>, activity| {
            if activity != face.seen_activity {
                (face.seen_activity, face.seen_at) = (activity, now);
            }
            activity != Activity::Held && self.clock.delta_ns(face.seen_at, now) >= idle_ns
        };
        // What a last holder counted meanwhile is seen by then.
        let still = |reader: &mut Reader<'_>, _: &mut Series<T>, face: &Face<T>| {
            face.cells.activity(reader) == face.seen_activity
        };
        self.series.expire(activity, is_idle, || process().reader(), still)
    }
}
