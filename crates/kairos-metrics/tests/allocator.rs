//! Claim: an allocator may count and record, also while the crate itself allocates.
// Never knows: what is allocated when.
// Read next: `../src/shard/local.rs`, on what a count needs at hand.
#![cfg(not(kairos_loom))]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use kairos_metrics::{Counter, Histogram, Precision, Registry};

/// Counts in the last of many counters and records in the last of many histograms: beyond what a
/// shard embeds, so that places for them are allocated when they are first needed.
///
/// And it records in another histogram with a weight that fills a bucket at the second time: the
/// tally is then to be folded under the lock, which the allocating thread may hold.
static INSTRUMENTS: OnceLock<(Counter, [Histogram; 2])> = OnceLock::new();
const FILLS: u64 = 1 << 30;
static CALLS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call is the system allocator's, with the same arguments; what is done beside it does
// not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some((counter, [histogram, full])) = INSTRUMENTS.get() {
            // Relaxed: read after the threads are joined.
            CALLS.fetch_add(1, Ordering::Relaxed);
            counter.inc();
            histogram.record(layout.size() as u64);
            full.record_n(5, FILLS);
        }
        // SAFETY: the caller's promise is the system allocator's requirement.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn an_allocator_that_records_is_exact_on_threads_that_come_and_go() {
    let registry = Registry::new();
    let counters: Vec<_> = (0..600)
        .map(|n| registry.counter(&format!("counter_{n}"), "One of many").unwrap())
        .collect();
    let histograms: Vec<_> = (0..300)
        .map(|n| {
            let name = format!("histogram_{n}");
            registry.histogram(&name, "One of many", Precision::one_digit()).unwrap()
        })
        .collect();
    let last = histograms.last_chunk::<2>().unwrap().clone();
    let instruments = (counters.last().unwrap().clone(), last);
    assert!(INSTRUMENTS.set(instruments).is_ok());
    for _ in 0..20 {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).map(|n| vec![n; n].len()).sum::<usize>()).join().unwrap();
            }
        });
        let _scraped = registry.encode_openmetrics();
        // What allocates under the lock: snapshots, and ids that come and go.
        let _read = registry.snapshot();
        let passing: Vec<_> = (0..40)
            .map(|n| {
                let name = format!("passing_{n}");
                let gauge = registry.gauge(&format!("{name}_level"), "Gauge").unwrap();
                (gauge, registry.histogram(&name, "Passing", Precision::one_digit()).unwrap())
            })
            .collect();
        for n in 0..40 {
            registry.unregister(&format!("passing_{n}"));
            registry.unregister(&format!("passing_{n}_level"));
        }
        drop(passing);
    }
    let (counter, [histogram, full]) = INSTRUMENTS.get().unwrap();
    // The allocations of the reading itself are counted between these lines.
    let before = CALLS.load(Ordering::Relaxed);
    let (total, recorded) = (counter.value(), histogram.snapshot().count());
    let filled = full.snapshot().count() / FILLS;
    let after = CALLS.load(Ordering::Relaxed);
    assert!(before > 8_000);
    assert!((before..=after).contains(&total), "{before} {total} {after}");
    assert!((before..=after).contains(&recorded), "{before} {recorded} {after}");
    assert!((before..=after).contains(&filled), "{before} {filled} {after}");
}
