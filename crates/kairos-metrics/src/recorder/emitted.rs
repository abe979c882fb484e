// The names that the facade used: each registered at its first use, its labels as they come.
// Never knows: how a key is found again, and what a handle does.
// Read next: `rename.rs`, what a name may become; `bridge.rs`, how each kind is registered.

use std::collections::BTreeMap;

use metrics::{Key, KeyName};

use super::bridge::{Bridged, Series};
use super::measure::Measure;
use super::rename;
use super::told::Told;
use crate::instrument::Instrument;
use crate::registry::Registry;

/// The descriptions and the metrics of one kind, by the names that were emitted.
pub(super) struct Emissions<H> {
    descriptions: BTreeMap<String, (Option<metrics::Unit>, String)>,
    /// Nothing for a name that was refused.
    metrics: BTreeMap<String, Option<Emitted<H>>>,
}

/// A metric that the facade has named.
struct Emitted<H> {
    /// In the order in which they are exposed, that of their exposed names.
    labels: Vec<EmittedLabel>,
    series: Series<H>,
    measure: Measure,
}

struct EmittedLabel {
    emitted: String,
    exposed: String,
}

impl<H> Default for Emissions<H> {
    fn default() -> Emissions<H> {
        Emissions { descriptions: BTreeMap::new(), metrics: BTreeMap::new() }
    }
}

impl<H: Bridged> Emissions<H> {
    /// Keeps what a name is for; one that was used already is given the text, and keeps its unit.
    pub(super) fn describe(&mut self, name: &KeyName, unit: Option<metrics::Unit>, text: &str) {
        if let Some(Some(emitted)) = self.metrics.get(name.as_str())
            && !text.trim().is_empty()
        {
            emitted.series.set_help(text);
        }
        self.descriptions.insert(name.as_str().to_owned(), (unit, text.to_owned()));
    }

    /// A new handle of the key's series, whose name and labels are registered if they are new.
    pub(super) fn bridge(&mut self, registry: &Registry, key: &Key, told: &mut Told) -> H::Facade {
        if !self.metrics.contains_key(key.name()) {
            let emitted = self.register(registry, key, told);
            self.metrics.insert(key.name().to_owned(), emitted);
        }
        let Some(Some(emitted)) = self.metrics.get_mut(key.name()) else { return H::unseen() };
        emitted.widen(key, told);
        let value = |label: &EmittedLabel| {
            let found = key.labels().find(|emitted| emitted.key() == label.emitted);
            found.map_or("", metrics::Label::value)
        };
        let values: Vec<&str> = emitted.labels.iter().map(value).collect();
        emitted.series.with(&values).bridge(emitted.measure)
    }

    fn register(&self, registry: &Registry, key: &Key, told: &mut Told) -> Option<Emitted<H>> {
        let (unit, help) = self.descriptions.get(key.name()).cloned().unwrap_or_default();
        let help = if help.trim().is_empty() { "Not described" } else { help.as_str() };
        let measure = Measure::of(key.name(), unit);
        let mut refused = None;
        for name in rename::metric(key.name(), H::Cells::KIND) {
            let registration = H::registration(registry, &name, help, measure);
            match registration.and_then(|registration| registration.series(&[])) {
                Ok(series) => {
                    if name != key.name() {
                        told.rename(key, None, &name);
                    }
                    return Some(Emitted { labels: Vec::new(), series, measure });
                }
                Err(error) => drop(refused.get_or_insert(error)),
            }
        }
        told.refused.extend(refused);
        None
    }
}

impl<H> Emitted<H> {
    /// Gives the metric those labels of the key that it does not have yet. O(series) for each.
    fn widen(&mut self, key: &Key, told: &mut Told) {
        for label in key.labels() {
            if self.labels.iter().any(|known| known.emitted == label.key()) {
                continue;
            }
            let is_free = |name: &String| self.labels.iter().all(|known| known.exposed != *name);
            let exposed = rename::label(label.key()).find(is_free);
            let exposed = exposed.expect("there are more names than labels");
            if exposed != label.key() {
                told.rename(key, Some(label.key()), &exposed);
            }
            let at = self.labels.partition_point(|known| known.exposed < exposed);
            self.series.insert_label(at, &exposed);
            self.labels.insert(at, EmittedLabel { emitted: label.key().to_owned(), exposed });
        }
    }
}
