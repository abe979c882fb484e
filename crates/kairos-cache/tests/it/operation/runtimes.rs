// Runtimes that hold things up or lack something: a compute's time ends all the same.
// Never knows: the insides of the cache. Real threads, no virtual time.
// Read next: `subscribe.rs`.

use std::sync::mpsc;
use std::time::Duration;

use kairos_cache::{Builder, Cache, Config, Context, Error};

use crate::stage::block_on;

const SOON: Duration = Duration::from_millis(20);

fn build(
    configure: impl FnOnce(Builder<String, u32>) -> Builder<String, u32>,
) -> Cache<String, u32> {
    configure(Cache::builder().hard_timeout(SOON)).build().expect("in range")
}

/// What lets a compute go on, and what its reader got.
type Blocked = (mpsc::Sender<()>, Result<u32, Error>);

/// A read whose compute blocks its thread until it is let go. On a busy machine its time may end
/// before it begins: then another key is read, so that what is returned did begin.
fn blocked(
    read: impl Fn(&str, mpsc::Sender<()>, mpsc::Receiver<()>) -> Result<u32, Error>,
) -> Blocked {
    for key in 0.. {
        let ((begun, has_begun), (let_go, gate)) = (mpsc::channel(), mpsc::channel());
        let answer = read(&format!("k{key}"), begun, gate);
        if has_begun.try_recv().is_ok() {
            return (let_go, answer);
        }
    }
    unreachable!("keys do not end")
}

/// [`blocked`], with a compute that is a future.
fn blocked_task(cache: &Cache<String, u32>) -> Blocked {
    blocked(|key, begun, gate| {
        let compute = move || async move {
            block(&begun, &gate);
            Ok::<u32, Error>(1)
        };
        block_on(cache.get_or_compute(key, &Context::none(), compute)).map(|hit| *hit)
    })
}

/// [`blocked`], with a compute that is a plain closure.
fn blocked_closure(cache: &Cache<String, u32>) -> Blocked {
    blocked(|key, begun, gate| {
        let compute = move || {
            block(&begun, &gate);
            Ok::<u32, Error>(1)
        };
        cache.blocking().get_or_compute(key, &Context::none(), compute).map(|hit| *hit)
    })
}

fn block(begun: &mpsc::Sender<()>, gate: &mpsc::Receiver<()>) {
    let _late = begun.send(());
    let _let_go = gate.recv();
}

/// Computes have the usual time from here on, so that a busy machine ends none of them.
fn then_it_works(cache: &Cache<String, u32>, max_concurrent_computes: usize) {
    let mut config = Config::default();
    config.computes.max_concurrent = max_concurrent_computes;
    cache.reload(&config).expect("in range");
    let compute = || async { Ok::<u32, Error>(2) };
    let hit = block_on(cache.get_or_compute("other", &Context::none(), compute)).expect("a value");
    assert_eq!(*hit, 2);
}

#[test]
fn a_compute_that_blocks_the_caches_own_thread_times_out() {
    let cache = build(|builder| builder);
    let (let_go, answer) = blocked_task(&cache);
    assert!(matches!(answer, Err(Error::Timeout)), "{answer:?}");
    let_go.send(()).expect("it still waits");
    then_it_works(&cache, 0);
}

#[test]
fn a_compute_that_blocks_the_only_thread_of_a_given_runtime_times_out() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let cache = build(|builder| builder.tokio_handle(runtime.handle().clone()));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let driver = std::thread::spawn(move || runtime.block_on(stopped));
    let (let_go, answer) = blocked_task(&cache);
    assert!(matches!(answer, Err(Error::Timeout)), "{answer:?}");
    let_go.send(()).expect("it still waits");
    then_it_works(&cache, 0);
    stop.send(()).expect("it still runs");
    driver.join().expect("no panic").expect("it was stopped");
}

#[test]
fn a_runtime_without_timers_ends_a_compute_in_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let answer = runtime.block_on(async {
        let cache = build(|builder| builder);
        let compute = || std::future::pending::<Result<u32, Error>>();
        cache.get_or_compute("k", &Context::none(), compute).await.map(|hit| *hit)
    });
    assert!(matches!(answer, Err(Error::Timeout)), "{answer:?}");
}

#[test]
fn a_closure_that_does_not_return_gives_its_turn_to_the_next_key() {
    let cache = build(|builder| builder.max_concurrent_computes(1));
    let (let_go, answer) = blocked_closure(&cache);
    assert!(matches!(answer, Err(Error::Timeout)), "{answer:?}");
    then_it_works(&cache, 1);
    let_go.send(()).expect("it still waits");
}

#[test]
fn a_shutdown_does_not_wait_for_a_closure_that_no_thread_has_begun() {
    let one = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .build()
        .expect("a runtime");
    let cache = build(|builder| builder.tokio_handle(one.handle().clone()));
    let (let_go, answer) = blocked_closure(&cache);
    assert!(matches!(answer, Err(Error::Timeout)), "{answer:?}");
    let compute = || Ok::<u32, Error>(2);
    let answer = cache.blocking().get_or_compute("b", &Context::none(), compute);
    assert!(matches!(answer, Err(Error::Timeout)), "no thread is free");
    block_on(cache.shutdown()).expect("outside of any compute");
    let_go.send(()).expect("it still waits");
}
