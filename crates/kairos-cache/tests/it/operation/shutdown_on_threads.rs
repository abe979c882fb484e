// The end of a cache on real threads: of tokio's runtimes, and of the thread that is a cache's own.
// Never knows: the insides of the cache.
// Read next: `runtimes.rs`.

use std::cell::RefCell;
use std::future::{Future as _, pending};
use std::sync::mpsc;
use std::task::Waker;
use std::time::Duration;

use kairos_cache::{Cache, Context, Error};

use crate::stage::{Failure, block_on};

/// Says that it is gone.
struct Gone(Option<mpsc::Sender<()>>);

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(gone) = self.0.take() {
            let _nobody_asks = gone.send(());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_tokio_a_hanging_compute_is_gone_when_shutdown_resolves() {
    let cache: Cache<String, u64> =
        Cache::builder().hard_timeout(Duration::from_millis(20)).build().expect("valid");
    let (gone, is_gone) = mpsc::channel();
    let reader = tokio::spawn({
        let cache = cache.clone();
        async move {
            let token = Gone(Some(gone));
            let compute = || async move {
                let _token = token;
                pending::<Result<u64, Failure>>().await
            };
            cache.get_or_compute("k", &Context::none(), compute).await.map(|hit| *hit)
        }
    });
    while cache.activity().computes_for_misses == 0 {
        tokio::task::yield_now().await;
    }
    let clone = cache.clone();
    let ends = tokio::join!(cache.shutdown(), clone.shutdown());
    assert!(ends.0.is_ok() && ends.1.is_ok());
    assert_eq!(is_gone.try_recv(), Ok(()));
    assert!(matches!(reader.await.expect("no panic"), Err(Error::Timeout)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_tokio_a_compute_that_never_yields_is_waited_for_until_its_timeout() {
    let cache: Cache<String, u64> =
        Cache::builder().hard_timeout(Duration::from_millis(20)).build().expect("valid");
    let read = |held: mpsc::Receiver<()>, started: tokio::sync::oneshot::Sender<()>| {
        let cache = cache.clone();
        tokio::spawn(async move {
            let compute = || async move {
                started.send(()).expect("the test waits for it");
                held.recv().expect("the test lets go");
                Ok::<u64, Failure>(1)
            };
            cache.get_or_compute("k", &Context::none(), compute).await.map(|hit| *hit)
        })
    };
    // On a busy machine its time may end before it starts.
    let (let_go, reader) = loop {
        let (let_go, held) = mpsc::channel();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let reader = read(held, started);
        if has_started.await.is_ok() {
            break (let_go, reader);
        }
    };
    cache.shutdown().await.expect("outside of any compute");
    assert!(matches!(reader.await.expect("no panic"), Err(Error::Timeout)));
    let_go.send(()).expect("it is still blocked");
}

#[test]
fn a_long_queue_outlives_the_runtime_that_ends() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let cache: Cache<String, u64> = Cache::builder()
        .tokio_handle(runtime.handle().clone())
        .max_concurrent_computes(1)
        .compute_queue(10_000)
        .build()
        .expect("valid");
    let none = Context::none();
    let keys: Vec<String> = (0..10_000).map(|i| i.to_string()).collect();
    let mut reads: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(number, key)| {
            let compute = move || async move {
                if number == 0 {
                    pending::<()>().await;
                }
                Ok::<u64, Failure>(1)
            };
            Box::pin(cache.get_or_compute(key, &none, compute))
        })
        .collect();
    let mut cx = std::task::Context::from_waker(Waker::noop());
    assert!(reads.iter_mut().all(|read| read.as_mut().poll(&mut cx).is_pending()));
    drop(runtime);
    // What ran there, and what was given to it at its end, is aborted; what is left runs elsewhere.
    let ended: Vec<_> = reads.into_iter().map(block_on).collect();
    assert!(matches!(ended[0], Err(Error::Aborted)), "{:?}", ended[0].as_ref().map(|hit| **hit));
    assert!(ended.iter().all(|read| matches!(read, Ok(_) | Err(Error::Aborted))));
    assert_eq!(cache.sizes().flights, 0);
}

thread_local! {
    static ON_EXIT: RefCell<Gone> = const { RefCell::new(Gone(None)) };
}

/// A cache outside any runtime, with a refresh that hangs, and the news of its thread's end.
fn cache_on_its_own_thread() -> (Cache<String, u64>, mpsc::Receiver<()>, mpsc::Receiver<()>) {
    let cache: Cache<String, u64> = Cache::builder()
        .default_ttl(Duration::from_nanos(1))
        .stale_multiplier(1e15)
        .refresh_timeout(Duration::from_millis(20))
        .xfetch_enabled(false)
        .build()
        .expect("valid");
    let (exit, exited) = mpsc::channel();
    let (gone, is_gone) = mpsc::channel();
    let first = || async move {
        ON_EXIT.with_borrow_mut(|on_exit| *on_exit = Gone(Some(exit)));
        Ok::<u64, Failure>(1)
    };
    let value = block_on(cache.get_or_compute("k", &Context::none(), first));
    assert_eq!(value.map(|hit| *hit).ok(), Some(1));
    let token = Gone(Some(gone));
    let hanging = || async move {
        let _token = token;
        pending::<Result<u64, Failure>>().await
    };
    let stale = block_on(cache.get_or_compute("k", &Context::none(), hanging));
    assert_eq!(stale.map(|hit| hit.receipt().refresh_started).ok(), Some(true));
    (cache, is_gone, exited)
}

#[test]
fn on_its_own_thread_a_cache_shuts_down_and_the_thread_ends_with_the_last_clone() {
    let (cache, is_gone, exited) = cache_on_its_own_thread();
    block_on(cache.shutdown()).expect("outside of any compute");
    assert_eq!(is_gone.try_recv(), Ok(()), "the refresh has been aborted");
    assert!(exited.try_recv().is_err());
    drop(cache);
    assert_eq!(exited.recv(), Ok(()));
}

#[test]
fn on_its_own_thread_a_cache_that_is_dropped_ends_with_its_refresh() {
    let (cache, is_gone, exited) = cache_on_its_own_thread();
    drop(cache);
    assert_eq!((is_gone.recv(), exited.recv()), (Ok(()), Ok(())));
}
