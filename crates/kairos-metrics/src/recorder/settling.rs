// Whether a histogram's unit stands: a first value settles it, a description before that replaces it.
// Never knows: what the units are.
// Read next: `bridge.rs`, whose handles record; `emitted.rs`, which takes descriptions.

use crate::sync::{AtomicU64, Ordering};

/// One measure of a histogram, for all its handles: open, and then either settled or replaced for good.
#[derive(Debug)]
pub(super) struct Settling(AtomicU64);

const OPEN: u64 = 0;
const SETTLED: u64 = 1;
const REPLACED: u64 = 2;

impl Settling {
    pub(super) fn new() -> Settling {
        Settling(AtomicU64::new(OPEN))
    }

    /// Settles the measure with a value; `false` if it was replaced before.
    pub(super) fn settle(&self) -> bool {
        // Acquire: who sees it replaced asks for a handle anew, and sees then that what is kept is of
        // an earlier epoch; pairs with the Release in `replace`.
        match self.0.load(Ordering::Acquire) {
            SETTLED => true,
            OPEN => {
                // Relaxed: a value publishes nothing by this; Acquire: as above.
                let (won, lost) = (Ordering::Relaxed, Ordering::Acquire);
                self.0.compare_exchange(OPEN, SETTLED, won, lost) != Err(REPLACED)
            }
            _ => false,
        }
    }

    /// Replaces the measure; `false` if there was a value before, so that it stands.
    pub(super) fn replace(&self) -> bool {
        // Release: what the caller did before is seen by who finds the measure replaced; pairs with the
        // Acquire in `settle`. Relaxed: where there was a value, nothing is read.
        let (won, lost) = (Ordering::Release, Ordering::Relaxed);
        self.0.compare_exchange(OPEN, REPLACED, won, lost).is_ok()
    }
}
