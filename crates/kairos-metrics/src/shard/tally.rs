// One thread's counts of one histogram: a cell for each bucket, and their sum, minimum and maximum.
// Never knows: names, other threads, units.
// Read next: `buckets.rs` for the arithmetic, `sum.rs` for what a reader makes of it.

use std::hint::cold_path;
use std::ops::Range;

use super::cell::{Cell, NarrowCell, leaked_cells, leaked_narrow_cells};
use super::gap::Gap;
use crate::buckets::{FastIndex, Layout, Precision};
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
    pub(super) cells: &'static [NarrowCell],
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
                octaves: &[],
                index: layout.fast_index(),
                exact: &[],
                sum: Cell::new(0),
                cells: &[],
                min: Cell::new(u64::MAX),
                max: Cell::new(0),
                saturated: Cell::new(0),
                gap: Gap::new(),
                layout,
                shared_cells: &[],
                shared_sum_high: Cell::new(0),
            }
        }
    }

    pub(super) fn leaked(layout: Layout, writers: Writers) -> &'static Tally {
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
        if let Some(cell) = self.octaves.get(self.index.of(value))
            && let Some(count) = cell.after(weight)
            && let Some(sum) = self.sum_after(value, weight)
        {
            cell.put(count);
            self.sum.set(sum);
            return Ok(());
        }
        let exact = usize::try_from(value).ok().and_then(|index| self.exact.get(index));
        if let Some(cell) = exact
            && let Some(count) = cell.after(weight)
            && let Some(sum) = self.sum_after(value, weight)
        {
            // In the other order than above, or the compiler makes both one way, which is longer.
            self.sum.set(sum);
            cell.put(count);
            return Ok(());
        }
        cold_path();
        self.record_at_edge(value, weight)
    }

    /// The sum with a value `weight` times more, unless it gets too large.
    #[inline]
    fn sum_after(&self, value: u64, weight: u64) -> Option<u64> {
        self.sum.plus(value.checked_mul(weight)?)
    }

    /// Records in the bucket of the smallest or of the largest value, or else
    /// [slowly](Self::record_slowly). Out of line, so that what is inlined at each caller is short.
    #[inline(never)]
    fn record_at_edge(&self, value: u64, weight: u64) -> Result<(), Full> {
        // Found anew: passed on, it would cost the straight path. Without a count it is no edge yet.
        if let Some(cell) = self.octaves.get(self.index.of(value))
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
        let cell = self.cells.get(index).ok_or(Full)?;
        let counted =
            if clamped < value { self.saturated.try_add(weight) } else { cell.try_add(weight) };
        if !counted {
            return Err(Full);
        }
        if clamped < self.min.load() || clamped > self.max.load() {
            self.widen(clamped);
        }
        if clamped == value {
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
        self.cells.is_empty()
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
        for (own, shared) in self.cells[bounds.clone()].iter().zip(&into.shared_cells[bounds]) {
            let count = own.load();
            if count != 0 {
                shared.add_shared(count);
                own.clear();
            }
        }
        into.add_to_shared_sum(self.sum.load().into());
        into.saturated.add_shared(self.saturated.load());
        into.min.lower_shared(self.min.load());
        into.max.raise_shared(self.max.load());
        self.zero_bounds();
    }

    /// Forgets everything; the caller knows that nobody counts here meanwhile.
    pub(super) fn clear(&self) {
        self.gap.restart();
        self.clear_buckets(self.bounds());
    }

    /// The same where a writer may have been stopped for good between a bucket and the bounds.
    #[cfg(all(unix, not(kairos_loom)))]
    pub(super) fn clear_whole(&self) {
        self.gap.restart();
        self.clear_buckets(0..self.layout.len());
    }

    fn clear_buckets(&self, bounds: Range<usize>) {
        // What is zero is not written, so that pages which nothing touched stay untouched.
        let owned = self.cells.get(bounds.clone()).unwrap_or_default();
        owned.iter().filter(|cell| cell.load() != 0).for_each(NarrowCell::clear);
        let shared = self.shared_cells.get(bounds).unwrap_or_default();
        shared.iter().filter(|cell| cell.load() != 0).for_each(|cell| cell.set(0));
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
