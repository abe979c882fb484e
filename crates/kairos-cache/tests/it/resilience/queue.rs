// Computes that pile up: how many run at once, who waits for a turn, and who is refused.
// Never knows: the insides of the cache.
// Read next: `breaker.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kairos_cache::{Config, Context, Error, Reason, Runtime};

use super::{Outcome, World, minute_ttl};
use crate::stage::{SECOND, Stage, Work};

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

/// A compute waits for its turn no longer than `queue_timeout`, whatever holds the turn.
#[test]
fn the_wait_for_a_turn_is_bounded() {
    let stage = Stage::with(|b| b.max_concurrent_computes(1).queue_timeout(2 * SECOND));
    let work = Work::gated();
    let none = Context::none();
    let _holds = stage.read("holds", &none, &work);
    let first = stage.read("first", &none, &work);
    stage.seconds(1);
    let second = stage.read("second", &none, &work);
    stage.seconds(1);
    assert!(matches!(first.error(), Some(Error::Timeout)) && !second.has_ended());
    stage.seconds(1);
    assert!(matches!(second.error(), Some(Error::Timeout)));
    assert_eq!(work.started(), 1, "neither has begun");
    assert_eq!(stage.cache.stats().cache_errors, 0, "nor has either failed");
    stage.open(&work, 1);
    assert_eq!(stage.read("first", &none, &Work::at_once()).value(), Some(1));
}

/// What comes to the gate after a reload waits no longer than that says, whoever waits there already.
#[test]
fn a_shorter_wait_holds_for_what_comes_after_the_reload() {
    let stage = Stage::with(|b| b.max_concurrent_computes(1).queue_timeout(25 * SECOND));
    let (work, none) = (Work::gated(), Context::none());
    let _holds = stage.read("holds", &none, &work);
    let before = stage.read("before", &none, &work);
    let mut config = Config::default();
    config.computes.max_concurrent = 1;
    config.computes.queue_timeout = SECOND;
    stage.cache.reload(&config).expect("in range");
    let after = stage.read("after", &none, &work);
    stage.seconds(1);
    assert!(matches!(after.error(), Some(Error::Timeout)));
    assert!(!before.has_ended(), "it came before the reload");
    stage.at(25);
    assert!(matches!(before.error(), Some(Error::Timeout)));
}

/// By default the wait for a turn may take as long as a compute.
#[test]
fn a_runtime_that_nobody_drives_holds_nobody_for_longer_than_both_timeouts() {
    let stage = Stage::with(|b| b.max_concurrent_computes(1).hard_timeout(SECOND));
    let (work, none) = (Work::gated(), Context::none());
    let reads = ["a", "b", "c"].map(|key| stage.read(key, &none, &work));
    stage.seconds(2);
    assert!(reads.iter().all(|read| matches!(read.error(), Some(Error::Timeout))));
    assert_eq!(stage.cache.sizes().flights, 0);
}

/// The last reader of a compute goes; the compute goes on for the cache where it is told to.
#[test]
fn an_abandoned_compute_is_finished_where_the_configuration_says_so() {
    for finish in [true, false] {
        let stage = Stage::with(|b| b.finish_abandoned(finish));
        let (work, none) = (Work::gated(), Context::none());
        let read = stage.read("k", &none, &work);
        read.cancel();
        stage.open(&work, 1);
        let stored = stage.cache.peek("k").map(|hit| *hit);
        assert_eq!(stored, finish.then_some(1));
    }
}

/// One that waits at the gate has nothing begun yet; its turn comes all the same.
#[test]
fn an_abandoned_compute_at_the_gate_keeps_its_turn_where_abandoned_ones_are_finished() {
    for finish in [true, false] {
        let stage = Stage::with(|b| b.max_concurrent_computes(1).finish_abandoned(finish));
        let (work, none) = (Work::gated(), Context::none());
        let holds = stage.read("holds", &none, &work);
        let (queued, own) = (stage.read("k", &none, &work), Work::at_once());
        let behind = stage.read("last", &none, &own);
        queued.cancel();
        stage.sim.run_until_idle();
        stage.open(&work, 2);
        assert_eq!(holds.value(), Some(1));
        let stored = stage.cache.peek("k").map(|hit| *hit);
        assert_eq!((stored, work.started()), (finish.then_some(2), 1 + u64::from(finish)));
        assert_eq!(behind.value(), Some(1), "and the turn after it is given on");
        assert_eq!(stage.cache.sizes().flights, 0);
    }
}

/// Of one that is pending every closure may be the one that runs: that of a reader who waits still,
/// else that of one who left.
#[test]
fn an_abandoned_compute_that_is_pending_is_finished_where_abandoned_ones_are() {
    for finish in [true, false] {
        let stage = Stage::with(|b| b.finish_abandoned(finish));
        let (running, own) = (Work::gated(), Work::at_once());
        let forced = Context::none().force_refresh(true);
        let first = stage.read("k", &Context::none(), &running);
        let pending = [(); 2].map(|()| stage.read("k", &forced, &own));
        for read in &pending {
            read.cancel();
        }
        stage.sim.run_until_idle();
        stage.open(&running, 1);
        assert_eq!((first.value(), own.started()), (Some(1), u64::from(finish)));
        assert_eq!(own.finished(), u64::from(finish));
        assert_eq!(stage.cache.sizes().flights, 0);
        assert_eq!(stage.cache.activity().computes_for_bypasses, u64::from(finish));
    }
}

#[test]
fn the_closure_of_a_reader_that_waits_still_goes_before_that_of_one_that_left() {
    let stage = Stage::with(|b| b.finish_abandoned(true));
    let (running, left, stays) = (Work::gated(), Work::at_once(), Work::at_once());
    let forced = Context::none().force_refresh(true);
    let _first = stage.read("k", &Context::none(), &running);
    let leaves = stage.read("k", &forced, &left);
    let waits = stage.read("k", &forced, &stays);
    leaves.cancel();
    stage.sim.run_until_idle();
    stage.open(&running, 1);
    assert_eq!((waits.value(), left.started(), stays.started()), (Some(1), 0, 1));
}

/// What was abandoned has no reader for whose sake a shutdown would wait.
#[test]
fn a_shutdown_waits_for_no_abandoned_compute_wherever_it_is() {
    let stage = Stage::with(|b| b.max_concurrent_computes(1).finish_abandoned(true));
    let (work, forced) = (Work::gated(), Context::none().force_refresh(true));
    let reads = [("k", Context::none()), ("k", forced), ("queued", Context::none())]
        .map(|(key, context)| stage.read(key, &context, &work));
    for read in &reads {
        read.cancel();
    }
    stage.sim.run_until_idle();
    assert_eq!((work.running(), stage.cache.sizes().flights), (1, 2));
    let cache = stage.cache.clone();
    let ended = stage.start(async move { cache.shutdown().await });
    assert!(ended.has_ended());
    assert_eq!((work.running(), work.started(), stage.cache.sizes().flights), (0, 1, 0));
}
