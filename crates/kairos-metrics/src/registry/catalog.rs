// The metrics of a registry by name, and the clocks, limits and labels that new ones are made with.
// Never knows: how a metric is made, read or written.
// Read next: `registration.rs`, which enters metrics; `page.rs`, several catalogues as one.

use std::collections::BTreeMap;
#[cfg(feature = "facade")]
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use crate::clock::Clock;
use crate::error::Error;
use crate::instrument::{AnyMetric, Constant};
use crate::names::{Kind, Unit, sample_names};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, process_static};

process_static! {
    /// What timers read where no clock was chosen; calibrated once.
    static TICKS: Clock = Clock::ticks();
}

/// Everything that the clones of a registry share.
pub(super) struct Catalog {
    /// The clock that was chosen for everything, if one was.
    clock: Option<Clock>,
    idle_clock: Clock,
    family_limit: usize,
    constant: Arc<Constant>,
    metrics: Mutex<Metrics>,
    /// How often metrics were taken out.
    removals: AtomicU64,
}

/// Metrics by name; no two of them expose a sample of the same name.
#[derive(Default)]
pub(super) struct Metrics {
    by_name: BTreeMap<String, Arc<dyn AnyMetric>>,
    /// Every sample name that is taken, and by what.
    samples: BTreeMap<String, Face>,
    /// The registries whose metrics are exposed with these, for as long as they are there.
    pub(super) parts: Vec<Weak<Catalog>>,
    /// Those that expose these metrics.
    pub(super) wholes: Vec<Weak<Catalog>>,
}

/// The names that metrics of one registry may not have.
#[cfg(feature = "facade")]
#[derive(Debug, Default)]
pub(crate) struct Taken {
    names: BTreeSet<String>,
    /// Of this registry, and of each other one on its pages.
    samples: Vec<Samples>,
}

/// The sample names of a registry, and whether its constant labels are those of the one that asks.
#[cfg(feature = "facade")]
#[derive(Debug)]
struct Samples {
    by_name: BTreeMap<String, Face>,
    are_alike: bool,
}

#[cfg(feature = "facade")]
impl Taken {
    /// Takes a name for a metric of this face.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when it is taken, or one of its samples' names; then none of them is.
    pub(crate) fn claim(&mut self, name: &str, face: &Face) -> Result<(), Error> {
        let samples = face.sample_names();
        let is_taken = |sample: &&String| {
            let clashes =
                |known: &Samples| face.clashes(known.by_name.get(*sample), known.are_alike);
            self.samples.iter().any(clashes)
        };
        let own = self.names.contains(name).then_some(name);
        if let Some(sample) = own.or_else(|| samples.iter().find(is_taken).map(String::as_str)) {
            return Err(Error::Duplicate { name: name.to_owned(), sample: sample.to_owned() });
        }
        self.names.insert(name.to_owned());
        let by_name = samples.into_iter().map(|sample| (sample, face.clone())).collect();
        self.samples.push(Samples { by_name, are_alike: true });
        Ok(())
    }
}

/// What metrics that share a header have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) family: String,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
}

impl Face {
    pub(super) fn of(metric: &dyn AnyMetric) -> Face {
        Face { family: metric.family(), kind: metric.kind(), unit: metric.unit() }
    }

    fn sample_names(&self) -> Vec<String> {
        sample_names(&self.family, self.kind)
    }

    /// Whether one of its samples cannot have a name that a metric of the face `known` has, if any:
    /// they do not share a header, or their constant labels `are_alike` and tell no series apart.
    fn clashes(&self, known: Option<&Face>, are_alike: bool) -> bool {
        known.is_some_and(|known| known != self || are_alike)
    }
}

impl Catalog {
    /// Without metrics; with the clock of everything, or else the default clocks.
    pub(super) fn new(clock: Option<Clock>, family_limit: usize, constant: Constant) -> Catalog {
        let idle_clock = clock.clone().unwrap_or_else(Clock::system);
        let (constant, metrics) = (Arc::new(constant), Mutex::new(Metrics::default()));
        let removals = AtomicU64::new(0);
        Catalog { clock, idle_clock, family_limit, constant, metrics, removals }
    }

