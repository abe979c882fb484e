// The breaker, the switch and a new configuration: each rules the next read.
// Never knows: the insides of the cache.
// Read next: `../operation/subscribe.rs`, where they are told.

use std::time::Duration;

use kairos_cache::{BreakerLevel, Cache, Config, Context, Error, Reason, Scope, Source};

use super::{Outcome, World, minute_ttl};
use crate::stage::{SECOND, start};

#[test]
fn lasting_panic_opens_the_breaker_and_readers_are_served_again() {
    let world = World::new(minute_ttl);
    let scope = world.cache.scope("m");
    for second in 0..5 {
        let at = start() + Duration::from_secs(second);
        world.at(second);
        world.cache.observe_odds(&scope, "home", 2.0, at).expect("in order");
    }
    world.at(10);
    let panicking = Context::new(&scope).current_odds("home", 9.0);
    for _ in 0..100 {
        world.read_with("panic", "k", &panicking, Duration::ZERO, Outcome::Value(1));
    }
    assert_eq!(world.got("panic").map(|got| got.0), Some(Reason::Panic));
    assert_eq!(world.cache.breaker_level(), BreakerLevel::Normal);
    world.at(11);
    world.read_with("served", "k", &panicking, Duration::ZERO, Outcome::Value(2));
    assert_eq!(world.cache.breaker_level(), BreakerLevel::HighVolatility);
    assert_eq!(world.got("served"), Some((Reason::Fresh, Ok(1), 1)));
    let ttl = world.answers.lock().expect("no panic")["served"].receipt.ttl;
    assert_eq!(ttl, 5 * SECOND);
    world.at(12);
    world.cache.observe_odds(&scope, "home", 2.0, start() + 12 * SECOND).expect("in order");
    assert_eq!(world.cache.breaker_level(), BreakerLevel::CircuitOpen, "one step a second");
}

/// A hundred reads that panic, in the tenth second.
fn panicking_crowd(world: &World) -> Scope {
    let scope = world.cache.scope("m");
    for _ in 0..5 {
        world.cache.observe_odds(&scope, "home", 2.0, start()).expect("in order");
    }
    world.at(10);
    let panicking = Context::new(&scope).current_odds("home", 9.0);
    for _ in 0..100 {
        world.read_with("panic", "k", &panicking, Duration::ZERO, Outcome::Value(1));
    }
    scope
}

#[test]
fn an_operation_of_any_kind_begins_the_breakers_second() {
    type Operation = fn(&Cache<String, u32>, &Scope);
    let operations: [Operation; 12] = [
        |cache, _| assert!(cache.peek("none").is_none()),
        |cache, _| assert!(!cache.invalidate("none")),
        |cache, _| cache.invalidate_tag("none"),
        |cache, scope| assert_eq!(cache.invalidate_match(scope), 1),
        |cache, _| cache.invalidate_all(),
        |cache, _| cache.expire("none"),
        |cache, _| cache.expire_tag("none"),
        |cache, scope| cache.expire_match(scope),
        |cache, _| cache.expire_all(),
        |cache, _| cache.set_enabled(true),
        |cache, _| cache.reload(&Config::default()).expect("in range"),
        |cache, _| drop(cache.begin("none", &Context::none())),
    ];
    for (nth, operation) in operations.into_iter().enumerate() {
        let world = World::new(|builder| builder);
        let scope = panicking_crowd(&world);
        world.at(11);
        operation(&world.cache, &scope);
        assert_eq!(world.cache.breaker_level(), BreakerLevel::HighVolatility, "operation {nth}");
    }
}

#[test]
fn a_breaker_that_is_switched_off_rules_no_read() {
    let world = World::new(minute_ttl);
    let scope = panicking_crowd(&world);
    let panicking = Context::new(&scope).current_odds("home", 9.0);
    world.at(11);
    world.read_with("served", "k", &panicking, Duration::ZERO, Outcome::Value(2));
    assert_eq!(world.got("served").map(|got| got.0), Some(Reason::Fresh));
    let mut config = Config::default();
    config.breaker.enabled = false;
    world.cache.reload(&config).expect("in range");
    world.read_with("bypass", "k", &panicking, Duration::ZERO, Outcome::Value(3));
    assert_eq!(world.got("bypass"), Some((Reason::Panic, Ok(3), 0)));
}

#[test]
fn the_switch_and_a_new_configuration_are_obeyed_at_the_next_read() {
    let world = World::new(minute_ttl);
    world.read("first", "k", Duration::ZERO, Outcome::Value(1));
    world.cache.set_enabled(false);
    assert!(world.cache.get("k").is_none());
    world.read("off", "k", Duration::ZERO, Outcome::Value(2));
    assert_eq!(world.got("off"), Some((Reason::Disabled, Ok(2), 0)));
    world.cache.set_enabled(true);
    let mut pinned = world.cache.pin("k").expect("stored before the switch");
    assert_eq!(pinned.get(), Some(&1));

    let mut config = Config::default();
    config.cache.default_ttl = 10 * SECOND;
    world.at(15);
    world.cache.reload(&config).expect("in range");
    let hit = pinned.read().expect("stale is served");
    assert_eq!((hit.receipt().reason, hit.receipt().source), (Reason::Stale, Source::Cache));
    config.cache.jitter = 2.0;
    assert!(matches!(
        world.cache.reload(&config),
        Err(Error::Config { field: "cache.jitter", .. })
    ));
    config.cache.jitter = 0.0;
    config.cache.max_capacity = 7;
    let refused = world.cache.reload(&config);
    assert!(matches!(refused, Err(Error::Config { field: "cache.max_capacity", .. })));
}
