//! Counts of changes, and what they were before a decision was made: whether it may be served again.
//! Never knows: what changes, or what is decided.
//! Read next: `pin.rs`, which remembers decisions; `scope.rs` and `engine.rs`, which count changes.
//!
//! Whoever changes something first makes the change, then counts it. Whoever remembers a decision
//! first reads the counts, then decides. Let a change return, and a read begin after that: the
//! read finds another count than a decision from before the change was stamped with. A decision
//! whose stamp already shows the change was made from what the change had left.

use crate::sync::{AtomicU64, Ordering};

/// Counts changes of one kind, so that whoever remembers a decision notices them.
#[derive(Debug)]
pub struct Version(AtomicU64);

impl Version {
    /// Nothing has changed yet.
    pub fn new() -> Version {
        Version(AtomicU64::new(0))
    }

    /// How many changes there have been.
    pub fn current(&self) -> u64 {
        // Acquire: a decision made after this read sees every change that is counted in it; pairs
        // with the Release in `touch`. Model: a_pinned_read.
        self.0.load(Ordering::Acquire)
    }

    /// Counts a change that has been made.
    pub fn touch(&self) {
        // Release: publishes the change made before, also through the counts since; pairs with the
        // Acquire in `current`. Model: a_pinned_read.
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::new()
    }
}

/// What the versions that a decision rests on were before it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<const N: usize>([u64; N]);

impl<const N: usize> Stamp<N> {
    /// Reads the versions. Must happen before anything that they vouch for is looked at.
    pub fn take(versions: [&Version; N]) -> Stamp<N> {
        Stamp(versions.map(Version::current))
    }

    /// Whether nothing has changed since.
    pub fn holds(&self, versions: [&Version; N]) -> bool {
        versions.iter().zip(self.0).all(|(version, before)| version.current() == before)
    }
}
