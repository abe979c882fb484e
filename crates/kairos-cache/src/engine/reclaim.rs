// Reclaiming: what holds a match or a tag without need is let go of, when their tables are full.
// Never knows: what is looked up, or what a sweep makes room for.
// Read next: `../matches/mod.rs` and `../truth/tags.rs`, the tables; `../store/mod.rs`, whose entries hold both.
// Why: `docs/decisions/0004-a-tag-is-forgotten-without-a-floor.md`.

use crate::engine::{Engine, Moment};
use crate::matches::Scope;
use crate::policy::Now;
use crate::store::Entry;
use crate::to_key::{Key, Value};
use crate::truth::Held;

impl<K: Key, V: Value> Engine<K, V> {
    /// The match of a name with its state, created if there is room or can be made.
    pub(crate) fn scope(&self, name: &str) -> Option<Scope> {
        if let Some(scope) = self.matches.find(name) {
            return Some(scope);
        }
        let moment = self.moment();
        let (bound, now) = (moment.rules.bounds.matches, moment.now);
        if let Some(scope) = self.matches.find_or_create(name, bound, now) {
            return Some(scope);
        }
        // Entries that no read can be served still hold their matches.
        if !self.sweep_entries(now) {
            return None;
        }
        self.matches.make_room(bound, now);
        self.matches.find_or_create(name, bound, now)
    }

    /// Makes room for tags once their table is nearly full. One load otherwise. Called with no lock
    /// held.
    pub(crate) fn relieve_tags(&self, moment: &Moment) {
        let bound = moment.rules.bounds.tags;
        let is_crowded = || self.tags.len() >= bound - bound / 64;
        if !is_crowded() || !self.sweeps.tags.is_due(self.tags.len() / 8) {
            return;
        }
        self.forget_tags();
        if is_crowded() && self.sweep_entries(moment.now) {
            self.forget_tags();
        }
    }

    fn forget_tags(&self) {
        self.matches.reclaim_classes();
        self.sweeps.tags.made_room(self.tags.forget_unheld());
    }

    /// Removes the entries that no read can be served, if that was not done just now. Returns
    /// whether it was done. O(entries), at most once in `entries / 64` calls.
    fn sweep_entries(&self, now: Now) -> bool {
        let entries = usize::try_from(self.store.len()).unwrap_or(usize::MAX);
        if !self.sweeps.entries.is_due(entries / 64) {
            return false;
        }
        self.store.run_pending();
        self.store.sweep(|held| self.is_spent(held, now));
        self.store.run_pending();
        true
    }

    fn is_spent(&self, held: &Held<Entry<V>>, now: Now) -> bool {
        let rules = self.rules.load();
        let (entry, facts) = (&held.entry, held.entry.place.facts());
        let view = &entry.rules_view;
        // A read that gives up waiting is served a value of any age.
        let any_age = rules.soft_timeout_ns > 0 && !view.ended_by_kickoff(facts, now);
        held.capture.is_killed() || !any_age && !rules.read.servable(view, facts, now)
    }
}
