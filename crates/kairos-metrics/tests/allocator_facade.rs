//! Claim: an allocator that counts through the facade waits for no lock that its own thread has.
// Never knows: what is allocated when.
// Read next: `allocator.rs`; `../src/recorder/kept.rs`.
#![cfg(all(feature = "facade", not(kairos_loom)))]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use kairos_metrics::{Recorder, Registry};

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

// SAFETY: every call is the system allocator's, with the same arguments; what is done beside it does
// not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTING.get() {
            metrics::counter!("allocations").increment(1);
            metrics::histogram!("allocated_bytes").record(layout.size() as f64);
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
fn an_allocator_that_counts_through_the_facade_waits_for_nothing() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    metrics::with_local_recorder(&recorder, || {
        COUNTING.set(true);
        for n in 0..2_000_u32 {
            metrics::counter!("hits", "n" => n.to_string()).increment(1);
            metrics::gauge!("level", "n" => n.to_string()).set(1.0);
        }
        metrics::describe_counter!("hits", "Hits");
        assert!(recorder.refused().is_empty() && !recorder.renamed().is_empty());
        registry.unregister("level");
        metrics::gauge!("level").set(2.0);
        COUNTING.set(false);
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.counter("hits"), 2_000);
    assert!(snapshot.counter("allocations") > 4_000, "each key's texts are allocated");
    assert_eq!(snapshot.histogram("allocated_bytes").count(), snapshot.counter("allocations"));
}
