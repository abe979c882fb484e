// What follows from how a compute ended: counts, the pace of the next try, notices.
// Never knows: what is stored.
// Why: `docs/decisions/0010-the-loader-remembers-failures-by-key.md`.

use crate::contain::shielded;
use crate::engine::find::rules_view;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::Kind;
use crate::policy::Zone;
use crate::stats::{Discarded, Notice};
use crate::to_key::{Key, Value};
use crate::truth;

impl<K: Key, V: Value> Engine<K, V> {
    /// Counts a failed compute, and puts off the next refresh of a value that can still be served,
    /// or the loader's next try for a key that has none.
    pub(crate) fn compute_failed(&self, key: &K, kind: Kind, moment: &Moment) {
        self.stats.compute_failed(kind);
        shielded(|| self.put_off(key, moment));
    }

    /// Counts a compute that was dropped before it ended, and puts off the next try as after a failure.
    pub(crate) fn compute_aborted(&self, key: &K, moment: &Moment) {
        self.stats.accounts().aborted();
        shielded(|| self.put_off(key, moment));
    }

    fn put_off(&self, key: &K, moment: &Moment) {
        let (now, rules) = (moment.now, &moment.rules);
        let until = now.mono.saturating_add(rules.throttle_ns);
        let servable = truth::inspect(&self.store.shelf(key), |slot, held| {
            let facts = held.entry.place.facts();
            let servable = rules.read.servable(&rules_view(slot, held), facts, now);
            if servable {
                held.entry.put_off_refresh(until);
            }
            servable
        });
        match &self.loader {
            Some(loader)
                if servable != Some(true) && loader.put_off(key, until, rules.bounds.flights) =>
            {
                self.forget_failed(loader);
            }
            _ => {}
        }
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
            shielded(|| loader.succeeded(key));
        }
    }

    /// Sends subscribers the notice of a failed refresh.
    pub(crate) fn tell_failure(&self, key: &K, kind: Kind, error: &Error) {
        if kind == Kind::Refresh {
            self.notices.tell(|| Notice::RefreshFailed { key: key.clone(), error: error.clone() });
        }
    }
}
