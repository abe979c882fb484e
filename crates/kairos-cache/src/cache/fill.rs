//! Values computed elsewhere: the sequence is captured when the filling begins.
//! Never knows: how the value was computed.
//! Read next: `compute.rs`, which stores it by the same rules as a compute's result.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use crate::cache::Cache;
use crate::contain::shielded;
use crate::context::Context;
use crate::engine::Engine;
use crate::engine::compute::running::Fresh;
use crate::error::Error;
use crate::flight::job::{Home, KeyFlight};
use crate::stats::counts::Bounded;
use crate::to_key::{Key, ToKey, Value};
use crate::truth::generation::Capture;

/// A value on its way into the cache. Dropping it without [`Fill::insert`] stores nothing.
///
/// Begin before you read the value's source: an invalidation between the two then keeps the value
/// out.
#[must_use = "a fill stores nothing until it is given its value"]
pub struct Fill<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    key: K,
    flight: Arc<KeyFlight<V>>,
    home: Home,
    capture: Capture,
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Begins to fill a key with a value computed elsewhere.
    ///
    /// # Errors
    /// A context that names an unknown market or lacks its match; [`Error::Overloaded`] where
    /// `bounds.flights` keys are being computed or filled.
    pub fn begin<Q>(&self, key: &Q, context: &Context) -> Result<Fill<K, V>, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        let engine = Arc::clone(&self.engine);
        engine.note_second();
        let place = engine.arrive(context)?;
        let owned = key.to_key();
        let flight = loop {
            let flight = engine.flight(key).ok_or_else(|| {
                engine.stats.over_bound(Bounded::Flights);
                Error::Overloaded
            })?;
            if flight.hold() {
                break flight;
            }
            engine.forget_flight(key, &flight);
        };
        let home = engine.home(place, &context.tags);
        engine.relieve_tags();
        let capture = home.capture();
        Ok(Fill { engine, key: owned, flight, home, capture })
    }

    /// Stores a value that has just been computed; says whether it was stored.
    ///
    /// Use [`Cache::begin`] where an invalidation may have come since the value's source was read.
    ///
    /// # Errors
    /// As [`Cache::begin`].
    pub fn insert<Q>(&self, key: &Q, context: &Context, value: V) -> Result<bool, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        Ok(self.begin(key, context)?.insert(value))
    }
}

impl<K: Key, V: Value> Fill<K, V> {
    /// Stores the value, unless an invalidation has covered it since the filling began, its match
    /// is suspended or had no state then, or its TTL is zero. Returns whether it was stored.
    pub fn insert(self, value: V) -> bool {
        let engine = &self.engine;
        let now = engine.now();
        let zone = engine.zone_of(&self.home.place, now);
        let weight = engine.weight(&self.key, &value);
        let fresh = Fresh::value(Arc::new(value), now, zone, 0).with_jitter(engine.jitter());
        let fresh = Fresh { weight, ..fresh };
        let stored = self.flight.publish(|marks| {
            engine.store_result(&self.key, &fresh, &self.home, &self.capture, marks)
        });
        engine.store.displaced.release();
        engine.sweep_if_full();
        stored
    }
}

impl<K: Key, V: Value> Drop for Fill<K, V> {
    fn drop(&mut self) {
        if self.flight.unhold() {
            shielded(|| self.engine.forget_flight(&self.key, &self.flight));
        }
    }
}
