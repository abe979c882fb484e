//! Runtimes that hold things up or lack something: a compute's time ends all the same.
//! Never knows: the insides of the cache. Real threads, no virtual time.
//! Read next: `../src/timers.rs`.

use std::sync::mpsc;
use std::time::Duration;

use kairos_cache::{Builder, Cache, Context, Error};

const SOON: Duration = Duration::from_millis(20);

fn build(
    configure: impl FnOnce(Builder<String, u32>) -> Builder<String, u32>,
) -> Cache<String, u32> {
    configure(Cache::builder().hard_timeout(SOON)).build().expect("in range")
}

struct Unpark(std::thread::Thread);
impl std::task::Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on a thread without a runtime.
fn wait<F: Future>(future: F) -> F::Output {
    let (mut future, waiter) = (Box::pin(future), std::thread::current());
    let waker = std::sync::Arc::new(Unpark(waiter)).into();
    let mut task = std::task::Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut task) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

/// A compute that blocks its thread until it is let go.
fn blocked(cache: &Cache<String, u32>) -> (mpsc::Sender<()>, Result<u32, Error>) {
    let (let_go, gate) = mpsc::channel::<()>();
    let compute = move || async move {
        let _let_go = gate.recv();
        Ok::<u32, Error>(1)
    };
    let answer = wait(cache.get_or_compute("k", &Context::none(), compute)).map(|hit| *hit);
    (let_go, answer)
}

fn then_it_works(cache: &Cache<String, u32>) {
    let compute = || async { Ok::<u32, Error>(2) };
    let hit = wait(cache.get_or_compute("other", &Context::none(), compute)).expect("a value");
    assert_eq!(*hit, 2);
}

#[test]
fn a_compute_that_blocks_the_caches_own_thread_times_out() {
    let cache = build(|builder| builder);
    let (let_go, answer) = blocked(&cache);
    assert!(matches!(answer, Err(Error::Timeout)), "{answer:?}");
    let_go.send(()).expect("it still waits");
    then_it_works(&cache);
}

#[test]
fn a_compute_that_blocks_the_only_thread_of_a_given_runtime_times_out() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let cache = build(|builder| builder.tokio_handle(runtime.handle().clone()));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let driver = std::thread::spawn(move || runtime.block_on(stopped));
    let (let_go, answer) = blocked(&cache);
    assert!(matches!(answer, Err(Error::Timeout)), "{answer:?}");
    let_go.send(()).expect("it still waits");
    then_it_works(&cache);
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
    let (let_go, gate) = mpsc::channel::<()>();
    let compute = move || {
        let _let_go = gate.recv();
        Ok::<u32, Error>(1)
    };
    let answer = cache.blocking().get_or_compute("k", &Context::none(), compute).map(|hit| *hit);
    assert!(matches!(answer, Err(Error::Timeout)), "{answer:?}");
    then_it_works(&cache);
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
    let (let_go, gate) = mpsc::channel::<()>();
    let blocks = move || {
        let _let_go = gate.recv();
        Ok::<u32, Error>(1)
    };
    let read = |key, compute: Box<dyn FnOnce() -> Result<u32, Error> + Send>| {
        cache.blocking().get_or_compute(key, &Context::none(), compute).map(|hit| *hit)
    };
    assert!(matches!(read("a", Box::new(blocks)), Err(Error::Timeout)));
    assert!(matches!(read("b", Box::new(|| Ok(2))), Err(Error::Timeout)), "no thread is free");
    wait(cache.shutdown());
    let_go.send(()).expect("it still waits");
}
