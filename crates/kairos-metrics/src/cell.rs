//! The single-writer cell: a number that one thread writes with a plain add and all may read.
//! Never knows: which thread owns it, and what it counts.
//! Read next: `shard.rs`, where a thread's cells live.

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// A number with one writer at a time (the owner) and any number of readers.
///
/// Who owns it passes from thread to thread only under the lock of [`crate::core::Core`], which
/// orders the old owner's writes before the new owner's reads. All accesses are Relaxed: a cell
/// publishes nothing but its own value, and coherence of that one location is all that a reader
/// needs to see it grow.
#[derive(Debug)]
pub(crate) struct Cell(AtomicU64);

impl Cell {
    pub(crate) fn new(value: u64) -> Cell {
        Cell(AtomicU64::new(value))
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

/// A cell of half the width, for a histogram's bucket, of which a thread has thousands.
#[derive(Debug)]
pub(crate) struct NarrowCell(AtomicU32);

impl NarrowCell {
    #[cfg(kairos_loom)]
    fn new() -> NarrowCell {
        NarrowCell(AtomicU32::new(0))
    }

    /// Adds `n` and says `true`, or leaves the cell alone when it would overflow; for the owner
    /// only.
    #[inline]
    pub(crate) fn try_add(&self, n: u64) -> bool {
        // Relaxed: as in `Cell::add`.
        let now = self.0.load(Ordering::Relaxed);
        let Some(sum) = u32::try_from(n).ok().and_then(|n| now.checked_add(n)) else {
            return false;
        };
        // Relaxed: as above.
        self.0.store(sum, Ordering::Relaxed);
        true
    }

    /// Back to zero; for the owner, or for whoever holds the lock while there is no owner.
    pub(crate) fn clear(&self) {
        // Relaxed: as in `Cell::set`.
        self.0.store(0, Ordering::Relaxed);
    }

    /// The value; for anybody.
    #[inline]
    pub(crate) fn load(&self) -> u64 {
        // Relaxed: as in `Cell::load`.
        self.0.load(Ordering::Relaxed).into()
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
