//! Claim: sampled timings stand for the calls that were made, also after a thread's lease has ended.
// Never knows: what a lease is. It has its process to itself: a thread that finds the lock of the
// leases taken is without a lease for the moment.
// Read next: `sampling.rs`; `../src/shard/local.rs`.
#![cfg(not(kairos_loom))]

use std::cell::RefCell;
use std::thread;

use kairos_metrics::{Clock, Histogram, Precision, Registry};

/// Times when the thread-local that holds it is destroyed.
struct TimesAtExit(Histogram, u32);

impl Drop for TimesAtExit {
    fn drop(&mut self) {
        for _ in 0..4 {
            self.0.start_sampled(self.1).stop();
        }
        // Every timing is taken now: with a lease this one stands for those passed over, too.
        self.0.start_sampled(1).stop();
    }
}

thread_local! {
    static EARLY: RefCell<Option<TimesAtExit>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<TimesAtExit>> = const { RefCell::new(None) };
}

#[test]
fn sampled_timings_stand_for_as_many_calls_as_were_made_with_and_without_a_lease() {
    let (clock, _hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let hits = registry.counter("hits", "Hits").unwrap();
    let work = registry.histogram("work", "Work", Precision::two_digits()).unwrap();
    for n in 1..=50 {
        let thread = || {
            // One of the two is destroyed before the lease and one after it, whatever the order.
            EARLY.with(|slot| *slot.borrow_mut() = Some(TimesAtExit(work.clone(), 4)));
            hits.inc();
            LATE.with(|slot| *slot.borrow_mut() = Some(TimesAtExit(work.clone(), 4)));
        };
        thread::scope(|scope| scope.spawn(thread).join().unwrap());
        // With a lease the first of five stands for itself and the others for the gaps that they end;
        // without one each stands for itself.
        assert_eq!(work.snapshot().count(), 10 * n);
    }
}
