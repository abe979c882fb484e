// The published volatility status of a match: until when a panic and a warning hold.
// Never knows: prices, windows, or who reads.
// Read next: `odds.rs`, which publishes it.

use crate::matches::observation::{Observed, OddsRule, signed};
use crate::policy::{MonoNs, Now, Signal, Volatility, WallNs};

/// A published status: until when a panic and a warning hold, and the newest observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Holds {
    panic_until: MonoNs,
    panic_z: f64,
    warning_until: MonoNs,
    warning_z: f64,
    /// The first instant without the newest sample in the window; zero before the first sample.
    observed_until: MonoNs,
}

impl Holds {
    pub(super) const NONE: Holds =
        Holds { panic_until: 0, panic_z: 0.0, warning_until: 0, warning_z: 0.0, observed_until: 0 };

    pub(super) fn from_words(w: [u64; 5]) -> Holds {
        Holds {
            panic_until: w[0],
            panic_z: f64::from_bits(w[1]),
            warning_until: w[2],
            warning_z: f64::from_bits(w[3]),
            observed_until: w[4],
        }
    }

    pub(super) fn words(&self) -> [u64; 5] {
        [
            self.panic_until,
            self.panic_z.to_bits(),
            self.warning_until,
            self.warning_z.to_bits(),
            self.observed_until,
        ]
    }

    /// The signal at `now`, and the instant until which it stays the same by itself.
    pub(super) fn at(&self, now: MonoNs) -> (Signal, MonoNs) {
        if now < self.panic_until {
            (Signal::Scored(Volatility::Panic, self.panic_z), self.panic_until)
        } else if now < self.warning_until {
            (Signal::Scored(Volatility::Warning, self.warning_z), self.warning_until)
        } else if now < self.observed_until {
            (Signal::Scored(Volatility::Normal, 0.0), self.observed_until)
        } else {
            (Signal::Unscored, MonoNs::MAX)
        }
    }

    /// The status after one more observation.
    pub(super) fn after(
        &self,
        observed: &Observed,
        at: WallNs,
        now: Now,
        rule: &OddsRule,
    ) -> Holds {
        let Observed { status, z, leaves_window, .. } = *observed;
        let mut after = *self;
        let until = now.mono_at(at.min(now.wall).saturating_add(signed(rule.status_hold_ns)));
        if status == Volatility::Panic && until >= self.panic_until {
            (after.panic_until, after.panic_z) = (until, z);
        }
        if status == Volatility::Warning && until >= self.warning_until {
            (after.warning_until, after.warning_z) = (until, z);
        }
        after.observed_until = self.observed_until.max(leaves_window);
        after
    }
}
