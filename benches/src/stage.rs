// The entry that is measured: of a match that is observed, with a kickoff, a line-up and two tags.
// Never knows: what is measured of it.
// Read next: `caches.rs`, which reads it and its peers.

use std::time::{Duration, SystemTime};

use kairos_cache::{Builder, Cache, Context, Key, Scope};

/// Entries beside which a cache of this size has place for more.
pub const CAPACITY: u64 = 10_000;

/// The instant of the set-up, from which kickoffs and prices are dated.
#[expect(clippy::disallowed_methods, reason = "its matches have a kickoff from now")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Tells a cache of a match with prices that stand still, and a kickoff hours ahead.
pub fn observed<K: Key>(cache: &Cache<K, f64>, name: &str) -> Scope {
    let (scope, now) = (cache.scope(name), now());
    for second in 0..10 {
        let at = now - Duration::from_secs(10 - second);
        cache.observe_odds(&scope, "home_win", 2.0, at).expect("in order");
    }
    scope
}

/// The place of a value of a match: a market, a kickoff, the line-up, two tags.
pub fn context(scope: &Scope) -> Context {
    Context::new(scope)
        .market("btts")
        .kickoff(now() + Duration::from_hours(20))
        .lineup_confirmed(true)
        .tag("team:arsenal")
        .tag("league:epl")
}

/// A cache whose entries are of one such match.
pub struct Stage<K> {
    /// The cache.
    pub cache: Cache<K, f64>,
    /// The match.
    pub scope: Scope,
    /// The place of its values.
    pub context: Context,
}

impl<K: Key + Clone> Stage<K> {
    /// A cache with the default configuration but for what `configure` says, and these keys stored.
    pub fn set(keys: &[K], configure: impl FnOnce(Builder<K, f64>) -> Builder<K, f64>) -> Stage<K> {
        let capacity = CAPACITY.max(keys.len() as u64 * 2);
        let builder = configure(Cache::builder().max_capacity(capacity));
        let cache = builder.build().expect("the configuration is in range");
        let scope = observed(&cache, "12345");
        let context = context(&scope);
        for key in keys {
            assert!(cache.insert(key, &context, 1.5).expect("a known market"), "it is stored");
        }
        cache.run_pending_tasks();
        Stage { cache, scope, context }
    }
}

/// Reads so far.
///
/// # Panics
/// When one of them was no fresh hit.
pub fn fresh_reads<K: Key>(cache: &Cache<K, f64>) -> u64 {
    let stats = cache.stats();
    assert_eq!(stats.total_requests, stats.strategy_serve_fresh, "every read was a fresh hit");
    stats.total_requests
}
