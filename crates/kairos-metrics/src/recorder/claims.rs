// Which name each emitted metric has: the same whatever was emitted first.
// Never knows: series and handles.
// Read next: `rename.rs`, what a name may become; `emitted.rs`, which claims names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rename;
use super::told::Renamed;
use crate::error::Error;
use crate::instrument::AnyMetric;
use crate::names::{Kind, Unit, family_name};
use crate::registry::{Face, NewName, Registry, Taken};

/// The emitted metrics by kind and emitted name.
#[derive(Default)]
pub(super) struct Claims {
    all: BTreeMap<(Kind, String), Claim>,
    claimed: u64,
}

/// An emitted metric, and the name that it is registered under.
pub(super) struct Claim {
    /// How many claims there were before it.
    number: u64,
    unit: Unit,
    metric: Arc<dyn AnyMetric>,
    /// Why not, if no name is free.
    name: Result<String, Error>,
    /// In the order in which they are exposed.
    labels: Vec<EmittedLabel>,
    /// How many uses of labels there were.
    labelled: u64,
}

struct EmittedLabel {
    number: u64,
    emitted: String,
    exposed: String,
}

/// How labels change: their names in order, and where each stood before, if it did.
pub(super) struct Relabelling {
    pub(super) names: Vec<String>,
    pub(super) from: Vec<Option<usize>>,
}

impl Claims {
    /// Registers a metric under the best name that is free. Another one's claim may go before: names
    /// that need no change, then counters before gauges before histograms, then the alphabet.
    pub(super) fn enter(
        &mut self,
        registry: &Registry,
        emitted: &str,
        unit: Unit,
        metric: Arc<dyn AnyMetric>,
    ) {
        let (kind, number) = (metric.kind(), self.claimed);
        self.claimed += 1;
        let first = rename::metric(emitted, kind).next().unwrap_or_default();
        let name = registry.enter(&first, Arc::clone(&metric)).map(|()| first);
        let is_first = name.is_ok();
        let claim = Claim { number, unit, metric, name, labels: Vec::new(), labelled: 0 };
        self.all.insert((kind, emitted.to_owned()), claim);
        // A name that was free was nobody's second choice: all others keep theirs.
        if !is_first {
            self.assign_all(registry, None);
        }
    }

    /// Gives an emitted histogram another metric, of another unit; returns the one that it had.
    pub(super) fn replace(
        &mut self,
        registry: &Registry,
        emitted: &str,
        unit: Unit,
        metric: Arc<dyn AnyMetric>,
    ) -> Option<Arc<dyn AnyMetric>> {
        let claim = self.all.get_mut(&(Kind::Histogram, emitted.to_owned()))?;
        claim.unit = unit;
        let old = std::mem::replace(&mut claim.metric, metric);
        // Without a name until it is given one, with all others, by the unit.
        let unnamed = Err(Error::Unregistered { name: emitted.to_owned() });
        let name = std::mem::replace(&mut claim.name, unnamed).ok();
        self.assign_all(registry, name.map(|name| (name, Arc::clone(&old))));
        Some(old)
    }

    /// Names all metrics; `leaving` is registered and no longer claimed.
    fn assign_all(&mut self, registry: &Registry, leaving: Option<(String, Arc<dyn AnyMetric>)>) {
        let mut claims: Vec<_> = self.all.iter_mut().collect();
        claims.sort_by_cached_key(|((kind, emitted), _)| {
            let is_changed = rename::metric(emitted, *kind).next().is_none_or(|n| n != *emitted);
            (is_changed, *kind, emitted.clone())
        });
        let own: Vec<_> = claims
            .iter()
            .filter_map(|(_, claim)| Some((claim.name.clone().ok()?, Arc::clone(&claim.metric))))
            .chain(leaving)
            .collect();
        registry.reassign(&own, |taken, gone| {
            let mut names = Vec::new();
            for ((kind, emitted), claim) in &mut claims {
                // What was unregistered comes back by a use of its own.
                if gone.iter().any(|metric| Arc::ptr_eq(metric, &claim.metric)) {
                    continue;
                }
                let found = free_name(taken, *kind, emitted, claim.unit);
                claim.name = found.map(|(name, family)| {
                    let metric = Arc::clone(&claim.metric);
                    names.push(NewName { name: name.clone(), family, metric });
                    name
                });
            }
            names
        });
    }

    /// Forgets the metric if it was unregistered, and returns it.
    pub(super) fn forget_unregistered(
        &mut self,
        registry: &Registry,
        kind: Kind,
        emitted: &str,
    ) -> Option<Arc<dyn AnyMetric>> {
        let key = (kind, emitted.to_owned());
        let is_gone = self.all.get(&key).is_some_and(|claim| claim.is_unregistered(registry));
        let claim = is_gone.then(|| self.all.remove(&key))?;
        claim.map(|claim| claim.metric)
    }

