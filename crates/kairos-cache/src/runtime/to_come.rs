// Whether something is to come, in this process: what a fork's parent has under way does not come in its child.
// Never knows: what is to come.
// Read next: `../store/sweeper.rs`, whose sweep is to come.

use kairos_metrics::forks;

use crate::sync::{AtomicU64, Ordering};

/// Lowered, or raised in one process of a line of forks.
///
/// Relaxed, all of it: a hint. Whoever finds it raised relies on something to come that has not looked
/// at anything yet, and that takes the locks it needs.
#[derive(Debug)]
pub struct ToCome(AtomicU64);

impl ToCome {
    /// Lowered.
    pub fn new() -> ToCome {
        ToCome(AtomicU64::new(0))
    }

    /// Whether it is to come.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed) == raised() // Relaxed: as above.
    }

    /// Says that it is to come. Returns whether that is news.
    pub fn raise(&self) -> bool {
        let raised = raised();
        self.0.swap(raised, Ordering::Relaxed) != raised // Relaxed: as above.
    }

    /// It has come, or will not.
    pub fn lower(&self) {
        self.0.store(0, Ordering::Relaxed); // Relaxed: as above.
    }
}

/// The word while it is raised.
fn raised() -> u64 {
    forks() + 1
}
