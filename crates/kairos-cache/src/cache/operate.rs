// What an operator does to a running cache: the switch, a new configuration, listening, the end.
// Never knows: keys, values, or who reads.
// Read next: `../engine/control.rs`, which does it; `../config/rules.rs`, which validates a configuration.
// Why: `docs/decisions/0013-dropping-the-last-clone-stops-nothing.md`.

use crate::cache::Cache;
use crate::config::Config;
use crate::error::Error;
use crate::policy::BreakerLevel;
use crate::stats::Subscription;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Switches the cache on or off. While it is off every read computes and nothing is stored or
    /// served; stored values stay, and invalidations still reach them. A change is counted.
    pub fn set_enabled(&self, enabled: bool) {
        self.engine.switch(enabled);
    }

    /// Applies a new configuration at run time, except `cache.enabled`, which says how a cache
    /// begins: the switch stays as [`Cache::set_enabled`] has set it. Every read that begins after
    /// this returned obeys it, also for stored values. Counted.
    ///
    /// # Errors
    /// [`Error::Config`] for a field out of range, and for a capacity, bound by weight, precision or
    /// event graph other than the cache was built with; the old configuration then stays in force.
    pub fn reload(&self, config: &Config) -> Result<(), Error> {
        self.engine.reload(config)
    }

    /// Changes how many entries the cache holds at most, or what sum of weights if it was built with a
    /// weigher. Reads, computes and invalidations go on meanwhile.
    ///
    /// O(entries); clones each key. With less room than before, what finds none is evicted, counted and
    /// told of as any eviction; which entries that are is left open, as the ranks of all begin anew. A
    /// [`reload`](Cache::reload) leaves the size as it is.
    ///
    /// ```
    /// use kairos_cache::{Cache, Context};
    ///
    /// let cache: Cache<u32, u32> = Cache::builder().max_capacity(100).build()?;
    /// for key in 0..100 {
    ///     cache.insert(&key, &Context::none(), key)?;
    /// }
    /// cache.resize(10)?;
    /// assert_eq!(cache.keys().len(), 10);
    /// assert_eq!(cache.activity().evictions, 90);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] for a size of 0.
    pub fn resize(&self, most: u64) -> Result<(), Error> {
        self.engine.resize(most)
    }

    /// Times 1 in `every` served reads from now on, all of them at 0 and 1: a thread's first read
    /// of a strategy, then 1 in `every`, recorded with that weight. Reads that wait for a compute
    /// are always timed. Thins the latency histograms, never the counters.
    pub fn set_latency_sampling(&self, every: u32) {
        self.engine.stats().sample_latency(every.max(1));
    }

    /// Subscribes to the notices from now on: panics, events, changes of status, evictions, failed
    /// refreshes, steps of the breaker, the switch and new configurations.
    ///
    /// The first subscriber allocates the ring. Served reads never touch the ring; a notice takes
    /// the ring's lock, if there has been a subscriber.
    pub fn subscribe(&self) -> Subscription<K> {
        self.engine.notices().subscribe()
    }

    /// Returns how far lasting panic has opened the breaker.
    pub fn breaker_level(&self) -> BreakerLevel {
        self.engine.breaker_level()
    }

    /// Shuts the cache down: from now on no compute and no refresh begins. Resolves once no task
    /// and no timer of the cache is left.
    ///
    /// Computes that readers wait for run to their end, at most their hard timeout; refreshes and
    /// computes without a waiter are aborted. A read that needs a new compute gets
    /// [`Error::ShutDown`](crate::Error::ShutDown), as does a read whose compute waits for its
    /// turn. Stored values are still served, fresh and stale, and invalidations still work. A
    /// compute that never yields is waited for no longer than its timeout.
    ///
    /// Any clone may shut down, any number of times; nothing reverts it. Without a shutdown nothing
    /// is lost or leaked: when the last clone is dropped, computes and refreshes run to their end,
    /// at most their timeout, and free what is left.
    ///
    /// O(keys with a compute).
    ///
    /// # Errors
    /// [`Error::Reentrant`] inside a compute of this cache, or inside one that a compute of this cache
    /// waits for, through whatever caches: it would wait for itself. Nothing is shut down.
    ///
    /// # Cancellation
    /// Dropping the future, once polled, does not stop the shutdown.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// use kairos_cache::{Cache, Context, Error};
    ///
    /// let cache: Cache<String, u32> = Cache::builder().build()?;
    /// cache.insert("known", &Context::none(), 1)?;
    /// cache.shutdown().await?;
    ///
    /// let compute = || async { Ok::<_, std::io::Error>(2) };
    /// assert_eq!(*cache.get_or_compute("known", &Context::none(), compute).await?, 1);
    /// let refused = cache.get_or_compute("new", &Context::none(), compute).await;
    /// assert!(matches!(refused, Err(Error::ShutDown)));
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.engine.shut_down().await
    }
}
