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
            let mut start = bounds.start;
            for (count, edge) in self.counts.iter_mut().zip(edges.iter().chain([&usize::MAX])) {
                if start == bounds.end {
                    break;
                }
                let end = bounds.end.min(*edge);
                if start < end {
                    let owned = tally.narrow(&(start..end)).map(|(_, cells)| sum_of_narrow(cells));
                    let owned = owned[0] + owned[1];
                    let shared = sum_of_wide(tally.shared_cells.get(start..end));
                    *count = count.saturating_add(owned).saturating_add(shared);
                    start = end;
                }
            }
        }
        if let Some(rest) = self.counts.last_mut() {
            *rest = rest.saturating_add(self.saturated);
        }
    }
}

/// The sum of some narrow cells, which cannot overflow; several at a time, as loads of atomics are
/// not vectorised.
fn sum_of_narrow(cells: &[NarrowCell]) -> u64 {
    let (chunks, rest) = cells.as_chunks::<16>();
    let mut sums = [0_u64; 4];
    for chunk in chunks {
        for (cell, lane) in chunk.iter().zip((0..4).cycle()) {
            sums[lane] += cell.load();
        }
    }
    sums.into_iter().chain(rest.iter().map(NarrowCell::load)).sum()
}

/// The sum of some cells of the shared shard.
fn sum_of_wide(cells: Option<&[Cell]>) -> u64 {
    cells.unwrap_or_default().iter().map(Cell::load).fold(0, u64::saturating_add)
}
