// Feeds: alive, silent, retired; what silence does to a read and to quiet TTLs.
// Never knows: the insides of the cache.
// Read next: `promise.rs`.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use kairos_cache::{Config, FeedStatus, Notice, Reason};

use super::{Market, SECOND};
use crate::stage::start;

/// Of a race between a word and the end of a feed.
const ROUNDS: usize = 1_000;

const HOUR_SECONDS: i64 = 3600;

/// Alive for ten seconds after each word, and a TTL of five while it is silent.
fn listening() -> Market {
    let hour = 3600 * SECOND;
    Market::new(|b| {
        let b = b.drift_hard(0.5).silence_after(10 * SECOND).silent_ttl(5 * SECOND);
        b.default_ttl(hour).standard_quiet_ttl(24 * hour)
    })
}

fn told(market: &Market, key: &str) -> Option<(Reason, FeedStatus, Duration)> {
    let hit = market.cache.get(key)?;
    let receipt = hit.receipt();
    Some((receipt.reason, receipt.feed, receipt.ttl))
}

#[test]
fn silence_takes_effect_at_its_instant_also_for_a_pin_and_a_word_ends_it() {
    let market = listening();
    market.price("home", 2.0);
    market.store("k", 1);
    let mut pinned = market.cache.pin("k").expect("fresh");
    market.sim.advance(Duration::from_nanos(9_999_999_999));
    assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::Alive, 3600 * SECOND)));
    assert_eq!(pinned.read().map(|hit| hit.receipt().feed), Some(FeedStatus::Alive));
    market.sim.advance(Duration::from_nanos(1));
    assert_eq!(told(&market, "k"), None, "older than the TTL of a silent match");
    assert!(pinned.read().is_none());
    market.cache.feed("default").heartbeat();
    assert_eq!(told(&market, "k"), Some((Reason::Fresh, FeedStatus::Alive, 3600 * SECOND)));
    assert!(pinned.read().is_some());
}

/// The wall clock alone steps. Silence goes by arrival, and the references stand.
#[test]
fn a_wall_clock_that_steps_silences_no_feed_and_loses_no_reference() {
    let market = listening();
    let wall = |ahead: i64| {
        let ahead_of_start = HOUR_SECONDS * 10 + market.sim.now().as_secs().cast_signed() + ahead;
        start() + Duration::from_secs(ahead_of_start.unsigned_abs())
    };
    let price = |price: f64, at: SystemTime| {
        market.cache.observe_odds(&market.scope, "home", price, at).expect("a price in order");
    };
    market.sim.step_wall(wall(0));
    price(2.0, wall(0));
    market.store("k", 1);
    for ahead in [HOUR_SECONDS, -HOUR_SECONDS, 2 * HOUR_SECONDS, 0] {
        market.seconds(9);
        market.sim.step_wall(wall(ahead));
        assert_eq!(told(&market, "k").map(|told| told.1), Some(FeedStatus::Alive), "by {ahead} s");
        // Dated when the clock shows it, and within half the bound of the reference.
        price(2.3, wall(ahead));
        price(2.0, wall(ahead));
        assert_eq!(told(&market, "k").map(|told| told.1), Some(FeedStatus::Alive), "by {ahead} s");
    }
    assert_eq!(market.cache.activity().moves_hard, 1, "the first price alone");
    market.sim.step_wall(wall(-HOUR_SECONDS));
    price(2.7, wall(-HOUR_SECONDS));
    assert_eq!(told(&market, "k"), None, "more than half the bound from the reference");
    market.store("k", 2);
    market.sim.advance(Duration::from_nanos(9_999_999_999));
    market.sim.step_wall(wall(HOUR_SECONDS));
    assert_eq!(told(&market, "k").map(|told| told.1), Some(FeedStatus::Alive));
    market.sim.advance(Duration::from_nanos(1));
    assert_eq!(market.cache.feed("default").status(), FeedStatus::Silent);
    assert_eq!(market.cache.activity().feed_silences, 1);
}

