// A value that has just been found elsewhere takes the place of a live one: at once, and without a flight.
// Never knows: how the value was computed.
// Read next: `fill.rs`, for every other key; `../../flight/table.rs` for what waits meanwhile.
//
// A flight is there to remember what comes between the beginning and the end. Where both are one step,
// nothing comes between. A value of the match, market and tags of the one before takes its place under the
// slot's lock alone (`renew_in_place`), if no key has a flight:
// - A kill or an expiry of the key takes its number, then the slot's lock. It finds the new value there, with
//   what that has captured, or has ended what this would replace. Models: an_entry_is_renewed_in_place_beside_*.
// - Nothing that began before the call can end after it: it would have a flight, which is counted before it
//   begins. What begins beside the call began later, and replaces what it finds, or is replaced by what has
//   begun beside it.
// - A row that has left its key's place between the look and the step leaves it with what stands in it: as if
//   the call had come before whatever took the place.
// Otherwise (`renew_in`) it is one step under the lock that whoever looks for a flight of the key takes:
// - A kill or an expiry of the key takes its number, then looks for a flight, then for the row. Its look for a
//   flight comes before the step, which captures its number then, or after, and then it finds the row with
//   the new value. Models: an_entry_is_renewed_beside_*.
// - Nothing that began before the step can end after it: it would have a flight.
// - What begins after the step began later, and replaces what it finds.
// The row is the one in the key's place: nobody puts another there without a flight.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use super::publish::{Began, Fresh, Lasts};
use crate::context::Context;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::matches::{Place, Scope};
use crate::policy::EntryView;
use crate::store::{Entry, Probe, SharedRow};
use crate::to_key::{Key, ToKey, Value};
use crate::truth::{Renewed, Row, renew};

