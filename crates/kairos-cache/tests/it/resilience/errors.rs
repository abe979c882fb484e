// Keys whose compute has failed: how long their readers get the error again, and what subscribers are told.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `old_values.rs`, for keys that have an old value.

use std::sync::Arc;
use std::time::Duration;

use kairos_cache::{Cache, Context, Notice, Reason, Strategy, TradingStatus};

use super::{Outcome, World, minute_ttl};
use crate::stage::SECOND;

const AT_ONCE: Duration = Duration::ZERO;

fn refused() -> (Reason, Result<u32, String>, u64) {
    (Reason::Miss, Err("refused".into()), 0)
}

fn computed(value: u32) -> (Reason, Result<u32, String>, u64) {
    (Reason::Miss, Ok(value), 0)
}

/// A cache that remembers errors for five seconds, and a key whose compute has just failed.
fn failed(context: &Context, world: &World) {
    world.read_with("failed", "k", context, AT_ONCE, Outcome::Failure);
    assert_eq!(world.got("failed"), Some(refused()));
}

fn remembers() -> World {
    World::new(|b| minute_ttl(b).error_ttl(5 * SECOND))
}

#[test]
fn readers_get_the_error_of_a_failed_compute_again_for_its_time_and_are_counted_as_joiners() {
    let world = remembers();
    failed(&Context::none(), &world);
    world.at(4);
    world.read("again", "k", AT_ONCE, Outcome::Value(1));
    assert_eq!(world.got("again"), Some(refused()));
    let other = "other";
    world.read(other, "other", AT_ONCE, Outcome::Value(2));
    assert_eq!(world.got(other), Some(computed(2)), "another key is computed");
    let (stats, activity) = (world.cache.stats(), world.cache.activity());
    assert_eq!((stats.cache_errors, stats.cache_miss, stats.strategy_compute), (1, 3, 3));
    assert_eq!((activity.computes_for_misses, activity.coalesced_computes), (2, 1));
    world.at(5);
    world.read("tried", "k", AT_ONCE, Outcome::Value(3));
    assert_eq!(world.got("tried"), Some(computed(3)));
}

#[test]
fn without_the_time_every_reader_computes() {
    let world = World::new(minute_ttl);
    failed(&Context::none(), &world);
    world.read("again", "k", AT_ONCE, Outcome::Value(1));
    assert_eq!(world.got("again"), Some(computed(1)));
}

#[test]
fn a_timeout_is_remembered_and_what_finds_nothing_is_no_failure() {
    let world = World::new(|b| minute_ttl(b).error_ttl(5 * SECOND).hard_timeout(SECOND));
    world.read("hangs", "k", AT_ONCE, Outcome::Hang);
    world.at(1);
    assert!(!world.is_waiting("hangs"));
    world.read("again", "k", AT_ONCE, Outcome::Value(1));
    assert_eq!(world.got("again"), world.got("hangs"));
    world.read("nothing", "other", AT_ONCE, Outcome::Nothing);
    world.read("something", "other", AT_ONCE, Outcome::Value(2));
    assert_eq!(world.got("something"), Some(computed(2)));
}

/// Whatever covers the key: its readers compute.
#[test]
fn an_invalidation_of_the_key_ends_its_error() {
    type End = fn(&Cache<String, u32>);
    let ends: [(&str, End); 8] = [
        ("the key", |cache| assert!(!cache.invalidate("k"))),
        ("taken out", |cache| assert!(cache.remove("k").is_none())),
        ("expired", |cache| cache.expire("k")),
        ("a tag", |cache| cache.invalidate_tag("t")),
        ("its match", |cache| assert_eq!(cache.invalidate_match(&cache.scope("m")), 0)),
        ("an event", |cache| {
            let outcome = cache.invalidate_event(&cache.scope("m"), "goalkeeper_change");
            assert!(outcome.is_ok());
        }),
        ("a status", |cache| {
            for status in [TradingStatus::Suspended, TradingStatus::Open] {
                cache.set_status(&cache.scope("m"), None, status).expect("its own");
            }
        }),
        ("everything", Cache::invalidate_all),
    ];
    for (what, end) in ends {
        let world = remembers();
        let scope = world.cache.scope("m");
        let context = Context::new(&scope).market("btts").tag("t");
        failed(&context, &world);
        end(&world.cache);
        world.read_with("after", "k", &context, AT_ONCE, Outcome::Value(1));
        assert_eq!(world.got("after"), Some(computed(1)), "{what}");
    }
}

/// Its compute began before the invalidation: the readers after it need another.
#[test]
fn a_failure_that_an_invalidation_overtook_is_not_remembered() {
    let ends: [fn(&Cache<String, u32>); 2] =
        [|cache| assert!(!cache.invalidate("k")), Cache::invalidate_all];
    for end in ends {
        let world = remembers();
        world.read("slow", "k", SECOND, Outcome::Failure);
        end(&world.cache);
        world.at(1);
        assert_eq!(world.got("slow"), Some(refused()));
        world.read("after", "k", AT_ONCE, Outcome::Value(1));
        assert_eq!(world.got("after"), Some(computed(1)));
    }
}

