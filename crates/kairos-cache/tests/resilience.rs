//! What happens when computes fail, hang or pile up, and when the market does not calm down.
//! Never knows: the insides of the cache. Everything runs on virtual time.
//! Read next: `../src/cache.rs`, whose read this follows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{
    Answer, BreakerLevel, Builder, Cache, Computed, Config, Context, Error, Reason, Runtime, Scope,
    Sim, Source, Strategy, Volatility,
};

const START: SystemTime = UNIX_EPOCH;
const SECOND: Duration = Duration::from_secs(1);

/// A cache on virtual time and a log of what its readers got.
struct World {
    sim: Sim,
    cache: Cache<String, u32>,
    answers: Arc<Mutex<HashMap<&'static str, Answer<u32>>>>,
}

#[derive(Clone, Copy)]
enum Outcome {
    Value(u32),
    Nothing,
    Failure,
    Hang,
}

impl World {
    fn new(configure: impl FnOnce(Builder<String, u32>) -> Builder<String, u32>) -> World {
        let sim = Sim::new(START);
        let builder = Cache::builder().sim(&sim).seed(1).xfetch_enabled(false);
        let cache = configure(builder).build().expect("in range");
        World { sim, cache, answers: Arc::default() }
    }

    /// Starts a read of `key`; its answer is kept under `name`.
    fn read(&self, name: &'static str, key: &'static str, takes: Duration, outcome: Outcome) {
        self.read_with(name, key, &Context::none(), takes, outcome);
    }

    fn read_with(
        &self,
        name: &'static str,
        key: &'static str,
        context: &Context,
        takes: Duration,
        outcome: Outcome,
    ) {
        let (cache, sim, answers) = (self.cache.clone(), self.sim.clone(), self.answers.clone());
        let context = context.clone();
        let _task = self.sim.spawn(Box::pin(async move {
            let compute = move || async move {
                sim.sleep(takes).await;
                match outcome {
                    Outcome::Value(value) => Ok(Computed::Value(value)),
                    Outcome::Nothing => Ok(Computed::None),
                    Outcome::Failure => Err("refused"),
                    Outcome::Hang => std::future::pending().await,
                }
            };
            let answer = cache.explain(key, &context, compute).await.expect("a plain context");
            answers.lock().expect("no panic").insert(name, answer);
        }));
        self.sim.run_until_idle();
    }

    fn at(&self, second: u64) {
        self.sim.advance_to(Duration::from_secs(second));
    }

    /// Reason, value and age in seconds of a finished read; the error's text where there is none.
    fn got(&self, name: &str) -> Option<(Reason, Result<u32, String>, u64)> {
        let answers = self.answers.lock().expect("no panic");
        let answer = answers.get(name)?;
        let value = answer.outcome.as_ref().map(|v| **v).map_err(ToString::to_string);
        Some((answer.receipt.reason, value, answer.receipt.age.as_secs()))
    }

    fn is_waiting(&self, name: &str) -> bool {
        !self.answers.lock().expect("no panic").contains_key(name)
    }
}

fn minute_ttl(builder: Builder<String, u32>) -> Builder<String, u32> {
    builder.default_ttl(60 * SECOND)
}

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

#[test]
fn a_hundred_keys_at_once_never_run_more_computes_than_allowed() {
    let world = World::new(|b| minute_ttl(b).max_concurrent_computes(4).compute_queue(90));
    let running = Arc::new(AtomicUsize::new(0));
    let peak = Arc::new(AtomicUsize::new(0));
    let refused = Arc::new(AtomicUsize::new(0));
    let answered = Arc::new(AtomicUsize::new(0));
    for i in 0..100u32 {
        let (cache, sim) = (world.cache.clone(), world.sim.clone());
        let (running, peak) = (running.clone(), peak.clone());
        let (refused, answered) = (refused.clone(), answered.clone());
        let _task = world.sim.spawn(Box::pin(async move {
            let compute = move || async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(now, Ordering::SeqCst);
                sim.sleep(SECOND).await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<u32, Error>(i)
            };
            match cache.get_or_compute(&format!("k{i}"), &Context::none(), compute).await {
                Ok(hit) => {
                    assert_eq!(*hit, i);
                    answered.fetch_add(1, Ordering::SeqCst)
                }
                Err(Error::Overloaded) => refused.fetch_add(1, Ordering::SeqCst),
                Err(other) => panic!("{other}"),
            };
        }));
    }
    world.sim.run_to_end();
    assert_eq!(peak.load(Ordering::SeqCst), 4);
    assert_eq!((answered.load(Ordering::SeqCst), refused.load(Ordering::SeqCst)), (94, 6));
    let activity = world.cache.activity();
    assert_eq!((activity.computes_queued, activity.computes_refused), (90, 6));
    assert_eq!(world.sim.now(), 24 * SECOND, "94 computes of 1 s, four at a time");
}

