//! What an operator does to a running cache: the switch, a new configuration, looking and listening.
//! Never knows: keys, values, or who reads.
//! Read next: `rules.rs`, which validates a configuration.

use std::sync::Arc;

use crate::cache::Cache;
use crate::config::Config;
use crate::config::rules::{Fixed, Rules};
use crate::error::Error;
use crate::policy::breaker::BreakerLevel;
use crate::stats::notices::{Notice, Subscription};
use crate::sync::Ordering;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Switches the cache on or off. While it is off every read computes and nothing is stored or
    /// served; what is stored stays, and invalidations still reach it. Counted if it changes.
    pub fn set_enabled(&self, enabled: bool) {
        let engine = &self.engine;
        engine.note_second();
        // Relaxed: the switch decides by itself, and pins go by the version.
        let changed = engine.enabled.swap(enabled, Ordering::Relaxed) != enabled;
        // Even if nothing changed: whoever changed it may not have counted that yet.
        engine.touch();
        if changed {
            engine.stats.switched();
            engine.notices.tell(|| Notice::Switched { enabled });
        }
    }

    /// Takes a new configuration at run time, the switch included. Every read that begins after
    /// this returned obeys it, stored values too. Counted.
    ///
    /// # Errors
    /// [`Error::Config`] for a field out of range, and for a capacity, precision or event graph
    /// other than the one that the cache was built with; the old configuration then stays in force.
    pub fn reload(&self, config: &Config) -> Result<(), Error> {
        let engine = &self.engine;
        // One at a time: the parts of one configuration must not mix with another's.
        let _alone = engine.reloading.lock();
        let rules = Rules::new(config)?;
        engine.fixed.require_same(&Fixed::of(config))?;
        engine.note_second();
        let (enabled, max_concurrent) = (rules.enabled, rules.max_concurrent_computes);
        engine.stats.sample_latency(rules.latency_sampling);
        engine.rules.store(Arc::new(rules));
        engine.touch();
        self.set_enabled(enabled);
        engine.gate.set_limit(max_concurrent);
        engine.stats.reloaded();
        engine.notices.tell(|| Notice::Reloaded);
        Ok(())
    }

    /// From now on times one in `every` served reads, at 0 and 1 each: a thread's first read of a
    /// strategy, then one in `every`, recorded with that weight. Reads that wait for a compute are
    /// always timed. Thins the latency histograms, never the counters.
    pub fn set_latency_sampling(&self, every: u32) {
        self.engine.stats.sample_latency(every.max(1));
    }

    /// Subscribes to what happens from now on: panics, events, changes of status, evictions,
    /// refreshes that fail, steps of the breaker, the switch and new configurations.
    ///
    /// The first subscriber allocates the ring. Reads that are served never touch it; what is told
    /// takes the ring's lock, if anybody has subscribed.
    pub fn subscribe(&self) -> Subscription<K> {
        self.engine.notices.subscribe()
    }

    /// How far lasting panic has opened the breaker.
    pub fn breaker_level(&self) -> BreakerLevel {
        self.engine.breaker_level()
    }
}
