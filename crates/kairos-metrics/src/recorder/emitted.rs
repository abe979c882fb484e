// The metrics that the facade named: each registered at its first use, its labels as they come.
// Never knows: how a key is found again, and what a handle does.
// Read next: `claims.rs`, which name each has; `bridge.rs`, how each kind is registered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Key, KeyName};

use super::bridge::{Bridged, Series};
use super::claims::Claims;
use super::matcher::Settings;
use super::measure::Measure;
use super::rename;
use crate::instrument::{AnyMetric, Instrument};
use crate::registry::Registry;

/// The descriptions and the metrics of one kind, by the names that were emitted.
pub(super) struct Emissions<H> {
    descriptions: BTreeMap<String, (Option<metrics::Unit>, String)>,
    metrics: BTreeMap<String, Emitted<H>>,
}

/// A metric that the facade has named.
struct Emitted<H> {
    series: Series<H>,
    measure: Measure,
}

/// What making a handle needs beside the key.
pub(super) struct Desk<'a> {
    pub(super) registry: &'a Registry,
    pub(super) settings: &'a Settings,
    pub(super) claims: &'a mut Claims,
    /// What is no longer registered, to be dropped after the locks: its ids are given back then.
    pub(super) gone: &'a mut Vec<Arc<dyn AnyMetric>>,
}

impl<H> Default for Emissions<H> {
    fn default() -> Emissions<H> {
        Emissions { descriptions: BTreeMap::new(), metrics: BTreeMap::new() }
    }
}

impl<H: Bridged> Emissions<H> {
    /// Keeps what a name is for; one that was used already is given the text, and keeps its unit.
    pub(super) fn describe(&mut self, name: &KeyName, unit: Option<metrics::Unit>, text: &str) {
        if let Some(emitted) = self.metrics.get(name.as_str())
            && !text.trim().is_empty()
        {
            emitted.series.set_help(text);
        }
        self.descriptions.insert(name.as_str().to_owned(), (unit, text.to_owned()));
    }

    /// A new handle of the key's series, whose name and labels are registered if they are new; and
    /// whether the series is that of the overflow.
    pub(super) fn bridge(&mut self, desk: &mut Desk<'_>, key: &Key) -> (H::Facade, bool) {
        let kind = H::Cells::KIND;
        let gone = desk.claims.forget_unregistered(desk.registry, kind, key.name());
        let is_gone = gone.is_some();
        desk.gone.extend(gone);
        if is_gone || !self.metrics.contains_key(key.name()) {
            let Some(emitted) = self.register(desk, key) else { return (H::unseen(), false) };
            self.metrics.insert(key.name().to_owned(), emitted);
        }
        let Emitted { series, measure } = &self.metrics[key.name()];
        let claim = desk.claims.get_mut(kind, key.name()).filter(|claim| claim.is_exposed());
        let Some(claim) = claim else { return (H::unseen(), false) };
        if let Some(relabelling) = claim.widen(key.labels().map(metrics::Label::key)) {
            series.relabel(relabelling.names, &relabelling.from);
        }
        let value = |label: &str| {
            let found = key.labels().find(|emitted| emitted.key() == label);
            found.map_or("", metrics::Label::value)
        };
        let values: Vec<&str> = claim.labels().map(value).collect();
        let (handle, is_overflow) = series.with_told(&values);
        (handle.bridge(*measure), is_overflow)
    }

    fn register(&self, desk: &mut Desk<'_>, key: &Key) -> Option<Emitted<H>> {
        let name = key.name();
        let (unit, help) = self.descriptions.get(name).cloned().unwrap_or_default();
        let help = if help.trim().is_empty() { "Not described" } else { help.as_str() };
        let measure = Measure::of(name, unit);
        let bounds = desk.settings.bounds(name, measure);
        let first = rename::metric(name, H::Cells::KIND).next()?;
        let registration = H::registration(desk.registry, &first, help, measure, bounds).ok()?;
        let unit = registration.unit();
        let metric = registration.metric(&[]).ok()?;
        if let Some(limit) = desk.settings.limit(name) {
            metric.set_limit(limit);
        }
        desk.claims.enter(desk.registry, name, unit, metric.clone());
        Some(Emitted { series: metric, measure })
    }

    /// The metrics whose names have an age, and that.
    pub(super) fn aged(&self, settings: &Settings) -> Vec<(Series<H>, Duration)> {
        let aged = self.metrics.iter().filter_map(|(name, emitted)| {
            settings.age(name).map(|age| (Arc::clone(&emitted.series), age))
        });
        aged.collect()
    }
}

/// Removes what is idle for the age; see [`Recorder::expire_idle`](crate::Recorder).
pub(super) fn expire<H>(aged: Vec<(Series<H>, Duration)>) -> usize {
    aged.into_iter().map(|(series, age)| series.expire_idle(age)).sum()
}
