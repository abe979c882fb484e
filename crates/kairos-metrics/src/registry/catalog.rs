//! The metrics of a registry by name; no two of them expose a sample of the same name.
//! Never knows: how a metric is made, read or written.
//! Read next: `registry.rs`, which has one behind its lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::Error;
use crate::instrument::AnyMetric;
use crate::names::sample_names;

#[derive(Default)]
pub(crate) struct Catalog {
    by_name: BTreeMap<String, Arc<dyn AnyMetric>>,
    /// Every sample name that is taken.
    samples: BTreeSet<String>,
}

impl Catalog {
    /// Takes a metric in.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when its name is taken, by whatever kind, or one of its samples' names.
    pub(crate) fn insert(&mut self, name: &str, metric: Arc<dyn AnyMetric>) -> Result<(), Error> {
        let taken = |sample: &str| Error::Duplicate { name: name.into(), sample: sample.into() };
        if self.by_name.contains_key(name) {
            return Err(taken(name));
        }
        let samples = sample_names(metric.family(), metric.kind());
        if let Some(sample) = samples.iter().find(|sample| self.samples.contains(*sample)) {
            return Err(taken(sample));
        }
        self.samples.extend(samples);
        self.by_name.insert(name.to_owned(), metric);
        Ok(())
    }

    /// Takes a metric out; `false` if there is none of that name.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let Some(metric) = self.by_name.remove(name) else { return false };
        for sample in sample_names(metric.family(), metric.kind()) {
            self.samples.remove(&sample);
        }
        true
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Arc<dyn AnyMetric>)> {
        self.by_name.iter()
    }
}