    /// One with the same clocks and limit, and more labels.
    pub(super) fn part(&self, labels: &[(&str, &str)]) -> Catalog {
        let constant = self.constant.with(labels);
        Catalog {
            idle_clock: self.idle_clock.clone(),
            ..Catalog::new(self.clock.clone(), self.family_limit, constant)
        }
    }

    /// The metrics, locked.
    pub(super) fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.metrics.lock()
    }

    /// The labels of all metrics.
    pub(super) fn constant(&self) -> &Arc<Constant> {
        &self.constant
    }

    /// The clock of timers.
    pub(super) fn timer_clock(&self) -> Clock {
        self.clock.clone().unwrap_or_else(|| TICKS.clone())
    }

    /// The clock of creation stamps and idle series.
    pub(super) fn idle_clock(&self) -> Clock {
        self.idle_clock.clone()
    }

    /// How many series a metric with these labels has at most: without labels there is always one.
    pub(super) fn series_limit(&self, labels: &[&str]) -> usize {
        if labels.is_empty() { self.family_limit.max(1) } else { self.family_limit }
    }

    /// The first name of a sample of `face` that is taken here: by another kind of metric, or by one
    /// whose series its constant labels would not tell from these.
    pub(super) fn taken(&self, face: &Face, constant: &Constant) -> Option<String> {
        let metrics = self.metrics();
        let are_alike = *constant == *self.constant;
        let is_taken = |name: &String| face.clashes(metrics.samples.get(name), are_alike);
        face.sample_names().into_iter().find(is_taken)
    }

    /// How often metrics were taken out.
    #[cfg(feature = "facade")]
    pub(super) fn removals(&self) -> u64 {
        // Relaxed: who is to see a removal is told of it in some other way, which orders it.
        self.removals.load(Ordering::Relaxed)
    }

    /// Counts that a metric was taken out for good.
    pub(super) fn removed(&self) {
        // Relaxed: as in `removals`.
        self.removals.fetch_add(1, Ordering::Relaxed);
    }

    /// What metrics there are, as they are exposed.
    pub(super) fn faces(&self) -> Vec<(String, Face)> {
        let metrics = self.metrics();
        metrics.iter().map(|(name, metric)| (name.clone(), Face::of(&**metric))).collect()
    }
}

impl Metrics {
    /// Takes a metric in.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when there is one of its name already.
    pub(super) fn insert(
        &mut self,
        name: &str,
        face: &Face,
        metric: Arc<dyn AnyMetric>,
    ) -> Result<(), Error> {
        if self.by_name.contains_key(name) {
            return Err(Error::Duplicate { name: name.into(), sample: name.into() });
        }
        let samples = face.sample_names().into_iter();
        self.samples.extend(samples.map(|sample| (sample, face.clone())));
        self.by_name.insert(name.to_owned(), metric);
        Ok(())
    }

    /// Takes a metric out; nothing if there is none of that name.
    pub(super) fn remove(&mut self, name: &str) -> Option<Arc<dyn AnyMetric>> {
        let metric = self.by_name.remove(name)?;
        for sample in Face::of(&*metric).sample_names() {
            self.samples.remove(&sample);
        }
        Some(metric)
    }

    /// The metric of that name.
    #[cfg(feature = "facade")]
    pub(super) fn get(&self, name: &str) -> Option<&Arc<dyn AnyMetric>> {
        self.by_name.get(name)
    }

    /// Adds the names that are taken here to `taken`; of another registry those of samples alone.
    #[cfg(feature = "facade")]
    pub(super) fn add_taken(&self, taken: &mut Taken, are_own: bool, are_alike: bool) {
        taken.samples.push(Samples { by_name: self.samples.clone(), are_alike });
        if are_own {
            taken.names.extend(self.by_name.keys().cloned());
        }
    }

    /// How many metrics there are.
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// The metrics in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Arc<dyn AnyMetric>)> {
        self.by_name.iter()
    }
}
