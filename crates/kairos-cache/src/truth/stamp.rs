// Counts of changes, and what they were before a decision was made: whether it may be served again.
// Never knows: what changes, or what is decided.
// Read next: `sighting.rs`, which remembers them beside an entry; `../matches/state.rs`, which counts changes.
//
// A writer first makes the change, then counts it. A reader that remembers a decision first reads
// the counts, then decides. Let a change return, and a read begin after that: the read finds
// another count than a decision from before the change was stamped with. A decision whose stamp
// already shows the change was made from what the change had left.

use std::sync::Arc;

use crate::sync::{AtomicU64, Ordering};

/// Counts changes of one kind, so that a reader with a remembered decision notices them.
///
/// On a cache line of its own: readers load it at each read, and nothing else that is written may slow them.
#[derive(Debug)]
#[repr(align(64))]
pub struct Version {
    changes: AtomicU64,
    /// Counts the changes of several kinds.
    all: Option<Arc<Version>>,
}

impl Version {
    /// Nothing has changed yet.
    pub fn new() -> Version {
        Version { changes: AtomicU64::new(0), all: None }
    }

    /// Nothing has changed yet; what does is counted in `all` too.
    pub fn within(all: &Arc<Version>) -> Version {
        Version { all: Some(Arc::clone(all)), ..Version::new() }
    }

    /// The number of changes so far.
    #[inline]
    pub fn current(&self) -> u64 {
        // Acquire: a decision made after this read sees every change that is counted in it; pairs
        // with the Release in `touch`. Model: a_remembered_read_after_*.
        self.changes.load(Ordering::Acquire)
    }

    /// Counts a change that has been made.
    pub fn touch(&self) {
        // Release: publishes the change made before, also through the counts since; pairs with the
        // Acquire in `current`. Model: a_remembered_read_after_*.
        self.changes.fetch_add(1, Ordering::Release);
        // Last: who finds a change counted among all finds it counted here.
        if let Some(all) = &self.all {
            all.touch();
        }
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::new()
    }
}

/// The versions that a decision rests on, as they were before it was made: their sum, which stays the
/// same only while each of them does, since none ever falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(u64);

impl Stamp {
    /// Reads the versions. Must happen before anything that they vouch for is looked at.
    #[inline]
    pub fn of<const N: usize>(versions: [&Version; N]) -> Stamp {
        Stamp(versions.map(Version::current).into_iter().fold(0, u64::wrapping_add))
    }

    /// The same, with one that is not among the others.
    #[inline]
    pub fn take<const N: usize>(own: &Version, others: [&Version; N]) -> Stamp {
        Stamp::of(others).with(own)
    }

    /// Reads one more.
    #[inline]
    pub(super) fn with(self, version: &Version) -> Stamp {
        Stamp(self.0.wrapping_add(version.current()))
    }

    /// Reads more of them later: what the first ones vouch for may have been looked at in between.
    pub(super) fn and<const N: usize>(self, later: [&Version; N]) -> Stamp {
        Stamp(self.0.wrapping_add(Stamp::of(later).0))
    }
}
