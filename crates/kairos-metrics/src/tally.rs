//! One thread's counts of one histogram: a cell for each bucket, and their sum, minimum, maximum.
//! Never knows: names, other threads, units.
//! Read next: `buckets.rs` for the arithmetic, `hdr.rs` for what a reader makes of it.

use std::hint::cold_path;
use std::ops::Range;

use crate::buckets::{FastIndex, Layout, Precision};
use crate::cell::{Cell, NarrowCell, leaked_cells, leaked_narrow_cells};
use crate::sync::const_where_atomics_are;

/// The cells of one histogram in one shard.
///
/// Aligned so that two threads' tallies never share a cache line, nor a pair of them; what a record
/// needs stands in the first line.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Tally {
    /// The buckets past the exact ones, without the top one: a value above the highest may lie in
    /// that, and is told apart at leisure.
    octaves: &'static [NarrowCell],
    index: FastIndex,
    /// The exact buckets, without the top one.
    exact: &'static [NarrowCell],
    sum: Cell,
    /// All buckets of a tally that has an owner.
    cells: &'static [NarrowCell],
    min: Cell,
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

/// A bucket is full, as every one of [`Tally::nowhere`] is: fold the tally, then record the value.
#[derive(Debug)]
#[must_use]
pub(crate) struct Full;

impl Tally {
    const_where_atomics_are! {
        /// A tally without buckets, which is nobody's and takes nothing.
        pub(crate) fn nowhere() -> Tally {
            let layout = Precision::one_digit().layout();
            Tally {
                octaves: &[],
                index: layout.fast_index(),
                exact: &[],
                sum: Cell::new(0),
                cells: &[],
                min: Cell::new(u64::MAX),
                max: Cell::new(0),
                saturated: Cell::new(0),
                skip: Cell::new(0),
                layout,
                shared_cells: &[],
            }
        }
    }

    pub(crate) fn leaked(layout: Layout, writers: Writers) -> &'static Tally {
        let len = layout.len();
        let (narrow, wide) = if writers == Writers::Owner { (len, 0) } else { (0, len) };
        let cells = leaked_narrow_cells(narrow);
        let below_top = cells.split_last().map_or(&[][..], |(_, below)| below);
        let (exact, octaves) = below_top.split_at(layout.exact().min(below_top.len()));
        Box::leak(Box::new(Tally {
            octaves,
            index: layout.fast_index(),
            exact,
            cells,
            layout,
            shared_cells: leaked_cells(wide),
            ..Tally::nowhere()
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
        // The one check of the index also sorts out the values below and above the octaves.
        if let Some(cell) = self.octaves.get(self.index.of(value))
            && let Some(count) = cell.after(weight)
        {
            cell.put(count);
            self.sum.add(value.wrapping_mul(weight));
            return Ok(());
        }
        let exact = usize::try_from(value).ok().and_then(|index| self.exact.get(index));
        if let Some(cell) = exact
            && let Some(count) = cell.after(weight)
        {
            // In the other order than above, or the compiler makes both one way, which is longer.
            self.sum.add(value.wrapping_mul(weight));
            cell.put(count);
            return Ok(());
        }
        cold_path();
        self.record_at_edge(value, weight)
    }

    /// Records in the bucket of the smallest or of the largest value, or else
    /// [slowly](Self::record_slowly). Out of line, so that what is inlined at each caller is short.
    #[inline(never)]
    fn record_at_edge(&self, value: u64, weight: u64) -> Result<(), Full> {
        // Found anew: passed on, it would cost the straight path. Without a count it is no edge yet.
        if let Some(cell) = self.octaves.get(self.index.of(value))
            && cell.load() != 0
            && (self.min.load()..=self.max.load()).contains(&value)
            && cell.try_add(weight)
        {
            self.sum.add(value.wrapping_mul(weight));
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
        let clamped = value.min(self.layout.highest());
        let index = self.layout.index(clamped);
        let cell = self.cells.get(index).filter(|cell| cell.try_add(weight)).ok_or(Full)?;
        if clamped < self.min.load() || clamped > self.max.load() {
            self.widen(clamped);
        }
        cell.set_inside(!self.is_edge(index));
        self.sum.add(clamped.wrapping_mul(weight));
        if clamped < value {
            self.saturated.add(weight);
        }
        Ok(())
    }

    /// Brings a new smallest or largest value within the bounds.
    fn widen(&self, value: u64) {
        let before = self.bounds();
        self.min.lower(value);
        self.max.raise(value);
        // What was an edge may be inside now.
        for index in before.clone().take(1).chain(before.last()) {
            self.cells[index].set_inside(!self.is_edge(index));
        }
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
        if clamped < value {
            self.saturated.add_shared(weight);
        }
        self.shared_cells[self.layout.index(clamped)].add_shared(weight);
        self.sum.add_shared(clamped.wrapping_mul(weight));
        self.min.lower_shared(clamped);
        self.max.raise_shared(clamped);
    }

    /// Whether this is [`Tally::nowhere`], or the shared shard's.
    pub(crate) fn is_nowhere(&self) -> bool {
        self.cells.is_empty()
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
                let end = bounds.end.min(*edge);
                if start < end {
                    let owned = sum_of(tally.cells.get(start..end), NarrowCell::load);
                    let shared = sum_of(tally.shared_cells.get(start..end), Cell::load);
                    *count = count.wrapping_add(owned).wrapping_add(shared);
                    start = end;
                }
            }
        }
    }
}

/// The sum of some cells; several at a time, as loads of atomics are not vectorised.
fn sum_of<C>(cells: Option<&[C]>, load: impl Fn(&C) -> u64) -> u64 {
    let (chunks, rest) = cells.unwrap_or_default().as_chunks::<16>();
    let mut sums = [0_u64; 4];
    for chunk in chunks {
        for (cell, lane) in chunk.iter().zip((0..4).cycle()) {
            sums[lane] = sums[lane].wrapping_add(load(cell));
        }
    }
    sums.into_iter().chain(rest.iter().map(load)).fold(0, u64::wrapping_add)
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What costs more than a plain add: which buckets that is must stay few, and exact.
        #[test]
        fn every_bucket_with_a_count_is_inside_but_wide_ones_of_the_smallest_and_largest_value(
            values in prop::collection::vec((0_u64..1 << 41, 0_u32..41), 1..60), fold_at in 0_usize..60,
        ) {
            let layout = Precision::two_digits().layout();
            let tally = Tally::leaked(layout, Writers::Owner);
            let shared = Tally::leaked(layout, Writers::Many);
            let mut kept: Vec<u64> = Vec::new();
            for (n, (value, shift)) in values.into_iter().enumerate() {
                if n == fold_at {
                    tally.fold(shared);
                    kept.clear();
                }
                kept.push(value >> shift);
                prop_assert!(tally.record(value >> shift, 1).is_ok());
                let (min, max) = (*kept.iter().min().unwrap(), *kept.iter().max().unwrap());
                let edges = [min, max].map(|value| layout.index(value));
                for (index, cell) in tally.cells.iter().enumerate() {
                    let wide = layout.lowest_of(index) < layout.highest_of(index);
                    let inside = cell.load() != 0 && !(wide && edges.contains(&index));
                    prop_assert_eq!(cell.after(1).is_some(), inside, "bucket {}", index);
                }
            }
        }
    }
}
