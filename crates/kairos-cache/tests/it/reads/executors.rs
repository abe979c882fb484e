// Reads on runtimes that lack a thread or are gone, and on executors that are not tokio's.
// Never knows: the insides of the cache. Real threads, no virtual time.
// Read next: `../operation/runtimes.rs`, runtimes that hold things up.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Cache, Clock, Context, Error, Reason};

use super::blocking::{get, value};
use crate::stage::{SECOND, block_on};

#[test]
fn where_one_thread_drives_the_runtime_what_would_wait_is_refused_and_the_rest_served() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("new");
    runtime.block_on(async {
        let cache: Cache<String, u64> = Cache::builder().build().expect("on this runtime");
        let reads = cache.blocking();
        let read = move |result| reads.get_or_compute("k", &Context::none(), value(result));
        let in_task = |read: Box<dyn FnOnce() -> _ + Send>| async {
            tokio::spawn(async move { read() }).await.expect("no panic")
        };
        assert!(matches!(read(1), Err(Error::BlocksRuntime)));
        let own = read.clone();
        assert!(matches!(in_task(Box::new(move || own(2))).await, Err(Error::BlocksRuntime)));
        let own = read.clone();
        let beside = tokio::task::spawn_blocking(move || own(3)).await.expect("no panic");
        assert!(matches!(beside, Err(Error::BlocksRuntime)), "nothing tells it from the others");
        let stats = cache.stats();
        assert_eq!((stats.total_requests, cache.sizes().flights), (0, 0), "nothing was begun");
        cache.insert("k", &Context::none(), 4).expect("no match is named");
        assert_eq!(get(read(5)), 4);
        let own = read.clone();
        assert_eq!(get(in_task(Box::new(move || own(6))).await), 4);
        assert_eq!(cache.stats().strategy_serve_fresh, 2);
    });
}

#[test]
fn a_closure_that_the_cache_runs_may_read_and_wait() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("new");
    let builder = Cache::builder().tokio_handle(runtime.handle().clone());
    let cache: Cache<String, u64> = builder.build().expect("on this runtime");
    let (outer, inner) = (cache.blocking(), cache.blocking());
    let reads = thread::spawn(move || {
        let inner =
            move || inner.get_or_compute("inner", &Context::none(), value(2)).map(|hit| *hit);
        get(outer.get_or_compute("outer", &Context::none(), inner))
    });
    let found = runtime.block_on(async {
        while !reads.is_finished() {
            tokio::task::yield_now().await;
        }
        reads.join().expect("no panic")
    });
    assert_eq!(found, 2);
}

#[test]
fn workers_of_a_runtime_with_many_threads_may_all_block_at_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("new");
    let load = |key: String, _: Context| async move {
        if key == "never" {
            pending::<()>().await;
        }
        tokio::task::yield_now().await;
        Ok::<u64, Infallible>(5)
    };
    let cache = runtime.block_on(async { Cache::builder().loader(load).build() }).expect("new");
    let cache = cache.blocking();
    let reads = (0..8).map(|number| {
        let cache = cache.clone();
        runtime.spawn(async move { get(cache.read(&format!("k{number}"), &Context::none())) })
    });
    for read in reads.collect::<Vec<_>>() {
        assert_eq!(runtime.block_on(read).expect("no panic"), 5);
    }
    let on_main = runtime.block_on(async { get(cache.read("main", &Context::none())) });
    assert_eq!(on_main, 5);
    let set = tokio::task::LocalSet::new();
    let in_set = set.block_on(&runtime, async { cache.read("never", &Context::none()) });
    assert!(matches!(in_set, Err(Error::BlocksRuntime)));
}

#[test]
fn a_read_whose_runtime_is_gone_is_aborted_and_the_next_one_runs_elsewhere() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("new");
    let builder = Cache::builder().tokio_handle(runtime.handle().clone());
    let cache: Cache<String, u64> = builder.build().expect("on this runtime");
    drop(runtime);
    let context = Context::none();
    let outcome = cache.blocking().get_or_compute("k", &context, value(1));
    assert!(matches!(outcome, Err(Error::Aborted)));
    let compute = || ready(Ok::<u64, Infallible>(1));
    assert_eq!(get(block_on(cache.get_or_compute("k", &context, compute))), 1);
}

#[test]
fn the_async_read_works_on_any_executor_its_soft_timeout_included() {
    let (clock, hand) = Clock::manual(UNIX_EPOCH);
    let builder = Cache::builder().clock(clock).default_ttl(60 * SECOND);
    let builder = builder.soft_timeout(Duration::from_millis(1));
    let cache: Cache<String, u64> = builder.build().expect("a thread of its own");
    let context = Context::none();
    let compute = || ready(Ok::<u64, Infallible>(1));
    assert_eq!(get(block_on(cache.get_or_compute("k", &context, compute))), 1);
    hand.advance(200 * SECOND);
    let (begun, has_begun) = mpsc::channel();
    let hangs = move || {
        begun.send(()).expect("the test waits for it");
        pending::<Result<u64, Infallible>>()
    };
    let read = thread::scope(|threads| {
        let read = threads.spawn(|| block_on(cache.get_or_compute("k", &context, hangs)));
        has_begun.recv().expect("it begins");
        hand.advance(SECOND);
        read.join().expect("no panic")
    });
    let hit = read.expect("the old value");
    assert_eq!((*hit, hit.receipt().reason), (1, Reason::SoftTimeout));
}
