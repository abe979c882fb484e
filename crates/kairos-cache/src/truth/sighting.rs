// An entry that a read has seen in its slot, with what must not have changed for another read to be served the same.
// Never knows: what was decided about the entry, or until when it holds by itself.
// Read next: `stamp.rs` for why a few loads suffice; `../engine/read/vouched.rs`, which keeps it.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::truth::slot::{Held, Row, View};
use crate::truth::stamp::{Stamp, Version};

/// What vouches for a decision about an entry: its slot's version, and the counts of the changes that
/// could alter the decision, as they were before it was made.
///
/// It holds the row and no share in the entry, which dies when its slot does.
#[derive(Debug)]
pub struct Sighting<E, R> {
    row: R,
    /// The version of the slot.
    word: u64,
    /// Changes of what the entry belongs to.
    own: Arc<Version>,
    stamp: Stamp,
    _of: PhantomData<fn() -> E>,
}

impl<E, R: Row<E>> Sighting<E, R> {
    /// Looks at the entry of the row that `find` returns, unless a kill has covered it. `own` returns the
    /// count of the changes of what an entry belongs to, under the slot's lock; the other counts concern it
    /// whatever it belongs to. Of those, `before` were read before anything that the decision will rest on,
    /// the rules and the time too; `others` are read here. Not to be called under a lock. Model:
    /// `counts_read_after_the_rules_miss_a_reload`.
    pub fn of<const N: usize>(
        before: Stamp,
        find: impl FnOnce() -> Option<R>,
        own: impl FnOnce(&E) -> Arc<Version>,
        others: [&Version; N],
    ) -> Option<(Sighting<E, R>, View<E>)> {
        // 1. The counts that are known before the row is: a kill that meets no row leaves nothing but its
        // count, and whoever found the row before that must find the count changed. Model:
        // a_row_found_before_the_counts_hides_an_invalidation_that_meets_none.
        let others = before.and(others);
        let row = find()?;
        // 2. Version, entry and its own count under the slot's lock: the entry belongs to what is stamped.
        let note = |word, held: &Held<E>| {
            let own = own(&held.entry);
            let stamp = others.with(&own);
            (word, own, stamp)
        };
        let (held, (word, own, stamp)) = row.slot().read_with(note)?;
        // 3. What the stamp vouches for: whatever changes from here on is noticed later. Models:
        // a_stamp_taken_after_the_decision_misses_*.
        let view = View::judged(held, row.slot())?;
        Some((Sighting { row, word, own, stamp, _of: PhantomData }, view))
    }

    /// Whether nothing has changed since. `others` are the counts that were read before and there.
    #[inline]
    pub fn holds<const N: usize>(&self, others: [&Version; N]) -> bool {
        self.stands() && Stamp::take(&self.own, others) == self.stamp
    }

    /// Whether the entry still stands in its slot: one load. Checks no counts.
    #[inline]
    pub fn stands(&self) -> bool {
        self.row.slot().version() == self.word
    }

    /// The row.
    pub fn row(&self) -> &R {
        &self.row
    }

    /// The row, for whoever does not remember the entry any more.
    pub fn into_row(self) -> R {
        self.row
    }

    /// Whether the entry belongs to what counts its changes here.
    pub fn is_of(&self, own: &Arc<Version>) -> bool {
        Arc::ptr_eq(&self.own, own)
    }
}

/// A sighting that is looked at often: while nothing at all has changed, it asks for two counts alone.
#[derive(Debug)]
pub struct Glance<E, R> {
    sighting: Sighting<E, R>,
    /// The counts of all changes.
    all: [Arc<Version>; 2],
    /// What they were before anything was looked at.
    before: Stamp,
}

impl<E, R: Row<E>> Glance<E, R> {
    /// A sighting that is to be looked at often. `all` are counts of which one at least grows, after theirs,
    /// with each of the others; `before` is what they were before anything was looked at.
    pub fn new(sighting: Sighting<E, R>, all: [&Arc<Version>; 2], before: Stamp) -> Glance<E, R> {
        Glance { sighting, all: all.map(Arc::clone), before }
    }

    /// Whether nothing at all has changed since.
    #[inline]
    pub fn is_untouched(&self) -> bool {
        self.sighting.stands() && self.count() == self.before
    }

    /// Whether nothing that concerns the entry has changed since.
    pub fn holds<const N: usize>(&mut self, others: [&Version; N]) -> bool {
        if !self.sighting.stands() {
            return false;
        }
        // Before the others: what is counted among all is counted there by then.
        let all = self.count();
        let holds = all == self.before || self.sighting.holds(others);
        if holds {
            self.before = all;
        }
        holds
    }

    #[inline]
    fn count(&self) -> Stamp {
        Stamp::of([&self.all[0], &self.all[1]])
    }

    /// What it is about.
    pub fn sighting(&self) -> &Sighting<E, R> {
        &self.sighting
    }
}
