// The panic breaker's shell: one load on the way of a read, one evaluation a second.
// Never knows: thresholds, or what a level does.
// Read next: `../policy/breaker.rs` for both.

use crate::policy::{Breaker, BreakerLevel, BreakerRule, Scored};
use crate::runtime::SecondHand;
use crate::sync::{AtomicU8, Ordering};

/// The level, and the hand by which it is evaluated.
#[derive(Debug)]
pub(crate) struct BreakerCell {
    level: AtomicU8,
    hand: SecondHand<Breaker>,
}

impl BreakerCell {
    /// A breaker with a window of so many seconds.
    pub(crate) fn new(window_s: u64) -> BreakerCell {
        let mut breaker = Breaker::default();
        breaker.reserve(window_s);
        BreakerCell {
            level: AtomicU8::new(BreakerLevel::Normal as u8),
            hand: SecondHand::new(breaker),
        }
    }

    /// Keeps room for a window of so many seconds, before a rule with it is in force.
    pub(crate) fn reserve(&self, window_s: u64) {
        self.hand.change(|breaker| breaker.reserve(window_s));
    }

    pub(crate) fn level(&self) -> BreakerLevel {
        // Relaxed: the level decides by itself, and pins go by the version.
        BreakerLevel::ALL[usize::from(self.level.load(Ordering::Relaxed))]
    }

    /// Whether a second, or a later one, has been evaluated.
    pub(crate) fn has_begun(&self, second: u64) -> bool {
        self.hand.has_begun(second)
    }

    /// Evaluates if `second` has just begun. `total` is called once a second; `count` for each
    /// change of the level, before `publish` gets it. Levels are published in their order, under a
    /// lock. Returns whether the level has changed.
    pub(crate) fn note(
        &self,
        second: u64,
        rule: &BreakerRule,
        total: impl FnOnce() -> Scored,
        count: impl FnOnce(),
        publish: impl FnOnce(BreakerLevel),
    ) -> bool {
        let mut has_changed = false;
        let begin = |breaker: &mut Breaker| {
            let before = self.level();
            let level = breaker.begin_second(second, total(), rule);
            if level == before {
                return None;
            }
            self.level.store(level as u8, Ordering::Relaxed); // Relaxed: as in `level`.
            count();
            Some(level)
        };
        self.hand.note(second, begin, |changed| {
            if let Some(level) = changed {
                publish(level);
                has_changed = true;
            }
        });
        has_changed
    }
}