/// A price that was true some minutes ago is a word of now.
#[test]
fn a_feed_speaks_when_its_price_arrives_whenever_that_is_dated() {
    let market = listening();
    market.price("home", 2.0);
    market.seconds(9);
    let late = market.wall() - Duration::from_secs(600);
    market.cache.observe_odds(&market.scope, "draw", 3.0, late).expect("within the window");
    market.seconds(9);
    assert_eq!(market.cache.feed("default").status(), FeedStatus::Alive);
    let too_late = market.wall() - Duration::from_secs(1801);
    let refused = market.cache.observe_odds(&market.scope, "away", 3.0, too_late);
    assert!(refused.is_err());
    market.seconds(1);
    assert_eq!(market.cache.feed("default").status(), FeedStatus::Silent, "refused: no word");
}

#[test]
fn the_turns_of_a_feed_are_told_and_counted_once() {
    let market = listening();
    let mut notices = market.cache.subscribe();
    let feed = market.cache.feed("a");
    feed.heartbeat();
    feed.heartbeat();
    market.seconds(9);
    feed.heartbeat();
    market.seconds(25);
    feed.heartbeat();
    let turns = std::iter::from_fn(|| notices.try_next()).filter_map(|notice| match notice {
        Notice::Feed { feed, status } => Some((feed.to_string(), status)),
        _ => None,
    });
    let turn = |status| ("a".to_owned(), status);
    let expected = [FeedStatus::Alive, FeedStatus::Silent, FeedStatus::Alive].map(turn);
    assert_eq!(turns.collect::<Vec<_>>(), expected);
    assert_eq!(market.cache.activity().feed_silences, 1);
    let page = market.cache.registry().encode_prometheus();
    assert!(page.contains("kairos_cache_feed_alive{feed=\"a\"} 1\n"), "{page}");
}

#[test]
fn the_first_price_after_a_silence_is_a_move_and_a_heartbeat_is_none() {
    let market = listening();
    market.price("home", 2.0);
    market.seconds(20);
    market.cache.feed("default").heartbeat();
    market.store("k", 1);
    assert_eq!(market.cache.activity().moves_hard, 1);
    market.price("home", 2.0);
    assert_eq!(market.cache.activity().moves_hard, 2);
    assert_eq!(told(&market, "k"), None);
}

#[test]
fn quiet_ttls_hold_while_the_match_is_watched_and_no_longer() {
    let market = listening();
    let kickoff = market.wall() + Duration::from_hours(100);
    market.scope.set_kickoff(kickoff).expect("its own");
    let ttl = || told(&market, "k").map(|told| told.2.as_secs() / 3600);
    market.store("k", 1);
    assert_eq!(ttl(), Some(6), "no price yet");
    market.price("home", 2.0);
    market.store("k", 1);
    assert_eq!(ttl(), Some(24));
    let refused = market.cache.observe_odds(&market.scope, "draw", 0.5, market.wall());
    assert!(refused.is_err());
    assert_eq!(ttl(), Some(6), "a price may have been missed");
    market.price("draw", 3.0);
    assert_eq!(ttl(), Some(24));
    market.seconds(20);
    market.cache.feed("default").heartbeat();
    assert_eq!(ttl(), Some(6), "the feed was silent since it last priced the match");
    let watched = || market.cache.registry().snapshot().gauge("kairos_cache_matches_watched");
    assert_eq!(watched(), 0);
    market.price("home", 2.0);
    market.store("k", 2);
    assert_eq!((ttl(), watched()), (Some(24), 1));
}

#[test]
fn a_configuration_without_bounds_leaves_no_match_watched() {
    let market = Market::new(|b| b.drift_hard(0.5).silence_after(10 * SECOND));
    market.price("home", 2.0);
    let watched = || market.cache.registry().snapshot().gauge("kairos_cache_matches_watched");
    assert_eq!(watched(), 1);
    let mut config = Config::default();
    config.feed.silence_after = 10 * SECOND;
    market.cache.reload(&config).expect("in range");
    assert_eq!(watched(), 0);
}

