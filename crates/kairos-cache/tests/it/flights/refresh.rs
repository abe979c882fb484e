// Background refreshes: one per key, so many in all, in so much time, and not too soon again.
// Never knows: the insides of the cache.
// Read next: `../loader/refreshes.rs`, those that no reader brought a closure for.

use std::sync::Arc;
use std::time::Duration;

use kairos_cache::{Context, Reason, Runtime as _};

use crate::stage::{Failure, Stage, Work};

/// A stage on which each of these keys has a value that has just become stale: 60 s of 120 s.
fn stale(keys: &[&str]) -> Stage {
    let stage = Stage::with(|builder| {
        builder.default_ttl(Duration::from_secs(60)).max_concurrent_refreshes(2)
    });
    for key in keys {
        assert_eq!(stage.read(key, &Context::none(), &Work::at_once()).value(), Some(1));
    }
    stage.seconds(60);
    stage
}

/// Reads a key that is stale; says whether that started a refresh.
fn read_stale(stage: &Stage, key: &str, work: &Arc<Work>) -> bool {
    let hit = stage.read(key, &Context::none(), work).hit().expect("served at once");
    assert_eq!((*hit, hit.receipt().reason), (1, Reason::Stale));
    hit.receipt().refresh_started
}

#[test]
fn a_stale_key_has_one_refresh_however_many_read_it() {
    let (stage, work) = (stale(&["k"]), Work::gated());
    let started = [(); 3].map(|()| read_stale(&stage, "k", &work));
    assert_eq!(started, [true, false, false]);
    stage.open(&work, 1);
    assert_eq!((work.started(), work.finished()), (1, 1));
    assert_eq!(stage.cache.stats().swr_background_success, 1);
    let hit = stage.cache.get("k").expect("refreshed");
    assert_eq!(hit.receipt().reason, Reason::Fresh);
}

#[test]
fn refreshes_beyond_the_bulkhead_are_skipped_and_counted() {
    let keys = ["a", "b", "c"];
    let stage = stale(&keys);
    let works = keys.map(|_| Work::gated());
    let started = [0, 1, 2].map(|i| read_stale(&stage, keys[i], &works[i]));
    assert_eq!(started, [true, true, false]);
    assert_eq!(stage.cache.activity().refreshes_skipped, 1);
    assert_eq!(works[2].started(), 0, "skipped, not queued");
    stage.open(&works[0], 1);
    assert!(read_stale(&stage, "c", &works[2]), "a place is free again");
    assert_eq!(stage.cache.activity().refreshes_skipped, 1);
}

#[test]
fn a_refresh_that_hangs_is_aborted_with_its_work_and_gives_its_place_back() {
    let stage = stale(&["a", "b", "c"]);
    let (a, b, c) = (Work::gated(), Work::gated(), Work::gated());
    assert!(read_stale(&stage, "a", &a) && read_stale(&stage, "b", &b));
    stage.sim.advance_to(Duration::from_nanos(69_999_999_999));
    assert_eq!((a.running(), b.running()), (1, 1));
    stage.sim.advance_to(Duration::from_secs(70));
    assert_eq!((a.running(), b.running()), (0, 0), "the work itself was dropped");
    assert_eq!((a.finished(), b.finished()), (0, 0));
    let stats = stage.cache.stats();
    assert_eq!((stats.swr_background_error, stats.cache_errors), (2, 0));
    assert!(read_stale(&stage, "c", &c), "their places are free");
}

#[test]
fn after_a_failed_refresh_the_next_one_waits_for_the_throttle() {
    let stage = stale(&["k"]);
    let (cache, none) = (stage.cache.clone(), Context::none());
    let _runs = stage.sim.spawn(Box::pin(async move {
        let fails = || async { Err::<u64, _>(Failure::other("down")) };
        assert!(
            cache.get_or_compute("k", &none, fails).await.expect("stale").receipt().refresh_started
        );
    }));
    stage.sim.run_until_idle();
    assert_eq!(stage.cache.stats().swr_background_error, 1);
    let work = Work::at_once();
    stage.sim.advance_to(Duration::from_nanos(64_999_999_999));
    assert!(!read_stale(&stage, "k", &work));
    stage.sim.advance_to(Duration::from_secs(65));
    assert!(read_stale(&stage, "k", &work));
    assert_eq!(work.started(), 1);
}

#[test]
fn a_refresh_outlives_those_who_joined_it() {
    let (stage, work) = (stale(&["k"]), Work::gated());
    assert!(read_stale(&stage, "k", &work));
    let picky = Context::none().max_age(Duration::from_secs(1));
    let joined = [(); 2].map(|()| stage.read("k", &picky, &work));
    assert!(joined.iter().all(|read| read.value().is_none()));
    for read in joined {
        read.cancel();
        stage.sim.run_until_idle();
    }
    assert_eq!((work.started(), work.running()), (1, 1), "joined, and not aborted");
    stage.open(&work, 1);
    assert_eq!(work.finished(), 1);
    assert_eq!(stage.cache.stats().swr_background_success, 1);
    assert_eq!(stage.cache.get("k").expect("stored").receipt().reason, Reason::Fresh);
}

#[test]
fn no_refresh_starts_while_another_compute_of_the_key_runs() {
    let (stage, forced, refresh) = (stale(&["k"]), Work::gated(), Work::gated());
    let waits = stage.read("k", &Context::none().force_refresh(true), &forced);
    assert!(!read_stale(&stage, "k", &refresh));
    stage.open(&forced, 1);
    assert_eq!((waits.value(), refresh.started()), (Some(1), 0));
    assert_eq!(stage.cache.get("k").expect("stored").receipt().reason, Reason::Fresh);
}
