//! Models of time's marks: a step of the wall clock is counted before it counts, a second begins once.
//! Never knows: what is worked out anew after a step, or evaluated in a second.
//! Read next: `crates/kairos-cache/src/clock.rs` and `breaker.rs`.
#![cfg(kairos_loom)]

use std::sync::Arc;

use kairos_cache::model::{SecondHand, Stamp, Steps};
use loom::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use loom::thread;

/// More than a step.
const FAR: i64 = 1_000_000_000;

struct Time {
    /// How far the wall clock is ahead of the monotonic one. Relaxed, so that it orders nothing.
    ahead: AtomicI64,
    steps: Steps,
}

impl Time {
    fn new() -> Arc<Time> {
        Arc::new(Time { ahead: AtomicI64::new(0), steps: Steps::new(0) })
    }

    /// As `Clock::now`.
    fn now(&self) -> i64 {
        let ahead = self.ahead.load(Ordering::Relaxed);
        self.steps.note(ahead);
        ahead
    }
}

/// A deadline worked out from one reading is not used after a reading from beyond a step.
#[test]
fn a_reading_after_a_step_finds_deadlines_from_before_it_outdated() {
    loom::model(|| {
        let time = Time::new();
        let other = {
            let time = Arc::clone(&time);
            thread::spawn(move || {
                time.ahead.store(FAR, Ordering::Relaxed);
                time.now();
            })
        };
        let stamp = Stamp::take([time.steps.version()]);
        let remembered = time.now();
        let now = time.now();
        if stamp.holds([time.steps.version()]) {
            assert_eq!(remembered, now, "a deadline from before the step is in use after it");
        }
        other.join().unwrap();
    });
}

/// The same with two readers beside the one who remembers, and a clock that steps back again.
#[test]
fn a_step_there_and_back_outdates_deadlines_from_between() {
    loom::model(|| {
        let time = Time::new();
        let other = {
            let time = Arc::clone(&time);
            thread::spawn(move || {
                time.ahead.store(FAR, Ordering::Relaxed);
                time.now();
                time.ahead.store(0, Ordering::Relaxed);
                time.now();
            })
        };
        let stamp = Stamp::take([time.steps.version()]);
        let remembered = time.now();
        let now = time.now();
        if stamp.holds([time.steps.version()]) {
            assert_eq!(remembered, now, "a deadline from before a step is in use after it");
        }
        other.join().unwrap();
    });
}

/// Whoever notes a second finds it begun when that returns, and it begins once, in order.
#[test]
fn a_second_begins_once_and_has_begun_for_all_who_note_it() {
    loom::model(|| {
        let hand = Arc::new((SecondHand::new(Vec::new()), AtomicU64::new(0)));
        let note = |hand: &(SecondHand<Vec<u64>>, AtomicU64), second| {
            let begin = |begun: &mut Vec<u64>| {
                begun.push(second);
                hand.1.store(second, Ordering::Relaxed); // Relaxed: the hand carries the order.
            };
            hand.0.note(second, begin, |()| {});
            assert!(hand.1.load(Ordering::Relaxed) >= second, "not begun for who noted it");
        };
        let others = [1, 2].map(|second| {
            let hand = Arc::clone(&hand);
            thread::spawn(move || note(&hand, second))
        });
        note(&hand, 1);
        note(&hand, 2);
        for other in others {
            other.join().unwrap();
        }
        let mut seconds = Vec::new();
        hand.0.note(3, |begun| begun.clone(), |begun| seconds = begun);
        assert!(seconds == [1, 2] || seconds == [2], "{seconds:?}");
    });
}
