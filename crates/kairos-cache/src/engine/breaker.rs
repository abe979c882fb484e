// The panic breaker's shell: one load on the way of a read, one evaluation a second.
// Never knows: thresholds, or what a level does.
// Read next: `../policy/breaker.rs` for both.

use crate::policy::{Breaker, BreakerLevel, BreakerRule, Scored};
use crate::runtime::SecondHand;
use crate::sync::{AtomicU8, Ordering};
use crate::truth::Version;

/// The level, and the hand by which it is evaluated.
#[derive(Debug)]
pub(crate) struct BreakerCell {
    level: AtomicU8,
    hand: SecondHand<Breaker>,
}

impl BreakerCell {
    pub(crate) fn new() -> BreakerCell {
        BreakerCell {
            level: AtomicU8::new(BreakerLevel::Normal as u8),
            hand: SecondHand::new(Breaker::default()),
        }
    }

    pub(crate) fn level(&self) -> BreakerLevel {
        // Relaxed: the level decides by itself, and pins go by the version.
        BreakerLevel::ALL[usize::from(self.level.load(Ordering::Relaxed))]
    }

    /// Evaluates if `second` has just begun, and counts a change of the level. `total` is called
    /// once a second; `publish` gets each changed level, in the order of the changes.
    pub(crate) fn note(
        &self,
        second: u64,
        rule: &BreakerRule,
        total: impl FnOnce() -> Scored,
        changes: &Version,
        publish: impl FnOnce(BreakerLevel),
    ) {
        let begin = |breaker: &mut Breaker| {
            let before = self.level();
            let level = breaker.begin_second(second, total(), rule);
            if level == before {
                return None;
            }
            self.level.store(level as u8, Ordering::Relaxed); // Relaxed: as in `level`.
            changes.touch();
            Some(level)
        };
        self.hand.note(second, begin, |changed| {
            if let Some(level) = changed {
                publish(level);
            }
        });
    }
}
