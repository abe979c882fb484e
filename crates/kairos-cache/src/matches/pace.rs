// How often a full table is swept: once in a number of calls that is a share of its rows.
// Never knows: what is swept.
// Read next: `mod.rs` and `engine/reclaim.rs`, whose sweeps it spaces.

use crate::sync::{AtomicUsize, Ordering};

/// Spaces sweeps of n rows by a share of n calls, so that each call pays for a bounded number.
#[derive(Debug)]
pub(crate) struct Pace(AtomicUsize);

impl Pace {
    pub(crate) fn new() -> Pace {
        Pace(AtomicUsize::new(0))
    }

    /// Returns whether this call is to sweep; if it is, the next `step` calls are not.
    pub(crate) fn is_due(&self, step: usize) -> bool {
        let one_less = |left: usize| Some(left.checked_sub(1).unwrap_or(step));
        // Relaxed: a count of calls; a sweep takes the locks that it needs.
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        before == Ok(0)
    }

    /// Records that a sweep made room for `rows`: they pay for the next sweep as calls that found
    /// no room do.
    pub(crate) fn made_room(&self, rows: usize) {
        let less = |left: usize| Some(left.saturating_sub(rows));
        // Relaxed: as in `is_due`.
        let _before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// The pace of each kind of sweep of a cache.
#[derive(Debug)]
pub(crate) struct Sweeps {
    pub(crate) entries: Pace,
    pub(crate) tags: Pace,
    pub(crate) failed: Pace,
}

impl Sweeps {
    pub(crate) fn new() -> Sweeps {
        Sweeps { entries: Pace::new(), tags: Pace::new(), failed: Pace::new() }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_followed_by_as_many_calls_without_one_as_the_step_says() {
        let pace = Pace::new();
        let due: Vec<bool> = (0..7).map(|_| pace.is_due(2)).collect();
        assert_eq!(due, [true, false, false, true, false, false, true]);
        assert!(!pace.is_due(2));
        pace.made_room(1);
        assert!(pace.is_due(2));
        let always = Pace::new();
        assert!((0..3).all(|_| always.is_due(0)));
    }
}
