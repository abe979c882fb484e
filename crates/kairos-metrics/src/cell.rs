//! The single-writer cell: a number that one thread writes with a plain add and all may read.
//! Never knows: which thread owns it, and what it counts.
//! Read next: `shard.rs`, where a thread's cells live.

use crate::sync::{AtomicU32, AtomicU64, Ordering, const_where_atomics_are};

/// A number with one writer at a time (the owner) and any number of readers.
///
/// Who owns it passes from thread to thread only under the lock of [`crate::core::Core`], which
/// orders the old owner's writes before the new owner's reads. All accesses are Relaxed: a cell
/// publishes nothing but its own value, and coherence of that one location is all that a reader
/// needs to see it grow.
#[derive(Debug)]
pub(crate) struct Cell(AtomicU64);

impl Cell {
    const_where_atomics_are! {
        pub(crate) fn new(value: u64) -> Cell {
            Cell(AtomicU64::new(value))
        }
    }

    /// Adds `n`; for the owner only. No lock prefix: it compiles to a plain add.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        // Relaxed: nothing is published by the value, and with one writer no add can come between
        // the load and the store. Model: metrics_shard.
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// Raises the value to `floor`; for the owner only.
    #[inline]
    pub(crate) fn raise(&self, floor: u64) {
        // Relaxed: as in `add`.
        if floor > self.0.load(Ordering::Relaxed) {
            self.0.store(floor, Ordering::Relaxed);
        }
    }

    /// Lowers the value to `ceiling`; for the owner only.
    #[inline]
    pub(crate) fn lower(&self, ceiling: u64) {
        // Relaxed: as in `add`.
        if ceiling < self.0.load(Ordering::Relaxed) {
            self.0.store(ceiling, Ordering::Relaxed);
        }
    }

    /// Sets the value; for the owner, or for whoever holds the lock while there is no owner.
    pub(crate) fn set(&self, value: u64) {
        // Relaxed: the lock of `Core` orders this before the next owner's first load.
        // Model: metrics_shard.
        self.0.store(value, Ordering::Relaxed);
    }

    /// The value; for anybody.
    #[inline]
    pub(crate) fn load(&self) -> u64 {
        // Relaxed: the value alone is wanted; it never runs backwards for one reader.
        self.0.load(Ordering::Relaxed)
    }

    /// Adds `n` to a cell of the shared shard, which has many writers.
    pub(crate) fn add_shared(&self, n: u64) {
        // Relaxed: atomicity of the add is all that is needed. Model: metrics_shard.
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// `raise` for a cell of the shared shard.
    pub(crate) fn raise_shared(&self, floor: u64) {
        // Relaxed: as in `add_shared`.
        self.0.fetch_max(floor, Ordering::Relaxed);
    }

    /// `lower` for a cell of the shared shard.
    pub(crate) fn lower_shared(&self, ceiling: u64) {
        // Relaxed: as in `add_shared`.
        self.0.fetch_min(ceiling, Ordering::Relaxed);
    }
}

/// A cell of half the width, for a histogram's bucket, of which a thread has thousands: a count of
/// 31 bits, and one bit that marks the bucket as an edge.
///
/// The edges are the buckets of the smallest and of the largest value, where they are wider than one.
/// A value in one of them may be smaller or larger yet; one in any other bucket that was counted in
/// before cannot be. One comparison of the new count thus tells a plain add from all that takes more
/// care.
#[derive(Debug)]
pub(crate) struct NarrowCell(AtomicU32);

/// The bit of an edge.
const EDGE: u32 = 1 << 31;

/// The most that a narrow cell counts.
pub(crate) const NARROW_MAX: u32 = EDGE - 1;

impl NarrowCell {
    #[cfg(kairos_loom)]
    fn new() -> NarrowCell {
        NarrowCell(AtomicU32::new(0))
    }

    /// What [`put`](Self::put) is to be given to add `n`, when nothing else is to be done: nothing
    /// when the cell is an edge, when it counts for the first time, when it would overflow. For the
    /// owner only.
    #[inline]
    pub(crate) fn after(&self, n: u64) -> Option<u32> {
        let n = i32::try_from(n).ok()?;
        // Relaxed: as in `Cell::add`.
        let sum = (self.0.load(Ordering::Relaxed) as i32).wrapping_add(n);
        // A first count gives `n`. An edge is negative, and so is what overflows the 31 bits; an
        // edge that overflows wraps round to less than `n`.
        (sum > n).then_some(sum as u32)
    }

    /// Stores what [`after`](Self::after) gave; for the owner only.
    #[inline]
    pub(crate) fn put(&self, count: u32) {
        // Relaxed: as in `Cell::add`, whose load is in `after`.
        self.0.store(count, Ordering::Relaxed);
    }

