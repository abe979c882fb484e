// Bad input: each row is a clear error or a correct answer, and leaves a cache that works.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../resilience/mod.rs` for computes that go wrong.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{
    Answer, Cache, Clock, Context, Error, EventGraph, ObservationError, Reason, Sim, TradingStatus,
    Zone,
};

use crate::stage::{HOUR, Running, SECOND};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn start() -> SystemTime {
    UNIX_EPOCH + 50 * YEAR
}

fn world() -> (Sim, Cache<String, u32>) {
    let sim = Sim::new(start());
    let cache = Cache::builder().sim(&sim).xfetch_enabled(false).build().expect("in range");
    (sim, cache)
}

fn read(sim: &Sim, cache: &Cache<String, u32>, key: &str, context: &Context) -> Answer<u32> {
    let (cache, key, context) = (cache.clone(), key.to_owned(), context.clone());
    let read = Running::start(sim, async move {
        let compute = || async { Ok::<u32, Error>(7) };
        cache.explain(&key, &context, compute).await.expect("known names")
    });
    read.take().expect("it has ended")
}

#[test]
fn prices_that_are_none_and_times_that_cannot_be_are_refused_and_change_nothing() {
    use ObservationError::{InFuture, OutOfOrder, TooOld};
    let (_sim, cache) = world();
    let scope = cache.scope("m");
    for _ in 0..5 {
        cache.observe_odds(&scope, "home", 2.0, start()).expect("in order");
    }
    let bad_prices =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1.0, -2.0, f64::MIN_POSITIVE];
    for price in bad_prices {
        let refused = cache.observe_odds(&scope, "home", price, start());
        assert!(
            matches!(refused, Err(Error::Observation(ObservationError::Price(_)))),
            "{price}: {refused:?}"
        );
    }
    let bad_times = [
        (start() + 61 * SECOND, InFuture),
        (start() + 500 * YEAR, InFuture),
        (start() - SECOND, OutOfOrder),
        (start() - HOUR, TooOld),
        (UNIX_EPOCH, TooOld),
        (UNIX_EPOCH - 300 * YEAR, TooOld),
    ];
    for (at, expected) in bad_times {
        let refused = cache.observe_odds(&scope, "home", 2.0, at);
        assert!(matches!(&refused, Err(Error::Observation(e)) if *e == expected), "{refused:?}");
    }
    assert_eq!(cache.activity().observations_refused, (bad_prices.len() + bad_times.len()) as u64);
    // The largest and the smallest price that can be, and the last instant that may be.
    let status = cache.observe_odds(&scope, "home", f64::MAX, start() + 60 * SECOND);
    assert_eq!(status.expect("a price").name(), "panic");
    cache.observe_odds(&scope, "away", 1.0 + f64::EPSILON, start()).expect("a price");
    let hit = cache.insert("k", &Context::new(&scope), 1);
    assert!(hit.expect("a plain context") && cache.get("k").is_none(), "panicking, so bypassed");
}

#[test]
fn a_window_of_the_largest_prices_gives_a_finite_score() {
    let (sim, cache) = world();
    let scope = cache.scope("m");
    for _ in 0..5 {
        cache.observe_odds(&scope, "home", f64::MAX, start()).expect("a price");
        cache.observe_odds(&scope, "home", 1.5, start()).expect("a price");
    }
    for price in [2.0, f64::MAX, f64::NAN, f64::INFINITY, -1.0] {
        let context = Context::new(&scope).current_odds("home", price);
        let receipt = read(&sim, &cache, "k", &context).receipt;
        assert!(receipt.z.is_finite() && receipt.z >= 0.0, "{price}: {}", receipt.z);
    }
}

#[test]
fn a_kickoff_at_any_time_gives_its_zone() {
    let rows = [
        (UNIX_EPOCH, Zone::MatchStarted),
        (UNIX_EPOCH - 400 * YEAR, Zone::MatchStarted),
        (start() + 480 * YEAR, Zone::Standard),
        (start(), Zone::Warmup),
    ];
    for (kickoff, zone) in rows {
        let (sim, cache) = world();
        let context = Context::new(&cache.scope("m")).market("btts").kickoff(kickoff);
        let receipt = read(&sim, &cache, "k", &context).receipt;
        assert_eq!(receipt.zone, zone);
        assert_eq!(cache.get("k").is_some(), zone != Zone::MatchStarted, "{zone}");
    }
}

#[test]
fn keys_and_names_of_any_length_are_names_like_others() {
    let (sim, cache) = world();
    let long = "x".repeat(1 << 20);
    let other = "x".repeat((1 << 20) - 1) + "y";
    for key in ["", "\0", long.as_str()] {
        assert_eq!(read(&sim, &cache, key, &Context::none()).receipt.reason, Reason::Miss);
        assert_eq!(cache.get(key).map(|hit| *hit), Some(7));
        assert!(cache.get(other.as_str()).is_none());
        assert!(cache.invalidate(key) && cache.get(key).is_none());
    }
    for name in ["", long.as_str()] {
        let scope = cache.scope(name);
        let context = Context::new(&scope).tag(name);
        read(&sim, &cache, "k", &context);
        cache.observe_odds(&scope, name, 2.0, start()).expect("a price");
        cache.invalidate_tag(name);
        assert!(cache.get("k").is_none());
    }
}

