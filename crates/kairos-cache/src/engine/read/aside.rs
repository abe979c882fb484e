// Hits on what the thread does not remember and is not to: looked up, decided and served, and nothing kept of it.
// Never knows: refreshes, misses, or what a stale value becomes; all of that is left to the read proper.
// Read next: `near.rs` for what is remembered, `reading.rs` for the look of a read that may remember.
// Why: `docs/decisions/0021-each-thread-remembers-what-it-was-served.md`.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::engine::find::rules_view;
use crate::engine::kept::Timed;
use crate::engine::read::reading::{NO_CONTEXT, receipt};
use crate::engine::{Engine, Moment};
use crate::policy::{MonoNs, Reason};
use crate::receipt::{Guard, Receipt};
use crate::stats::Score;
use crate::store::{Entry, Probe};
use crate::to_key::{Key, Value};
use crate::truth::{Held, Row, Slot};

/// A fresh value with its receipt, and how the read is scored.
type Fresh<V> = (Arc<V>, Receipt, Score);

impl<K: Key, V: Value> Engine<K, V> {
    /// Serves a read without a context what it finds fresh, and counts it. Nothing is done where it finds
    /// something else, or may refresh the value early. `mono` is the time of the hit.
    pub(super) fn read_aside<Q>(
        &self,
        probe: Probe<'_, Q>,
        mono: MonoNs,
        timed: Timed,
    ) -> Option<Guard<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        // Before the row is found: what returned before the read is seen by it.
        let moment = self.moment_of_hit(mono);
        let row = self.store.find(probe)?;
        let slot = row.slot();
        let fresh = slot.inspect(|held| self.fresh_in(slot, held, &moment)).flatten();
        if fresh.is_some() {
            self.store.touch(&row);
        }
        self.let_go((row, None));
        let (value, receipt, score) = fresh?;
        self.stats.fresh(score).inc();
        self.end_timing(timed);
        self.release_behind();
        Some(Guard::new(value, receipt))
    }

    /// The value of an entry if a read without a context is served it as fresh, and does not refresh it. Under
    /// the slot's lock: it runs the rules, and no code of the key's or the value's.
    fn fresh_in(
        &self,
        slot: &Slot<Entry<V>>,
        held: &Held<Entry<V>>,
        moment: &Moment,
    ) -> Option<Fresh<V>> {
        let entry = &held.entry;
        // What has no value is no hit.
        let value = entry.value.as_ref().filter(|_| !held.capture.is_killed())?;
        let (now, rules) = (moment.now, &moment.rules.read);
        let view = rules_view(slot, held);
        let (facts, watch, _) = entry.place.facts_at(now, &moment.rules.odds);
        let signals = self.signals(&NO_CONTEXT, &entry.place, watch, moment);
        let verdict = rules.decide(Some(&view), &signals, facts, now);
        let is_served = verdict.reason == Reason::Fresh
            && (self.loader.is_none()
                || rules.may_refresh_early(&view, &signals, facts, now).is_none());
        is_served.then(|| {
            let receipt = receipt(&verdict, &signals, false);
            (Arc::clone(value), receipt, Score::of(signals.signal))
        })
    }
}
