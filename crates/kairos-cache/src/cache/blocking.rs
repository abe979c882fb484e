//! Reads for threads without a runtime: closures instead of futures, and a thread that parks.
// Never knows: how an answer is found; the async read does.
// Read next: `mod.rs`, whose read this waits for; `../runtime/parking.rs` for the waiting.
// Why: `docs/decisions/0009-a-blocking-read-is-refused-where-it-would-wait.md`.

use std::borrow::Borrow;
use std::error::Error as StdError;
use std::hash::Hash;

use crate::cache::{ASKED_ONCE, Cache as AsyncCache};
use crate::context::Context;
use crate::engine::blocking_work;
use crate::error::Error;
use crate::receipt::{Answer, Computed, Hit};
use crate::runtime::{may_wait, wait};
use crate::to_key::{Key, ToKey, Value};

/// A cache for threads that may block. Made by [`crate::Cache::blocking`]; cheap to clone.
///
/// Blocking and async reads share their computes: one per key. A closure runs on tokio's blocking
/// threads, where it may block; other computes, timers and waiters go on beside it.
///
/// Nothing can stop a closure that has begun. When its time is up its waiters get
/// [`Error::Timeout`] and its result is dropped, but the closure holds its key until it returns: a
/// read of the key meanwhile waits for that, and times out in turn.
///
/// On a worker of a multi-thread tokio runtime the worker's tasks move to another thread first. Where
/// a current-thread runtime is current, no read may wait, for the thread may be the one that drives it:
/// a read that is not served at once returns [`Error::BlocksRuntime`], and starts no compute. A closure
/// of a blocking read may read and wait. So is refused what would wait in a `LocalSet` of a multi-thread
/// runtime, but there its compute has begun and is aborted, and tokio's own panic, by which alone it
/// tells, goes to the panic hook: a program that aborts at a panic must not block there. The runtime
/// on which the cache runs its tasks must be driven, as the cache's own thread is.
///
/// ```
/// use kairos_cache::{Cache, Context};
///
/// let cache: Cache<String, f64> = Cache::builder().build()?;
/// let cache = cache.blocking();
/// let compute = || Ok::<_, std::io::Error>(0.61);
/// assert_eq!(*cache.get_or_compute("btts", &Context::none(), compute)?, 0.61);
/// assert_eq!(cache.cache().get("btts").map(|hit| *hit), Some(0.61));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
pub struct Cache<K, V>(AsyncCache<K, V>);

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Cache(self.0.clone())
    }
}

impl<K, V> std::fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("blocking::Cache").finish_non_exhaustive()
    }
}

impl<K, V> From<AsyncCache<K, V>> for Cache<K, V> {
    fn from(cache: AsyncCache<K, V>) -> Self {
        Cache(cache)
    }
}

impl<K: Key, V: Value> AsyncCache<K, V> {
    /// Returns this cache for threads that may block.
    pub fn blocking(&self) -> Cache<K, V> {
        Cache(self.clone())
    }
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Returns the cache itself, whose other operations never block.
    pub fn cache(&self) -> &AsyncCache<K, V> {
        &self.0
    }

    /// Reads a key: serves the stored value, or runs `compute` once for all reads that wait.
    ///
    /// A served value costs the same as in the async read. A stale value is served at once and
    /// refreshed by `compute` in the background.
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; else as [`crate::Cache::get_or_compute`].
    pub fn get_or_compute<Q, F, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Hit<V>, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.explain(key, context, compute)?.into_hit()
    }

    /// Reads as [`Cache::get_or_compute`] does, with a receipt also where there is no value.
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; else as [`crate::Cache::explain`].
    pub fn explain<Q, F, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Answer<V>, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let engine = &self.0.engine;
        self.refuse_to_wait(key, context)?;
        let mut compute = Some(compute);
        let work = &mut |_: &Q, _: &Context| blocking_work(compute.take().expect(ASKED_ONCE));
        wait(engine.runtime(), engine.read_through(key, context, work))?
    }

    /// Reads a key by the loader, whose future runs where the cache's tasks do.
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; else as [`crate::Cache::read`].
    pub fn read<Q>(&self, key: &Q, context: &Context) -> Result<Hit<V>, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        self.explain_read(key, context)?.into_hit()
    }

    /// Reads as [`Cache::read`] does, with a receipt also where there is no value.
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; else as [`crate::Cache::explain_read`].
    pub fn explain_read<Q>(&self, key: &Q, context: &Context) -> Result<Answer<V>, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        if self.0.engine.loader().is_some() {
            self.refuse_to_wait(key, context)?;
        }
        wait(self.0.engine.runtime(), self.0.explain_read(key, context))?
    }

    /// Refuses a read that would wait where it may not, before it starts a compute.
    fn refuse_to_wait<Q>(&self, key: &Q, context: &Context) -> Result<(), Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        let allowed = may_wait() || self.0.engine.serves(key, context)?;
        if allowed { Ok(()) } else { Err(Error::BlocksRuntime) }
    }
}