#[test]
fn unknown_names_and_contexts_without_their_match_are_errors_by_name() {
    let (_sim, cache) = world();
    let scope = cache.scope("m");
    let begin = |context: &Context| match cache.begin("k", context) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted"),
    };
    assert_eq!(begin(&Context::new(&scope).market("nope")), "unknown market \"nope\"");
    assert_eq!(begin(&Context::new(&scope).market("")), "unknown market \"\"");
    for (context, what) in [
        (Context::none().market("btts"), "a market"),
        (Context::none().kickoff(start()), "a kickoff"),
        (Context::none().lineup_confirmed(true), "a line-up"),
        (Context::none().current_odds("home", 2.0), "current odds"),
    ] {
        assert_eq!(begin(&context), format!("the context gives {what} but names no match"));
    }
    let event = cache.invalidate_event(&scope, "nope").expect_err("unknown");
    assert_eq!(event.to_string(), "unknown event \"nope\"");
    let capacity = Cache::<String, u32>::builder().max_capacity(0).build().expect_err("refused");
    assert_eq!(capacity.to_string(), "configuration: cache.max_capacity must be at least 1");
}

#[cfg(feature = "toml")]
#[test]
fn an_error_of_a_configuration_names_field_line_and_value() {
    use kairos_cache::Config;

    let field = Config::from_toml("[cache]\nmax_capacityy = 7").expect_err("unknown").to_string();
    assert!(field.contains("max_capacityy") && field.contains("line 2"), "{field}");
    let kind = Config::from_toml("[cache]\nmax_capacity = -7").expect_err("negative").to_string();
    assert!(kind.contains("-7"), "{kind}");
}

#[test]
fn a_match_of_another_cache_is_an_error_and_changes_neither() {
    let (_sim, cache) = world();
    let graph = EventGraph::new([("only", ["x"])], [("e", ["x"])]).expect("no name twice");
    let other: Cache<String, u32> =
        Cache::builder().sim(&Sim::new(start())).event_graph(graph).build().expect("in range");
    let (own, foreign) = (cache.scope("m"), other.scope("m"));
    assert!(cache.insert("k", &Context::new(&own).market("penalty"), 1).expect("known"));
    assert!(other.insert("k", &Context::new(&foreign).market("only"), 2).expect("known"));
    let errors = [
        cache.insert("k", &Context::new(&foreign).market("penalty"), 3).err(),
        cache.begin("k", &Context::new(&foreign)).err(),
        cache.observe_odds(&foreign, "home", 2.0, start()).err(),
        cache.set_status(&foreign, Some("penalty"), TradingStatus::Closed).err(),
        cache.invalidate_event(&foreign, "referee_assigned").err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(Error::ForeignScope(name)) if &*name == "m"));
    }
    assert_eq!(cache.invalidate_match(&foreign), 0);
    cache.expire_match(&foreign);
    assert_eq!(cache.get("k").map(|hit| (*hit, hit.receipt().reason)), Some((1, Reason::Fresh)));
    assert_eq!(other.get("k").map(|hit| (*hit, hit.receipt().reason)), Some((2, Reason::Fresh)));
}

/// A cache whose wall clock the test moves by itself, with five calm prices and a value of a match
/// that kicks off in 90 minutes.
fn stepped(to: SystemTime) -> (Cache<String, u32>, kairos_cache::Scope) {
    let (clock, hand) = Clock::manual(start());
    let cache: Cache<String, u32> =
        Cache::builder().clock(clock).xfetch_enabled(false).build().expect("in range");
    let scope = cache.scope("m");
    for _ in 0..5 {
        cache.observe_odds(&scope, "home", 2.0, start()).expect("in order");
    }
    let context = Context::new(&scope).market("btts").kickoff(start() + 90 * 60 * SECOND);
    cache.insert("k", &context, 1).expect("known");
    hand.advance(SECOND);
    hand.step_wall(to);
    (cache, scope)
}

#[test]
fn a_step_of_the_wall_clock_moves_kickoff_and_never_an_age() {
    let rows = [
        (start() + HOUR, Some(Zone::Golden)),
        (start() - HOUR, Some(Zone::Active)),
        (start() + 10 * YEAR, None),
        (start() - 10 * YEAR, Some(Zone::Standard)),
    ];
    for (to, zone) in rows {
        let (cache, _scope) = stepped(to);
        let hit = cache.get("k");
        assert_eq!(hit.as_ref().map(|hit| hit.receipt().zone), zone);
        assert!(hit.is_none_or(|hit| hit.receipt().age == SECOND));
        let pinned = cache.pin("k").map(|mut pin| pin.read().map(|hit| hit.receipt().zone));
        assert_eq!(pinned.flatten(), zone);
    }
}

#[test]
fn a_feed_goes_on_after_any_step_of_the_wall_clock() {
    for to in [start() + HOUR, start() - HOUR, start() + 10 * YEAR, start() - 10 * YEAR] {
        let (cache, scope) = stepped(to);
        for second in 0..5 {
            let at = to + second * SECOND;
            cache.observe_odds(&scope, "home", 2.0, at).expect("the clock says that it is now");
        }
        let status = cache.observe_odds(&scope, "home", 9.0, to + 5 * SECOND).expect("now");
        assert_eq!(status.name(), "panic", "scored by what came after the step");
        assert!(cache.get("k").is_none(), "bypassed");
    }
}
