// Models through the public handles: threads that lease at their first count and end by themselves.
// Never knows: shards; the main thread of a model only reads, as loom ends its statics before it.

use kairos_metrics::{Clock, Counter, Histogram, HistogramConfig, Precision, Registry};
use loom::thread;

/// A registry without a clock that takes time to calibrate.
fn registry() -> Registry {
    Registry::builder().clock(Clock::manual().0).build()
}

/// Two octaves of 16 buckets, which is as few as a histogram can have, and one bound.
fn tiny() -> HistogramConfig {
    HistogramConfig::new(Precision::one_digit().up_to(20).unwrap()).bounds([15])
}

fn count_twice(counter: &Counter) {
    counter.inc();
    counter.inc();
}

#[test]
fn a_total_is_exact_while_threads_lease_count_and_end() {
    loom::model(|| {
        let registry = registry();
        let counter = registry.counter("hits", "Hits").unwrap();
        let threads = [(); 2].map(|()| {
            let counter = counter.clone();
            thread::spawn(move || count_twice(&counter))
        });
        let first = counter.value();
        let second = counter.value();
        assert!(first <= second && second <= 4, "{first} then {second}");
        for thread in threads {
            thread.join().unwrap();
        }
        // Both have counted; their leases may be ending still.
        assert_eq!(counter.value(), 4);
        assert_eq!(counter.value(), 4);
    });
}

#[test]
fn differences_between_snapshots_of_a_registry_add_up_while_a_thread_ends() {
    loom::model(|| {
        let registry = registry();
        let counter = registry.counter("hits", "Hits").unwrap();
        let thread = thread::spawn(move || count_twice(&counter));
        let first = registry.snapshot();
        let second = registry.snapshot();
        let delta = second.since(&first).counter("hits");
        assert!(delta <= 2, "{delta}");
        thread.join().unwrap();
        let last = registry.snapshot().since(&second).counter("hits");
        assert_eq!(first.counter("hits") + delta + last, 2);
    });
}

#[test]
fn values_recorded_through_handles_are_seen_once_while_threads_end() {
    loom::model(|| {
        let registry = registry();
        let histogram = registry.histogram("h", "H", tiny()).unwrap();
        let threads = [[3, 17], [5, 5]].map(|values| {
            let histogram = histogram.clone();
            thread::spawn(move || values.map(|value| histogram.record(value)))
        });
        let early = histogram.snapshot();
        assert!(early.count() <= 4, "{early:?}");
        for thread in threads {
            thread.join().unwrap();
        }
        let all = histogram.snapshot();
        assert_eq!((all.count(), all.sum(), all.min(), all.max()), (4, 30, 3, 17));
    });
}

#[test]
fn a_registry_after_another_counts_from_zero_in_a_thread_that_lives_on() {
    loom::model(|| {
        let before = registry();
        let counter = before.counter("hits", "Hits").unwrap();
        let thread = thread::spawn(move || {
            counter.inc();
            drop(counter);
            // The first registry goes meanwhile, or has gone, or goes later: one id or two.
            let after = registry();
            let counter = after.counter("hits", "Hits").unwrap();
            let start = counter.value();
            counter.inc();
            (start, counter.value())
        });
        drop(before);
        assert_eq!(thread.join().unwrap(), (0, 1));
    });
}

/// Records once in a registry's only histogram, and says what is seen before and after.
fn record_once(registry: &Registry) -> (u64, u64) {
    let histogram: Histogram = registry.histogram("h", "H", tiny()).unwrap();
    let start = histogram.snapshot().count();
    histogram.record(9);
    (start, histogram.snapshot().count())
}

#[test]
fn a_histogram_after_another_records_from_nothing_in_a_thread_that_lives_on() {
    loom::model(|| {
        let before = registry();
        let histogram = before.histogram("h", "H", tiny()).unwrap();
        let thread = thread::spawn(move || {
            histogram.record(4);
            drop(histogram);
            record_once(&registry())
        });
        drop(before);
        assert_eq!(thread.join().unwrap(), (0, 1));
    });
}

#[test]
fn a_thread_whose_first_count_finds_the_lock_taken_counts_and_may_lease_later() {
    loom::model(|| {
        let registry = registry();
        let counter = registry.counter("hits", "Hits").unwrap();
        let counting = counter.clone();
        let thread = thread::spawn(move || {
            counting.inc();
            // Without a lease the first time, it may get one the second time.
            counting.inc();
            counting.value()
        });
        // Takes the lock, and again.
        let other = registry.counter("other", "Other").unwrap();
        assert_eq!(other.value(), 0);
        assert_eq!(thread.join().unwrap(), 2, "a thread sees its own counts");
        assert_eq!(counter.value(), 2);
    });
}
