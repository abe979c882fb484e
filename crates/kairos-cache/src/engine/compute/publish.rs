// What a compute found becomes an entry, or does not.
// Never knows: who waits for it.
// Why: `docs/decisions/0015-one-function-from-slot-to-visible-entry.md`.
// Why: `docs/decisions/0016-draws-by-seed-key-and-instant.md`.

use std::hash::Hash;
use std::sync::Arc;

use super::claim::Claim;
use crate::engine::{Engine, Moment};
use crate::matches::Place;
use crate::policy::{EntryView, MatchFacts, MonoNs, Now, WallNs, ZoneTtl};
use crate::runtime::Purpose;
use crate::store::{Entry, weigh};
use crate::to_key::{Key, Value};
use crate::truth;
use crate::truth::{Capture, Fate, Finding, Keep, KeyMarks};

/// When what has found a result began, and the kickoff of its match that was known then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began {
    pub(crate) at: MonoNs,
    pub(crate) kickoff: Option<WallNs>,
}

/// A result that has just been found.
pub(crate) struct Fresh<V> {
    /// `None` where the key is known to have no value.
    pub(crate) value: Option<Arc<V>>,
    pub(crate) rules_view: EntryView,
    /// `None` where the value does not fit or could not be weighed.
    pub(crate) weight: Option<u32>,
}

/// How long a result is fresh, beside what its zone says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lasts {
    /// Its own TTL, if its compute named one.
    pub(crate) own_ttl_ns: Option<u64>,
    /// The share that jitter leaves.
    pub(crate) jitter: f64,
}

impl<V> Fresh<V> {
    /// A value found at `now`, not yet weighed.
    pub(crate) fn value(
        value: Arc<V>,
        now: Now,
        zone: ZoneTtl,
        began: Began,
        compute_ns: u64,
        lasts: Lasts,
    ) -> Fresh<V> {
        let view = Fresh::<V>::view(now, zone, began, compute_ns, lasts);
        Fresh { value: Some(value), rules_view: view, weight: None }
    }

    /// What the rules need to know of a value found at `now`.
    pub(super) fn view(
        now: Now,
        zone: ZoneTtl,
        began: Began,
        compute_ns: u64,
        lasts: Lasts,
    ) -> EntryView {
        let Lasts { own_ttl_ns, jitter: ttl_factor } = lasts;
        let (ttl_limit_ns, names_ttl) = (own_ttl_ns.unwrap_or(u64::MAX), own_ttl_ns.is_some());
        let found = found_at(now, zone, began);
        EntryView { ttl_factor, ttl_limit_ns, names_ttl, compute_ns, ..found }.with_own_ttl()
    }

    /// The result that there is no value, remembered for at most `limit_ns`.
    pub(super) fn nothing(now: Now, zone: ZoneTtl, began: Began, limit_ns: u64) -> Fresh<V> {
        let found = found_at(now, zone, began);
        let view = EntryView { ttl_limit_ns: limit_ns, is_nothing: true, ..found };
        Fresh { value: None, rules_view: view.with_own_ttl(), weight: Some(1) }
    }
}

/// What the rules need to know of a result found at `now`, with its zone's TTL.
fn found_at(now: Now, zone: ZoneTtl, began: Began) -> EntryView {
    EntryView {
        stored_at: now.mono,
        stored_wall: now.wall,
        at_insert: zone,
        expired: false,
        ttl_factor: 1.0,
        ttl_limit_ns: u64::MAX,
        names_ttl: false,
        compute_ns: 0,
        took_ns: now.mono.saturating_sub(began.at),
        kickoff_at_begin: began.kickoff,
        is_nothing: false,
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// The share of its TTL that jitter leaves to a result of a key found at a moment.
    pub(super) fn jitter<Q: Hash + ?Sized>(&self, key: &Q, moment: &Moment) -> f64 {
        let jitter = moment.rules.jitter;
        if jitter == 0.0 {
            return 1.0;
        }
        1.0 - jitter * self.draws.draw(Purpose::Jitter, key, moment.now.mono)
    }

    /// Stores a result unless something forbids it; an old value outlives neither the result that
    /// there is none nor one that cannot be kept. Returns what became of the result. Called under the
    /// flight's lock, which serialises the writers of a key. After leaving the lock the caller
    /// releases what this displaces, and drops the result itself.
    pub(super) fn store_result(
        &self,
        claim: &Claim<K, V>,
        at: &impl Keep<Entry<V>>,
        result: &Fresh<V>,
        place: &Place,
        capture: &Capture,
        marks: KeyMarks,
    ) -> Fate {
        let is_storable = self.may_store(&result.rules_view, place.facts());
        let weight = result.weight.filter(|_| is_storable && claim.flight().is_sound());
        let entry = weight.map(|weight| {
            Arc::new(Entry::new(result.value.clone(), result.rules_view, place.clone(), weight))
        });
        let finding = match (&result.value, result.weight) {
            // What cannot be kept is newer than what it was to replace.
            (Some(_), None) if is_storable => Finding::Nothing(None),
            (Some(_), _) => Finding::Value(entry),
            (None, _) => Finding::Nothing(entry),
        };
        truth::conclude(at, finding, capture, marks, || place.is_barred())
    }

    /// Whether a result may be stored, as far as that is not a question of what has come since it began.
    pub(super) fn may_store(&self, view: &EntryView, facts: MatchFacts) -> bool {
        let found = Now { mono: view.stored_at, wall: view.stored_wall };
        // Begun before a kickoff that has passed, it would not be served.
        self.is_enabled() && view.at_insert.ttl_ns > 0 && !view.ended_by_kickoff(facts, found)
    }

    /// The weight of a value, unless it does not fit or cannot be weighed. Not to be called under a
    /// lock.
    pub(super) fn weight(&self, key: &K, value: &V) -> Option<u32> {
        weigh(self.weigher.as_ref(), key, value).filter(|weight| self.store.can_hold(*weight))
    }
}
