// Reads from threads without a runtime.
// Never knows: the insides of the cache.
// Read next: `executors.rs`.

use std::convert::Infallible;
use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, JoinHandle};
use std::time::UNIX_EPOCH;

use kairos_cache::{Cache, Context, Error, Hit, Reason, Runtime, Sim, blocking};

use crate::stage::{Lent, SECOND};

type Outcome = Result<Hit<u64>, Error>;

pub(super) fn value(value: u64) -> impl FnOnce() -> Result<u64, Infallible> + Send + 'static {
    move || Ok(value)
}

/// A cache on an executor that is [`Lent`], whose time moves only with `sim`.
struct Stage {
    sim: Sim,
    cache: blocking::Cache<String, u64>,
}

impl Stage {
    fn new() -> Stage {
        let sim = Sim::new(UNIX_EPOCH);
        let runtime = Arc::new(Lent(sim.clone()));
        let builder = Cache::builder().clock(sim.clock()).runtime(runtime);
        let cache = builder.default_ttl(60 * SECOND).build().expect("in range").blocking();
        Stage { sim, cache }
    }

    /// Reads on a thread of its own with a closure that says when it has begun and waits to be
    /// let go.
    fn read_gated(&self, result: u64) -> (JoinHandle<Outcome>, Receiver<()>, Sender<()>) {
        let ((begun, has_begun), (let_go, gate)) = (mpsc::channel(), mpsc::channel());
        let cache = self.cache.clone();
        let reader = thread::spawn(move || {
            let compute = move || {
                begun.send(()).expect("the test waits");
                gate.recv().expect("the test lets go");
                Ok::<_, Infallible>(result)
            };
            cache.get_or_compute("k", &Context::none(), compute)
        });
        (reader, has_begun, let_go)
    }
}

pub(super) fn get(hit: Outcome) -> u64 {
    *hit.expect("a value")
}

#[test]
fn a_cache_built_outside_any_runtime_is_read_from_plain_threads() {
    let cache: Cache<String, u64> = Cache::builder().build().expect("a thread of its own");
    let cache = cache.blocking();
    let readers = [1, 2, 3].map(|number: u64| {
        let cache = cache.clone();
        thread::spawn(move || {
            let key = format!("k{number}");
            let miss =
                cache.get_or_compute(&key, &Context::none(), value(number)).expect("a value");
            let fresh = cache.get_or_compute(&key, &Context::none(), value(0)).expect("a value");
            (*miss, miss.receipt().reason, *fresh, fresh.receipt().reason)
        })
    });
    for (number, reader) in (1..).zip(readers) {
        let got = reader.join().expect("no panic");
        assert_eq!(got, (number, Reason::Miss, number, Reason::Fresh));
    }
    let stats = cache.cache().stats();
    assert_eq!((stats.strategy_compute, stats.strategy_serve_fresh), (3, 3));
}

#[test]
fn a_hundred_threads_that_miss_one_key_make_one_compute() {
    let cache: Cache<String, u64> = Cache::builder().build().expect("a thread of its own");
    let (cache, computes) = (cache.blocking(), Arc::new(AtomicUsize::new(0)));
    let start = Arc::new(Barrier::new(100));
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let (cache, computes, start) = (cache.clone(), computes.clone(), start.clone());
            thread::spawn(move || {
                let compute = move || {
                    computes.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, Infallible>(7)
                };
                start.wait();
                get(cache.get_or_compute("k", &Context::none(), compute))
            })
        })
        .collect();
    assert!(readers.into_iter().all(|reader| reader.join().expect("no panic") == 7));
    assert_eq!(computes.load(Ordering::Relaxed), 1);
    assert_eq!(cache.cache().stats().total_requests, 100);
}

