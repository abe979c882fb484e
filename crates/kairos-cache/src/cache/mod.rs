// What a caller may do with a cache, one file a kind of call; here the reads.
// Never knows: how the engine does it.
// Read next: `../engine/read/mod.rs` for the way of a read.

pub mod blocking;
mod builder;
mod check;
mod entries;
mod feeds;
mod fill;
mod invalidate;
mod many;
mod matches;
mod numbers;
mod operate;
mod read;
mod refresh;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;
use kairos_metrics::Registry;

use crate::computed::Computed;
use crate::context::Context;
use crate::engine::{Engine, Pinned};
use crate::error::Error;
use crate::policy::EventGraph;
use crate::receipt::{Answer, Guard, Hit};
use crate::to_key::{Key, ToKey, Value};

pub use builder::Builder;
pub use feeds::Feed;
pub use fill::Fill;
pub use invalidate::EventOutcome;

/// An in-process cache that knows the moment. Cheap to clone; clones share everything.
///
/// A value's `Drop`, a closure and a weigher may use the cache and may panic: none of them runs
/// under a lock of the cache. A key's `Clone`, `Hash`, `Eq` and `Drop` do, and may not use the
/// cache.
pub struct Cache<K, V> {
    engine: Arc<Engine<K, V>>,
    /// Where its metrics are registered. With the last clone they leave the page, whatever is under way.
    names: Registry,
}

/// A caller's closure is a compute's work, and then the engine keeps it.
const ASKED_ONCE: &str = "the engine asks for the work at most once";

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Cache { engine: Arc::clone(&self.engine), names: self.names.clone() }
    }
}

impl<K, V> std::fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Reads a key: serves the stored value, or runs `compute` once for all reads that wait.
    ///
    /// A served value costs one lookup and allocates nothing. A stale value is served at once and
    /// refreshed by `compute` in the background.
    ///
    /// The compute runs as a task of its own, which no reader's runtime or thread is: what is current at
    /// the reader, such as task-locals and the span of `tracing`, is not current there unless `compute`
    /// brings it along, as by `LOCAL.scope(value, future)` or `future.instrument(span)`. A loader and a
    /// refresh by it have no reader to bring anything.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// use kairos_cache::{Cache, Context, Reason};
    ///
    /// let cache: Cache<String, f64> = Cache::builder().build()?;
    /// let context = Context::new(&cache.scope("12345")).market("btts");
    /// let compute = || async { Ok::<_, std::io::Error>(0.61) };
    /// let hit = cache.get_or_compute("12345:btts", &context, compute).await?;
    /// assert_eq!((*hit, hit.receipt().reason), (0.61, Reason::Miss));
    /// let hit = cache.get_or_compute("12345:btts", &context, compute).await?;
    /// assert_eq!((*hit, hit.receipt().reason), (0.61, Reason::Fresh));
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// The compute's own error, shared by all reads that waited ([`Error::Compute`]); its panic or
    /// timeout; [`Error::Nothing`]; a context that names an unknown market or lacks its match.
    ///
    /// # Cancellation
    /// Dropping the future affects no other read. When the last waiter of a compute leaves, the
    /// compute is aborted, unless `computes.finish_abandoned` is set. A read that is dropped while it
    /// waits counts as cancelled and not as a finished read.
    pub async fn get_or_compute<Q, F, Fut, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Hit<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.explain(key, context, compute).await?.into_hit()
    }

    /// Reads a key as [`Cache::get_or_compute`] does, by a compute that cannot fail.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let cache: kairos_cache::Cache<u8, u32> = kairos_cache::Cache::builder().build()?;
    /// # use kairos_cache::Context;
    /// assert_eq!(*cache.get_with(&7, &Context::none(), || async { 49 }).await?, 49);
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Cache::get_or_compute`], without an error of the compute's own.
    ///
    /// # Cancellation
    /// As [`Cache::get_or_compute`].
    pub async fn get_with<Q, F, Fut, T>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Hit<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: Into<Computed<V>>,
    {
        let compute = || {
            let value = compute();
            async move { Ok::<T, Infallible>(value.await) }
        };
        self.get_or_compute(key, context, compute).await
    }

    /// Reads as [`Cache::get_or_compute`] does, with a receipt also where there is no value.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # use kairos_cache::{Cache, Computed, Context, Error, Reason};
    /// # let cache: Cache<u8, u32> = Cache::builder().build()?;
    /// let nothing = || async { Ok::<_, std::io::Error>(Computed::None) };
    /// let answer = cache.explain(&1, &Context::none(), nothing).await?;
    /// assert_eq!(answer.receipt.reason, Reason::Miss);
    /// assert!(matches!(answer.outcome, Err(Error::Nothing)));
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// A context that names an unknown market or lacks its match; the outcome of the compute is in
    /// the answer.
    ///
    /// # Cancellation
    /// As [`Cache::get_or_compute`].
    pub fn explain<Q, F, Fut, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> impl Future<Output = Result<Answer<V>, Error>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.explain_refresh(key, context, |_| compute())
    }

    /// Returns the stored value, fresh or stale, and `None` where a compute would be needed.
    /// Synchronous; a fresh value allocates nothing.
    ///
    /// A read that returns `None` is not counted: the caller's `get_or_compute` will be.
    ///
    /// With a [`loader`](crate::Builder::loader) the read starts a background refresh wherever
    /// [`Cache::read`] would start one, and for a value that is too stale, or was invalidated by a
    /// tag, a match, an event or all and is not reclaimed yet. It starts none for a key without a
    /// slot, because nothing tells where the value belongs; where the value could not be stored;
    /// and where a panic sends readers around the cache. Those need [`Cache::read`].
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<Guard<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.read_stored(key)
    }

    /// Returns what [`Cache::get`] would serve, without counting the read.
    pub fn peek<Q>(&self, key: &Q) -> Option<Guard<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.engine.peek(key)
    }

    /// Returns the event graph of this cache.
    pub fn event_graph(&self) -> &EventGraph {
        self.engine.graph()
    }

    /// Returns the number of stored entries, including dead ones that are not reclaimed yet: an invalidated
    /// key is counted until somebody stores another, or a task takes it out. Exact after [`Cache::run_pending_tasks`], but for what
    /// a sweep of the next second reclaims.
    pub fn entry_count(&self) -> u64 {
        self.engine.store().len()
    }

    /// Applies deferred ranks and evictions. Never needed for correctness.
    pub fn run_pending_tasks(&self) {
        let store = self.engine.store();
        let _released = store.releasing();
        store.run_pending();
        self.engine.sweep_near();
        store.release_left();
    }

    /// Pins a key that [`Cache::get`] would serve: reads through the pin hash nothing.
    pub fn pin<Q>(&self, key: &Q) -> Option<Pinned<K, V>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        Pinned::new(Arc::clone(&self.engine), key)
    }
}
