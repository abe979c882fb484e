// What is given of a match, and when: of two kickoffs the one stands that was given later, whoever publishes it last.
// Never knows: matches, or who gives.
// Read next: `state.rs`, which keeps the newest.

use crate::sync::{Ordering, StaticU64};

/// Numbers what is given, in one order for the whole process. It orders nothing else.
static GIVEN: StaticU64 = StaticU64::new(0);

/// Something given of a match, with its place in the order in which such things were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given<T> {
    /// What was given.
    pub value: T,
    /// Its place in the order: 1 or more, and larger for what was given later.
    pub order: u64,
}

impl<T> Given<T> {
    /// Gives a value now.
    pub fn now(value: T) -> Given<T> {
        // Relaxed: the numbers alone are ordered; whoever gives after another takes a larger one.
        let order = GIVEN.fetch_add(1, Ordering::Relaxed) + 1;
        Given { value, order }
    }
}
