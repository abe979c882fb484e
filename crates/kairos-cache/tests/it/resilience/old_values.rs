// Old values where a compute fails, finds nothing or takes long; and how long a value is fresh.
// Never knows: the insides of the cache.
// Read next: `queue.rs`.

use std::time::Duration;

use kairos_cache::{Context, Error, Reason, Strategy, Volatility};

use super::{Outcome, World, minute_ttl};
use crate::stage::{SECOND, start};

#[test]
fn a_failed_compute_is_answered_with_the_old_value_while_fail_safe_allows_it() {
    let world = World::new(|b| minute_ttl(b).max_stale_if_error(600 * SECOND));
    world.read("first", "k", Duration::ZERO, Outcome::Value(1));
    world.at(200);
    world.read("failed", "k", Duration::ZERO, Outcome::Failure);
    assert_eq!(world.got("failed"), Some((Reason::StaleIfError, Ok(1), 200)));
    // Within the throttle no compute is tried at all.
    world.at(204);
    world.read("throttled", "k", Duration::ZERO, Outcome::Value(2));
    assert_eq!(world.got("throttled"), Some((Reason::StaleIfError, Ok(1), 204)));
    world.at(205);
    world.read("tried", "k", Duration::ZERO, Outcome::Value(3));
    assert_eq!(world.got("tried"), Some((Reason::TooStale, Ok(3), 0)));
    let stats = world.cache.stats();
    assert_eq!((stats.swr_too_stale, stats.strategy_serve_stale, stats.cache_errors), (3, 2, 1));
}

#[test]
fn fail_safe_never_serves_what_was_invalidated_or_is_older_than_the_read_allows() {
    let world = World::new(|b| minute_ttl(b).max_stale_if_error(600 * SECOND));
    world.read("first", "k", Duration::ZERO, Outcome::Value(1));
    world.at(200);
    let picky = Context::none().max_age(100 * SECOND);
    world.read_with("picky", "k", &picky, Duration::ZERO, Outcome::Failure);
    assert_eq!(world.got("picky").map(|got| got.1.is_err()), Some(true));
    world.at(300);
    world.read("slow", "k", SECOND, Outcome::Failure);
    world.cache.invalidate("k");
    world.at(301);
    assert_eq!(world.got("slow").map(|got| got.1.is_err()), Some(true));
    world.read("again", "k", Duration::ZERO, Outcome::Value(2));
    world.at(902);
    world.read("too old", "k", Duration::ZERO, Outcome::Failure);
    assert_eq!(world.got("too old").map(|got| got.1.is_err()), Some(true));
}

#[test]
fn a_soft_timeout_serves_the_old_value_and_lets_the_compute_go_on() {
    let world = World::new(|b| minute_ttl(b).soft_timeout(2 * SECOND));
    world.read("first", "k", Duration::ZERO, Outcome::Value(1));
    world.at(200);
    world.read("impatient", "k", 10 * SECOND, Outcome::Value(2));
    world.at(201);
    assert!(world.is_waiting("impatient"));
    world.at(202);
    assert_eq!(world.got("impatient"), Some((Reason::SoftTimeout, Ok(1), 202)));
    world.at(210);
    assert_eq!(world.cache.get("k").map(|hit| *hit), Some(2));
    // A read with nothing at hand waits to the end.
    world.read("empty", "other", 10 * SECOND, Outcome::Value(3));
    world.at(219);
    assert!(world.is_waiting("empty"));
    world.at(220);
    assert_eq!(world.got("empty"), Some((Reason::Miss, Ok(3), 0)));
}

#[test]
fn an_old_value_that_died_while_a_read_waited_is_not_served() {
    let world = World::new(|b| minute_ttl(b).soft_timeout(2 * SECOND));
    world.read("first", "k", Duration::ZERO, Outcome::Value(1));
    world.at(200);
    world.read("patient", "k", 10 * SECOND, Outcome::Value(2));
    world.cache.invalidate("k");
    world.at(209);
    assert!(world.is_waiting("patient"));
    world.at(210);
    assert_eq!(world.got("patient"), Some((Reason::TooStale, Ok(2), 0)));
    assert!(world.cache.get("k").is_none(), "computed before the invalidation");
}

