//! The 34 keys: derived from counts that were each read once, less what had been counted at a reset.
//! Never knows: how counts are recorded.
//! Read next: `stats.rs`, which records them.

use hdrhistogram::Histogram;
use kairos_metrics::Registry;

use crate::cache::Cache;
use crate::policy::decide::Strategy;
use crate::stats::counts::{Activity, Category, Sizes};
use crate::stats::keys::{StatsSnapshot, derive};
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// The 34 keys, since the last reset of each category.
    ///
    /// In every snapshot `total_requests` is the sum of `strategy_*`, and fresh and stale hits are
    /// equal under each of their names. Takes a lock that resets take, none that reads take.
    pub fn stats(&self) -> StatsSnapshot {
        let stats = &self.engine.stats;
        let baselines = stats.baselines.lock();
        let counts = stats.counts();
        let mut latency = stats.all_latency();
        if let Some(before) = &baselines.latency {
            latency = latency.since(before);
        }
        derive(&counts, &baselines.counts, &latency)
    }

    /// The 34 keys since the cache was built, whatever has been reset.
    pub fn lifetime_stats(&self) -> StatsSnapshot {
        let stats = &self.engine.stats;
        derive(&stats.counts(), &Default::default(), &stats.all_latency())
    }

    /// Counts since the cache was built, beside the 34 keys.
    pub fn activity(&self) -> Activity {
        self.engine.stats.activity()
    }

    /// How much the cache keeps at the moment of what has a bound. Locks nothing.
    pub fn sizes(&self) -> Sizes {
        let engine = &self.engine;
        Sizes {
            entries: engine.store.len(),
            matches: engine.matches.len(),
            tags: engine.tags.len(),
            flights: engine.flights.len(),
        }
    }

    /// Resets all 34 keys. Nothing that is counted meanwhile is lost: it shows after the reset.
    pub fn stats_reset(&self) {
        let stats = &self.engine.stats;
        let mut baselines = stats.baselines.lock();
        let counts = stats.counts();
        baselines.counts.fill(counts);
        baselines.latency = Some(stats.all_latency());
    }

    /// Resets the keys of one category.
    pub fn reset_category(&self, category: Category) {
        let stats = &self.engine.stats;
        let mut baselines = stats.baselines.lock();
        baselines.counts[category as usize] = stats.counts();
        if category == Category::Performance {
            baselines.latency = Some(stats.all_latency());
        }
    }

    /// The latency of a strategy in nanoseconds, since the cache was built.
    pub fn latency(&self, strategy: Strategy) -> Histogram<u64> {
        self.engine.stats.latency(strategy).to_hdr()
    }

    /// The registry that holds every metric of this cache, for exposition.
    pub fn registry(&self) -> &Registry {
        self.engine.stats.registry()
    }
}
