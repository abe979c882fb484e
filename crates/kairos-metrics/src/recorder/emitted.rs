// The metrics that the facade named: each registered at its first use, its labels as they come.
// Never knows: how a key is found again, and what a handle does.
// Read next: `claims.rs`, which name each has; `bridge.rs`, how each kind is registered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Key, KeyName};

use super::bridge::{Again, Bridged, Series, Source};
use super::claims::Claims;
use super::matcher::Settings;
use super::measure::Measure;
use super::rename;
use super::settling::Settling;
use crate::error::Error;
use crate::instrument::{AnyMetric, Histogram, Instrument};
use crate::names::{Kind, Unit};
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
    settling: Arc<Settling>,
}

impl<H> Emitted<H> {
    fn new(series: Series<H>, measure: Measure) -> Emitted<H> {
        Emitted { series, measure, settling: Arc::new(Settling::new()) }
    }
}

/// A metric that is not registered yet.
struct Made<H> {
    series: Series<H>,
    metric: Arc<dyn AnyMetric>,
    unit: Unit,
    measure: Measure,
}

/// What making a handle needs beside the key.
pub(super) struct Desk<'a> {
    pub(super) registry: &'a Registry,
    pub(super) settings: &'a Settings,
    pub(super) claims: &'a mut Claims,
    /// What is no longer registered, to be dropped after the locks: its ids are given back then.
    pub(super) gone: &'a mut Vec<Arc<dyn AnyMetric>>,
    pub(super) again: &'a Again,
}

impl<H> Default for Emissions<H> {
    fn default() -> Emissions<H> {
        Emissions { descriptions: BTreeMap::new(), metrics: BTreeMap::new() }
    }
}

impl<H: Bridged> Emissions<H> {
    /// Keeps what a name is for, and gives the text to the metric if it was used already. What a later
    /// description leaves out stays.
    pub(super) fn describe(&mut self, name: &KeyName, unit: Option<metrics::Unit>, text: &str) {
        if let Some(emitted) = self.metrics.get(name.as_str())
            && !text.trim().is_empty()
        {
            emitted.series.set_help(text);
        }
        let description = self.descriptions.entry(name.as_str().to_owned()).or_default();
        description.0 = unit.or(description.0);
        if !text.trim().is_empty() {
            text.clone_into(&mut description.1);
        }
    }

    /// A new handle of the key's series, whose name and labels are registered if they are new; and
    /// whether the series is that of the overflow.
    pub(super) fn bridge(&mut self, desk: &mut Desk<'_>, key: &Key) -> (H::Facade, bool) {
        let kind = H::Cells::KIND;
        let gone = desk.claims.forget_unregistered(desk.registry, kind, key.name());
        let is_gone = gone.is_some();
        desk.gone.extend(gone);
        if is_gone || !self.metrics.contains_key(key.name()) {
            let Some(made) = self.make(desk, key.name()) else { return (H::unseen(), false) };
            desk.claims.enter(desk.registry, key.name(), made.unit, made.metric);
            let emitted = Emitted::new(made.series, made.measure);
            self.metrics.insert(key.name().to_owned(), emitted);
        }
        let Emitted { series, measure, settling } = &self.metrics[key.name()];
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
        let (settling, again) = (Arc::clone(settling), Arc::clone(desk.again));
        let source = Source { measure: *measure, settling, key: key.clone(), again };
        (handle.bridge(source), is_overflow)
    }

    /// The metric of a name as it is described.
    fn make(&self, desk: &Desk<'_>, name: &str) -> Option<Made<H>> {
        let help = self.descriptions.get(name).map_or("", |(_, help)| help);
        let help = if help.is_empty() { "Not described" } else { help };
        let measure = self.measure(name);
        let bounds = desk.settings.bounds(name, measure);
        let first = rename::metric(name, H::Cells::KIND).next()?;
        let registration = H::registration(desk.registry, &first, help, measure, bounds).ok()?;
        let unit = registration.unit();
        let metric = registration.metric(&[]).ok()?;
        if let Some(limit) = desk.settings.limit(name) {
            metric.set_limit(limit);
        }
        Some(Made { series: metric.clone(), metric, unit, measure })
    }

    /// What a name is measured in, by its description or else by itself.
    fn measure(&self, name: &str) -> Measure {
        Measure::of(name, self.descriptions.get(name).and_then(|(unit, _)| *unit))
    }

    /// The metrics whose names have an age, and that.
    pub(super) fn aged(&self, settings: &Settings) -> Vec<(Series<H>, Duration)> {
        let aged = self.metrics.iter().filter_map(|(name, emitted)| {
            settings.age(name).map(|age| (Arc::clone(&emitted.series), age))
        });
        aged.collect()
    }
}

impl Emissions<Histogram> {
    /// Measures a histogram anew, whose description came after its first use but before its first value.
    ///
    /// Handles that are held find the new one by their key. Those that are kept are of an epoch before,
    /// as whoever finds the measure replaced sees.
    pub(super) fn measure_anew(&mut self, desk: &mut Desk<'_>, name: &str) {
        if self.metrics.get(name).is_none_or(|known| known.measure == self.measure(name)) {
            return;
        }
        if let Some(gone) = desk.claims.forget_unregistered(desk.registry, Kind::Histogram, name) {
            // Its next use registers it, as it is described by then.
            desk.gone.push(gone);
            self.metrics.remove(name);
            return;
        }
        let (Some(made), Some(known)) = (self.make(desk, name), self.metrics.get_mut(name)) else {
            return;
        };
        // In this order, as `settle` says.
        desk.registry.removed();
        if !known.settling.replace() {
            return;
        }
        let Made { series, metric, unit, measure } = made;
        let claims = &mut *desk.claims;
        if let Some(claim) = claims.get_mut(Kind::Histogram, name) {
            let labels: Vec<String> = claim.exposed_labels().collect();
            let from = vec![None; labels.len()];
            series.relabel(labels, &from);
        }
        // What was looked up is exposed, at zero.
        for values in known.series.values() {
            series.with(&values.iter().map(String::as_str).collect::<Vec<_>>());
        }
        desk.gone.extend(claims.replace(desk.registry, name, unit, metric));
        *known = Emitted::new(series, measure);
    }

    /// Why histograms are not in the unit that they are described in.
    pub(super) fn late(&self) -> impl Iterator<Item = Error> {
        let late = self.metrics.iter().filter(|(name, known)| known.measure != self.measure(name));
        late.map(|(name, _)| Error::LateUnit { name: name.clone() })
    }
}

/// Removes what is idle for the age; see [`Recorder::expire_idle`](crate::Recorder).
pub(super) fn expire<H>(aged: Vec<(Series<H>, Duration)>) -> usize {
    aged.into_iter().map(|(series, age)| series.expire_idle(age)).sum()
}
