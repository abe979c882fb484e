// The cells of a thread by id: one for each counter, and one tally for each histogram.
// Never knows: which thread leases it, names, registries.
// Read next: `cell.rs`, `tally.rs`; `process.rs`, which leases shards to threads and folds them.

use super::cell::{Cell, leaked_cells};
use super::tally::{Tally, Writers};
use crate::buckets::Layout;
use crate::sync::OnceSlot;

/// How many ids the embedded blocks of a shard hold; ids beyond go to overflow blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) cells: usize,
    pub(crate) tallies: usize,
}

impl Sizes {
    /// 4 KiB of counters and 1 KiB of histogram slots for each thread.
    #[cfg(not(kairos_loom))]
    pub(super) const DEFAULT: Sizes = Sizes { cells: 512, tallies: 64 };
    /// What the models of whole registries run with.
    #[cfg(kairos_loom)]
    pub(super) const TINY: Sizes = Sizes { cells: 1, tallies: 1 };
}

/// How many doublings the overflow blocks reach: 2^24 times the embedded block.
const OVERFLOW_BLOCKS: usize = if cfg!(kairos_loom) { 2 } else { 24 };

/// An array indexed by id whose first block is there from the start and whose further blocks,
/// each as large as all before it, appear when they are first needed. An id's place never moves.
#[derive(Debug)]
struct Blocks<T: 'static> {
    first: &'static [T],
    overflow: Box<[OnceSlot<&'static [T]>]>,
}

impl<T> Blocks<T> {
    fn new(first: &'static [T]) -> Blocks<T> {
        Blocks { first, overflow: (0..OVERFLOW_BLOCKS).map(|_| OnceSlot::new()).collect() }
    }

    /// The block for ids below its length, which a thread keeps at hand.
    fn first(&self) -> &'static [T] {
        self.first
    }

    /// The overflow block of an id past the first block, and the id's place in there.
    fn locate(&self, id: usize) -> (usize, usize) {
        let block = (id / self.first.len()).ilog2() as usize;
        (block, id - (self.first.len() << block))
    }

    fn get(&self, id: u32) -> Option<&'static T> {
        let id = id as usize;
        if let Some(found) = self.first.get(id) {
            return Some(found);
        }
        let (block, offset) = self.locate(id);
        self.overflow.get(block)?.get()?.get(offset)
    }

    fn get_or_grow(&self, id: u32, make: impl FnOnce(usize) -> &'static [T]) -> &'static T {
        let id = id as usize;
        if let Some(found) = self.first.get(id) {
            return found;
        }
        let (block, offset) = self.locate(id);
        let len = self.first.len() << block;
        &self.overflow[block].get_or_init(|| make(len))[offset]
    }
}

/// The place of one histogram's tally.
type TallySlot = OnceSlot<&'static Tally>;

/// All the cells that one thread at a time writes.
#[derive(Debug)]
pub(crate) struct Shard {
    cells: Blocks<Cell>,
    tallies: Blocks<TallySlot>,
    writers: Writers,
}

impl Shard {
    /// Allocates a shard for good; its cells are zero.
    pub(super) fn leaked(sizes: Sizes, writers: Writers) -> &'static Shard {
        Box::leak(Box::new(Shard {
            writers,
            cells: Blocks::new(leaked_cells(sizes.cells)),
            tallies: Blocks::new(leaked_slots(sizes.tallies)),
        }))
    }

    /// The cells of the first ids, for the owner to keep at hand.
    pub(super) fn first_cells(&self) -> &'static [Cell] {
        self.cells.first()
    }

    /// A counter's cell; allocates its block on first use.
    pub(crate) fn cell(&self, id: u32) -> &'static Cell {
        self.cells.get_or_grow(id, leaked_cells)
    }

    /// A counter's cell, if its block is there.
    pub(super) fn find_cell(&self, id: u32) -> Option<&'static Cell> {
        self.cells.get(id)
    }

    /// A histogram's tally; allocates it on first use.
    pub(crate) fn tally(&self, id: u32, layout: Layout) -> &'static Tally {
        self.tallies
            .get_or_grow(id, leaked_slots)
            .get_or_init(|| Tally::leaked(layout, self.writers))
    }

    /// A counter's value here; zero where its block was never needed.
    pub(super) fn count(&self, id: u32) -> u64 {
        self.cells.get(id).map_or(0, Cell::load)
    }

    /// A histogram's tally, if something was recorded here under its id.
    pub(super) fn find_tally(&self, id: u32) -> Option<&'static Tally> {
        self.tallies.get(id)?.get()
    }

    /// Moves all counts into `shared` and leaves zeros. The caller owns the shard and holds the
    /// lock, so that a reader sees each count on one side only. O(ids in use).
    pub(super) fn fold(&self, shared: &Shard, cells: u32, tallies: u32) {
        for id in 0..cells {
            if let Some(cell) = self.cells.get(id) {
                let count = cell.load();
                if count != 0 {
                    shared.cell(id).add_shared(count);
                    cell.set(0);
                }
            }
        }
        for id in 0..tallies {
            if let Some(tally) = self.find_tally(id) {
                tally.fold(shared.tally(id, tally.layout()));
                // The next owner's sampling begins anew.
                tally.gap.restart();
                tally.shrink();
            }
        }
    }

    /// Forgets a counter's count; the caller knows that nobody counts under this id.
    pub(super) fn clear_cell(&self, id: u32) {
        if let Some(cell) = self.cells.get(id) {
            cell.set(0);
        }
    }

    /// The same for a histogram in a forked child; see [`Tally::clear_whole`].
    #[cfg(all(unix, not(kairos_loom)))]
    pub(super) fn clear_whole_tally(&self, id: u32) {
        if let Some(tally) = self.find_tally(id) {
            tally.clear_whole();
        }
    }

    /// Forgets a histogram's counts; the caller knows that nobody records under this id.
    pub(super) fn clear_tally(&self, id: u32) {
        if let Some(tally) = self.find_tally(id) {
            tally.clear();
        }
    }
}

fn leaked_slots(len: usize) -> &'static [TallySlot] {
    let slots: Box<[TallySlot]> = (0..len).map(|_| OnceSlot::new()).collect();
    Box::leak(slots)
}
