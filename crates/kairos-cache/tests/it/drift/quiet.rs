// Quiet TTLs: what they are not for.
// Never knows: the insides of the cache.
// Read next: `feeds.rs`, for when a match is watched.

use std::time::Duration;

use kairos_cache::{Computed, Config, FeedStatus, Reason};

use super::{Failure, Market, SECOND};
use crate::stage::{HOUR, Running};

/// Alive for ten seconds after each word, and a TTL of five while it is silent. Two feeds have room.
fn listening() -> Market {
    let market = Market::new(|b| {
        let b = b.drift_hard(0.5).silence_after(10 * SECOND).silent_ttl(5 * SECOND);
        b.standard_quiet_ttl(24 * HOUR).max_feeds(2)
    });
    let kickoff = market.wall() + 100 * HOUR;
    market.scope.set_kickoff(kickoff).expect("its own");
    market
}

fn told(market: &Market, key: &str) -> Option<(Reason, FeedStatus, Duration)> {
    let hit = market.cache.get(key)?;
    let receipt = hit.receipt();
    Some((receipt.reason, receipt.feed, receipt.ttl))
}

#[test]
fn what_says_that_there_is_no_value_has_no_quiet_ttl() {
    let market = listening();
    market.price("home", 2.0);
    let (cache, context) = (market.cache.clone(), market.context());
    let read = Running::start(&market.sim, async move {
        let none = || async { Ok::<_, Failure>(Computed::<u64>::None) };
        cache.explain("k", &context, none).await.expect("an answer").receipt
    });
    let receipt = read.take().expect("it has ended");
    assert_eq!((receipt.feed, receipt.ttl), (FeedStatus::Alive, 6 * HOUR));
}

/// However an odds market comes to belong to none, nobody says whether its price still holds.
#[test]
fn a_match_with_a_market_that_belongs_to_none_is_neither_alive_nor_watched() {
    type Orphan = fn(&Market);
    let beyond_the_bound: Orphan = |market| {
        let beyond = market.cache.feed("c");
        beyond.observe_odds(&market.scope, "draw", 3.0, market.wall()).expect("a price");
    };
    let taken_over: Orphan = |market| {
        let own = market.cache.feed("b");
        own.observe_odds(&market.scope, "draw", 3.0, market.wall()).expect("a price");
        let beyond = market.cache.feed("c");
        beyond.observe_odds(&market.scope, "draw", 3.0, market.wall()).expect("a price");
    };
    let retired: Orphan = |market| {
        let own = market.cache.feed("b");
        own.observe_odds(&market.scope, "draw", 3.0, market.wall()).expect("a price");
        own.retire();
    };
    for orphan in [beyond_the_bound, taken_over, retired] {
        let market = listening();
        let speak = |name: &str, odds: &str| {
            let feed = market.cache.feed(name);
            feed.observe_odds(&market.scope, odds, 2.0, market.wall()).expect("a price");
        };
        speak("a", "home");
        market.cache.feed("b").heartbeat();
        market.store("k", 1);
        let mut pinned = market.cache.pin("k").expect("fresh");
        assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::Alive, 24 * HOUR)));
        orphan(&market);
        market.store("k", 2);
        assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::None, 6 * HOUR)));
        assert_eq!(pinned.read().map(|hit| hit.receipt().ttl), Some(6 * HOUR));
        speak("a", "draw");
        market.store("k", 3);
        assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::Alive, 24 * HOUR)));
        orphan(&market);
        market.store("k", 4);
        market.seconds(10);
        assert_eq!(told(&market, "k"), None, "the other market's feed is silent");
    }
}

/// A configuration that calls shorter gaps no silence does not say what was missed in one.
#[test]
fn a_silence_remains_one_where_a_reload_allows_it() {
    let market = listening();
    let mut config = Config::default();
    (config.drift.hard, config.golden_hour.standard_quiet_ttl) = (0.5, 24 * HOUR);
    (config.xfetch.enabled, config.volatility.enabled) = (false, false);
    config.bounds.feeds = 2;
    market.price("home", 2.0);
    market.store("k", 1);
    let mut pinned = market.cache.pin("k").expect("fresh");
    market.seconds(9);
    config.feed.silence_after = 11 * SECOND;
    market.cache.reload(&config).expect("in range");
    assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::Alive, 24 * HOUR)));
    market.seconds(2);
    config.feed.silence_after = HOUR;
    market.cache.reload(&config).expect("in range");
    let plain = Some((Reason::Fresh, FeedStatus::Alive, 6 * HOUR));
    assert_eq!(told(&market, "k"), plain, "silent before");
    assert_eq!(pinned.read().map(|hit| hit.receipt().ttl), Some(6 * HOUR));
    market.cache.feed("default").heartbeat();
    assert_eq!(told(&market, "k"), plain);
    market.price("home", 2.0);
    assert_eq!(told(&market, "k"), None, "the first price since");
    market.store("k", 2);
    assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::Alive, 24 * HOUR)));
}

/// A market that has had no price but refused ones is trusted again only by being forgotten.
#[test]
fn a_refused_market_that_is_forgotten_leaves_the_match_watched() {
    let market = Market::new(|b| {
        let b = b.drift_hard(0.5).silence_after(10 * SECOND).max_markets(2);
        b.standard_quiet_ttl(24 * HOUR)
    });
    market.scope.set_kickoff(market.wall() + 100 * HOUR).expect("its own");
    market.price("home", 2.0);
    market.seconds(1);
    let refused = market.cache.observe_odds(&market.scope, "away", 0.5, market.wall());
    assert!(refused.is_err());
    market.store("k", 1);
    assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::Alive, 6 * HOUR)));
    market.price("draw", 3.0);
    assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::Alive, 24 * HOUR)));
}
