// Drift and feeds: what a move does, what silence does, and what is promised of every answer.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `promise.rs`, the promise by brute force.

mod feeds;
mod moves;
mod promise;
mod quiet;

use std::time::Duration;

use kairos_cache::{Builder, Cache, Context, Notice, Scope, Sim};

use crate::stage::{Failure, SECOND, Stage, start};

/// A cache on virtual time with a match of which nothing is known.
struct Market {
    sim: Sim,
    cache: Cache<String, u64>,
    scope: Scope,
}

impl Market {
    fn new(configure: impl FnOnce(Builder<String, u64>) -> Builder<String, u64>) -> Market {
        let Stage { sim, cache } =
            Stage::with(|b| configure(b.seed(1).xfetch_enabled(false).volatility_enabled(false)));
        let scope = cache.scope("m");
        Market { sim, cache, scope }
    }

    fn context(&self) -> Context {
        Context::new(&self.scope).market("btts")
    }

    /// What the clock shows.
    fn wall(&self) -> std::time::SystemTime {
        start() + self.sim.now()
    }

    fn price(&self, market: &str, price: f64) {
        let observed = self.cache.observe_odds(&self.scope, market, price, self.wall());
        observed.expect("a price in order");
    }

    fn store(&self, key: &str, value: u64) {
        assert!(self.cache.insert(key, &self.context(), value).expect("its own"));
    }

    fn seconds(&self, seconds: u64) {
        self.sim.advance(Duration::from_secs(seconds));
    }

    /// The moves that were told, as market, bound and deaths.
    fn moves(told: &mut kairos_cache::Subscription<String>) -> Vec<(Option<String>, String, u64)> {
        let moves = std::iter::from_fn(|| told.try_next()).filter_map(|notice| match notice {
            Notice::Moved { market, bound, died, .. } => {
                Some((market.map(|market| market.to_string()), bound.to_string(), died))
            }
            _ => None,
        });
        moves.collect()
    }
}
