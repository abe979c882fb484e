// In which process of a line of forks something is used, and whether it can be.
// Never knows: what is used.
// Read next: `../engine/fork.rs`, which makes a cache its process's own.

use kairos_metrics::forks;

use crate::sync::{AtomicU64, Mutex, Ordering};

/// In which process of a line of forks something is used.
pub(crate) struct Lineage {
    used_in: AtomicU64,
    adopting: Mutex<()>,
}

/// It cannot be used in this process any more.
const BROKEN: u64 = u64::MAX;

impl Lineage {
    /// It is used in this process.
    pub(crate) fn new() -> Lineage {
        Lineage { used_in: AtomicU64::new(forks()), adopting: Mutex::new(()) }
    }

    /// Whether it can be used in this process; two loads where it is already. In a child `take` is
    /// called before it is used for the first time: it takes out what is the parent's, or says by `None`
    /// that it cannot be used, from then on for good. The first caller gets what was taken; others wait
    /// until it has been.
    pub(crate) fn adopt<T>(&self, take: impl FnOnce() -> Option<T>) -> (bool, Option<T>) {
        let forks = forks();
        // Acquire: what `take` did is done; pairs with the Release below.
        if self.used_in.load(Ordering::Acquire) == forks {
            return (true, None);
        }
        let _alone = self.adopting.lock();
        // Relaxed: written under the lock.
        let used_in = self.used_in.load(Ordering::Relaxed);
        if used_in == forks || used_in == BROKEN {
            return (used_in == forks, None);
        }
        let taken = take();
        let becomes = if taken.is_some() { forks } else { BROKEN };
        self.used_in.store(becomes, Ordering::Release); // Release: pairs with the Acquire above.
        (taken.is_some(), taken)
    }
}