/// What became of a value that was to take the place of another.
enum InPlace {
    /// It stands there.
    Stored,
    /// The key has no row.
    NoRow,
    /// It is of another match, market or tags, or that has to be looked up, or something forbids it.
    Not,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Stores a value that has just been found, unless something forbids it. Returns whether it was stored.
    pub(crate) fn insert<Q>(
        self: &Arc<Self>,
        key: &Q,
        context: &Context,
        value: Arc<V>,
    ) -> Result<bool, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let (moment, mut value) = (self.moment(), Some(value));
        let probe = self.store.probe(key);
        // A weigher is its user's code, and another weight is a word to moka.
        let mut may_stand = !self.store.is_weighed();
        if may_stand && self.flights.is_empty() && self.adopt().is_ok() {
            match self.renew_in_place(probe, context, &mut value, &moment) {
                InPlace::Stored => return Ok(true),
                InPlace::NoRow => may_stand = false,
                InPlace::Not => {}
            }
        }
        let value = value.expect("taken only where it is stored");
        let place = self.arrive(key, context, moment.now)?.place;
        self.adopt()?;
        if may_stand
            && let Some(row) = self.store.find(probe)
            && !row.slot().is_dead()
        {
            let renewed = self.renew_in(&row, probe, (&place, context), &value, &moment);
            if let Some(stored) = renewed {
                return Ok(stored);
            }
        }
        Ok(self.begin_fill_of(key, &place, context, &moment)?.store(value, &moment))
    }

    /// Puts a value, which it takes, in the place of one of the same match, market and tags. Locks the slot alone; allocates nothing unless a reader is just being served the old
    /// entry.
    fn renew_in_place<Q>(
        self: &Arc<Self>,
        probe: Probe<'_, Q>,
        context: &Context,
        value: &mut Option<Arc<V>>,
        moment: &Moment,
    ) -> InPlace
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let _released = self.store.releasing();
        if !self.publishes(context) {
            return InPlace::Not;
        }
        let scope = context.scope.as_ref();
        let Some(view) = self.renewing(probe.key(), scope, moment) else { return InPlace::Not };
        let is_of = |entry: &Entry<V>| {
            let place = &entry.place;
            scope.map_or(place.scope.is_none(), |scope| place.is_within(scope))
                && self.is_market(place.market, context)
        };
        let renewed = self.store.see(probe, |row| {
            self.invalidations.renew(row.slot(), |entry, class| {
                let is_same = is_of(entry) && *class.names() == *context.tags;
                // An end of fail-safe is told, elsewhere.
                let may_stand =
                    is_same && !entry.place.is_barred() && !entry.is_kept_by_fail_safe();
                let value = value.take_if(|_| may_stand)?;
                Some(Entry::renew(entry, value, view))
            })
        });
        let Some(renewed) = renewed else { return InPlace::NoRow };
        let Some(left) = renewed else { return InPlace::Not };
        drop(left);
        drop(self.forget_failure(probe.key()));
        self.reclaim_if_wanted();
        self.forget_near(probe);
        InPlace::Stored
    }

    /// Publishes kickoff and line-up of a context to its match, if it names one. False where anything has to be
    /// looked up before, or is wrong.
    fn publishes(&self, context: &Context) -> bool {
        let Some(scope) = &context.scope else { return context.needs_match().is_none() };
        let state = scope.state().filter(|_| self.matches.own(scope));
        if let Some(state) = state {
            state.publish(context.kickoff, context.lineup_confirmed);
        }
        state.is_some()
    }

    /// What the rules need to know of a value of this match that is found now, if it may be stored.
    fn renewing<Q>(&self, key: &Q, scope: Option<&Scope>, moment: &Moment) -> Option<EntryView>
    where
        Q: Hash + ?Sized,
    {
        let (now, rules) = (moment.now, &moment.rules);
        let facts = scope.map(|scope| scope.facts_at(now, &rules.odds).0).unwrap_or_default();
        let zone = rules.read.freshness.golden_hour.at(facts, now.wall);
        let began = Began { at: now.mono, kickoff: facts.kickoff };
        let lasts = Lasts { own_ttl_ns: None, jitter: self.jitter(key, moment) };
        let view = Fresh::<V>::view(now, zone, began, 0, lasts);
        self.may_store(&view, facts).then_some(view)
    }

    /// Stores a value in a row, if that is in its key's place and nothing of the key is under way.
    fn renew_in<Q>(
        self: &Arc<Self>,
        row: &SharedRow<K, Entry<V>>,
        probe: Probe<'_, Q>,
        (place, context): (&Place, &Context),
        value: &Arc<V>,
        moment: &Moment,
    ) -> Option<bool>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let _released = self.store.releasing();
        let zone = moment.zone_of(place);
        let began = Began { at: moment.now.mono, kickoff: place.facts().kickoff };
        let jitter = self.jitter(probe.key(), moment);
        let lasts = Lasts { own_ttl_ns: None, jitter };
        let fresh = Fresh::value(Arc::clone(value), moment.now, zone, began, 0, lasts);
        if !self.may_store(&fresh.rules_view, place.facts()) {
            return None;
        }
        let class = self.class(place, &context.tags, &moment.rules);
        self.relieve_tags(moment);
        let entry = Arc::new(Entry::new(fresh.value, fresh.rules_view, place.clone(), 1));
        let bound = moment.rules.bounds.flights;
        let renewed = self.flights.if_idle(probe.key(), probe.hash(), bound, || {
            // Captured here: see the head of this file.
            let capture = || self.invalidations.capture(&class);
            self.store.has(row).then(|| renew(row, entry, capture(), || place.is_barred()))
        });
        let stored = match renewed?? {
            Renewed::NoRow => return None,
            Renewed::Stands(old) => {
                self.let_go_of(old);
                drop(self.forget_failure(probe.key()));
                true
            }
            Renewed::Covered(old) => {
                if let Some(old) = old {
                    self.store.take_out_behind(row);
                    self.let_go_of(old);
                }
                false
            }
        };
        // It has taken nobody's place.
        self.reclaim_if_wanted();
        self.sweep_left();
        self.forget_near(probe);
        Some(stored)
    }
}
