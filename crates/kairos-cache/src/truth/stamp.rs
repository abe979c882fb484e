// Counts of changes, and what they were before a decision was made: whether it may be served again.
// Never knows: what changes, or what is decided.
// Read next: `../engine/read/pin.rs`, which remembers decisions; `../matches/state.rs`, which counts changes.
//
// A writer first makes the change, then counts it. A reader that remembers a decision first reads
// the counts, then decides. Let a change return, and a read begin after that: the read finds
// another count than a decision from before the change was stamped with. A decision whose stamp
// already shows the change was made from what the change had left.

use crate::sync::{AtomicU64, Ordering};

/// Counts changes of one kind, so that a reader with a remembered decision notices them.
#[derive(Debug)]
pub struct Version(AtomicU64);

impl Version {
    /// Nothing has changed yet.
    pub fn new() -> Version {
        Version(AtomicU64::new(0))
    }

    /// The number of changes so far.
    pub fn current(&self) -> u64 {
        // Acquire: a decision made after this read sees every change that is counted in it; pairs
        // with the Release in `touch`. Model: a_pinned_read_after_*.
        self.0.load(Ordering::Acquire)
    }

    /// Counts a change that has been made.
    pub fn touch(&self) {
        // Release: publishes the change made before, also through the counts since; pairs with the
        // Acquire in `current`. Model: a_pinned_read_after_*.
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::new()
    }
}

/// The versions that a decision rests on, as they were before it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<const N: usize>([u64; N]);

impl<const N: usize> Stamp<N> {
    /// Reads the versions. Must happen before anything that they vouch for is looked at.
    pub fn take(versions: [&Version; N]) -> Stamp<N> {
        Stamp(versions.map(Version::current))
    }

    /// Whether none of the versions has changed since.
    pub fn holds(&self, versions: [&Version; N]) -> bool {
        versions.iter().zip(self.0).all(|(version, before)| version.current() == before)
    }
}

/// A decision that is remembered with what it rests on, and about what it was made.
///
/// `P` is the subject, by which the versions that vouch for a decision are found.
#[derive(Debug)]
pub struct Remembered<D, P, const N: usize> {
    decision: Option<D>,
    subject: Option<P>,
    /// The versions that the decision rests on; `None` if they were not read before it was made.
    stamp: Option<Stamp<N>>,
}

impl<D, P, const N: usize> Remembered<D, P, N> {
    /// Nothing has been decided yet.
    pub fn new() -> Remembered<D, P, N> {
        Remembered { decision: None, subject: None, stamp: None }
    }

    /// The decision that was made last.
    pub fn decision(&self) -> Option<&D> {
        self.decision.as_ref()
    }

    /// The decision that was made last, for a change of the part that rests on no version.
    pub fn decision_mut(&mut self) -> Option<&mut D> {
        self.decision.as_mut()
    }

    /// Whether nothing that the decision rests on has changed since it was made: what it `stands`
    /// by, and the counts of changes.
    pub fn holds<'a>(
        &'a self,
        stands: impl FnOnce(&D) -> bool,
        versions: impl FnOnce(&'a P) -> [&'a Version; N],
    ) -> bool {
        match (&self.decision, &self.subject, &self.stamp) {
            (Some(decision), Some(subject), Some(stamp)) => {
                stands(decision) && stamp.holds(versions(subject))
            }
            _ => false,
        }
    }

    /// Decides anew, given the last decision. Returns whether the new one is vouched for: not if
    /// its subject is another than before, whose versions were not read in time.
    pub fn decide(
        &mut self,
        stamp_now: impl FnOnce(&P) -> Stamp<N>,
        decide: impl FnOnce(Option<&D>) -> Option<(D, P)>,
    ) -> bool
    where
        P: PartialEq,
    {
        // 1. The stamp: what changes from here on is noticed next time. Models:
        // a_stamp_taken_after_the_decision_misses_*.
        let stamp = self.subject.as_ref().map(stamp_now);
        // 2. The decision.
        let (decision, subject) = decide(self.decision.as_ref()).unzip();
        self.stamp = stamp.filter(|_| subject.is_some() && subject == self.subject);
        (self.decision, self.subject) = (decision, subject);
        self.stamp.is_some()
    }
}

impl<D, P, const N: usize> Default for Remembered<D, P, N> {
    fn default() -> Self {
        Self::new()
    }
}
