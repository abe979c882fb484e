// Which ids are given out, and what a forked child needs of it: gauges to zero, and series to number.
// Never knows: shards and counts.
// Read next: `process.rs`, which has one behind a lock of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;

use crate::buckets::Layout;
use crate::sync::AtomicI64;

/// The ids of a process.
#[derive(Debug, Default)]
pub(super) struct Ids {
    cells: Dense,
    tallies: Dense,
    /// Ids whose tallies are laid out already: an id is used again only with its layout.
    free_tallies: BTreeMap<Layout, BTreeSet<u32>>,
    /// Given back and not zeroed yet.
    put_by: Vec<Released>,
    gauges: Vec<Weak<AtomicI64>>,
    /// How many series were made.
    births: u64,
}

/// An id that is given back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Released {
    /// A counter's.
    Cell(u32),
    /// A histogram's of this layout.
    Tally(u32, Layout),
}

/// Dense ids, the smallest free one first, so that few ids stay in the embedded blocks.
#[derive(Debug, Default)]
struct Dense {
    next: u32,
    free: BTreeSet<u32>,
}

impl Dense {
    fn fresh(&mut self) -> u32 {
        let id = self.next;
        self.next += 1;
        id
    }
}

impl Ids {
    pub(super) fn take_cell(&mut self) -> u32 {
        self.cells.free.pop_first().unwrap_or_else(|| self.cells.fresh())
    }

    /// Lets an id be used again, which is zero everywhere.
    pub(super) fn free(&mut self, released: Released) {
        match released {
            Released::Cell(id) => self.cells.free.insert(id),
            Released::Tally(id, layout) => self.free_tallies.entry(layout).or_default().insert(id),
        };
    }

    /// Keeps an id until it is zeroed.
    pub(super) fn put_by(&mut self, released: Released) {
        self.put_by.push(released);
    }

    pub(super) fn next_put_by(&mut self) -> Option<Released> {
        self.put_by.pop()
    }

    pub(super) fn has_put_by(&self) -> bool {
        !self.put_by.is_empty()
    }

    pub(super) fn take_tally(&mut self, layout: Layout) -> u32 {
        let free = self.free_tallies.get_mut(&layout).and_then(BTreeSet::pop_first);
        free.unwrap_or_else(|| self.tallies.fresh())
    }

    /// How many counters and histograms there were at once: all their ids are below.
    pub(super) fn ever_used(&self) -> (u32, u32) {
        (self.cells.next, self.tallies.next)
    }

    pub(super) fn next_birth(&mut self) -> u64 {
        self.births += 1;
        self.births
    }

    #[cfg(all(unix, not(kairos_loom)))]
    pub(super) fn births(&self) -> u64 {
        self.births
    }

    pub(super) fn adopt_gauge(&mut self, gauge: Weak<AtomicI64>) {
        if self.gauges.len() == self.gauges.capacity() {
            self.gauges.retain(|gauge| gauge.strong_count() > 0);
        }
        self.gauges.push(gauge);
    }

    #[cfg(all(unix, not(kairos_loom)))]
    pub(super) fn gauges(&self) -> impl Iterator<Item = std::sync::Arc<AtomicI64>> {
        self.gauges.iter().filter_map(Weak::upgrade)
    }
}