    /// Adds `n` and says `true`, or leaves the cell alone when it would overflow; for the owner
    /// only.
    pub(crate) fn try_add(&self, n: u64) -> bool {
        // Relaxed: as in `Cell::add`.
        let now = self.0.load(Ordering::Relaxed);
        match u32::try_from(n) {
            Ok(n) if n <= NARROW_MAX - (now & NARROW_MAX) => {
                // Relaxed: as above.
                self.0.store(now + n, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }

    /// Marks the cell as an edge, or as none; for the owner only.
    pub(crate) fn set_edge(&self, edge: bool) {
        // Relaxed: as in `Cell::add`; readers do not look at the mark.
        let count = self.0.load(Ordering::Relaxed) & NARROW_MAX;
        // Relaxed: as above.
        self.0.store(if edge { count | EDGE } else { count }, Ordering::Relaxed);
    }

    /// Back to zero, and no edge; for the owner, or for whoever holds the lock while there is no
    /// owner.
    pub(crate) fn clear(&self) {
        // Relaxed: as in `Cell::set`.
        self.0.store(0, Ordering::Relaxed);
    }

    /// The count; for anybody.
    #[inline]
    pub(crate) fn load(&self) -> u64 {
        // Relaxed: as in `Cell::load`.
        (self.0.load(Ordering::Relaxed) & NARROW_MAX).into()
    }
}

// SAFETY: a cell is one atomic integer, for which zero bytes are a valid value.
#[cfg(not(kairos_loom))]
#[allow(unsafe_code)]
unsafe impl bytemuck::Zeroable for Cell {}

// SAFETY: as for `Cell`.
#[cfg(not(kairos_loom))]
#[allow(unsafe_code)]
unsafe impl bytemuck::Zeroable for NarrowCell {}

/// Allocates `len` cells of value zero for good, with a cache line of padding before them, so
/// that two threads' cells never share a line.
///
/// The memory comes zeroed from the allocator, which need not touch the pages of a large block.
pub(crate) fn leaked_cells(len: usize) -> &'static [Cell] {
    #[cfg(not(kairos_loom))]
    return leaked(len);
    #[cfg(kairos_loom)]
    Box::leak((0..len).map(|_| Cell::new(0)).collect())
}

/// [`leaked_cells`] of half the width.
pub(crate) fn leaked_narrow_cells(len: usize) -> &'static [NarrowCell] {
    #[cfg(not(kairos_loom))]
    return leaked(len);
    #[cfg(kairos_loom)]
    Box::leak((0..len).map(|_| NarrowCell::new()).collect())
}

#[cfg(not(kairos_loom))]
fn leaked<C: bytemuck::Zeroable>(len: usize) -> &'static [C] {
    let line = 64 / size_of::<C>();
    let cells: &'static [C] = Box::leak(bytemuck::allocation::zeroed_slice_box(len + line));
    &cells[line..]
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    /// A cell that counted `count`, as an edge or not.
    fn cell(count: u32, edge: bool) -> NarrowCell {
        let cell = NarrowCell(AtomicU32::new(count));
        cell.set_edge(edge);
        cell
    }

    #[test]
    fn the_short_way_adds_only_to_what_counted_before_and_is_no_edge() {
        let most = u64::from(NARROW_MAX);
        let check = |count: u32, edge: bool, n: u64, expected: bool| {
            let cell = cell(count, edge);
            let expected = expected.then(|| u64::from(count) + n);
            assert_eq!(cell.after(n).map(u64::from), expected, "{count} {edge} {n}");
        };
        for n in [1, 2, most, most + 1, 1 << 32, u64::MAX] {
            check(0, false, n, false);
            check(NARROW_MAX, false, n, false);
            for count in [1, 7, NARROW_MAX - 1, NARROW_MAX] {
                check(count, true, n, false);
            }
        }
        check(1, false, 1, true);
        check(1, false, most - 1, true);
        check(1, false, most, false);
        check(NARROW_MAX - 1, false, 1, true);
        check(NARROW_MAX - 1, false, 2, false);
    }

    #[test]
    fn an_edge_counts_to_the_same_limit_and_stays_one() {
        for edge in [false, true] {
            let cell = cell(0, edge);
            assert!(cell.try_add(5) && cell.try_add(u64::from(NARROW_MAX) - 5));
            assert!(!cell.try_add(1) && !cell.try_add(u64::MAX));
            assert_eq!(cell.load(), NARROW_MAX.into());
            assert_eq!(cell.after(1), None);
            cell.clear();
            assert!(cell.try_add(1));
            assert_eq!(cell.after(1), Some(2), "cleared, it is no edge");
        }
    }
}