    pub(super) fn get_mut(&mut self, kind: Kind, emitted: &str) -> Option<&mut Claim> {
        self.all.get_mut(&(kind, emitted.to_owned()))
    }

    fn in_order(&self) -> Vec<(&(Kind, String), &Claim)> {
        let mut claims: Vec<_> = self.all.iter().collect();
        claims.sort_by_key(|(_, claim)| claim.number);
        claims
    }

    /// Why metrics are not exposed.
    pub(super) fn refused(&self, registry: &Registry) -> Vec<Error> {
        let why = |claim: &Claim| match &claim.name {
            Err(error) => Some(error.clone()),
            Ok(name) if claim.is_unregistered(registry) => {
                Some(Error::Unregistered { name: name.clone() })
            }
            Ok(_) => None,
        };
        self.in_order().into_iter().filter_map(|(_, claim)| why(claim)).collect()
    }

    /// What is exposed under another name than it was emitted with.
    pub(super) fn renamed(&self) -> Vec<Renamed> {
        let mut renamed = Vec::new();
        for ((kind, emitted), claim) in self.in_order() {
            let Ok(name) = &claim.name else { continue };
            let mut to = family_name(name, *kind, claim.unit);
            if *kind == Kind::Counter {
                to.push_str("_total");
            }
            if to != *emitted {
                renamed.push(Renamed { metric: emitted.clone(), label: None, to });
            }
            let mut labels: Vec<_> = claim.labels.iter().collect();
            labels.sort_by_key(|label| label.number);
            renamed.extend(labels.into_iter().filter(|label| label.emitted != label.exposed).map(
                |label| Renamed {
                    metric: emitted.clone(),
                    label: Some(label.emitted.clone()),
                    to: label.exposed.clone(),
                },
            ));
        }
        renamed
    }
}

impl Claim {
    fn is_unregistered(&self, registry: &Registry) -> bool {
        self.name.as_ref().is_ok_and(|name| !registry.holds(name, &self.metric))
    }

    pub(super) fn is_exposed(&self) -> bool {
        self.name.is_ok()
    }

    /// The emitted labels in the order in which they are exposed.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|label| label.emitted.as_str())
    }

    /// The labels as they are exposed, in order.
    pub(super) fn exposed_labels(&self) -> impl Iterator<Item = String> {
        self.labels.iter().map(|label| label.exposed.clone())
    }

    /// Takes labels in that the metric does not have yet; nothing if it has them all.
    pub(super) fn widen<'a>(
        &mut self,
        emitted: impl Iterator<Item = &'a str>,
    ) -> Option<Relabelling> {
        let before: Vec<String> = self.labels.iter().map(|label| label.emitted.clone()).collect();
        for emitted in emitted {
            if self.labels.iter().all(|known| known.emitted != emitted) {
                let (number, emitted) = (self.labelled, emitted.to_owned());
                self.labels.push(EmittedLabel { number, emitted, exposed: String::new() });
                self.labelled += 1;
            }
        }
        if self.labels.len() == before.len() {
            return None;
        }
        // As for metrics: a name that needs no change goes first, then the alphabet.
        self.labels.sort_by_cached_key(|label| {
            let is_changed =
                rename::label(&label.emitted).next().is_none_or(|n| n != label.emitted);
            (is_changed, label.emitted.clone())
        });
        for at in 0..self.labels.len() {
            let (done, rest) = self.labels.split_at_mut(at);
            let is_free = |name: &String| done.iter().all(|known| known.exposed != *name);
            let exposed = rename::label(&rest[0].emitted).find(is_free);
            rest[0].exposed = exposed.expect("there are more names than labels");
        }
        self.labels.sort_by(|a, b| a.exposed.cmp(&b.exposed));
        let names = self.labels.iter().map(|label| label.exposed.clone()).collect();
        let at = |label: &EmittedLabel| before.iter().position(|known| *known == label.emitted);
        Some(Relabelling { names, from: self.labels.iter().map(at).collect() })
    }
}

/// The best name of a metric that is free, which is then taken, and its family.
fn free_name(
    taken: &mut Taken,
    kind: Kind,
    emitted: &str,
    unit: Unit,
) -> Result<(String, String), Error> {
    let mut refused = None;
    for name in rename::metric(emitted, kind) {
        let face = Face { family: family_name(&name, kind, unit), kind, unit };
        match taken.claim(&name, &face) {
            Ok(()) => return Ok((name, face.family)),
            Err(error) => drop(refused.get_or_insert(error)),
        }
    }
    Err(refused.expect("there is a first name"))
}
