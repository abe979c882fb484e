//! Claims about sampled timing: its weights are the calls, whatever threads make them.
// Never knows: how a thread finds its turn. It has its process to itself: a thread that finds the lock of
// the leases taken is without a lease for the moment, and takes every timing with weight one.
// Read next: `../src/instrument/timer.rs`.
#![cfg(not(kairos_loom))]

use kairos_metrics::{Precision, Registry};

#[test]
fn short_threads_count_what_they_called_and_leave_no_turn_to_the_next() {
    let registry = Registry::new();
    let work = registry.histogram("work", "Work", Precision::two_digits()).unwrap();
    let counter = registry.counter("threads", "Threads").unwrap();
    let on_a_thread = |calls: &(dyn Fn() + Sync)| {
        std::thread::scope(|scope| scope.spawn(calls).join().unwrap());
    };
    for _ in 0..100 {
        on_a_thread(&|| drop(work.start_sampled(16)));
    }
    assert_eq!(work.snapshot().count(), 100, "each thread's first call stands for itself");
    on_a_thread(&|| {
        counter.inc();
        work.start_sampled(1_000).discard();
    });
    on_a_thread(&|| {
        counter.inc();
        assert_eq!(work.due(1_000), Some(1), "the shard was another thread's, its turn is not");
    });
    on_a_thread(&|| (0..33).for_each(|_| drop(work.start_sampled(16))));
    assert!((101..=133).contains(&work.snapshot().count()));
    // The last read takes all that waits: each of the 33 is stood for once, whatever the gaps were.
    let before = work.snapshot().count();
    on_a_thread(&|| {
        for every in [16, 16, 5, 1_000, 1_000, 3, 16].repeat(40) {
            drop(work.start_sampled(every));
        }
        drop(work.start_sampled(1));
    });
    assert_eq!(work.snapshot().count() - before, 281);
}
