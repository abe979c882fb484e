//! Sixteen threads at a time that start, count and end, under readers that take differences.
// Never knows: how a count reaches its total; it only insists that none is lost.
// Read next: `../tests/it/threads.rs` for the same claim in small.
//
// `cargo run --release -p kairos-metrics --example churn -- 30` churns for 30 seconds; run it
// under a thread sanitizer to have every access checked.
#![allow(clippy::print_stdout)]
#![expect(clippy::disallowed_methods, reason = "it runs for a time that it is told")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kairos_metrics::{Precision, Registry, Snapshot, shards};

const THREADS: usize = 16;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(2), |arg| arg.parse())?;
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits")?;
    let histogram = registry.histogram("latency", "Latency", Precision::two_digits())?;
    let (done, expected, lives) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs(seconds);

    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2).map(|_| scope.spawn(|| read(&registry, &done))).collect();
        let spawners: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    while Instant::now() < end {
                        // Relaxed: these two numbers are read after the threads are joined.
                        let counts = 1 + lives.fetch_add(1, Ordering::Relaxed) % 100;
                        std::thread::scope(|life| {
                            let thread = life.spawn(|| {
                                for n in 0..counts {
                                    counter.inc();
                                    histogram.record(n * n);
                                }
                            });
                            thread.join().expect("counting does not panic");
                        });
                        // Relaxed: as above.
                        expected.fetch_add(counts, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for spawner in spawners {
            spawner.join().expect("spawners do not panic");
        }
        // Release: all counts come before it; pairs with the Acquire in `read`.
        done.store(true, Ordering::Release);
        // Relaxed: the spawners have been joined.
        let expected = expected.load(Ordering::Relaxed);
        for reader in readers {
            let (hits, records) = reader.join().expect("readers do not panic");
            assert_eq!((hits, records), (expected, expected), "differences add up");
        }
        assert_eq!(counter.value(), expected);
        assert_eq!(histogram.snapshot().count(), expected);
    });
    // Relaxed: as above.
    let lives = lives.load(Ordering::Relaxed);
    println!("{lives} threads, {} counts, {} shards: exact", counter.value(), shards());
    Ok(())
}

/// Adds up the differences between snapshots until all is done.
fn read(registry: &Registry, done: &AtomicBool) -> (u64, u64) {
    let mut earlier = Snapshot::default();
    let (mut hits, mut records) = (0, 0);
    loop {
        // Acquire: after it this reader's snapshot has every count; pairs with the Release above.
        let last = done.load(Ordering::Acquire);
        let now = registry.snapshot();
        let delta = now.since(&earlier);
        hits += delta.counter("hits");
        records += delta.histogram("latency").count();
        earlier = now;
        if last {
            return (hits, records);
        }
        std::thread::yield_now();
    }
}
