// Claims about threads that come and go: no count is lost, and none is in a total twice.
// Never knows: how a count reaches its total.
// Read next: `../../src/shard/local.rs` and `process.rs` beside it; `../short_threads.rs`, for what threads leave.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use kairos_metrics::{Counter, Histogram, Precision, Registry, Snapshot};

#[test]
fn totals_of_eight_hammering_threads_are_exact() {
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let histogram = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    thread::scope(|scope| {
        for thread in 0..8_u64 {
            let (counter, histogram) = (counter.clone(), histogram.clone());
            scope.spawn(move || {
                for n in 0..100_000 {
                    counter.inc();
                    histogram.record(thread * 1_000 + n % 7);
                }
            });
        }
    });
    assert_eq!(counter.value(), 800_000);
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.count(), 800_000);
    assert_eq!((snapshot.min(), snapshot.max()), (0, 7_006));
    let sum: u64 = (0..8).map(|t| (0..100_000).map(|n| t * 1_000 + n % 7).sum::<u64>()).sum();
    assert_eq!(snapshot.sum(), sum);
}

#[test]
fn deltas_taken_while_threads_churn_add_up_exactly() {
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let histogram = registry.histogram("latency", "Latency", Precision::one_digit()).unwrap();
    let done = AtomicBool::new(false);
    let (total, records) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            // Taken as of the start, when nothing was counted.
            let mut earlier = Snapshot::default();
            let (mut total, mut records) = (0, 0);
            loop {
                let last = done.load(Ordering::Acquire);
                let now = registry.snapshot();
                let delta = now.since(&earlier);
                total += delta.counter("hits");
                let delta = delta.histogram("latency");
                records += delta.count();
                assert!(delta.buckets().all(|(_, _, count)| count < 1 << 32), "ran backwards");
                earlier = now;
                if last {
                    return (total, records);
                }
            }
        });
        for _ in 0..200 {
            thread::scope(|batch| {
                for _ in 0..8 {
                    batch.spawn(|| {
                        for n in 0..50 {
                            counter.inc();
                            histogram.record(n * n);
                        }
                    });
                }
            });
        }
        done.store(true, Ordering::Release);
        reader.join().unwrap()
    });
    assert_eq!(total, 200 * 8 * 50);
    assert_eq!(records, 200 * 8 * 50);
}

/// Counts when the thread-local that holds it is destroyed.
struct CountsAtExit(Counter, Histogram);

impl Drop for CountsAtExit {
    fn drop(&mut self) {
        self.0.inc();
        self.1.record(5);
    }
}

thread_local! {
    static EARLY: RefCell<Option<CountsAtExit>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<CountsAtExit>> = const { RefCell::new(None) };
}

#[test]
fn a_destructor_counts_before_and_after_the_lease_is_returned() {
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let histogram = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    for _ in 0..50 {
        let (counter, histogram) = (counter.clone(), histogram.clone());
        thread::spawn(move || {
            // One thread-local is registered for destruction before the lease, one after it.
            let at_exit = || CountsAtExit(counter.clone(), histogram.clone());
            EARLY.with(|slot| *slot.borrow_mut() = Some(at_exit()));
            counter.inc();
            LATE.with(|slot| *slot.borrow_mut() = Some(at_exit()));
        })
        .join()
        .unwrap();
    }
    assert_eq!(counter.value(), 150);
    assert_eq!(histogram.snapshot().count(), 100);
    assert_eq!(histogram.snapshot().sum(), 500);
}

#[test]
fn a_destructor_may_be_a_threads_first_count() {
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let histogram = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    for _ in 0..50 {
        let at_exit = CountsAtExit(counter.clone(), histogram.clone());
        thread::spawn(move || EARLY.with(|slot| *slot.borrow_mut() = Some(at_exit)))
            .join()
            .unwrap();
    }
    assert_eq!((counter.value(), histogram.snapshot().count()), (50, 50));
}

