// One thread's counts of one histogram: a cell for each bucket, and their sum, minimum and maximum.
// Never knows: names, other threads, units.
// Read next: `buckets.rs` for the arithmetic, `sum.rs` for what a reader makes of it.

use std::ops::Range;

use super::cell::{Cell, NarrowCell};
use super::gap::Gap;
use super::pages::{give_back, leaked_pages};
use super::window::Window;
use crate::buckets::{FastIndex, Layout, Precision};
use crate::sync::const_where_atomics_are;

/// The cells of one histogram in one shard.
///
/// Aligned so that two threads' tallies never share a cache line, nor a pair of them; what a record
/// needs stands in the first line.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Tally {
    /// Buckets past the exact ones, from the first to the last that something was recorded in. The
    /// short way goes to all but the top one: a value above the highest may lie in that, and is told
    /// apart at leisure.
    octaves: Window,
    index: FastIndex,
    /// The exact buckets, once something was recorded in one.
    exact: Window,
    sum: Cell,
    writers: Option<Writers>,
    pub(super) min: Cell,
    pub(super) max: Cell,
    /// How many values lie above the highest: they count here and in no bucket.
    pub(super) saturated: Cell,
    /// Which timings the owner takes.
    pub(super) gap: Gap,
    layout: Layout,
    /// The buckets of the shared shard's tally, which has no owner and no narrow cells.
    pub(super) shared_cells: &'static [Cell],
    /// Of the shared shard's tally: the upper digits of its sum, whose lower [`LOW_BITS`] are added up
    /// in `sum`. Each of the two only grows, so that a reader who sees one of them first still sees
    /// the sum grow.
    shared_sum_high: Cell,
}

/// So few that 2^40 of them add up to a cell.
const LOW_BITS: u32 = 24;

/// Who counts in a tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writers {
    /// The thread that leases the shard.
    Owner,
    /// Any thread.
    Many,
}

/// A bucket is full, as every one of [`Tally::nowhere`] is, or the sum: fold the tally, then record
/// the value.
#[derive(Debug)]
#[must_use]
pub(crate) struct Full;

impl Tally {
    const_where_atomics_are! {
        /// A tally without buckets, which is nobody's and takes nothing.
        pub(super) fn nowhere() -> Tally {
            let layout = Precision::one_digit().layout();
            Tally {
                octaves: Window::new(layout.fast_index().bias_from(0)),
                index: layout.fast_index(),
                exact: Window::new(0),
                sum: Cell::new(0),
                writers: None,
                min: Cell::new(u64::MAX),
                max: Cell::new(0),
                saturated: Cell::new(0),
                gap: Gap::nowhere(),
                layout,
                shared_cells: &[],
                shared_sum_high: Cell::new(0),
            }
        }
    }

    pub(super) fn leaked(layout: Layout, writers: Writers) -> &'static Tally {
        let wide = if writers == Writers::Owner { 0 } else { layout.len() };
        Box::leak(Box::new(Tally {
            index: layout.fast_index(),
            octaves: Window::new(layout.fast_index().bias_from(0)),
            layout,
            writers: Some(writers),
            shared_cells: leaked_pages(wide),
            gap: Gap::new(),
            ..Tally::nowhere()
        }))
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Counts `value` `weight` times; for the owner only.
    ///
    /// # Errors
    /// When the bucket or the sum cannot take it; nothing is counted then.
    #[inline]
    pub(crate) fn record(&self, value: u64, weight: u64) -> Result<(), Full> {
        // The one check of the index also sorts out the values below and above the octaves.
        if let Some(cell) = self.octaves.short(self.index.of_from(value, self.octaves.less()))
            && let Some(count) = cell.after(weight)
            && let Some(sum) = self.sum_after(value, weight)
        {
            cell.put(count);
            self.sum.set(sum);
            return Ok(());
        }
        let exact = usize::try_from(value).ok().and_then(|index| self.exact.short(index));
        if let Some(cell) = exact
            && let Some(count) = cell.after(weight)
            && let Some(sum) = self.sum_after(value, weight)
        {
            // In the other order than above, or the compiler makes both one way, which is longer.
            self.sum.set(sum);
            cell.put(count);
            return Ok(());
        }
        self.record_at_edge(value, weight)
    }

