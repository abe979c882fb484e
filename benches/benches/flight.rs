//! How long a reader takes that waits for another's compute: 100 of them for one key.
// Never knows: the engine's insides, or how a race is run.
// Read next: `miss.rs`, the reader that waits for its own.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use benches::stage::{CAPACITY, context, observed};
use futures_util::future::join_all;
use kairos_cache::Cache;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;

/// Readers of one key; one operation is one of them.
const WAITERS: u64 = 100;

const TARGETS: [Target; 2] =
    [(1, OURS, "moka get_with", 0.5), (1, OURS, "tokio OnceCell", f64::INFINITY)];

fn main() {
    let mut report = Report::from_args();
    report.race_with("flight, 100 waiters", &[1], contestants, &TARGETS);
    report.judge();
}

fn contestants() -> Vec<Contestant> {
    vec![
        kairos(),
        moka(),
        once_cell(),
        #[cfg(feature = "peers")]
        quick_cache(),
    ]
}

/// A runtime on the calling thread, as a service with one runtime a core has it.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// What is waited for: it is not ready when it is first polled.
async fn compute() -> f64 {
    tokio::task::yield_now().await;
    1.5
}

/// Calls `flight` with a new key and a number of waiters until there were `n` of those.
async fn flights(next: &AtomicU64, n: u64, flight: impl AsyncFn(u64, u64)) {
    let mut left = n;
    while left > 0 {
        let waiters = left.min(WAITERS);
        // Relaxed: the number alone matters.
        flight(next.fetch_add(1, Ordering::Relaxed), waiters).await;
        left -= waiters;
    }
}

fn kairos() -> Contestant {
    let runtime = runtime();
    let builder = Cache::builder().max_capacity(CAPACITY).tokio_handle(runtime.handle().clone());
    let cache: Cache<u64, f64> = builder.latency_sampling(16).build().expect("in range");
    let context = context(&observed(&cache, "12345"));
    let (next, total) = (AtomicU64::new(0), cache.clone());
    let run = move |n| {
        runtime.block_on(flights(&next, n, async |key, waiters| {
            let work = || async { Ok::<f64, Infallible>(compute().await) };
            let asked = (0..waiters).map(|_| cache.get_or_compute(&key, &context, work));
            for hit in join_all(asked).await {
                black_box(hit.expect("a value"));
            }
        }));
    };
    Contestant::new(OURS, run, move || total.stats().total_requests).slow(400)
}

fn moka() -> Contestant {
    let runtime = runtime();
    let cache: moka::future::Cache<u64, Arc<f64>> = moka::future::Cache::new(CAPACITY);
    let next = AtomicU64::new(0);
    let run = move |n| {
        runtime.block_on(flights(&next, n, async |key, waiters| {
            let work = || async { Arc::new(compute().await) };
            let asked = (0..waiters).map(|_| cache.get_with(key, work()));
            black_box(join_all(asked).await);
        }));
    };
    Contestant::uncounted("moka get_with", run).slow(400)
}

/// The floor: a cell of its own for each key, which nobody has to find.
fn once_cell() -> Contestant {
    let (runtime, next) = (runtime(), AtomicU64::new(0));
    let run = move |n| {
        runtime.block_on(flights(&next, n, async |_, waiters| {
            let cell = OnceCell::new();
            let work = || async { Arc::new(compute().await) };
            let asked = (0..waiters).map(|_| async { Arc::clone(cell.get_or_init(work).await) });
            black_box(join_all(asked).await);
        }));
    };
    Contestant::uncounted("tokio OnceCell", run).slow(400)
}

#[cfg(feature = "peers")]
fn quick_cache() -> Contestant {
    let runtime = runtime();
    let cache: quick_cache::sync::Cache<u64, Arc<f64>> =
        quick_cache::sync::Cache::new(CAPACITY as usize);
    let next = AtomicU64::new(0);
    let run = move |n| {
        runtime.block_on(flights(&next, n, async |key, waiters| {
            let work = || async { Ok::<_, Infallible>(Arc::new(compute().await)) };
            let asked = (0..waiters).map(|_| cache.get_or_insert_async(&key, work()));
            black_box(join_all(asked).await);
        }));
    };
    Contestant::uncounted("quick_cache", run).slow(400)
}
