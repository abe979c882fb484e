//! Claim: what a registry counted with is used again when it is gone.
// Never knows: how ids are kept; it looks at the memory of its process, and is alone in it.
// Read next: `../src/shard/process.rs`.
// A thread sanitizer has memory of its own.
#![cfg(all(target_os = "linux", not(any(kairos_loom, kairos_tsan))))]

mod resident;

use kairos_metrics::{Precision, Registry};
use resident::resident_kib;

/// A registry that counts in everything it has, and goes.
fn live() {
    let registry = Registry::new();
    let counters = registry.counter_family("hits", "Hits", ["n"]).unwrap();
    let gauges = registry.gauge_family("level", "Level", ["n"]).unwrap();
    let latency = registry.histogram("latency", "Latency", Precision::one_digit()).unwrap();
    for n in ('a'..='z').chain('A'..='F') {
        counters.with([n.encode_utf8(&mut [0; 4])]).inc();
    }
    for n in 'a'..='d' {
        gauges.with([n.encode_utf8(&mut [0; 4])]).add(1);
    }
    latency.record(1_000);
    let snapshot = registry.snapshot();
    assert_eq!((snapshot.counter("hits"), snapshot.gauge("level")), (32, 4));
    assert_eq!(snapshot.histogram("latency").count(), 1);
}

#[test]
fn ten_thousand_registries_in_succession_need_the_memory_of_one() {
    (0..200).for_each(|_| live());
    let before = resident_kib();
    (0..10_000).for_each(|_| live());
    // Without a second use: 2.4 MiB of cells, 30 MiB of tallies, 1.5 MiB of gauges' places.
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 1_024, "grew by {grown} KiB from {before} KiB");
}