    /// The sum with a value `weight` times more, unless it gets too large.
    #[inline]
    fn sum_after(&self, value: u64, weight: u64) -> Option<u64> {
        self.sum.plus(value.checked_mul(weight)?)
    }

    /// Records in the bucket of the smallest or of the largest value, or else
    /// [slowly](Self::record_slowly). Out of line, so that what is inlined at each caller is short;
    /// cold, so that the way here is the one that jumps.
    #[cold]
    #[inline(never)]
    fn record_at_edge(&self, value: u64, weight: u64) -> Result<(), Full> {
        // Found anew: passed on, it would cost the straight path. Without a count it is no edge yet.
        if let Some(cell) = self.octaves.short(self.index.of_from(value, self.octaves.less()))
            && cell.load() != 0
            && (self.min.load()..=self.max.load()).contains(&value)
            && let Some(sum) = self.sum_after(value, weight)
            && cell.try_add(weight)
        {
            self.sum.set(sum);
            return Ok(());
        }
        self.record_slowly(value, weight)
    }

    /// Records what is no plain add: a new smallest or largest value, a bucket's first, one too high.
    #[cold]
    fn record_slowly(&self, value: u64, weight: u64) -> Result<(), Full> {
        if weight == 0 {
            return Ok(());
        }
        let sum = self.sum_after(value, weight).ok_or(Full)?;
        let clamped = value.min(self.layout.highest());
        let index = self.layout.index(clamped);
        let cell = self.cell(index).filter(|_| clamped == value);
        let counted = match cell {
            Some(cell) => cell.try_add(weight),
            None => clamped < value && !self.is_nowhere() && self.saturated.try_add(weight),
        };
        if !counted {
            return Err(Full);
        }
        if clamped < self.min.load() || clamped > self.max.load() {
            self.widen(clamped);
        }
        if let Some(cell) = cell {
            cell.set_inside(!self.is_edge(index));
        }
        self.sum.set(sum);
        Ok(())
    }

    /// Brings a new smallest or largest value within the bounds.
    fn widen(&self, value: u64) {
        let before = self.bounds();
        self.min.lower(value);
        self.max.raise(value);
        // What was an edge may be inside now.
        for index in before.clone().take(1).chain(before.last()) {
            if let Some(cell) = self.cell(index) {
                cell.set_inside(!self.is_edge(index));
            }
        }
    }

    /// The cell of a bucket of an owner's tally, if there is memory for it; for the owner, or with the
    /// lock.
    fn cell(&self, index: usize) -> Option<&NarrowCell> {
        let window = if index < self.layout.exact() { &self.exact } else { &self.octaves };
        window.cells().get(index.checked_sub(window.start())?)
    }

    /// Makes memory for the bucket of a value, if it has none; for the owner with the lock.
    pub(super) fn make_room(&self, value: u64) {
        let (len, exact, chunk) = (self.layout.len(), self.layout.exact(), self.layout.chunk());
        let index = self.layout.index(value.min(self.layout.highest()));
        if self.cell(index).is_some() || value > self.layout.highest() {
            return;
        }
        if index < exact {
            let exact = exact.min(len);
            return self.exact.grow(0, exact, exact.min(len - 1), 0);
        }
        let (first, end) = match self.octaves.cells().len() {
            0 => (index, index + 1),
            len => (index.min(self.octaves.start()), (index + 1).max(self.octaves.start() + len)),
        };
        let first = exact + (first - exact) / chunk * chunk;
        let end = (exact + (end - exact).next_multiple_of(chunk)).min(len);
        let less = self.index.bias_from(first - exact);
        self.octaves.grow(first, end - first, (len - 1).min(end) - first, less);
    }

    /// The buckets that there is memory for in an owner's tally: the first of them and their cells, of
    /// the exact ones and of the others; for the owner, or with the lock.
    pub(super) fn narrow(&self, within: &Range<usize>) -> [(usize, &[NarrowCell]); 2] {
        [&self.exact, &self.octaves].map(|window| {
            let (start, cells) = (window.start(), window.cells());
            let first = within.start.clamp(start, start + cells.len());
            let end = within.end.clamp(first, start + cells.len());
            (first, &cells[first - start..end - start])
        })
    }

