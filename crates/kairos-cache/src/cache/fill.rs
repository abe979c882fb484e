// Values computed elsewhere: the sequence is captured when the filling begins.
// Never knows: how the value was computed.
// Read next: `../engine/compute/fill.rs`, which stores it by the rules of a compute's result.

use std::borrow::Borrow;
use std::hash::Hash;

use crate::cache::Cache;
use crate::context::Context;
use crate::engine::Filling;
use crate::error::Error;
use crate::to_key::{Key, ToKey, Value};

/// A value on its way into the cache. Dropping it without [`Fill::insert`] stores nothing.
///
/// Begin before you read the value's source: an invalidation between the two then bars the value
/// from the cache.
#[must_use = "a fill stores nothing until it is given its value"]
pub struct Fill<K: Key, V: Value>(Filling<K, V>);

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
        self.engine.begin_fill(key, context).map(Fill)
    }

    /// Stores a value that has just been computed. Returns whether it was stored.
    ///
    /// Use [`Cache::begin`] if an invalidation may have come since the value's source was read.
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
        self.0.store(value)
    }
}
