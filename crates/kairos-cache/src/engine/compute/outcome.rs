// What follows from how a compute ended: counts, the pace of the next try, notices.
// Never knows: what is stored.
// Why: `docs/decisions/0010-the-loader-remembers-failures-by-key.md`.

use crate::contain::{caught, shielded};
use crate::engine::failure::{Failed, Failure};
use crate::engine::find::rules_view;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::Kind;
use crate::policy::Zone;
use crate::stats::{Discarded, Notice};
use crate::to_key::{Key, Value};
use crate::truth;

impl<K: Key, V: Value> Engine<K, V> {
    /// Counts a failed compute, and puts off the next refresh of a value that can still be served; of a
    /// key that has none, the loader's next try, and the next compute. Returns what is to be dropped
    /// under no lock.
    pub(crate) fn compute_failed(
        &self,
        key: &K,
        kind: Kind,
        failed: &Failed<'_>,
        moment: &Moment,
    ) -> Option<Failure> {
        self.stats.compute_failed(kind);
        let remember = || {
            let is_servable = self.put_off(key, moment);
            if is_servable { None } else { self.remember_failure(key, failed, moment) }
        };
        caught(remember).ok()?
    }

    /// Counts a compute that was dropped before it ended, and puts off the next try as after a failure.
    pub(crate) fn compute_aborted(&self, key: &K, moment: &Moment) {
        self.stats.accounts().aborted();
        shielded(|| _ = self.put_off(key, moment));
    }

    /// Puts off the next try of a key. Returns whether it has a servable value.
    fn put_off(&self, key: &K, moment: &Moment) -> bool {
        let (now, rules) = (moment.now, &moment.rules);
        let until = now.mono.saturating_add(rules.throttle_ns);
        let servable = truth::inspect(&self.store.shelf(key), |slot, held| {
            let (facts, ..) = held.entry.place.facts_at(now, &rules.odds);
            let servable = rules.read.servable(&rules_view(slot, held), facts, now);
            if servable {
                held.entry.put_off_refresh(until);
            }
            servable
        });
        let is_servable = servable == Some(true);
        match &self.loader {
            Some(loader) if !is_servable && loader.put_off(key, until, rules.bounds.flights) => {
                self.forget_failed(loader.failed().len());
            }
            _ => {}
        }
        is_servable
    }

    /// Counts a compute that found a value, and what became of that.
    pub(super) fn compute_found(&self, key: &K, kind: Kind, stored: Result<Zone, Discarded>) {
        self.stats.compute_found(kind, stored);
        self.load_succeeded(key);
    }

    /// Counts a compute that found that there is no value.
    pub(super) fn compute_found_nothing(&self, key: &K, kind: Kind) {
        self.stats.compute_found_nothing(kind);
        self.load_succeeded(key);
    }

    fn load_succeeded(&self, key: &K) {
        if let Some(loader) = &self.loader {
            shielded(|| _ = loader.failed().take(key));
        }
    }

    /// Sends subscribers the notice of a failed compute.
    pub(crate) fn tell_failure(&self, key: &K, kind: Kind, error: &Error) {
        self.notices.tell(|| {
            let (key, error) = (key.clone(), error.clone());
            match kind {
                Kind::Refresh => Notice::RefreshFailed { key, error },
                Kind::Miss | Kind::Bypass => Notice::ComputeFailed { key, error },
            }
        });
    }
}
