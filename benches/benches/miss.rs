//! How long a miss takes, from arrival to answer, against moka's `get_with`: every key is new.
// Never knows: the engine's insides, or how a race is run.
// Read next: `hit.rs`, the read that needs no compute.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use kairos_cache::{Cache, Context};
use tokio::runtime::{Builder, Runtime};

const TARGETS: [Target; 2] = [(1, OURS, "moka get_with", 1.3), (2, OURS, "moka get_with", 1.3)];

const CAPACITY: u64 = 10_000;

fn main() {
    let mut report = Report::from_args();
    report.race("miss", || vec![kairos(), moka()], &TARGETS);
    report.judge();
}

/// A runtime on the calling thread, as a service with one runtime a core has it.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn kairos() -> Contestant {
    let cache: Cache<u64, f64> =
        Cache::builder().max_capacity(CAPACITY).build().expect("the defaults are in range");
    let scope = cache.scope("12345");
    #[expect(clippy::disallowed_methods, reason = "its match has a kickoff from now")]
    let kickoff = std::time::SystemTime::now() + Duration::from_hours(20);
    let context = Context::new(&scope)
        .market("btts")
        .kickoff(kickoff)
        .lineup_confirmed(true)
        .tag("team:arsenal")
        .tag("league:epl");
    let (next, total) = (AtomicU64::new(0), cache.clone());
    Contestant::new(
        "kairos",
        move |n| {
            runtime().block_on(async {
                for _ in 0..n {
                    // Relaxed: the number alone matters.
                    let key = next.fetch_add(1, Ordering::Relaxed);
                    let compute = || async { Ok::<f64, Infallible>(0.0) };
                    let hit = cache.get_or_compute(&key, &context, compute).await;
                    black_box(hit.expect("a value"));
                }
            });
        },
        move || total.stats().strategy_compute,
    )
    .slow(4000)
}

fn moka() -> Contestant {
    let cache: moka::future::Cache<u64, Arc<f64>> = moka::future::Cache::new(CAPACITY);
    let next = Arc::new(AtomicU64::new(0));
    let total = Arc::clone(&next);
    Contestant::new(
        "moka get_with",
        move |n| {
            runtime().block_on(async {
                for _ in 0..n {
                    // Relaxed: as above.
                    let key = next.fetch_add(1, Ordering::Relaxed);
                    black_box(cache.get_with(key, async { Arc::new(0.0) }).await);
                }
            });
        },
        // Relaxed: read after the threads are joined.
        move || total.load(Ordering::Relaxed),
    )
    .slow(4000)
}
