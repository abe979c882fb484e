// The read without a compute that says why it is not served.
// Never knows: how that is decided.
// Read next: `../refused.rs` for the reasons, `../engine/read/check.rs`.

use std::hash::Hash;

use equivalent::Equivalent;

use crate::cache::Cache;
use crate::context::Context;
use crate::receipt::Guard;
use crate::refused::Refused;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Returns the stored value, fresh or stale, as [`Cache::get`] does, for a read with this context, or
    /// the reason for which it is not served. Synchronous; a value that is served allocates nothing.
    ///
    /// The context's kickoff and line-up are published, its prices are scored, its `max_age` is obeyed.
    /// A context that forces a refresh is served nothing: the value is [`Refused::TooStale`] with the
    /// limit 0. A check that is served counts as `get` does, and one that is refused counts nothing. A
    /// [`loader`](crate::Builder::loader) refreshes and fills behind it where it would behind `get`.
    ///
    /// ```
    /// use kairos_cache::{Cache, Context, Refused, TradingStatus};
    ///
    /// let cache: Cache<String, f64> = Cache::builder().build()?;
    /// let match_ = cache.scope("12345");
    /// let btts = Context::new(&match_).market("btts");
    /// assert!(matches!(cache.check("12345:btts", &btts), Err(Refused::Absent)));
    /// cache.insert("12345:btts", &btts, 0.61)?;
    /// assert_eq!(cache.check("12345:btts", &btts).map(|price| *price).ok(), Some(0.61));
    /// cache.set_status(&match_, Some("btts"), TradingStatus::Suspended)?;
    /// assert!(matches!(cache.check("12345:btts", &btts), Err(Refused::Suspended)));
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first of the reasons in [`Refused`] that applies.
    pub fn check<Q>(&self, key: &Q, context: &Context) -> Result<Guard<V>, Refused>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.check(key, context)
    }
}
