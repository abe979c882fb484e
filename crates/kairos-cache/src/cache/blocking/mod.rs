//! Reads for threads without a runtime: closures instead of futures, and a thread that parks.
// Never knows: how an answer is found; the async read does.
// Read next: `../mod.rs`, whose read this waits for; `../../runtime/parking.rs` for the waiting.
// Why: `docs/decisions/0009-a-blocking-read-is-refused-where-it-would-wait.md`.

mod many;
mod refresh;
mod subscription;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::hash::Hash;
use std::ops::Deref;
use std::time::Duration;

use equivalent::Equivalent;

use crate::cache::Cache as AsyncCache;
use crate::computed::Computed;
use crate::context::Context;
use crate::error::Error;
use crate::policy::MonoNs;
use crate::receipt::{Answer, Hit};
use crate::runtime::{before, may_wait, nanos, wait};
use crate::to_key::{Key, ToKey, Value};

pub use subscription::Subscription;

/// A cache for threads that may block. Made by [`crate::Cache::blocking`]; cheap to clone.
///
/// Dereferences to the cache itself, whose other operations never block.
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
/// assert_eq!(cache.get("btts").map(|hit| *hit), Some(0.61));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
pub struct Cache<K, V> {
    cache: AsyncCache<K, V>,
    patience: Option<Duration>,
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Cache { cache: self.cache.clone(), patience: self.patience }
    }
}

impl<K, V> std::fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("blocking::Cache");
        shown.field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl<K, V> From<AsyncCache<K, V>> for Cache<K, V> {
    fn from(cache: AsyncCache<K, V>) -> Self {
        Cache { cache, patience: None }
    }
}

impl<K, V> Deref for Cache<K, V> {
    type Target = AsyncCache<K, V>;

    fn deref(&self) -> &AsyncCache<K, V> {
        &self.cache
    }
}

impl<K: Key, V: Value> AsyncCache<K, V> {
    /// Returns this cache for threads that may block.
    pub fn blocking(&self) -> Cache<K, V> {
        Cache::from(self.clone())
    }
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Returns the cache itself, whose other operations never block.
    pub fn cache(&self) -> &AsyncCache<K, V> {
        &self.cache
    }

    /// Returns the same cache with a deadline: each call through it waits at most this long, on the
    /// cache's clock, and returns [`Error::Timeout`] then. Of [`Cache::get_many`] that is the answer to
    /// the reads which still wait.
    ///
    /// A read that ends so counts as cancelled. Its compute goes on for others who wait for it, and
    /// is else aborted, unless `computes.finish_abandoned` is set; a closure that has begun goes on.
    ///
    /// ```
    /// use kairos_cache::{Cache, Context, Error};
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let cache: Cache<u8, u8> = Cache::builder().build()?;
    /// let patient = cache.blocking().within(Duration::from_millis(20));
    /// let (end, wait) = mpsc::channel::<()>();
    /// let slow = move || {
    ///     let _ended = wait.recv();
    ///     Ok::<_, std::io::Error>(1)
    /// };
    /// let late = patient.get_or_compute(&1, &Context::none(), slow);
    /// assert!(matches!(late, Err(Error::Timeout)));
    /// drop(end);
    /// # Ok::<_, Error>(())
    /// ```
    #[must_use]
    pub fn within(&self, patience: Duration) -> Cache<K, V> {
        Cache { cache: self.cache.clone(), patience: Some(patience) }
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
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.explain(key, context, compute)?.into_hit()
    }

    /// Reads a key as [`Cache::get_or_compute`] does, by a closure that cannot fail.
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u32> = kairos_cache::Cache::builder().build()?;
    /// # use kairos_cache::Context;
    /// assert_eq!(*cache.blocking().get_with(&7, &Context::none(), || 49)?, 49);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; else as [`crate::Cache::get_with`].
    pub fn get_with<Q, F, T>(&self, key: &Q, context: &Context, compute: F) -> Result<Hit<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce() -> T + Send + 'static,
        T: Into<Computed<V>>,
    {
        self.get_or_compute(key, context, || Ok::<T, Infallible>(compute()))
    }

    /// Reads as [`Cache::get_or_compute`] does, with a receipt also where there is no value.
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; [`Error::Timeout`] at the deadline; else as [`crate::Cache::explain`].
    pub fn explain<Q, F, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Answer<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.explain_refresh(key, context, |_| compute())
    }

    /// Reads a key by the loader, whose future runs where the cache's tasks do.
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; else as [`crate::Cache::read`].
    pub fn read<Q>(&self, key: &Q, context: &Context) -> Result<Hit<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        self.explain_read(key, context)?.into_hit()
    }

    /// Reads as [`Cache::read`] does, with a receipt also where there is no value.
    ///
    /// ```
    /// # use kairos_cache::{Cache, Context};
    /// # let load = |key: String, _: Context| async move { Ok::<_, std::io::Error>(key.len()) };
    /// let cache: Cache<String, usize> = Cache::builder().loader(load).build()?;
    /// let answer = cache.blocking().explain_read("btts", &Context::none())?;
    /// assert_eq!(answer.receipt.reason.name(), "miss");
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; else as [`crate::Cache::explain_read`].
    pub fn explain_read<Q>(&self, key: &Q, context: &Context) -> Result<Answer<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        if self.cache.engine.loader().is_some() {
            self.refuse_to_wait(key, context)?;
        }
        self.wait(self.cache.explain_read(key, context))?
    }

    /// Shuts the cache down, as [`crate::Cache::shutdown`] does, and waits for its end. At the deadline
    /// of [`Cache::within`] this returns, and the shutdown goes on.
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// cache.blocking().shutdown()?;
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; [`Error::Timeout`]; else as [`crate::Cache::shutdown`].
    pub fn shutdown(&self) -> Result<(), Error> {
        self.wait(self.cache.shutdown())?
    }

    /// Subscribes as [`crate::Cache::subscribe`] does, for a thread that waits.
    pub fn subscribe(&self) -> Subscription<K> {
        Subscription::new(&self.cache, self.patience)
    }

    /// Waits for a future on this thread, until the deadline at most.
    fn wait<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        let runtime = self.cache.engine.runtime();
        wait(runtime, before(runtime, self.until(), future))?
    }

    /// Waits for a future that keeps the deadline itself.
    fn wait_undated<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        wait(self.cache.engine.runtime(), future)
    }

    /// The deadline of a call that begins now.
    fn until(&self) -> Option<MonoNs> {
        let now = || self.cache.engine.clock().now().mono;
        self.patience.map(|patience| now().saturating_add(nanos(patience)))
    }

    /// Refuses a read that would wait where it may not, before it starts a compute.
    fn refuse_to_wait<Q>(&self, key: &Q, context: &Context) -> Result<(), Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let allowed = may_wait() || self.cache.engine.serves(key, context)?;
        if allowed { Ok(()) } else { Err(Error::BlocksRuntime) }
    }
}
