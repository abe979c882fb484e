//! One thread's counts of one histogram: cells over buckets, allocated octave by octave.
//! Never knows: names, other threads, units.
//! Read next: `buckets.rs` for the arithmetic, `hdr.rs` for what a reader makes of it.

use crate::buckets::Layout;
use crate::cell::{Cell, leaked_cells};
use crate::sync::OnceSlot;

/// The cells of one histogram in one shard.
///
/// Aligned so that two threads' tallies never share a cache line, nor a pair of them.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Tally {
    sum: Cell,
    min: Cell,
    max: Cell,
    saturated: Cell,
    /// How many timings to skip until the next sampled one; see [`Tally::due`].
    skip: Cell,
    layout: Layout,
    chunks: Box<[OnceSlot<&'static [Cell]>]>,
}

impl Tally {
    pub(crate) fn leaked(layout: Layout) -> &'static Tally {
        Box::leak(Box::new(Tally {
            sum: Cell::new(0),
            min: Cell::new(u64::MAX),
            max: Cell::new(0),
            saturated: Cell::new(0),
            skip: Cell::new(0),
            layout,
            chunks: (0..layout.chunks()).map(|_| OnceSlot::new()).collect(),
        }))
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// Counts `value` `weight` times; for the owner only.
    #[inline]
    pub(crate) fn record(&self, value: u64, weight: u64) {
        let value = if value > self.layout.highest() { self.saturate(weight) } else { value };
        self.bucket(self.layout.index(value)).add(weight);
        self.sum.add(value.wrapping_mul(weight));
        self.min.lower(value);
        self.max.raise(value);
    }

    #[cold]
    fn saturate(&self, weight: u64) -> u64 {
        self.saturated.add(weight);
        self.layout.highest()
    }

    /// `record` for the shared shard, which has many writers.
    pub(crate) fn record_shared(&self, value: u64, weight: u64) {
        let clamped = value.min(self.layout.highest());
        if clamped < value {
            self.saturated.add_shared(weight);
        }
        self.bucket(self.layout.index(clamped)).add_shared(weight);
        self.sum.add_shared(clamped.wrapping_mul(weight));
        self.min.lower_shared(clamped);
        self.max.raise_shared(clamped);
    }

    /// Whether the owner's next timing is the one in `every` to be taken: the first one is.
    #[inline]
    pub(crate) fn due(&self, every: u32) -> bool {
        let skip = self.skip.load();
        if skip == 0 {
            self.skip.set(u64::from(every).saturating_sub(1));
            return true;
        }
        self.skip.set(skip - 1);
        false
    }

    #[inline]
    fn bucket(&self, index: usize) -> &Cell {
        let (chunk, offset) = self.layout.split(index);
        match self.chunks.get(chunk).and_then(OnceSlot::get).and_then(|cells| cells.get(offset)) {
            Some(cell) => cell,
            None => self.grow(chunk, offset),
        }
    }

    #[cold]
    fn grow(&self, chunk: usize, offset: usize) -> &Cell {
        let cells = self.chunks[chunk].get_or_init(|| leaked_cells(self.layout.chunk_len()));
        &cells[offset]
    }

    /// Moves everything into the shared tally `into` and leaves zeros; the caller holds the lock
    /// and is the owner.
    pub(crate) fn fold(&self, into: &Tally) {
        let (min, max) = (self.min.load(), self.max.load());
        if min > max {
            return;
        }
        for (index, cell) in self.cells(self.layout.index(min), self.layout.index(max)) {
            let count = cell.load();
            if count != 0 {
                into.bucket(index).add_shared(count);
                cell.set(0);
            }
        }
        into.sum.add_shared(self.sum.load());
        into.saturated.add_shared(self.saturated.load());
        into.min.lower_shared(min);
        into.max.raise_shared(max);
        self.zero_bounds();
    }

    /// Forgets everything; the caller knows that nobody counts here meanwhile.
    pub(crate) fn clear(&self) {
        for chunk in self.chunks.iter().filter_map(OnceSlot::get) {
            for cell in chunk {
                cell.set(0);
            }
        }
        self.zero_bounds();
    }

    fn zero_bounds(&self) {
        self.sum.set(0);
        self.saturated.set(0);
        self.skip.set(0);
        self.min.set(u64::MAX);
        self.max.set(0);
    }

    /// The allocated cells of the buckets `low..=high`, with their buckets.
    fn cells(&self, low: usize, high: usize) -> impl Iterator<Item = (usize, &'static Cell)> {
        let len = self.layout.chunk_len();
        let first = low / len;
        self.chunks[first..=high / len].iter().zip(first..).flat_map(move |(slot, chunk)| {
            let start = chunk * len;
            let from = low.saturating_sub(start);
            let to = (high + 1 - start).min(len);
            let cells = slot.get().map_or(&[][..], |cells| &cells[from..to]);
            cells.iter().enumerate().map(move |(at, cell)| (start + from + at, cell))
        })
    }
}

/// What a reader adds up from the tallies of one histogram; reusable, so that a scrape allocates
/// only until its buffers have grown.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) total: u64,
    pub(crate) min: u64,
    pub(crate) max: u64,
    pub(crate) saturated: u64,
    /// The bucket of `counts[0]`.
    pub(crate) low: usize,
    /// The counts of consecutive buckets.
    pub(crate) counts: Vec<u64>,
}

impl Sum {
    /// Replaces the contents by the sum of `tallies`, which all have `layout`.
    ///
    /// Only buckets between the smallest and the largest value are read. A value whose bucket is
    /// counted but whose bounds are not yet visible waits for the next read: bounds only widen
    /// until the shard is folded, so it appears then.
    pub(crate) fn add_up<'a>(
        &mut self,
        layout: Layout,
        tallies: impl Iterator<Item = &'a Tally> + Clone,
    ) {
        *self = Sum { counts: std::mem::take(&mut self.counts), min: u64::MAX, ..Sum::default() };
        self.counts.clear();
        for tally in tallies.clone() {
            self.total = self.total.wrapping_add(tally.sum.load());
            self.saturated = self.saturated.wrapping_add(tally.saturated.load());
            self.min = self.min.min(tally.min.load());
            self.max = self.max.max(tally.max.load());
        }
        if self.min > self.max {
            return;
        }
        self.low = layout.index(self.min);
        let high = layout.index(self.max);
        self.counts.resize(high + 1 - self.low, 0);
        let len = layout.chunk_len();
        for tally in tallies {
            for chunk in self.low / len..=high / len {
                let Some(cells) = tally.chunks[chunk].get() else { continue };
                let start = chunk * len;
                let from = self.low.saturating_sub(start);
                let to = (high + 1 - start).min(len);
                let counts = &mut self.counts[start + from - self.low..start + to - self.low];
                for (count, cell) in counts.iter_mut().zip(&cells[from..to]) {
                    *count = count.wrapping_add(cell.load());
                }
            }
        }
    }
}
