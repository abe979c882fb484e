// What a reader adds up from the tallies of one histogram: bucket by bucket, or in ranges.
// Never knows: which thread owns a tally, and what keeps it in place meanwhile.
// Read next: `snapshot/hdr.rs`, which makes a distribution of it.

use super::cell::{Cell, NarrowCell};
use super::tally::Tally;
use crate::buckets::Layout;

/// What a reader adds up from the tallies of one histogram; reusable, so that a scrape allocates
/// only until its buffers have grown.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    /// Of the values, those above the highest as they were.
    pub(crate) total: u128,
    pub(crate) min: u64,
    pub(crate) max: u64,
    /// How many values lie above the highest; no bucket and no range but the last counts them.
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
    pub(super) fn add_up<'a>(
        &mut self,
        layout: Layout,
        tallies: impl Iterator<Item = &'a Tally> + Clone,
    ) {
        self.restart();
        for tally in tallies.clone() {
            self.total += tally.total();
            self.saturated = self.saturated.saturating_add(tally.saturated.load());
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
            // An owner's has the one kind of cells, the shared shard's the other.
            for (first, cells) in tally.narrow(&bounds) {
                if cells.is_empty() {
                    continue;
                }
                for (count, cell) in self.counts[first - bounds.start..].iter_mut().zip(cells) {
                    *count = count.saturating_add(cell.load());
                }
            }
            let shared = tally.shared_cells.get(bounds.clone()).unwrap_or_default();
            for (count, cell) in self.counts.iter_mut().zip(shared) {
                *count = count.saturating_add(cell.load());
            }
        }
    }

    /// Replaces the contents by the sum of `tallies` in the ranges of buckets that end before
    /// each of the rising `edges`, and one more for the rest.
    pub(super) fn add_up_ranges<'a>(
        &mut self,
        edges: &[usize],
        tallies: impl Iterator<Item = &'a Tally>,
    ) {
        self.restart();
        self.counts.resize(edges.len() + 1, 0);
        for tally in tallies {
            self.total += tally.total();
            self.saturated = self.saturated.saturating_add(tally.saturated.load());
            let bounds = tally.bounds();
            // An owner's has the one kind of cells, the shared shard's the other.
            for (first, cells) in tally.narrow(&bounds) {
                self.add_ranges(edges, first, cells, NarrowCell::sum);
            }
            let shared = tally.shared_cells.get(bounds.clone()).unwrap_or_default();
            self.add_ranges(edges, bounds.start, shared, sum_of_wide);
        }
        if let Some(rest) = self.counts.last_mut() {
            *rest = rest.saturating_add(self.saturated);
        }
    }

    /// Adds the cells of the buckets from `first` on to the ranges that they lie in.
    #[inline]
    fn add_ranges<C>(
        &mut self,
        edges: &[usize],
        mut first: usize,
        mut cells: &[C],
        sum: impl Fn(&[C]) -> u64,
    ) {
        for (count, edge) in self.counts.iter_mut().zip(edges) {
            if cells.is_empty() {
                return;
            }
            if *edge > first {
                let (range, rest) = cells.split_at(cells.len().min(*edge - first));
                *count = count.saturating_add(sum(range));
                (first, cells) = (*edge, rest);
            }
        }
        if let Some(count) = self.counts.last_mut() {
            *count = count.saturating_add(sum(cells));
        }
    }
}

/// The sum of some cells of the shared shard.
fn sum_of_wide(cells: &[Cell]) -> u64 {
    cells.iter().map(Cell::load).fold(0, u64::saturating_add)
}
