// What an operator does to a running engine: the switch, a new configuration, the end.
// Never knows: keys, values, or what readers make of the answer that they get.
// Why: `docs/decisions/0013-dropping-the-last-clone-stops-nothing.md`.

use std::sync::Arc;

use super::Engine;
use crate::config::{Config, Fixed, Rules};
use crate::error::Error;
use crate::flight::{current, wait_for_end};
use crate::matches::{Move, Scope};
use crate::stats::Notice;
use crate::sync::Ordering;
use crate::to_key::{Key, Value};

/// What an applied configuration leaves to be done under no lock.
struct Applied {
    /// The configuration before.
    before: Arc<Rules>,
    /// The moves that other bounds on drift are.
    moves: Vec<(Scope, Move)>,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Switches the cache on or off.
    pub(crate) fn switch(&self, enabled: bool) {
        self.set_enabled(enabled);
        self.notices.wake();
    }

    fn set_enabled(&self, enabled: bool) {
        self.now();
        // Relaxed: the switch decides by itself, and pins go by the version.
        let changed = self.enabled.swap(enabled, Ordering::Relaxed) != enabled;
        // Even if nothing changed: the call that changed it may not have counted that yet.
        self.touch();
        if changed {
            self.stats.switched();
            self.notices.put(|| Notice::Switched { enabled });
        }
    }

    /// Applies another configuration, all of it or nothing. The switch stays as it is: it is an
    /// operator's, who may have thrown it because of what the configuration cannot mend.
    pub(crate) fn reload(self: &Arc<Self>, config: &Config) -> Result<(), Error> {
        let Applied { before, moves } = self.apply(config)?;
        let (silence_before, drift_before) = (before.odds.feed, before.odds.drift);
        // Under no lock: dropping what is not in force any more, waking, and letting in what waits.
        drop(before);
        self.tell_moves(moves);
        let odds = self.rules.load().odds;
        if odds.feed != silence_before {
            self.rearm_all();
        } else if odds.drift != drift_before {
            // Without a bound no match is watched.
            self.recount_watched();
        }
        self.gate.fill_up();
        self.notices.wake();
        Ok(())
    }

    /// Applies a configuration.
    fn apply(&self, config: &Config) -> Result<Applied, Error> {
        // One at a time: the parts of one configuration must not mix with another's.
        let _alone = self.reloading.lock();
        let mut rules = Rules::new(config)?;
        let odds_before = self.rules.load().odds;
        let is_other_drift = rules.odds.drift != odds_before.drift;
        rules.odds.drift_epoch = odds_before.drift_epoch + u64::from(is_other_drift);
        let odds = rules.odds;
        self.fixed.require_same(&Fixed::of(config))?;
        let now = self.now().mono;
        if rules.odds.feed != odds_before.feed {
            // Before the swap: a read by the new rules knows the silences by the old ones.
            self.feeds.all().iter().for_each(|feed| feed.keep_silence(now, odds_before.feed));
        }
        let max_concurrent = rules.max_concurrent_computes;
        self.stats.sample_latency(rules.latency_sampling);
        // Relaxed: a hit that begins after the reload has returned sees it by that alone.
        self.coarse_time.store(rules.coarse_time, Ordering::Relaxed);
        self.clock.set_exact(!rules.coarse_time);
        self.breaker.reserve(rules.read.breaker.window_s);
        let before = self.rules.swap(Arc::new(rules));
        self.touch();
        self.gate.set_limit(max_concurrent);
        self.stats.reloaded();
        self.notices.put(|| Notice::Reloaded);
        let sequence = self.invalidations.sequence();
        let moves = if is_other_drift { self.matches.adopt(&odds, sequence) } else { Vec::new() };
        Ok(Applied { before, moves })
    }

    /// Bounds the store anew.
    pub(crate) fn resize(&self, most: u64) -> Result<(), Error> {
        if most == 0 {
            let field =
                if self.weigher.is_some() { "cache.max_weight" } else { "cache.max_capacity" };
            return Err(Error::Config { field, allowed: "at least 1" });
        }
        self.adopt()?;
        let _released = self.store.releasing();
        self.store.resize(most);
        self.release_behind();
        Ok(())
    }

    /// Lets nothing begin any more, and waits until nothing is under way.
    pub(crate) async fn shut_down(self: &Arc<Self>) -> Result<(), Error> {
        self.adopt()?;
        let _waits = match current() {
            Some(inside) => Some(wait_for_end(&inside, self.name()).ok_or(Error::Reentrant)?),
            None => None,
        };
        self.wind_up();
        self.drain.emptied().await;
        Ok(())
    }
}
