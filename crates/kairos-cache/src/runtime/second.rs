// The second hand: something that happens once in each second in which anything happens.
// Never knows: what happens then.

use crate::sync::{AtomicU64, Mutex, Ordering};

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

    /// Runs `begin` unless `second` or a later one has begun already. When this returns it has.
    ///
    /// `then` gets what `begin` returned, in the order of the seconds, and may look at the time.
    pub fn note<R>(&self, second: u64, begin: impl FnOnce(&mut T) -> R, then: impl FnOnce(R)) {
        // Acquire: a caller that finds the second begun sees what its beginning did; pairs with
        // the Release below. Model: a_second_begins_once.
        if self.second.load(Ordering::Acquire) >= second {
            return;
        }
        let mut state = self.state.lock();
        // Relaxed: written under the lock only.
        if self.second.load(Ordering::Relaxed) >= second {
            return;
        }
        let outcome = begin(&mut state);
        // Release: pairs with the Acquire above.
        self.second.store(second, Ordering::Release);
        then(outcome);
    }
}