#[test]
fn a_recycled_id_starts_at_zero_while_its_old_threads_live() {
    let barrier = std::sync::Barrier::new(2);
    let (send, receive) = std::sync::mpsc::sync_channel::<(Counter, Histogram)>(0);
    let barrier = &barrier;
    thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok((counter, histogram)) = receive.recv() {
                counter.add(3);
                histogram.record(9);
                drop((counter, histogram));
                barrier.wait();
            }
        });
        for _ in 0..1_000 {
            let registry = Registry::new();
            let counter = registry.counter("hits", "Hits").unwrap();
            let histogram =
                registry.histogram("latency", "Latency", Precision::three_digits()).unwrap();
            assert_eq!((counter.value(), histogram.snapshot().count()), (0, 0));
            send.send((counter.clone(), histogram.clone())).unwrap();
            barrier.wait();
            counter.add(2);
            assert_eq!((counter.value(), histogram.snapshot().count()), (5, 1));
        }
        drop(send);
    });
}

#[test]
fn handles_outlive_their_registry() {
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    drop(registry);
    let other = Registry::new();
    let others = other.counter("hits", "Hits").unwrap();
    counter.add(7);
    others.inc();
    assert_eq!((counter.value(), others.value()), (7, 1));
}

#[test]
fn ids_beyond_the_embedded_blocks_count_as_exactly() {
    let registry = Registry::builder().family_limit(5_000).build();
    let counters = registry.counter_family("many", "Many", ["n"]).unwrap();
    let histograms =
        registry.histogram_family("many_h", "Many", Precision::one_digit(), ["n"]).unwrap();
    let counters: Vec<_> = (0..3_000).map(|n| counters.with([&n.to_string()])).collect();
    let histograms: Vec<_> = (0..300).map(|n| histograms.with([&n.to_string()])).collect();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for (n, counter) in (1..).zip(&counters) {
                    counter.add(n);
                }
                for (n, histogram) in (1..).zip(&histograms) {
                    histogram.record_n(n, n);
                }
            });
        }
    });
    for (n, counter) in (1..).zip(&counters) {
        assert_eq!(counter.value(), 3 * n);
    }
    for (n, histogram) in (1..).zip(&histograms) {
        assert_eq!(histogram.snapshot().count(), 3 * n);
        assert_eq!(histogram.snapshot().sum(), 3 * n * n);
    }
}

#[test]
fn registering_goes_on_while_threads_count() {
    let registry = Registry::new();
    let counter = registry.counter("hits", "Hits").unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut total = 0_u64;
                    while !done.load(Ordering::Relaxed) {
                        counter.inc();
                        total += 1;
                    }
                    total
                })
            })
            .collect();
        for n in 0..2_000 {
            registry.counter(&format!("other_{n}"), "Other").unwrap().inc();
        }
        done.store(true, Ordering::Relaxed);
        let total: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(counter.value(), total);
    });
    let snapshot = registry.snapshot();
    assert!((0..2_000).all(|n| snapshot.counter(&format!("other_{n}")) == 1));
}

#[test]
fn what_alternates_is_seen_in_its_share() {
    let registry = Registry::new();
    let work = registry.histogram("work", "Work", Precision::two_digits()).unwrap();
    let calls = 1_000_000;
    for call in 0..calls {
        if let Some(weight) = work.due(64) {
            work.record_n(if call % 2 == 0 { 10 } else { 1_000 }, weight.into());
        }
    }
    let snapshot = work.snapshot();
    assert!(snapshot.count() <= calls && snapshot.count() + 128 > calls);
    let (_, _, slow) = snapshot.buckets().last().unwrap();
    // 15 625 gaps: their number of each kind strays by 63 from a half, and this allows twenty times that.
    assert!((400_000..600_000).contains(&slow), "{slow}");
}

#[test]
fn what_is_due_is_told_before_on_any_thread() {
    let registry = Registry::new();
    // More than a thread has at hand.
    let all: Vec<_> = (0..300)
        .map(|n| registry.histogram(&format!("h{n}"), "H", Precision::one_digit()).unwrap())
        .collect();
    let work = || {
        for work in &all {
            for (turn, every) in [16, 16, 3, 1, 1, 0, 40, 16, 0].repeat(9).into_iter().enumerate() {
                let told = work.is_due(every);
                assert!(told || turn > 0, "the first is taken");
                assert_eq!((told, told), (work.is_due(every), work.due(every).is_some()));
            }
        }
    };
    for _ in 0..2 {
        std::thread::scope(|scope| scope.spawn(work).join().unwrap());
    }
}
