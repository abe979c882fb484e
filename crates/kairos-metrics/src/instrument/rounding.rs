// What the rounding of fractions can leave of a level whose ups and downs cancel.
// Never knows: the level, and who raises it.
// Read next: `gauge.rs`, which asks.

use crate::sync::{AtomicU64, Ordering};

/// Half the distance between neighbouring fractions, relative to them: the most that rounding to the
/// nearest one loses.
const HALF_ULP: f64 = f64::EPSILON / 2.0;

/// How much smaller than everything that was added a level must be to be taken for a remainder.
const REMAINDER: f64 = 1.0 / 1_048_576.0;

/// How far a level may be from what it would be in decimals: 0.1 + 0.2 − 0.3 is some 5·10⁻¹⁷.
///
/// Both numbers are fractions in bits. Threads that raise a level at once may lose each other's
/// part; then a remainder is taken for a level, and never the other way around.
#[derive(Debug)]
pub(crate) struct Rounding {
    /// The sum of what each addition may have lost since the level was set or came out as zero.
    lost: AtomicU64,
    /// The smallest number that was added or set since, signs aside.
    least: AtomicU64,
}

impl Rounding {
    pub(super) fn new() -> Rounding {
        let lost = AtomicU64::new(0);
        Rounding { lost, least: AtomicU64::new(f64::INFINITY.to_bits()) }
    }

    /// The level was set to `x`.
    pub(super) fn set(&self, x: f64) {
        // Relaxed: read by a sweep, which the drop of the last handle orders after this; so for all.
        self.lost.store(lost_in(x).to_bits(), Ordering::Relaxed);
        let least = if x == 0.0 { f64::INFINITY } else { x.abs() };
        // Relaxed: as above.
        self.least.store(least.to_bits(), Ordering::Relaxed);
    }

    /// `x` was added to `before`, which gave `after`.
    pub(super) fn added(&self, before: f64, x: f64, after: f64) {
        if x == 0.0 {
            return;
        }
        if after == 0.0 {
            return self.set(0.0);
        }
        // The bits of numbers above zero are in their order.
        let (least, bits) = (x.abs(), x.abs().to_bits());
        // Relaxed: as above; so for all here.
        if bits < self.least.load(Ordering::Relaxed) && least.is_finite() {
            // Relaxed: as above.
            self.least.fetch_min(bits, Ordering::Relaxed);
        }
        let lost = lost_in(x) + lost_between(before, x, after);
        if lost > 0.0 {
            let sum = f64::from_bits(self.lost.load(Ordering::Relaxed)) + lost; // Relaxed: as above.
            self.lost.store(sum.to_bits(), Ordering::Relaxed); // Relaxed: as above.
        }
    }

    /// Whether a level is no more than what additions may have lost.
    pub(super) fn explains(&self, level: f64) -> bool {
        // Relaxed: as above.
        let lost = f64::from_bits(self.lost.load(Ordering::Relaxed));
        let least = f64::from_bits(self.least.load(Ordering::Relaxed)); // Relaxed: as above.
        level.abs() <= lost && level.abs() <= least * REMAINDER
    }
}

/// How far `x` may be from the decimal number that was meant: nothing where it is a whole number of
/// 2^-20, which decimals that are no binary fractions never are.
fn lost_in(x: f64) -> f64 {
    let scaled = x * f64::from(1 << 20);
    if scaled.fract() == 0.0 { 0.0 } else { x.abs() * HALF_ULP }
}

/// How far `after` may be from `before + x`: nothing where the addition was exact.
fn lost_between(before: f64, x: f64, after: f64) -> f64 {
    // Knuth's sum of two: the rounding error of an addition, exactly.
    let of_x = after - before;
    let error = (before - (after - of_x)) + (x - of_x);
    error.abs()
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    /// Whether the level that is left of these additions is taken for a remainder.
    fn cancels(added: &[f64]) -> bool {
        let rounding = Rounding::new();
        let mut level = 0.0;
        for x in added {
            rounding.added(level, *x, level + x);
            level += x;
        }
        level == 0.0 || rounding.explains(level)
    }

    #[test]
    fn what_rounding_leaves_of_decimals_that_cancel_is_no_level() {
        assert!(cancels(&[0.1, 0.2, -0.3]));
        assert!(cancels(&[-0.3, 0.1, 0.2]));
        assert!(cancels(&[1e6 + 0.1, 0.7, -1e6, -0.8]));
        assert!(cancels(&[[0.1; 1_000].as_slice(), &[-100.0]].concat()));
        assert!(cancels(&[[0.1; 10].as_slice(), &[-0.7, -0.3]].concat()));
    }

    #[test]
    fn what_is_smaller_than_all_else_but_was_added_is_a_level() {
        assert!(!cancels(&[0.1, 0.2, -0.3, 1e-12]));
        assert!(!cancels(&[1e15, 1.0 - 1e15]));
        assert!(!cancels(&[1.000_000_000_1, -1.0]));
        assert!(!cancels(&[1e6 + 0.1, -1e6]));
        assert!(!cancels(&[f64::NAN]));
        assert!(!cancels(&[f64::INFINITY, 1.0]));
        let rounding = Rounding::new();
        for _ in 0..1_000_000 {
            rounding.added(1e9, 0.1, 1e9 + 0.1);
            rounding.added(1e9 + 0.1, -0.1, 1e9);
        }
        assert!(!rounding.explains(0.05), "however many additions there were");
        rounding.set(1e-300);
        assert!(!rounding.explains(1e-300));
    }
}
