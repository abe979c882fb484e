// What a reading of the clock sets off: a step of the wall clock noticed, a second begun.
// Never knows: where readings come from, or what happens then.
// Read next: `clock.rs`, whose readings are noted.

use std::sync::Arc;

use crate::sync::{AtomicI64, AtomicU64, Mutex, Ordering};
use crate::truth::Version;

/// A wall clock that moves by more than this against the monotonic one has stepped.
const STEP_NS: u64 = 100_000_000;

/// Notices when the wall clock has stepped.
#[derive(Debug)]
pub struct Steps {
    /// Wall minus monotonic, when a step was last noticed.
    offset: AtomicI64,
    version: Arc<Version>,
}

impl Steps {
    /// A clock whose wall reading is this far ahead of its monotonic one.
    pub fn new(offset: i64) -> Steps {
        Steps { offset: AtomicI64::new(offset), version: Arc::default() }
    }

    /// Counts the steps noticed.
    pub fn version(&self) -> &Arc<Version> {
        &self.version
    }

    /// The wall reading at a monotonic one, by the newest step that was noticed.
    pub fn wall_at(&self, mono: u64) -> i64 {
        // Relaxed: who has found a published time from beyond a step finds its offset by that. Model:
        // a_published_time_from_beyond_a_step_finds_it_counted.
        self.offset.load(Ordering::Relaxed).saturating_add_unsigned(mono)
    }

    /// Compares a reading with the offset known. When this returns, a step that the reading shows
    /// has been counted.
    pub fn note(&self, offset: i64) {
        // Acquire: a reader that finds the offset known sees the step counted; pairs with the
        // Release below.
        // Model: a_reading_after_a_step_finds_deadlines_from_before_it_outdated.
        if offset.abs_diff(self.offset.load(Ordering::Acquire)) > STEP_NS {
            // Counted before it is known: see above.
            self.version.touch();
            // Release: pairs with the Acquire above. Two readers that notice one step count two.
            self.offset.store(offset, Ordering::Release);
        }
    }
}

/// Lets something happen once in each second in which anything happens.
#[derive(Debug)]
pub struct SecondHand<T> {
    /// The newest second that has begun.
    second: AtomicU64,
    state: Mutex<T>,
}

impl<T> SecondHand<T> {
    /// A hand at zero.
    pub fn new(state: T) -> SecondHand<T> {
        SecondHand { second: AtomicU64::new(0), state: Mutex::new(state) }
    }

    /// Changes the state between two seconds.
    pub fn change(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.state.lock());
    }

    /// Whether a second, or a later one, has begun.
    pub fn has_begun(&self, second: u64) -> bool {
        // Acquire: a caller that finds the second begun sees what its beginning did; pairs with
        // the Release in `note`. Model: a_second_begins_once_and_has_begun_for_all_who_note_it.
        self.second.load(Ordering::Acquire) >= second
    }

    /// Runs `begin` unless `second` or a later one has begun already. When this returns it has.
    ///
    /// `then` gets what `begin` returned, in the order of the seconds, and may look at the time.
    pub fn note<R>(&self, second: u64, begin: impl FnOnce(&mut T) -> R, then: impl FnOnce(R)) {
        if self.has_begun(second) {
            return;
        }
        let mut state = self.state.lock();
        // Relaxed: written under the lock only.
        if self.second.load(Ordering::Relaxed) >= second {
            return;
        }
        let outcome = begin(&mut state);
        // Release: pairs with the Acquire in `has_begun`.
        self.second.store(second, Ordering::Release);
        then(outcome);
    }
}
