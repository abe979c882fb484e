//! Claim: threads that come and go leave their counts, and no memory.
// Never knows: how a shard passes from thread to thread; it is alone in its process, so that the
// number of shards and the memory are those of its own threads.
// Read next: `../src/shard/local.rs`, `it/threads.rs`.
// A thread sanitizer has memory of its own.
#![cfg(all(target_os = "linux", not(any(kairos_loom, kairos_tsan))))]

mod resident;

use std::thread;

use kairos_metrics::{Precision, Registry, shards};
use resident::resident_kib;

#[test]
fn ten_thousand_short_threads_leave_their_counts_and_nothing_else() {
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let latency = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    let count = |n: u64| {
        counter.inc();
        latency.record(n);
    };
    // Joined by hand: the end of a scope does not wait for the destructors of thread-locals.
    let live = |at_once: u64, n: u64| {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(|| count(n))).collect();
            for thread in threads {
                thread.join().unwrap();
            }
        });
    };
    count(0);
    (0..100).for_each(|n| live(1, n));
    let before = resident_kib();
    (0..10_000).for_each(|n| live(1, n));
    let grown = resident_kib().saturating_sub(before);
    assert_eq!(shards(), 2, "this thread's, and one that passes from thread to thread");
    assert!(grown < 1_024, "grew by {grown} KiB from {before} KiB");
    (0..1_000).for_each(|n| live(8, n));
    assert!(shards() <= 9, "{} shards for nine threads at once", shards());
    let sum = |n: u64| n * (n - 1) / 2;
    assert_eq!(counter.value(), 1 + 100 + 10_000 + 8_000);
    let snapshot = latency.snapshot();
    assert_eq!(snapshot.count(), 1 + 100 + 10_000 + 8_000);
    assert_eq!(snapshot.sum(), sum(100) + sum(10_000) + 8 * sum(1_000));
    assert_eq!((snapshot.min(), snapshot.max()), (0, 9_999));
}
