// Feeds: who tells the prices, and whether they still do.
// Never knows: how prices are judged, or what a move does.
// Read next: `matches.rs` for what is told without naming a feed; `../engine/feeds.rs`, which takes it in.

use std::sync::Arc;
use std::time::SystemTime;

use crate::cache::Cache;
use crate::error::Error;
use crate::matches::{FeedState, Observation, Scope, TradingStatus};
use crate::policy::{FeedStatus, Volatility};
use crate::runtime::wall_ns;
use crate::to_key::{Key, Value};

/// A feed: a source of prices that is alive while it speaks, and silent (`feed.silence_after`) after its
/// last word.
///
/// Whatever it tells through this handle, if it is accepted, is a word of the feed. An odds market
/// belongs to the feed that priced it last. While a feed that has priced a match is silent, the TTL in
/// the match is at most `feed.silent_ttl`, and nothing older is served. Made by [`Cache::feed`]; cheap
/// to clone.
///
/// ```
/// use kairos_cache::{Cache, FeedStatus, Sim};
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let sim = Sim::new(UNIX_EPOCH);
/// let builder = Cache::builder().sim(&sim).silence_after(Duration::from_secs(10));
/// let cache: Cache<u8, u8> = builder.build()?;
/// let (feed, scope) = (cache.feed("exchange"), cache.scope("12345"));
/// feed.observe_odds(&scope, "home_win", 1.85, UNIX_EPOCH)?;
/// assert_eq!(feed.status(), FeedStatus::Alive);
/// sim.advance(Duration::from_secs(10));
/// assert_eq!(feed.status(), FeedStatus::Silent);
/// feed.heartbeat();
/// assert_eq!(feed.status(), FeedStatus::Alive);
///
/// // A snapshot, a suspension, and the end of the feed.
/// let now = UNIX_EPOCH + Duration::from_secs(10);
/// feed.observe_many(&scope, [("home_win", 1.9), ("draw", 3.4)], now)?;
/// feed.set_status(&scope, None, kairos_cache::TradingStatus::Suspended)?;
/// feed.retire();
/// assert_eq!((feed.name(), feed.status()), ("exchange", FeedStatus::None));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
pub struct Feed<K, V> {
    cache: Cache<K, V>,
    name: Arc<str>,
}

impl<K, V> Clone for Feed<K, V> {
    fn clone(&self) -> Self {
        Feed { cache: self.cache.clone(), name: Arc::clone(&self.name) }
    }
}

impl<K, V> std::fmt::Debug for Feed<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Returns the handle of a feed; the feed itself is created by its first word. `default` is the one
    /// for which [`Cache::observe_odds`] speaks.
    ///
    /// Beyond `bounds.feeds` a feed speaks for nobody: it is neither alive nor silent, and the odds
    /// markets that it prices belong to none.
    pub fn feed(&self, name: &str) -> Feed<K, V> {
        Feed { cache: self.clone(), name: name.into() }
    }
}

impl<K: Key, V: Value> Feed<K, V> {
    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds a price, as [`Cache::observe_odds`] does for the feed `default`.
    ///
    /// # Errors
    /// As [`Cache::observe_odds`].
    pub fn observe_odds(
        &self,
        scope: &Scope,
        market: &str,
        price: f64,
        at: SystemTime,
    ) -> Result<Volatility, Error> {
        let observation = Observation { market, price, at: wall_ns(at) };
        self.cache.engine.observe(scope, self.state().as_ref(), observation)
    }

    /// Adds prices of one match that belong together, as [`Cache::observe_many`] does for the feed
    /// `default`: a move of the match at most.
    ///
    /// # Errors
    /// As [`Cache::observe_many`].
    pub fn observe_many<'a>(
        &self,
        scope: &Scope,
        prices: impl IntoIterator<Item = (&'a str, f64)>,
        at: SystemTime,
    ) -> Result<Vec<Result<Volatility, Error>>, Error> {
        let observations = observations(prices, at);
        self.cache.engine.observe_many(scope, self.state().as_ref(), &observations)
    }

    /// Sets a trading status, as [`Cache::set_status`] does, which is a word of this feed.
    ///
    /// # Errors
    /// As [`Cache::set_status`].
    pub fn set_status(
        &self,
        scope: &Scope,
        market: Option<&str>,
        status: TradingStatus,
    ) -> Result<u64, Error> {
        let died = self.cache.set_status(scope, market, status)?;
        self.heartbeat();
        Ok(died)
    }

    /// Says that the feed is alive, though nothing has changed.
    pub fn heartbeat(&self) {
        if let Some(state) = self.state() {
            self.cache.engine.heartbeat(&state);
        }
    }

    /// Takes the feed out: its odds markets belong to none until they are priced again, which is a move
    /// of their matches. A later word through any handle of the name makes it anew. O(matches).
    pub fn retire(&self) {
        if let Some(state) = self.cache.engine.known_feed(&self.name) {
            self.cache.engine.retire_feed(&state);
        }
    }

    /// Returns whether the feed is alive: none before its first word, where silence is not looked for,
    /// and beyond the bound.
    pub fn status(&self) -> FeedStatus {
        let engine = &self.cache.engine;
        engine.known_feed(&self.name).map_or(FeedStatus::None, |state| engine.feed_status(&state))
    }

    /// The feed of the name by now: another than before, if that was retired.
    fn state(&self) -> Option<Arc<FeedState>> {
        self.cache.engine.feed(&self.name)
    }
}

/// Prices that are told together.
pub(super) fn observations<'a>(
    prices: impl IntoIterator<Item = (&'a str, f64)>,
    at: SystemTime,
) -> Vec<Observation<'a>> {
    let at = wall_ns(at);
    prices.into_iter().map(|(market, price)| Observation { market, price, at }).collect()
}
