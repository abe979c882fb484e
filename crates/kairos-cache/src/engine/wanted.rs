// Which sweeps of full tables are wanted, and whether one has been asked for that has not begun.
// Never knows: what is swept, or by which task.
// Read next: `reclaim.rs`, which sweeps.

use crate::runtime::ToCome;
use crate::sync::{AtomicBool, Ordering};

/// What is to be swept behind the calls that have found tables full.
///
/// Relaxed, every flag: a hint. A sweep takes the locks that it needs.
#[derive(Debug)]
pub(super) struct Wanted {
    asked: ToCome,
    entries: AtomicBool,
    under_lock: AtomicBool,
}

impl Wanted {
    pub(super) fn new() -> Wanted {
        let [entries, under_lock] = [(); 2].map(|()| AtomicBool::new(false));
        Wanted { asked: ToCome::new(), entries, under_lock }
    }

    /// Asks for a sweep. Returns whether the caller is to see to it: none is to come.
    pub(super) fn ask(&self) -> bool {
        self.asked.raise()
    }

    /// The sweep that was asked for begins, or will not come: from here on another is.
    pub(super) fn answer(&self) {
        self.asked.lower();
    }

    /// The next sweep is to look at the entries too.
    pub(super) fn want_entries(&self) {
        self.entries.store(true, Ordering::Relaxed); // Relaxed: as above.
    }

    /// Whether this sweep is to look at the entries.
    pub(super) fn takes_entries(&self) -> bool {
        self.entries.swap(false, Ordering::Relaxed) // Relaxed: as above.
    }

    /// A caller under a lock wants a sweep, for which it asks once it holds none.
    pub(super) fn want_later(&self) {
        self.under_lock.store(true, Ordering::Relaxed); // Relaxed: as above.
    }

    /// Whether a sweep was wanted under a lock. One load if not.
    pub(super) fn was_wanted(&self) -> bool {
        // Relaxed, both: as above.
        self.under_lock.load(Ordering::Relaxed) && self.under_lock.swap(false, Ordering::Relaxed)
    }
}
