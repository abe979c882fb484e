// The metrics of a registry by name, and the clocks and limits that new ones are made with.
// Never knows: how a metric is made, read or written.
// Read next: `registration.rs`, which enters metrics; `registry.rs`, which has one catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Error;
use crate::instrument::AnyMetric;
use crate::names::sample_names;
use crate::sync::{Mutex, MutexGuard, process_static};

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
    metrics: Mutex<Metrics>,
}

/// Metrics by name; no two of them expose a sample of the same name.
#[derive(Default)]
pub(super) struct Metrics {
    by_name: BTreeMap<String, Arc<dyn AnyMetric>>,
    /// Every sample name that is taken.
    samples: BTreeSet<String>,
}

impl Catalog {
    /// Without metrics; with the clock of everything, or else the default clocks.
    pub(super) fn new(clock: Option<Clock>, family_limit: usize) -> Catalog {
        let idle_clock = clock.clone().unwrap_or_else(Clock::system);
        Catalog { clock, idle_clock, family_limit, metrics: Mutex::new(Metrics::default()) }
    }

    /// The metrics, locked.
    pub(super) fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.metrics.lock()
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
}

impl Metrics {
    /// Takes a metric in.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when its name is taken, by whatever kind, or one of its samples' names.
    pub(super) fn insert(&mut self, name: &str, metric: Arc<dyn AnyMetric>) -> Result<(), Error> {
        let taken = |sample: &str| Error::Duplicate { name: name.into(), sample: sample.into() };
        if self.by_name.contains_key(name) {
            return Err(taken(name));
        }
        let samples = sample_names(&metric.family(), metric.kind());
        if let Some(sample) = samples.iter().find(|sample| self.samples.contains(*sample)) {
            return Err(taken(sample));
        }
        self.samples.extend(samples);
        self.by_name.insert(name.to_owned(), metric);
        Ok(())
    }

    /// Takes a metric out; `false` if there is none of that name.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let Some(metric) = self.by_name.remove(name) else { return false };
        for sample in sample_names(&metric.family(), metric.kind()) {
            self.samples.remove(&sample);
        }
        true
    }

    /// The metrics in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Arc<dyn AnyMetric>)> {
        self.by_name.iter()
    }
}