#[test]
fn a_queued_compute_that_nobody_waits_for_never_runs() {
    let world = World::new(|b| minute_ttl(b).max_concurrent_computes(1));
    world.read("running", "a", 10 * SECOND, Outcome::Value(1));
    let (cache, ran) = (world.cache.clone(), Arc::new(AtomicUsize::new(0)));
    let own_ran = ran.clone();
    let cancelled = world.sim.spawn(Box::pin(async move {
        let compute = move || async move {
            own_ran.fetch_add(1, Ordering::SeqCst);
            Ok::<u32, Error>(2)
        };
        let _never = cache.get_or_compute("b", &Context::none(), compute).await;
    }));
    world.sim.run_until_idle();
    cancelled.abort();
    world.read("after it", "b", SECOND, Outcome::Value(3));
    world.at(10);
    assert!(world.is_waiting("after it"));
    world.at(11);
    assert_eq!(world.got("after it"), Some((Reason::Miss, Ok(3), 0)));
    assert_eq!(ran.load(Ordering::SeqCst), 0);
}

#[test]
fn an_invalidation_while_a_compute_waits_for_its_turn_does_not_spoil_its_result() {
    let world = World::new(|b| minute_ttl(b).max_concurrent_computes(1));
    world.read("running", "a", 10 * SECOND, Outcome::Value(1));
    world.read("queued", "b", SECOND, Outcome::Value(2));
    world.cache.invalidate("b");
    world.cache.invalidate_all();
    world.at(11);
    assert_eq!(world.got("queued"), Some((Reason::Miss, Ok(2), 0)));
    assert_eq!(world.cache.get("b").map(|hit| *hit), Some(2), "it started after them");
    assert!(world.cache.get("a").is_none(), "this one had started before");
}

#[test]
fn a_hanging_compute_gives_its_turn_to_the_next() {
    let world = World::new(|b| minute_ttl(b).max_concurrent_computes(1).hard_timeout(5 * SECOND));
    world.read("hanging", "a", Duration::ZERO, Outcome::Hang);
    world.read("next", "b", Duration::ZERO, Outcome::Value(2));
    world.at(4);
    assert!(world.is_waiting("next"));
    world.at(5);
    assert_eq!(world.got("hanging").map(|got| got.1), Some(Err(Error::Timeout.to_string())));
    assert_eq!(world.got("next"), Some((Reason::Miss, Ok(2), 0)));
}

#[test]
fn a_wider_configuration_lets_waiting_computes_begin_at_once() {
    let world = World::new(|b| minute_ttl(b).max_concurrent_computes(1));
    for key in ["a", "b", "c"] {
        world.read(key, key, 10 * SECOND, Outcome::Value(1));
    }
    let mut config = Config::default();
    config.computes.max_concurrent = 3;
    world.at(1);
    world.cache.reload(&config).expect("in range");
    world.at(11);
    assert!(["a", "b", "c"].iter().all(|name| !world.is_waiting(name)));
}

#[test]
fn a_pending_compute_finds_the_turn_that_its_key_has_just_given_back() {
    let world = World::new(|b| minute_ttl(b).max_concurrent_computes(1).compute_queue(0));
    world.read("running", "k", 10 * SECOND, Outcome::Value(1));
    let forced = Context::none().force_refresh(true);
    world.read_with("pending", "k", &forced, 10 * SECOND, Outcome::Value(2));
    world.at(20);
    assert_eq!(world.got("pending"), Some((Reason::Forced, Ok(2), 0)));
}

#[test]
fn an_old_value_keeps_its_own_age_when_prices_panic_while_its_read_waits() {
    let world = World::new(|b| minute_ttl(b).soft_timeout(2 * SECOND));
    let scope = world.cache.scope("m");
    let context = Context::new(&scope);
    world.read_with("first", "k", &context, Duration::ZERO, Outcome::Value(1));
    world.at(200);
    for price in [2.0, 2.0, 2.0] {
        world.cache.observe_odds(&scope, "home", price, START + 200 * SECOND).expect("in order");
    }
    world.read_with("impatient", "k", &context, 10 * SECOND, Outcome::Value(2));
    world.cache.observe_odds(&scope, "home", 9.0, START + 200 * SECOND).expect("in order");
    world.at(202);
    assert_eq!(world.got("impatient"), Some((Reason::SoftTimeout, Ok(1), 202)));
    let receipt = world.answers.lock().expect("no panic")["impatient"].receipt;
    assert_eq!((receipt.ttl, receipt.volatility), (60 * SECOND, Volatility::Normal));
}

#[test]
fn lasting_panic_opens_the_breaker_and_readers_are_served_again() {
    let world = World::new(minute_ttl);
    let scope = world.cache.scope("m");
    for second in 0..5 {
        let at = START + Duration::from_secs(second);
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
    world.cache.observe_odds(&scope, "home", 2.0, START + 12 * SECOND).expect("in order");
    assert_eq!(world.cache.breaker_level(), BreakerLevel::CircuitOpen, "one step a second");
}

/// A hundred reads that panic, in the tenth second.
fn panicking_crowd(world: &World) -> Scope {
    let scope = world.cache.scope("m");
    for _ in 0..5 {
        world.cache.observe_odds(&scope, "home", 2.0, START).expect("in order");
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
