//! Claim: no operation of a cache panics by itself, so that a program may abort at a panic or hook it.
// Never knows: the insides of the cache.
// Read next: `../src/runtime/parking.rs`, `../src/runtime/tokio_time.rs`.
#![cfg(not(kairos_loom))]

use std::future::pending;
use std::io::Error as Failure;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as Cx, Waker};
use std::time::{Duration, SystemTime};

use kairos_cache::{Cache, Clock, Context, Error};
use tokio::runtime::{Builder, Runtime};

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn value(value: u8) -> impl FnOnce() -> Result<u8, Failure> + Send + 'static {
    move || Ok(value)
}

async fn hangs() -> Result<u8, Failure> {
    pending().await
}

/// One test: the hook is the process's.
#[test]
fn what_ends_a_compute_or_refuses_a_read_is_no_panic() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed); // Relaxed: read by the thread that may panic.
        hook(info);
    }));
    let steps: [(&str, fn()); 5] = [
        ("blocking reads where one thread drives the runtime", blocking),
        ("a runtime that has ended", ended),
        ("the clock of a runtime that has ended", clock),
        ("timeouts and readers that go", timeouts),
        ("shutdown", shutdown),
    ];
    for (what, step) in steps {
        step();
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{what}"); // Relaxed: as above.
    }
}

fn blocking() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    let (reads, none) = (cache.blocking(), Context::none());
    let refused = || reads.get_or_compute(&1, &none, value(1));
    one_thread().block_on(async { assert!(matches!(refused(), Err(Error::BlocksRuntime))) });
    let set = tokio::task::LocalSet::new();
    let in_set = set.block_on(&one_thread(), async { refused() });
    assert!(matches!(in_set, Err(Error::BlocksRuntime)));
    assert_eq!(*reads.get_or_compute(&1, &none, value(1)).expect("a value"), 1);
    one_thread().block_on(async { assert_eq!(*refused().expect("fresh"), 1) });
}

fn ended() {
    let runtime = Runtime::new().expect("a runtime");
    let builder = Cache::builder().tokio_handle(runtime.handle().clone());
    let cache: Cache<u8, u8> =
        builder.loader(|_, _| async { Ok::<_, Failure>(1) }).build().expect("in range");
    drop(runtime);
    assert!(cache.get(&1).is_none());
    let read = || cache.blocking().read(&1, &Context::none());
    assert!(matches!(read(), Err(Error::Aborted)), "given to the runtime that has ended");
    assert_eq!(*read().expect("on the cache's own thread"), 1);
    cache.invalidate_all();
}

fn clock() {
    let runtime = one_thread();
    let cache: Cache<u8, u8> = runtime.block_on(async {
        let builder = Cache::builder().clock(Clock::tokio());
        builder.hard_timeout(Duration::from_millis(1)).build().expect("in range")
    });
    drop(runtime);
    let late = cache.blocking().cache().clone();
    let late =
        one_thread().block_on(late.get_or_compute(&1, &Context::none(), hangs)).map(|hit| *hit);
    assert!(matches!(late, Err(Error::Timeout)));
}

fn timeouts() {
    let (clock, hand) = Clock::manual(SystemTime::UNIX_EPOCH);
    let cache: Cache<u8, u8> = Cache::builder()
        .clock(clock)
        .max_concurrent_computes(1)
        .hard_timeout(Duration::from_secs(1))
        .build()
        .expect("in range");
    let none = Context::none();
    let runtime = one_thread();
    runtime.block_on(async {
        let mut goes = Box::pin(cache.get_or_compute(&1, &none, hangs));
        assert!(goes.as_mut().poll(&mut Cx::from_waker(Waker::noop())).is_pending());
        drop(goes);
        while cache.sizes().flights > 0 {
            tokio::task::yield_now().await;
        }
        let (late, waits) = tokio::join!(cache.get_or_compute(&2, &none, hangs), async {
            let waits = cache.get_or_compute(&3, &none, || async { Ok::<_, Failure>(3) });
            hand.advance(Duration::from_secs(1));
            waits.await
        },);
        assert!(matches!(late.map(|hit| *hit), Err(Error::Timeout)));
        assert_eq!(*waits.expect("its turn has come"), 3);
    });
}

fn shutdown() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    one_thread().block_on(async {
        cache.shutdown().await.expect("outside a compute");
        let refused = cache.get_or_compute(&1, &Context::none(), hangs).await.map(|hit| *hit);
        assert!(matches!(refused, Err(Error::ShutDown)));
    });
}
