// What is stored, without a read: whether a key is there, which keys are, and taking one out.
// Never knows: freshness, or what a read would be told.
// Read next: `invalidate.rs` for the other ways out; `../engine/find.rs`, which looks.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::cache::Cache;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Returns whether a key has a live value: stored, not invalidated, and not ended by kickoff. It may
    /// be too old for a read; [`Cache::peek`] tells whether a read would be served. Counts nothing. O(1).
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// # use kairos_cache::Context;
    /// cache.insert(&1, &Context::none(), 10)?;
    /// assert!(cache.contains_key(&1) && !cache.contains_key(&2));
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.contains(key)
    }

    /// Returns the keys that have a live value, as [`Cache::contains_key`] has it, in no order. Walks the
    /// store as it goes, under no lock: an entry that comes or goes meanwhile may be missed.
    /// O(entries); clones each key.
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// # use kairos_cache::Context;
    /// for key in [1, 2, 3] {
    ///     cache.insert(&key, &Context::none(), 10 * key)?;
    /// }
    /// cache.invalidate(&2);
    /// let mut keys = cache.keys();
    /// keys.sort_unstable();
    /// assert_eq!(keys, [1, 3]);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn keys(&self) -> Vec<K> {
        self.engine.keys()
    }

    /// Invalidates a key, as [`Cache::invalidate`] does, and returns its value if this call ended a live
    /// one.
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// # use kairos_cache::Context;
    /// cache.insert(&1, &Context::none(), 10)?;
    /// assert_eq!(cache.remove(&1).as_deref(), Some(&10));
    /// assert!(cache.remove(&1).is_none());
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<Arc<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.remove(key)
    }
}