#[test]
fn a_closure_that_panics_or_fails_is_an_error_and_the_key_is_usable_at_once() {
    let cache: Cache<String, u64> = Cache::builder().build().expect("a thread of its own");
    let cache = cache.blocking();
    let panics = || -> Result<u64, Infallible> { panic!("no price") };
    let outcome = cache.get_or_compute("k", &Context::none(), panics);
    assert!(matches!(&outcome, Err(Error::Panicked(message)) if &**message == "no price"));
    let fails = || Err::<u64, _>("refused");
    assert!(matches!(cache.get_or_compute("k", &Context::none(), fails), Err(Error::Compute(_))));
    let finds_nothing = || Ok::<Option<u64>, Infallible>(None);
    let outcome = cache.get_or_compute("k", &Context::none(), finds_nothing);
    assert!(matches!(outcome, Err(Error::Nothing)));
    assert_eq!(get(cache.get_or_compute("k", &Context::none(), value(2))), 2);
    assert_eq!(cache.cache().stats().cache_errors, 2);
}

#[test]
fn waiters_of_a_closure_that_blocks_too_long_time_out_and_its_result_is_dropped() {
    let stage = Stage::new();
    let (first, begun, let_go) = stage.read_gated(1);
    begun.recv().expect("it runs");
    stage.sim.advance_to(30 * SECOND);
    assert!(matches!(first.join().expect("no panic"), Err(Error::Timeout)));
    // It holds its key until it returns, and whoever waits for that times out in turn.
    let (second, second_begun, _) = stage.read_gated(2);
    while !second.is_finished() {
        stage.sim.advance_to(stage.sim.now() + SECOND);
        thread::yield_now();
    }
    assert!(matches!(second.join().expect("no panic"), Err(Error::Timeout)));
    assert!(second_begun.recv().is_err(), "its closure was dropped");
    let_go.send(()).expect("it waits");
    assert_eq!(get(stage.cache.get_or_compute("k", &Context::none(), value(3))), 3);
    let stats = stage.cache.cache().stats();
    assert_eq!((stats.cache_errors, stats.strategy_compute, stats.golden_hour_total), (1, 3, 0));
    assert_eq!(stage.cache.cache().get("k").map(|hit| *hit), Some(3), "never the late result");
}

#[test]
fn async_readers_join_the_closure_of_a_blocking_one() {
    let stage = Stage::new();
    let (leader, begun, let_go) = stage.read_gated(1);
    begun.recv().expect("it runs");
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..5 {
        let (cache, outcomes) = (stage.cache.cache().clone(), Arc::clone(&outcomes));
        let _task = stage.sim.spawn(Box::pin(async move {
            let compute = || ready(Ok::<u64, Infallible>(2));
            let outcome = cache.get_or_compute("k", &Context::none(), compute).await;
            outcomes.lock().expect("no panic").push(get(outcome));
        }));
    }
    stage.sim.run_until_idle();
    assert!(outcomes.lock().expect("no panic").is_empty(), "they wait");
    let_go.send(()).expect("it waits");
    assert_eq!(get(leader.join().expect("no panic")), 1);
    while outcomes.lock().expect("no panic").len() < 5 {
        stage.sim.run_until_idle();
        thread::yield_now();
    }
    assert_eq!(*outcomes.lock().expect("no panic"), [1; 5]);
    assert_eq!(stage.cache.cache().activity().coalesced_computes, 5);
}

#[test]
fn a_blocking_reader_joins_the_future_of_an_async_one() {
    let sim = Sim::new(UNIX_EPOCH);
    let cache: Cache<String, u64> = Cache::builder().sim(&sim).build().expect("in range");
    let (gate, gated) = tokio::sync::oneshot::channel();
    let (own, out) = (cache.clone(), Arc::new(Mutex::new(None)));
    let outcome = Arc::clone(&out);
    let _task = sim.spawn(Box::pin(async move {
        let compute = || gated;
        *out.lock().expect("no panic") =
            Some(get(own.get_or_compute("k", &Context::none(), compute).await));
    }));
    sim.run_until_idle();
    gate.send(1).expect("it waits");
    // The waiting thread runs the executor itself.
    assert_eq!(get(cache.blocking().get_or_compute("k", &Context::none(), value(2))), 1);
    sim.run_until_idle();
    assert_eq!(*outcome.lock().expect("no panic"), Some(1));
    assert_eq!(cache.activity().coalesced_computes, 1);
}

