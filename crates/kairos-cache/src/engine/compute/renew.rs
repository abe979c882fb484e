// A value that has just been found elsewhere takes the place of a live one: at once, and without a flight.
// Never knows: how the value was computed.
// Read next: `fill.rs`, for every other key; `../../flight/table.rs` for what waits meanwhile.
//
// A flight is there to remember what comes between the beginning and the end. Where both are one step, under
// the lock that whoever looks for a flight of the key takes, nothing comes between:
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
use crate::matches::Place;
use crate::store::{Entry, Probe, SharedRow};
use crate::to_key::{Key, ToKey, Value};
use crate::truth::{Renewed, Row, renew};

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
        let moment = self.moment();
        let place = self.arrive(key, context, moment.now)?.place;
        self.adopt()?;
        let probe = self.store.probe(key);
        // A weigher is its user's code, and another weight is a word to moka.
        if !self.store.is_weighed()
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
        if !self.may_store(&fresh.rules_view, place) {
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
