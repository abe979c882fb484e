// A key that is filled with a value computed elsewhere: captured when it begins, stored under the flight's lock.
// Never knows: how the value was computed.
// Read next: `renew.rs`, which fills a live key at once.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use super::claim::Claim;
use super::publish::{Began, Fresh, Lasts};
use crate::contain::shielded;
use crate::context::Context;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::Home;
use crate::matches::Place;
use crate::stats::Bounded;
use crate::to_key::{Key, ToKey, Value};
use crate::truth::Capture;

/// A filling that has begun. Dropping it stores nothing.
pub(crate) struct Filling<K: Key, V: Value> {
    claim: Arc<Claim<K, V>>,
    home: Home,
    capture: Capture,
    /// Its number among what has begun for the key.
    began: u64,
    since: Began,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Begins to fill a key.
    pub(crate) fn begin_fill<Q>(
        self: &Arc<Self>,
        key: &Q,
        context: &Context,
        moment: &Moment,
    ) -> Result<Filling<K, V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let place = self.arrive(key, context, moment.now)?.place;
        self.adopt()?;
        self.begin_fill_of(key, &place, context, moment)
    }

    /// Begins to fill a key of this place.
    pub(super) fn begin_fill_of<Q>(
        self: &Arc<Self>,
        key: &Q,
        place: &Place,
        context: &Context,
        moment: &Moment,
    ) -> Result<Filling<K, V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let owned = key.to_key();
        loop {
            let bound = moment.rules.bounds.flights;
            let flight = self.flights.find_or_create(key, bound).ok_or_else(|| {
                self.stats.over_bound(Bounded::Flights);
                Error::Overloaded
            })?;
            let began = flight.begin_fill(|| {
                let home = self.home(place.clone(), &context.tags, &moment.rules);
                let capture = home.capture();
                (home, capture)
            });
            let Some((began, (home, capture))) = began else {
                self.forget_flight(key, &flight);
                continue;
            };
            let claim = Arc::new(Claim::new(self, owned, flight));
            let since = Began { at: moment.now.mono, kickoff: home.place.facts().kickoff };
            let filling = Filling { claim, home, capture, began, since };
            self.relieve_tags(moment);
            return Ok(filling);
        }
    }
}

impl<K: Key, V: Value> Filling<K, V> {
    /// Stores the value, found now, as [`Filling::store`] does.
    pub(crate) fn end(self, value: Arc<V>) -> bool {
        let moment = self.claim.engine().moment();
        self.store(value, &moment)
    }

    /// Stores the value unless something forbids it. Returns whether it was stored.
    pub(crate) fn store(self, value: Arc<V>, moment: &Moment) -> bool {
        let (engine, key) = (self.claim.engine(), self.claim.key());
        let _released = engine.store.releasing();
        let zone = moment.zone_of(&self.home.place);
        let weight = engine.weight(key, &value);
        let jitter = engine.jitter(key, moment);
        let lasts = Lasts { own_ttl_ns: None, jitter };
        let fresh = Fresh::value(value, moment.now, zone, self.since, 0, lasts);
        let fresh = Fresh { weight, ..fresh };
        let stored = self.claim.flight().publish(self.began, |marks| {
            let place = &self.home.place;
            let (at, capture) = (engine.store.shelf(key), &self.capture);
            let fate = engine.store_result(&self.claim, &at, &fresh, place, capture, marks);
            (fate.stands(), fate.bars_older())
        });
        if stored {
            drop(engine.forget_failure(key));
        }
        engine.sweep_if_full();
        engine.keep_up();
        engine.forget_near(engine.store.probe(key));
        stored
    }
}

impl<K: Key, V: Value> Drop for Filling<K, V> {
    fn drop(&mut self) {
        if self.claim.flight().unhold() {
            shielded(|| self.claim.forget());
        }
    }
}
