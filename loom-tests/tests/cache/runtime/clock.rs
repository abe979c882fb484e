// Models of a step of the wall clock: it is counted before it counts.
// Never knows: what is worked out anew after a step.

use std::sync::Arc;

use kairos_cache::model::{Stamp, Steps};
use loom::sync::atomic::{AtomicI64, Ordering};
use loom::thread;

/// More than a step.
const FAR: i64 = 1_000_000_000;

struct Time {
    /// How far the wall clock is ahead of the monotonic one. Relaxed, so that it orders nothing: the
    /// operating system's clocks promise no more, and a manual clock would carry the order itself.
    ahead: AtomicI64,
    steps: Steps,
}

impl Time {
    /// A reading as it is noted.
    fn now(&self) -> i64 {
        let ahead = self.ahead.load(Ordering::Relaxed);
        self.steps.note(ahead);
        ahead
    }
}

/// A deadline worked out from one reading is not used after a reading from beyond a step, while
/// another thread moves the wall clock to each of these offsets and reads it.
fn deadlines_from_before_a_step_are_outdated(offsets: &'static [i64]) {
    loom::model(move || {
        let time = Arc::new(Time { ahead: AtomicI64::new(0), steps: Steps::new(0) });
        let other = {
            let time = Arc::clone(&time);
            thread::spawn(move || {
                for offset in offsets {
                    time.ahead.store(*offset, Ordering::Relaxed);
                    time.now();
                }
            })
        };
        let stamp = Stamp::take(time.steps.version(), []);
        let remembered = time.now();
        let now = time.now();
        if stamp == Stamp::take(time.steps.version(), []) {
            assert_eq!(remembered, now, "a deadline from before a step is in use after it");
        }
        other.join().unwrap();
    });
}

#[test]
fn a_reading_after_a_step_finds_deadlines_from_before_it_outdated() {
    deadlines_from_before_a_step_are_outdated(&[FAR]);
}

#[test]
fn a_step_there_and_back_outdates_deadlines_from_between() {
    deadlines_from_before_a_step_are_outdated(&[FAR, 0]);
}
