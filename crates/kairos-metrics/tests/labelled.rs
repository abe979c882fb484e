//! Claim: the histograms of many series take memory where values fall, and give it back.
// Never knows: how memory is laid out.
// Read next: `../src/shard/window.rs`.
#![cfg(all(target_os = "linux", not(kairos_loom)))]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use kairos_metrics::{Precision, Registry};

mod resident;
use resident::resident_kib;

/// The bytes that are allocated. What the system's allocator keeps of freed ones is not this crate's.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is the system allocator's, with the same arguments; what is done beside it does
// not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed); // Relaxed: read after joins.
        // SAFETY: the caller's promise is the system allocator's requirement.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed); // Relaxed: as above.
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// KiB that are allocated.
fn allocated_kib() -> u64 {
    ALLOCATED.load(Ordering::Relaxed) as u64 / 1_024 // Relaxed: as above.
}

/// Has the system's allocator give back what it keeps of freed memory, which is not this crate's.
fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it touches free memory only, under the allocator's own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}

const SERIES: usize = 1_000;
const THREADS: usize = 8;

/// KiB that are taken while all threads have recorded and live on, and after they have ended.
fn record(registry: &Registry, round: u64) -> (u64, u64) {
    let before = resident_kib();
    let config = Precision::two_digits();
    let family = registry.histogram_family("wait", "Waiting", config, ["n"]).unwrap();
    let numbers: Vec<String> = (0..SERIES).map(|n| n.to_string()).collect();
    let (recorded, measured) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let alive = std::thread::scope(|scope| {
        for thread in 0..THREADS as u64 {
            let (family, numbers, recorded, measured) = (&family, &numbers, &recorded, &measured);
            scope.spawn(move || {
                for (n, number) in (0_u64..).zip(numbers) {
                    let wait = family.with([number]);
                    let base = 10_000 << (n % 10);
                    for value in 0..60 {
                        wait.record(base + base * value / 20 + thread + round);
                    }
                }
                recorded.wait();
                measured.wait();
            });
        }
        recorded.wait();
        let alive = resident_kib().saturating_sub(before);
        measured.wait();
        alive
    });
    assert_eq!(registry.snapshot().histogram("wait").count(), 60 * (SERIES * THREADS) as u64);
    give_back();
    (alive, resident_kib().saturating_sub(before))
}

#[test]
fn a_thousand_series_take_memory_where_values_fall_and_give_it_back() {
    let registry = Registry::new();
    let start = allocated_kib();
    for round in 0..6 {
        let (alive, ended) = record(&registry, round);
        assert!(alive <= 20 * 1_024 && ended <= 20 * 1_024, "{alive} KiB, {ended} KiB at the end");
        assert!(registry.unregister("wait"));
        let now = allocated_kib() - start;
        // What stays is a head for each histogram and thread, for the next ones: 2.4 MiB once each thread
        // has had a shard from its first value on, which one that finds the lock taken has not.
        assert!(now <= 3 * 1_024, "{now} KiB of {alive} in round {round}");
    }
}
