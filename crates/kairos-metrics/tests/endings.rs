//! Claims about what a thread's end keeps of its histograms.
// Never knows: how a thread's counts are kept.
// Read next: `unleased.rs`; `../src/shard/tally.rs`, `Tally::fold`.
#![cfg(not(kairos_loom))]

use std::thread;

use kairos_metrics::{Histogram, HistogramSnapshot, Precision, Registry};

/// Runs `work` in a thread that has wholly ended when this returns.
fn in_thread(work: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(work).join().unwrap());
}

fn histogram(precision: Precision) -> Histogram {
    Registry::new().histogram("h", "H", precision).unwrap()
}

/// What one thread after the other recorded reads as if this thread had recorded all of it.
fn check(precision: Precision, threads: &[&[u64]]) -> HistogramSnapshot {
    let (of_threads, here) = (histogram(precision), histogram(precision));
    let mut seen = of_threads.snapshot();
    for values in threads {
        in_thread(|| values.iter().for_each(|value| of_threads.record(*value)));
        values.iter().for_each(|value| here.record(*value));
        let now = of_threads.snapshot();
        assert_eq!(now, here.snapshot());
        assert_eq!(now.since(&seen).count(), values.len() as u64);
        seen = now;
    }
    seen
}

#[test]
fn a_thread_that_ends_leaves_its_smallest_and_its_largest_value_as_they_were() {
    for precision in [Precision::one_digit(), Precision::two_digits(), Precision::three_digits()] {
        // None of them stands at the edge of its bucket.
        let seen = check(precision, &[&[1_000_003], &[3_000_001, 2_000_005], &[900_001]]);
        assert_eq!((seen.min(), seen.max(), seen.sum()), (900_001, 3_000_001, 6_900_010));
        let seen = check(precision, &[&[700_001], &[700_003]]);
        assert_eq!((seen.min(), seen.max()), (700_001, 700_003), "both in one bucket");
        let zero = check(precision, &[&[5_000_001], &[0]]);
        assert_eq!((zero.min(), zero.max()), (0, 5_000_001));
    }
}

#[test]
fn a_thread_that_ends_leaves_how_much_lay_above_the_highest_value() {
    let precision = Precision::two_digits().up_to(1_000).unwrap();
    let seen = check(precision, &[&[1_001, 7, 5_000], &[999], &[u64::MAX]]);
    assert_eq!((seen.count(), seen.saturated()), (5, 3));
    assert_eq!((seen.min(), seen.max()), (7, 1_000));
}

#[test]
fn a_full_bucket_is_folded_with_bounds_and_saturation_as_they_were() {
    let precision = Precision::one_digit().up_to(1_000_000).unwrap();
    let histogram = histogram(precision);
    in_thread(|| {
        histogram.record(700_001);
        histogram.record_n(2_000_000, 1 << 30);
        histogram.record_n(2_000_000, 1 << 30);
        histogram.record_n(2_000_000, 1 << 30);
    });
    let snapshot = histogram.snapshot();
    assert_eq!((snapshot.count(), snapshot.saturated()), (1 + (3 << 30), 3 << 30));
    assert_eq!((snapshot.min(), snapshot.max()), (700_001, 1_000_000));
}
