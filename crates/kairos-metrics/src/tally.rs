//! One thread's counts of one histogram: a cell for each bucket, and their sum, minimum, maximum.
//! Never knows: names, other threads, units.
//! Read next: `buckets.rs` for the arithmetic, `hdr.rs` for what a reader makes of it.

use std::ops::Range;

use crate::buckets::{FastIndex, Layout};
use crate::cell::{Cell, NarrowCell, leaked_cells, leaked_narrow_cells};

/// The cells of one histogram in one shard.
///
/// Aligned so that two threads' tallies never share a cache line, nor a pair of them.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Tally {
    min: Cell,
    /// Maximum less minimum, for the owner alone: one comparison tells whether a value widens
    /// them.
    span: Cell,
    index: FastIndex,
    cells: &'static [NarrowCell],
    sum: Cell,
    max: Cell,
    saturated: Cell,
    /// How many timings to skip until the next sampled one; see [`Tally::due`].
    skip: Cell,
    layout: Layout,
    /// The buckets of the shared shard's tally, which has no owner and no narrow cells.
    shared_cells: &'static [Cell],
}

/// Who counts in a tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writers {
    /// The thread that leases the shard.
    Owner,
    /// Any thread.
    Many,
}

/// A bucket is full: the tally is to be folded, and the value recorded then.
#[derive(Debug)]
#[must_use]
pub(crate) struct Full;

impl Tally {
    pub(crate) fn leaked(layout: Layout, writers: Writers) -> &'static Tally {
        let len = layout.len();
        let (narrow, wide) = if writers == Writers::Owner { (len, 0) } else { (0, len) };
        Box::leak(Box::new(Tally {
            min: Cell::new(u64::MAX),
            span: Cell::new(0),
            index: layout.fast_index(),
            cells: leaked_narrow_cells(narrow),
            sum: Cell::new(0),
            max: Cell::new(0),
            saturated: Cell::new(0),
            skip: Cell::new(0),
            layout,
            shared_cells: leaked_cells(wide),
        }))
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// Counts `value` `weight` times; for the owner only.
    ///
    /// # Errors
    /// When the bucket cannot take `weight` more; nothing is counted then.
    #[inline]
    pub(crate) fn record(&self, value: u64, weight: u64) -> Result<(), Full> {
        if value.wrapping_sub(self.min.load()) > self.span.load() {
            return self.record_outside(value, weight);
        }
        match self.cells.get(self.index.of(value)) {
            Some(cell) if cell.try_add(weight) => {
                self.sum.add(value.wrapping_mul(weight));
                Ok(())
            }
            Some(_) => Err(Full),
            // Only a u64::MAX gets here: it lies inside the bounds of an empty tally.
            None => self.record_outside(value, weight),
        }
    }

    /// Records what lies outside the bounds so far, or above the highest value.
    #[cold]
    #[inline(never)]
    fn record_outside(&self, value: u64, weight: u64) -> Result<(), Full> {
        let clamped = value.min(self.layout.highest());
        self.widen(clamped);
        self.record(clamped, weight)?;
        if clamped < value {
            self.saturated.add(weight);
        }
        Ok(())
    }

    /// Brings a new smallest or largest value within the bounds.
    fn widen(&self, value: u64) {
        self.min.lower(value);
        self.max.raise(value);
        self.span.set(self.max.load() - self.min.load());
    }

    /// `record` for the shared shard, which has many writers.
    pub(crate) fn record_shared(&self, value: u64, weight: u64) {
        let clamped = value.min(self.layout.highest());
        if clamped < value {
            self.saturated.add_shared(weight);
        }
        self.shared_cells[self.index.of(clamped)].add_shared(weight);
        self.sum.add_shared(clamped.wrapping_mul(weight));
        self.min.lower_shared(clamped);
        self.max.raise_shared(clamped);
    }

    /// Whether the owner's next timing is the one in `every` to be taken: the first one is.
    #[inline]
    pub(crate) fn due(&self, every: u32) -> bool {
        let gap = u64::from(every).saturating_sub(1);
        // A gap from a sparser sampling ends as soon as the denser one would have ended it.
        let skip = self.skip.load().min(gap);
        if skip == 0 {
            self.skip.set(gap);
            return true;
        }
        self.skip.set(skip - 1);
        false
    }

    /// The buckets between minimum and maximum; empty while nothing is recorded.
    ///
    /// A value whose bucket is counted but whose bounds a reader does not see yet waits for its
    /// next reading: bounds only widen until the shard is folded.
    fn bounds(&self) -> Range<usize> {
        let (min, max) = (self.min.load(), self.max.load());
        if min > max { 0..0 } else { self.layout.index(min)..self.layout.index(max) + 1 }
    }

