// What an operator does to a running engine: the switch, a new configuration, the end.
// Never knows: keys, values, or what readers make of the answer that they get.
// Why: `docs/decisions/0013-dropping-the-last-clone-stops-nothing.md`.

use std::sync::Arc;

use super::Engine;
use crate::config::{Config, Fixed, Rules};
use crate::error::Error;
use crate::stats::Notice;
use crate::sync::Ordering;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Switches the cache on or off.
    pub(crate) fn switch(&self, enabled: bool) {
        self.now();
        // Relaxed: the switch decides by itself, and pins go by the version.
        let changed = self.enabled.swap(enabled, Ordering::Relaxed) != enabled;
        // Even if nothing changed: the call that changed it may not have counted that yet.
        self.touch();
        if changed {
            self.stats.switched();
            self.notices.tell(|| Notice::Switched { enabled });
        }
    }

    /// Applies another configuration, all of it or nothing. The switch stays as it is: it is an
    /// operator's, who may have thrown it because of what the configuration cannot mend.
    pub(crate) fn reload(&self, config: &Config) -> Result<(), Error> {
        // One at a time: the parts of one configuration must not mix with another's.
        let _alone = self.reloading.lock();
        let rules = Rules::new(config)?;
        self.fixed.require_same(&Fixed::of(config))?;
        self.now();
        let max_concurrent = rules.max_concurrent_computes;
        self.stats.sample_latency(rules.latency_sampling);
        self.rules.store(Arc::new(rules));
        self.touch();
        self.gate.set_limit(max_concurrent);
        self.stats.reloaded();
        self.notices.tell(|| Notice::Reloaded);
        Ok(())
    }

    /// Resolves once nothing is under way, after `wind_up`.
    pub(crate) async fn emptied(&self) {
        self.drain.emptied().await;
    }
}