#[test]
fn a_result_in_between_ends_the_error_however_it_came() {
    let stores: [fn(&World); 2] = [
        |world| {
            let forced = Context::none().force_refresh(true);
            world.read_with("forced", "k", &forced, AT_ONCE, Outcome::Value(1));
            assert_eq!(world.got("forced").map(|got| got.1), Some(Ok(1)));
        },
        |world| {
            assert!(world.cache.insert("k", &Context::none(), 1).expect("no match is named"));
        },
    ];
    for store in stores {
        let world = remembers();
        failed(&Context::none(), &world);
        store(&world);
        world.cache.invalidate_all();
        world.read("after", "k", AT_ONCE, Outcome::Value(2));
        assert_eq!(world.got("after"), Some(computed(2)));
    }
}

#[test]
fn an_error_is_that_of_readers_of_its_own_match_only() {
    let world = remembers();
    let [own, other] = ["own", "other"].map(|name| Context::new(&world.cache.scope(name)));
    failed(&own, &world);
    world.read_with("same", "k", &own, AT_ONCE, Outcome::Value(1));
    assert_eq!(world.got("same"), Some(refused()));
    world.read("unnamed", "k", AT_ONCE, Outcome::Value(1));
    assert_eq!(world.got("unnamed"), Some(refused()));
    world.read_with("another", "k", &other, AT_ONCE, Outcome::Value(2));
    assert_eq!(world.got("another"), Some(computed(2)));
}

#[test]
fn a_key_with_a_value_that_can_be_served_has_no_error_to_remember() {
    let world = remembers();
    world.read("first", "k", AT_ONCE, Outcome::Value(1));
    let forced = Context::none().force_refresh(true);
    world.read_with("forced", "k", &forced, AT_ONCE, Outcome::Failure);
    world.read("served", "k", AT_ONCE, Outcome::Value(2));
    assert_eq!(world.got("served"), Some((Reason::Fresh, Ok(1), 0)));
    // Too stale, and its compute fails: from here on it has none.
    world.at(200);
    world.read("too stale", "k", AT_ONCE, Outcome::Failure);
    world.read("again", "k", AT_ONCE, Outcome::Value(3));
    assert_eq!(world.got("again"), Some((Reason::TooStale, Err("refused".into()), 0)));
    assert_eq!(world.cache.stats().swr_too_stale, 2);
}

#[test]
fn as_many_errors_are_remembered_as_there_may_be_flights_and_the_old_ones_go() {
    let world = World::new(|b| minute_ttl(b).error_ttl(5 * SECOND).max_flights(2));
    let keys = ["a", "b", "c"];
    for key in keys {
        world.read(key, key, AT_ONCE, Outcome::Failure);
    }
    let computes = || world.cache.activity().computes_for_misses;
    assert_eq!(computes(), 3);
    for key in keys {
        world.read(key, key, AT_ONCE, Outcome::Failure);
    }
    assert_eq!(computes(), 4, "the third is not remembered");
}

/// Of a value that fail-safe serves the beginning is told once, and the end.
#[test]
fn the_beginning_and_the_end_of_fail_safe_are_told_with_every_failed_compute() {
    type End = fn(&World);
    let ends: [(&str, End); 3] = [
        ("a compute that succeeds", |world| {
            world.at(206);
            world.read("mended", "k", AT_ONCE, Outcome::Value(2));
        }),
        ("an invalidation", |world| assert!(world.cache.invalidate("k"))),
        ("the sweep", |world| {
            world.cache.invalidate_all();
            world.at(210);
        }),
    ];
    for (what, end) in ends {
        let world = World::new(|b| minute_ttl(b).max_stale_if_error(600 * SECOND));
        let mut told = world.cache.subscribe();
        world.read("first", "k", AT_ONCE, Outcome::Value(1));
        world.at(200);
        for name in ["failed", "throttled"] {
            world.read(name, "k", AT_ONCE, Outcome::Failure);
            let strategy = world.answers.lock().expect("no panic")[name].receipt.strategy;
            assert_eq!(strategy, Strategy::ServeStale);
        }
        let mut names = || -> Vec<String> {
            let named = std::iter::from_fn(|| told.try_next()).filter_map(|notice| match notice {
                Notice::ComputeFailed { key, error } => Some(format!("failed {key}: {error}")),
                Notice::FailSafeBegan { key } => Some(format!("began {key}")),
                Notice::FailSafeEnded { key } => Some(format!("ended {key}")),
                _ => None,
            });
            named.collect()
        };
        assert_eq!(names(), ["failed k: refused", "began k"], "{what}");
        end(&world);
        assert_eq!(names(), ["ended k"], "{what}");
    }
}

/// A failure keeps nothing of its match: that is forgotten when nobody holds it.
#[test]
fn a_remembered_error_holds_no_match() {
    let world = World::new(|b| minute_ttl(b).error_ttl(3600 * SECOND).max_matches(1));
    let first = world.cache.scope("one");
    failed(&Context::new(&first), &world);
    drop(first);
    assert!(world.cache.try_scope("two").is_ok());
    let shared: Arc<str> = "two".into();
    assert!(world.cache.find_scope(&shared).is_some());
}