    /// Whether the bucket is that of the smallest or of the largest value and wider than one: one
    /// that holds a single value has none that is smaller or larger yet.
    fn is_edge(&self, index: usize) -> bool {
        let (min, max) = (self.layout.index(self.min.load()), self.layout.index(self.max.load()));
        (index == min || index == max)
            && self.layout.lowest_of(index) < self.layout.highest_of(index)
    }

    /// `record` for the shared shard, which has many writers.
    pub(crate) fn record_shared(&self, value: u64, weight: u64) {
        let clamped = value.min(self.layout.highest());
        let counted = if clamped < value {
            &self.saturated
        } else {
            &self.shared_cells[self.layout.index(clamped)]
        };
        counted.add_shared(weight);
        self.add_to_shared_sum(u128::from(value) * u128::from(weight));
        self.min.lower_shared(clamped);
        self.max.raise_shared(clamped);
    }

    fn add_to_shared_sum(&self, n: u128) {
        self.sum.add_shared(n as u64 % (1 << LOW_BITS));
        self.shared_sum_high.add_shared(u64::try_from(n >> LOW_BITS).unwrap_or(u64::MAX));
    }

    /// The sum of all values that were recorded here.
    pub(super) fn total(&self) -> u128 {
        u128::from(self.sum.load()) + (u128::from(self.shared_sum_high.load()) << LOW_BITS)
    }

    /// Whether this is [`Tally::nowhere`], or the shared shard's.
    pub(super) fn is_nowhere(&self) -> bool {
        self.writers != Some(Writers::Owner)
    }

    /// The buckets between minimum and maximum; empty while nothing is recorded.
    ///
    /// A value whose bucket is counted but whose bounds a reader does not see yet waits for its
    /// next reading: bounds only widen until the shard is folded.
    pub(super) fn bounds(&self) -> Range<usize> {
        let (min, max) = (self.min.load(), self.max.load());
        if min > max { 0..0 } else { self.layout.index(min)..self.layout.index(max) + 1 }
    }

    /// Moves everything that was counted into the shared tally `into` and leaves zeros; the caller
    /// holds the lock and is the owner.
    pub(super) fn fold(&self, into: &Tally) {
        let bounds = self.bounds();
        if bounds.is_empty() {
            return;
        }
        for (first, cells) in self.narrow(&bounds) {
            for (own, shared) in cells.iter().zip(&into.shared_cells[first..]) {
                let count = own.load();
                if count != 0 {
                    shared.add_shared(count);
                    own.clear();
                }
            }
        }
        into.add_to_shared_sum(self.sum.load().into());
        into.saturated.add_shared(self.saturated.load());
        into.min.lower_shared(self.min.load());
        into.max.raise_shared(self.max.load());
        self.zero_bounds();
    }

    /// Forgets everything, and gives the memory of the buckets back; with the lock, and the caller
    /// knows that nobody counts here meanwhile.
    pub(super) fn clear(&self) {
        self.gap.restart();
        let bounds = self.bounds();
        if !self.shared_cells.is_empty() && !bounds.is_empty() {
            give_back(self.shared_cells, bounds.start, bounds.end);
        }
        self.shrink();
        self.zero_bounds();
    }

    /// Gives the memory of an owner's buckets back; as [`clear`](Self::clear), and all was folded.
    pub(super) fn shrink(&self) {
        self.octaves.give_back();
        self.exact.give_back();
    }

    /// Forgets everything where a writer may have been stopped for good between a bucket and the
    /// bounds.
    #[cfg(all(unix, not(kairos_loom)))]
    pub(super) fn clear_whole(&self) {
        self.gap.restart();
        for (_, cells) in self.narrow(&(0..self.layout.len())) {
            cells.iter().for_each(NarrowCell::clear);
        }
        // What is zero is not written, so that pages which nothing touched stay untouched.
        self.shared_cells.iter().filter(|cell| cell.load() != 0).for_each(|cell| cell.set(0));
        self.zero_bounds();
    }

    fn zero_bounds(&self) {
        self.sum.set(0);
        self.shared_sum_high.set(0);
        self.saturated.set(0);
        self.min.set(u64::MAX);
        self.max.set(0);
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
