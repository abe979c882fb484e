// The numbers of a cache: the 34 keys, counts beside them, latencies, sizes.
// Never knows: how counts are recorded.

#[cfg(feature = "hdrhistogram")]
use hdrhistogram::Histogram;
use kairos_metrics::Registry;

use crate::cache::Cache;
#[cfg(feature = "hdrhistogram")]
use crate::policy::Strategy;
use crate::stats::{Activity, Category, Sizes, StatsSnapshot};
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Returns the 34 keys, since the last reset of each category.
    ///
    /// In every snapshot `total_requests` is the sum of `strategy_*`, and fresh and stale hits are
    /// equal under each of their names. Takes a lock that resets take, none that reads take.
    pub fn stats(&self) -> StatsSnapshot {
        self.engine.stats().since_reset()
    }

    /// Returns the 34 keys since the cache was built, regardless of resets.
    pub fn lifetime_stats(&self) -> StatsSnapshot {
        self.engine.stats().lifetime()
    }

    /// Returns the counts beside the 34 keys, since the cache was built.
    pub fn activity(&self) -> Activity {
        self.engine.stats().activity()
    }

    /// Returns the current size of everything that has a bound. Locks nothing.
    pub fn sizes(&self) -> Sizes {
        self.engine.sizes()
    }

    /// Resets all 34 keys. A count made meanwhile is not lost: it shows after the reset.
    pub fn stats_reset(&self) {
        self.engine.stats().reset();
    }

    /// Resets the keys of one category.
    pub fn reset_category(&self, category: Category) {
        self.engine.stats().reset_category(category);
    }

    /// Returns the latencies of a strategy in nanoseconds, since the cache was built. Needs the feature
    /// `hdrhistogram`; without it a [snapshot](Registry::snapshot) of the registry has them.
    ///
    /// ```
    /// # use kairos_cache::{Cache, Context, Strategy};
    /// # let cache: Cache<u8, u32> = Cache::builder().build()?;
    /// cache.insert(&1, &Context::none(), 10)?;
    /// cache.get(&1).expect("fresh");
    /// assert_eq!(cache.latency(Strategy::ServeFresh).len(), 1);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    #[cfg(feature = "hdrhistogram")]
    pub fn latency(&self, strategy: Strategy) -> Histogram<u64> {
        self.engine.stats().latency(strategy).to_hdr()
    }

    /// Returns the registry that holds every metric of this cache, for exposition.
    pub fn registry(&self) -> &Registry {
        self.engine.stats().registry()
    }
}