#[test]
fn a_retired_feed_leaves_its_markets_to_none_and_moves_their_matches() {
    let market = listening();
    let feed = market.cache.feed("a");
    feed.observe_odds(&market.scope, "home", 2.0, market.wall()).expect("a price");
    market.store("k", 1);
    feed.retire();
    assert_eq!(told(&market, "k"), None);
    market.store("k", 2);
    assert_eq!(told(&market, "k").map(|told| told.1), Some(FeedStatus::None));
    market.seconds(60);
    assert_eq!(told(&market, "k").map(|told| told.0), Some(Reason::Fresh), "nobody is silent");
    feed.observe_odds(&market.scope, "home", 2.0, market.wall()).expect("a price");
    assert_eq!(feed.status(), FeedStatus::Alive, "made anew by its word");
}

#[test]
fn feeds_beyond_the_bound_speak_for_nobody() {
    let market = listening();
    for feed in 0..10_000 {
        let feed = market.cache.feed(&feed.to_string());
        feed.observe_odds(&market.scope, "home", 2.0, market.wall()).expect("a price");
    }
    assert_eq!(market.cache.feed("63").status(), FeedStatus::Alive);
    assert_eq!(market.cache.feed("64").status(), FeedStatus::None);
    assert!(market.cache.activity().feeds_over_bound >= 10_000 - 64);
    market.store("k", 1);
    assert_eq!(told(&market, "k").map(|told| told.1), Some(FeedStatus::None));
}

/// Real threads: whatever is retired while it speaks, the accounts of the match stay whole.
#[test]
fn a_feed_that_is_retired_while_it_speaks_leaves_no_trace() {
    let market = listening();
    let ended = AtomicBool::new(false);
    thread::scope(|threads| {
        for name in ["a", "b"] {
            let (feed, market, ended) = (market.cache.feed(name), &market, &ended);
            threads.spawn(move || {
                // Relaxed: the loop ends some time after.
                while !ended.load(Ordering::Relaxed) {
                    let told = feed.observe_odds(&market.scope, name, 2.0, market.wall());
                    told.expect("a price in order");
                }
            });
        }
        for _ in 0..500 {
            market.cache.feed("a").retire();
            market.cache.feed("b").retire();
        }
        ended.store(true, Ordering::Relaxed); // Relaxed: as above.
    });
    for name in ["a", "b"] {
        market.cache.feed(name).retire();
    }
    market.store("k", 1);
    market.seconds(60);
    assert_eq!(told(&market, "k").map(|told| told.1), Some(FeedStatus::None));
}

/// Real threads: a feed is shown while there is one, whether its word or its end comes first.
#[test]
fn a_feed_that_speaks_beside_its_end_is_shown_if_it_is_there() {
    let (market, start) = (listening(), Barrier::new(2));
    let feed = market.cache.feed("a");
    let is_shown = || {
        let page = market.cache.registry().encode_prometheus();
        page.contains("kairos_cache_feed_alive{feed=\"a\"} 1\n")
    };
    let mut wrong = 0;
    thread::scope(|threads| {
        let speaking = threads.spawn(|| {
            for _ in 0..ROUNDS {
                start.wait();
                feed.heartbeat();
                start.wait();
            }
        });
        for _ in 0..ROUNDS {
            start.wait();
            feed.retire();
            start.wait();
            // The other waits for the next round.
            wrong += usize::from(is_shown() != (feed.status() == FeedStatus::Alive));
        }
        speaking.join().expect("it speaks only");
    });
    assert_eq!(wrong, 0, "of {ROUNDS} rounds");
}

#[test]
fn asking_for_a_feed_makes_none() {
    let market = Market::new(|b| b.silence_after(10 * SECOND).max_feeds(1));
    market.cache.feed("asked").retire();
    assert_eq!(market.cache.feed("asked").status(), FeedStatus::None);
    let other = market.cache.feed("other");
    other.heartbeat();
    assert_eq!(other.status(), FeedStatus::Alive, "there is room");
    assert_eq!(market.cache.feed("asked").status(), FeedStatus::None);
    assert_eq!(market.cache.activity().feeds_over_bound, 0);
}