#[test]
fn a_stale_value_is_served_to_a_thread_while_its_closure_refreshes() {
    let sim = Sim::new(UNIX_EPOCH);
    let builder = Cache::builder().sim(&sim).default_ttl(60 * SECOND);
    let cache: Cache<String, u64> = builder.build().expect("in range");
    let cache = cache.blocking();
    assert_eq!(get(cache.get_or_compute("k", &Context::none(), value(1))), 1);
    sim.advance_to(60 * SECOND);
    let hit = cache.get_or_compute("k", &Context::none(), value(2)).expect("stale is served");
    assert_eq!(
        (*hit, hit.receipt().reason, hit.receipt().refresh_started),
        (1, Reason::Stale, true)
    );
    sim.run_until_idle();
    assert_eq!(get(cache.get_or_compute("k", &Context::none(), value(3))), 2);
    assert_eq!(cache.cache().stats().swr_background_success, 1);
}

#[test]
fn a_cache_dropped_while_a_closure_blocks_is_freed_when_the_closure_returns() {
    struct Value(Sender<()>);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.send(()).expect("the test waits");
        }
    }
    let (freed, is_freed) = mpsc::channel();
    let ((begun, has_begun), (let_go, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    let cache: Cache<String, Value> = Cache::builder().build().expect("a thread of its own");
    assert!(cache.insert("k", &Context::none(), Value(freed.clone())).expect("a plain context"));
    cache.expire("k");
    let refresh = move || {
        begun.send(()).expect("the test waits");
        gate.recv().expect("the test lets go");
        Ok::<_, Infallible>(Value(freed))
    };
    let hit = cache.blocking().get_or_compute("k", &Context::none(), refresh).expect("stale");
    assert!(hit.receipt().refresh_started);
    drop(hit);
    has_begun.recv().expect("it runs");
    drop(cache);
    assert!(is_freed.try_recv().is_err(), "the refresh still has a place to store its result");
    let_go.send(()).expect("it waits");
    is_freed.recv().expect("the old value");
    is_freed.recv().expect("the new one");
}

#[test]
fn a_shutdown_waits_for_a_closure_but_not_beyond_its_time() {
    for returns in [true, false] {
        let stage = Stage::new();
        let (reader, begun, let_go) = stage.read_gated(1);
        begun.recv().expect("it runs");
        let (cache, is_down) = (stage.cache.cache().clone(), Arc::new(AtomicUsize::new(0)));
        let down = Arc::clone(&is_down);
        let _task = stage.sim.spawn(Box::pin(async move {
            cache.shutdown().await.expect("outside of any compute");
            down.store(1, Ordering::Relaxed);
        }));
        stage.sim.run_until_idle();
        assert_eq!(is_down.load(Ordering::Relaxed), 0);
        if returns {
            let_go.send(()).expect("it waits");
            assert_eq!(get(reader.join().expect("no panic")), 1);
        } else {
            stage.sim.advance_to(30 * SECOND);
            assert!(matches!(reader.join().expect("no panic"), Err(Error::Timeout)));
            assert_eq!(is_down.load(Ordering::Relaxed), 1);
        }
        while is_down.load(Ordering::Relaxed) == 0 {
            stage.sim.run_until_idle();
            thread::yield_now();
        }
        let refused = stage.cache.get_or_compute("other", &Context::none(), value(1));
        assert!(matches!(refused, Err(Error::ShutDown)));
    }
}

#[test]
fn the_loader_serves_threads_too() {
    let load = |key: String, _: Context| async move { Ok::<_, Infallible>(key.len() as u64) };
    let cache = Cache::builder().loader(load).build().expect("a thread of its own").blocking();
    assert_eq!(get(cache.read("four", &Context::none())), 4);
    let none: Cache<String, u64> = Cache::builder().build().expect("a thread of its own");
    assert!(matches!(none.blocking().read("k", &Context::none()), Err(Error::NoLoader)));
}
