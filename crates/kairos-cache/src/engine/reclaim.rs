// Reclaiming: what holds a match, a tag or a failure without need is let go of, when their tables are full.
// Never knows: what is looked up, or what a sweep makes room for.
// Read next: `../matches/mod.rs` and `../truth/tags.rs`, the tables; `../store/mod.rs`, whose entries hold both.
// Why: `docs/decisions/0019-tags-of-a-result-are-judged-from-its-start.md`.
//
// Whoever finds a table full looks at a few of its rows, and where that does not help goes without
// and asks for a sweep, which a task of the runtime makes behind it.

use std::sync::{Arc, Weak};

use crate::contain::shielded;
use crate::engine::{Engine, Moment};
use crate::matches::Scope;
use crate::policy::Now;
use crate::store::Entry;
use crate::to_key::{Key, Value};
use crate::truth::Held;

/// A caller that is no read sweeps a table of no more rows than this by itself.
const FEW: usize = 256;

/// A request for a sweep, which ends with the sweep or without one.
struct Asked<K: Key, V: Value>(Weak<Engine<K, V>>);

impl<K: Key, V: Value> Drop for Asked<K, V> {
    fn drop(&mut self) {
        if let Some(engine) = self.0.upgrade() {
            engine.wanted.answer();
        }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// The match of a name with its state, created if there is room or can be made.
    pub(crate) fn scope(self: &Arc<Self>, name: &str) -> Option<Scope> {
        if let Some(scope) = self.matches.find(name) {
            return Some(scope);
        }
        let moment = self.moment();
        let (bound, now) = (moment.rules.bounds.matches, moment.now);
        if let Some(scope) = self.matches.find_or_create(name, bound, now) {
            return Some(scope);
        }
        if self.matches.is_due() {
            self.reclaim_soon();
        }
        // Entries that no read can be served still hold their matches.
        if !self.sweep_entries(now) {
            return None;
        }
        self.matches.find_or_create(name, bound, now)
    }

    /// Makes room for tags once their table is nearly full, by a look at one part of it. One load
    /// otherwise. Called with no lock held.
    pub(crate) fn relieve_tags(self: &Arc<Self>, moment: &Moment) {
        if !self.wants_tags(moment) {
            return;
        }
        if !self.has_few_tags() {
            let _swept_behind = self.sweep_entries(moment.now);
            self.reclaim_soon();
            return;
        }
        self.forget_tags();
        if self.is_crowded(moment) && self.sweep_entries(moment.now) {
            self.forget_tags();
        }
    }

    /// Does so for a read: it runs no other entry's destructor, however few there are.
    pub(crate) fn relieve_tags_behind(self: &Arc<Self>, moment: &Moment) {
        if !self.wants_tags(moment) {
            return;
        }
        if self.has_few_tags() {
            self.forget_tags();
            if !self.is_crowded(moment) {
                return;
            }
        }
        if self.sweeps.entries.is_due(self.entries() / 64) {
            self.wanted.want_entries();
        }
        self.reclaim_soon();
    }

    /// Has outdated failures of so many forgotten behind the caller, which may hold a flight's lock,
    /// and runs the destructor of no key but its own.
    pub(super) fn forget_failed(&self, failed: usize) {
        if self.sweeps.failed.is_due(failed / 64) {
            self.wanted.want_later();
        }
    }

    /// Removes flights that their keys no longer find, behind the caller: their keys are others'.
    pub(super) fn forget_strays(self: &Arc<Self>) {
        if self.drain.is_closed() {
            self.flights.forget_strays();
        } else {
            self.reclaim_soon();
        }
    }

    /// Asks for the sweep that was wanted under a lock. One load otherwise.
    pub(super) fn reclaim_if_wanted(self: &Arc<Self>) {
        if self.wanted.was_wanted() {
            self.reclaim_soon();
        }
    }

    /// Has full tables swept by a task behind the caller, unless one is to come.
    fn reclaim_soon(self: &Arc<Self>) {
        if !self.wanted.ask() {
            return;
        }
        let asked = Asked(Arc::downgrade(self));
        shielded(|| {
            let _runs_on = self.runtime.spawn_blocking(Box::new(move || {
                let Some(engine) = asked.0.upgrade() else { return };
                // First: who finds a table full from here on asks for another.
                drop(asked);
                // A shutdown waits for a sweep that has begun.
                if let Some(_underway) = engine.drain.enter() {
                    shielded(|| engine.reclaim());
                }
            }));
        });
    }

    fn reclaim(&self) {
        let moment = self.moment();
        let (bound, now) = (moment.rules.bounds.matches, moment.now);
        self.matches.make_room(bound, now);
        if self.is_crowded(&moment) {
            self.forget_tags();
        }
        if self.wanted.takes_entries() {
            self.remove_spent(now);
            self.matches.make_room(bound, now);
            if self.is_crowded(&moment) {
                self.forget_tags();
            }
        }
        if let Some(loader) = &self.loader {
            loader.failed().forget_outdated(now.mono);
        }
        self.failures.forget_outdated(now.mono);
        self.flights.forget_strays();
    }

    /// Whether a caller looks at so many rows by itself: they are few, or no task would.
    fn is_small(&self, rows: usize) -> bool {
        rows <= FEW || self.drain.is_closed()
    }

    /// Whether the table of tags is nearly full.
    fn is_crowded(&self, moment: &Moment) -> bool {
        let bound = moment.rules.bounds.tags;
        self.tags.len() >= bound - bound / 64
    }

    /// Whether tags are to be forgotten: a look at one part of their table was not enough.
    fn wants_tags(&self, moment: &Moment) -> bool {
        if !self.is_crowded(moment) {
            return false;
        }
        self.tags.forget_some();
        self.is_crowded(moment) && self.sweeps.tags.is_due(self.tags.len() / 8)
    }

    /// Whether a caller looks at all tags, and at the classes of all matches, by itself.
    fn has_few_tags(&self) -> bool {
        self.is_small(self.tags.len().max(self.matches.len()))
    }

    fn entries(&self) -> usize {
        usize::try_from(self.store.len()).unwrap_or(usize::MAX)
    }

    fn forget_tags(&self) {
        self.matches.reclaim_classes();
        self.sweeps.tags.made_room(self.tags.forget_unheld());
    }

    /// Removes the entries that no read can be served, if that was not done just now: at most once
    /// in `rows / 64` calls, rows being what such a sweep looks at. Returns whether it was done; where
    /// there are many entries it is done behind the caller, by a sweep that looks at the matches too.
    fn sweep_entries(self: &Arc<Self>, now: Now) -> bool {
        let entries = self.entries();
        let few = self.is_small(entries);
        let rows = if few { entries } else { entries.max(self.matches.len()) };
        if !self.sweeps.entries.is_due(rows / 64) {
            return false;
        }
        if few {
            self.remove_spent(now);
        } else {
            self.wanted.want_entries();
            self.reclaim_soon();
        }
        few
    }

    /// Removes the entries that no read can be served. O(entries).
    fn remove_spent(&self, now: Now) {
        self.store.run_pending();
        self.store.sweep(|held| self.is_spent(held, now));
        self.store.run_pending();
        self.sweep_near();
        self.release_behind();
        self.notices.wake();
    }

    fn is_spent(&self, held: &Held<Entry<V>>, now: Now) -> bool {
        let rules = self.rules.load();
        let entry = &held.entry;
        let (facts, ..) = entry.place.facts_at(now, &rules.odds);
        let view = &entry.rules_view();
        // A read that gives up waiting is served a value of any age.
        let any_age = rules.soft_timeout_ns > 0 && !view.ended_by_kickoff(facts, now);
        held.capture.is_killed() || !any_age && !rules.read.servable(view, facts, now)
    }
}
