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
fn the_only_thread_of_a_runtime_is_refused_and_its_blocking_threads_are_not() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("new");
    runtime.block_on(async {
        let cache: Cache<String, u64> = Cache::builder().build().expect("on this runtime");
        let cache = cache.blocking();
        let refused = cache.get_or_compute("k", &Context::none(), value(1));
        assert!(matches!(refused, Err(Error::BlocksRuntime)));
        let own = cache.clone();
        let read = move || get(own.get_or_compute("k", &Context::none(), value(2)));
        assert_eq!(tokio::task::spawn_blocking(read).await.expect("no panic"), 2);
        let own = cache.clone();
        let in_task = async move { own.get_or_compute("k", &Context::none(), value(3)) };
        let refused = tokio::spawn(in_task).await.expect("no panic");
        assert!(matches!(refused, Err(Error::BlocksRuntime)), "also of what is fresh");
        assert_eq!(cache.cache().stats().total_requests, 1);
    });
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
