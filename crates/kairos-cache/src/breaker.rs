//! The panic breaker's shell: one load on the way of a read, one evaluation a second.
//! Never knows: thresholds, or what a level does.
//! Read next: `policy/breaker.rs` for both.

use crate::policy::breaker::{Breaker, BreakerLevel, BreakerRule, Scored};
use crate::sync::{AtomicU8, AtomicU64, Mutex, Ordering};

/// The level, and the second for which it was evaluated.
#[derive(Debug)]
pub(crate) struct BreakerCell {
    second: AtomicU64,
    level: AtomicU8,
    breaker: Mutex<Breaker>,
}

impl BreakerCell {
    pub(crate) fn new() -> BreakerCell {
        BreakerCell {
            second: AtomicU64::new(0),
            level: AtomicU8::new(BreakerLevel::Normal as u8),
            breaker: Mutex::new(Breaker::default()),
        }
    }

    pub(crate) fn level(&self) -> BreakerLevel {
        // Relaxed: the level decides by itself; nothing else is published with it.
        BreakerLevel::ALL[usize::from(self.level.load(Ordering::Relaxed))]
    }

    /// Evaluates if `second` has just begun; says whether the level has changed. `total` is asked
    /// once a second; `publish` is told of a changed level, in the order of the changes.
    pub(crate) fn note(
        &self,
        second: u64,
        rule: &BreakerRule,
        total: impl FnOnce() -> Scored,
        publish: impl FnOnce(BreakerLevel),
    ) -> bool {
        // Relaxed: a hint that the lock below confirms.
        if self.second.load(Ordering::Relaxed) >= second {
            return false;
        }
        let mut breaker = self.breaker.lock();
        // Relaxed: written under the lock only.
        if self.second.load(Ordering::Relaxed) >= second {
            return false;
        }
        let before = self.level();
        let level = breaker.begin_second(second, total(), rule);
        self.level.store(level as u8, Ordering::Relaxed); // Relaxed: as in `level`.
        self.second.store(second, Ordering::Relaxed); // Relaxed: as above.
        if level != before {
            publish(level);
        }
        level != before
    }
}
