// In which process of a line of forks something is used, and whether it can be.
// Never knows: what is used.
// Read next: `../engine/fork.rs`, which makes a cache its process's own.

use kairos_metrics::forks;

use crate::sync::{AtomicU64, Ordering};

/// In which process of a line of forks something is used.
pub(crate) struct Lineage(AtomicU64);

/// It cannot be used in this process any more.
const BROKEN: u64 = u64::MAX;

impl Lineage {
    /// It is used in this process.
    pub(crate) fn new() -> Lineage {
        Lineage(AtomicU64::new(forks()))
    }

    /// Whether it can be used in this process. In a child that uses it for the first time that is what
    /// `is_whole` says, from then on for good; if so `let_go` is called once.
    pub(crate) fn adopt(&self, is_whole: impl FnOnce() -> bool, let_go: impl FnOnce()) -> bool {
        let forks = forks();
        // Relaxed, all of this word: a child begins with one thread.
        let before = self.0.load(Ordering::Relaxed);
        if before == forks || before == BROKEN {
            return before == forks;
        }
        let is_whole = is_whole();
        let becomes = if is_whole { forks } else { BROKEN };
        // Relaxed, both: as above.
        let (done, lost) = (Ordering::Relaxed, Ordering::Relaxed);
        if self.0.compare_exchange(before, becomes, done, lost).is_ok() && is_whole {
            let_go();
        }
        is_whole
    }
}
