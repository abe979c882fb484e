// Values computed elsewhere: the sequence is captured when the filling begins.
// Never knows: how the value was computed.
// Read next: `../engine/compute/fill.rs`, which stores it by the rules of a compute's result.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::cache::Cache;
use crate::context::Context;
use crate::engine::Filling;
use crate::error::Error;
use crate::to_key::{Key, ToKey, Value};

/// A value on its way into the cache. Dropping it without [`Fill::insert`] stores nothing.
///
/// Begin before you read the value's source: an invalidation between the two then bars the value
/// from the cache.
///
/// ```
/// use kairos_cache::{Cache, Context, Fill};
/// use std::sync::Arc;
///
/// let cache: Cache<u8, u32> = Cache::builder().build()?;
/// let fill: Fill<u8, u32> = cache.begin(&1, &Context::none())?;
/// cache.invalidate_all();
/// assert!(!fill.insert(10), "read before the invalidation");
/// assert!(cache.begin(&1, &Context::none())?.insert_arc(Arc::new(11)));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
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
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        self.engine.begin_fill(key, context, &self.engine.moment()).map(Fill)
    }

    /// Stores a value that has just been computed. Returns whether it was stored.
    ///
    /// Use [`Cache::begin`] if an invalidation may have come since the value's source was read.
    ///
    /// # Errors
    /// As [`Cache::begin`].
    pub fn insert<Q>(&self, key: &Q, context: &Context, value: V) -> Result<bool, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        self.insert_arc(key, context, Arc::new(value))
    }

    /// Stores a value that is shared already, as [`Cache::insert`] does: without a copy.
    ///
    /// ```
    /// use kairos_cache::{Cache, Context};
    /// use std::sync::Arc;
    ///
    /// let cache: Cache<u8, String> = Cache::builder().build()?;
    /// let value = Arc::new("0.61".to_owned());
    /// assert!(cache.insert_arc(&1, &Context::none(), Arc::clone(&value))?);
    /// assert!(Arc::ptr_eq(&cache.get(&1).expect("fresh").into_arc(), &value));
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Cache::begin`].
    pub fn insert_arc<Q>(&self, key: &Q, context: &Context, value: Arc<V>) -> Result<bool, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        self.engine.insert(key, context, value)
    }
}

impl<K: Key, V: Value> Fill<K, V> {
    /// Stores the value, unless an invalidation has covered it since the filling began, its match
    /// is suspended or had no state then, or its TTL is zero. Returns whether it was stored.
    pub fn insert(self, value: V) -> bool {
        self.insert_arc(Arc::new(value))
    }

    /// Stores a value that is shared already, as [`Fill::insert`] does.
    pub fn insert_arc(self, value: Arc<V>) -> bool {
        self.0.end(value)
    }
}