#[test]
fn an_old_value_keeps_its_own_age_when_prices_panic_while_its_read_waits() {
    let world = World::new(|b| minute_ttl(b).soft_timeout(2 * SECOND));
    let scope = world.cache.scope("m");
    let context = Context::new(&scope);
    world.read_with("first", "k", &context, Duration::ZERO, Outcome::Value(1));
    world.at(200);
    for price in [2.0, 2.0, 2.0] {
        world.cache.observe_odds(&scope, "home", price, start() + 200 * SECOND).expect("in order");
    }
    world.read_with("impatient", "k", &context, 10 * SECOND, Outcome::Value(2));
    world.cache.observe_odds(&scope, "home", 9.0, start() + 200 * SECOND).expect("in order");
    world.at(202);
    assert_eq!(world.got("impatient"), Some((Reason::SoftTimeout, Ok(1), 202)));
    let receipt = world.answers.lock().expect("no panic")["impatient"].receipt;
    assert_eq!((receipt.ttl, receipt.volatility), (60 * SECOND, Volatility::Normal));
}

#[test]
fn nothing_is_remembered_for_its_own_time() {
    let world = World::new(|b| minute_ttl(b).negative_ttl(5 * SECOND));
    world.read("found nothing", "k", Duration::ZERO, Outcome::Nothing);
    assert_eq!(world.got("found nothing").map(|got| got.0), Some(Reason::Miss));
    world.at(4);
    world.read("remembered", "k", Duration::ZERO, Outcome::Value(1));
    let (reason, value, age) = world.got("remembered").expect("answered at once");
    assert_eq!((reason, age), (Reason::Fresh, 4));
    assert_eq!(value, Err(Error::Nothing.to_string()));
    assert!(world.cache.get("k").is_none() && world.cache.pin("k").is_none());
    world.at(5);
    world.read("asked again", "k", Duration::ZERO, Outcome::Value(2));
    assert_eq!(world.got("asked again"), Some((Reason::Miss, Ok(2), 0)));
}

#[test]
fn jitter_shortens_a_ttl_and_never_lengthens_it() {
    let world = World::new(|b| minute_ttl(b).jitter(0.5));
    let mut shortened = 0;
    for i in 0..200u32 {
        let key = format!("k{i}");
        assert!(world.cache.insert(&key, &Context::none(), i).expect("a plain context"));
        let ttl = world.cache.peek(&key).expect("fresh").receipt().ttl;
        assert!(ttl <= 60 * SECOND && ttl >= 30 * SECOND, "{ttl:?}");
        shortened += u32::from(ttl < 45 * SECOND);
    }
    assert!((60..140).contains(&shortened), "{shortened} of 200 below the middle");
}

#[test]
fn a_fresh_value_that_takes_long_is_refreshed_before_it_turns_stale() {
    let world = World::new(|b| minute_ttl(b).xfetch_enabled(true));
    world.read("first", "k", 5 * SECOND, Outcome::Value(1));
    world.at(5);
    let mut started = None;
    for second in 5..65 {
        world.at(second);
        world.read("now", "k", Duration::ZERO, Outcome::Value(2));
        let refreshing = {
            let answers = world.answers.lock().expect("no panic");
            let receipt = answers["now"].receipt;
            assert_eq!(receipt.strategy, Strategy::ServeFresh);
            receipt.refresh_started
        };
        if refreshing {
            started = Some(second);
            break;
        }
    }
    let started = started.expect("it is certain by the end of the TTL");
    assert!(started < 65, "the refresh began at {started} s of 65");
    assert_eq!(world.cache.get("k").map(|hit| *hit), Some(2));
}