    /// Moves everything into the shared tally `into` and leaves zeros; the caller holds the lock
    /// and is the owner.
    pub(crate) fn fold(&self, into: &Tally) {
        let bounds = self.bounds();
        if bounds.is_empty() {
            return;
        }
        for (own, shared) in self.cells[bounds.clone()].iter().zip(&into.shared_cells[bounds]) {
            let count = own.load();
            if count != 0 {
                shared.add_shared(count);
                own.clear();
            }
        }
        into.sum.add_shared(self.sum.load());
        into.saturated.add_shared(self.saturated.load());
        into.min.lower_shared(self.min.load());
        into.max.raise_shared(self.max.load());
        self.zero_bounds();
    }

    /// Forgets everything; the caller knows that nobody counts here meanwhile.
    pub(crate) fn clear(&self) {
        let bounds = self.bounds();
        for cell in self.cells.get(bounds.clone()).unwrap_or_default() {
            cell.clear();
        }
        for cell in self.shared_cells.get(bounds).unwrap_or_default() {
            cell.set(0);
        }
        self.zero_bounds();
    }

    fn zero_bounds(&self) {
        self.sum.set(0);
        self.saturated.set(0);
        self.skip.set(0);
        self.span.set(0);
        self.min.set(u64::MAX);
        self.max.set(0);
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
    /// The counts of consecutive buckets, or of consecutive ranges of buckets.
    pub(crate) counts: Vec<u64>,
}

impl Sum {
    fn restart(&mut self) {
        *self = Sum { counts: std::mem::take(&mut self.counts), min: u64::MAX, ..Sum::default() };
        self.counts.clear();
    }

    /// Replaces the contents by the sum of `tallies`, bucket by bucket; all have `layout`.
    pub(crate) fn add_up<'a>(
        &mut self,
        layout: Layout,
        tallies: impl Iterator<Item = &'a Tally> + Clone,
    ) {
        self.restart();
        for tally in tallies.clone() {
            self.total = self.total.wrapping_add(tally.sum.load());
            self.saturated = self.saturated.wrapping_add(tally.saturated.load());
            self.min = self.min.min(tally.min.load());
            self.max = self.max.max(tally.max.load());
        }
        if self.min > self.max {
            return;
        }
        let bounds = layout.index(self.min)..layout.index(self.max) + 1;
        self.low = bounds.start;
        self.counts.resize(bounds.len(), 0);
        for tally in tallies {
            // One of the two is empty.
            let owned = tally.cells.get(bounds.clone()).unwrap_or_default();
            for (count, cell) in self.counts.iter_mut().zip(owned) {
                *count = count.wrapping_add(cell.load());
            }
            let shared = tally.shared_cells.get(bounds.clone()).unwrap_or_default();
            for (count, cell) in self.counts.iter_mut().zip(shared) {
                *count = count.wrapping_add(cell.load());
            }
        }
    }

    /// Replaces the contents by the sum of `tallies` in the ranges of buckets that end before
    /// each of the rising `edges`, and one more for the rest.
    pub(crate) fn add_up_ranges<'a>(
        &mut self,
        edges: &[usize],
        tallies: impl Iterator<Item = &'a Tally>,
    ) {
        self.restart();
        self.counts.resize(edges.len() + 1, 0);
        for tally in tallies {
            self.total = self.total.wrapping_add(tally.sum.load());
            let bounds = tally.bounds();
            let mut start = bounds.start;
            for (count, edge) in self.counts.iter_mut().zip(edges.iter().chain([&usize::MAX])) {
                if start == bounds.end {
                    break;
                }
                let end = bounds.end.min(*edge).max(start);
                let owned = sum_of(tally.cells.get(start..end), NarrowCell::load);
                let shared = sum_of(tally.shared_cells.get(start..end), Cell::load);
                *count = count.wrapping_add(owned).wrapping_add(shared);
                start = end;
            }
        }
    }
}

/// The sum of some cells; four at a time, as loads of atomics are not vectorised.
fn sum_of<C>(cells: Option<&[C]>, load: impl Fn(&C) -> u64) -> u64 {
    let (fours, rest) = cells.unwrap_or_default().as_chunks::<4>();
    let mut sums = [0_u64; 4];
    for four in fours {
        for (sum, cell) in sums.iter_mut().zip(four) {
            *sum = sum.wrapping_add(load(cell));
        }
    }
    sums.into_iter().chain(rest.iter().map(load)).fold(0, u64::wrapping_add)
}
