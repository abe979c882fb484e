// The cells of the buckets in which one thread's values fall: a piece of memory that its owner counts in,
// that grows with the values, and that is given back.
// Never knows: values and layouts.
// Read next: `tally.rs`, which has one for exact buckets and one for the others.
//
// Beside `cell.rs`, `fork.rs` and `pages.rs` this file has `unsafe`: a reference for each window, which is what a
// record needs at hand, could be neither replaced nor freed, and one behind a lock or an `Arc` would cost a
// record more than the count does.

use std::ptr;

use super::cell::NarrowCell;
use crate::sync::{AtomicPtr, AtomicUsize, Ordering, const_where_atomics_are};

/// How many cells are allocated at once: those of a cache line, so that no two threads share one.
#[cfg(not(kairos_loom))]
pub(super) const PER_LINE: usize = 16;
#[cfg(kairos_loom)]
pub(super) const PER_LINE: usize = 1;

#[cfg(not(kairos_loom))]
#[repr(C, align(64))]
struct Line([NarrowCell; PER_LINE]);
#[cfg(kairos_loom)]
#[repr(transparent)]
struct Line([NarrowCell; PER_LINE]);

/// Consecutive cells, from that of some bucket on.
///
/// Who may call what keeps them alive. The memory is replaced and freed only by the owner while it has
/// the lock of [`super::process::Process`], or by whoever has that lock while the owner cannot count
/// here: at its end, and when no handle of the histogram is left. Readers have the lock. The owner counts
/// without it, and what others did meanwhile without a handle being there happened before it got one.
#[derive(Debug)]
pub(super) struct Window {
    lines: AtomicPtr<Line>,
    /// How many of the cells a record may take the short way to.
    short: AtomicUsize,
    len: AtomicUsize,
    start: AtomicUsize,
}

impl Window {
    const_where_atomics_are! {
        pub(super) fn new() -> Window {
            Window {
                lines: AtomicPtr::new(ptr::null_mut()),
                short: AtomicUsize::new(0),
                len: AtomicUsize::new(0),
                start: AtomicUsize::new(0),
            }
        }
    }

    /// The cell at that place, if a record may take the short way to it; for the owner only.
    #[inline]
    pub(super) fn short(&self, at: usize) -> Option<&NarrowCell> {
        // Relaxed: the owner's own write, or one that happened before it had a handle; so for all.
        if at >= self.short.load(Ordering::Relaxed) {
            return None;
        }
        // Relaxed: as above.
        let cells = self.lines.load(Ordering::Relaxed).cast::<NarrowCell>();
        // SAFETY: `short` is at most the length of the block that `cells` points to, as `replace` sets
        // both, and for the owner, or with the lock, neither changes while the reference is in use.
        #[allow(unsafe_code)]
        unsafe {
            Some(&*cells.add(at))
        }
    }

    /// All cells; for the owner, or with the lock.
    pub(super) fn cells(&self) -> &[NarrowCell] {
        // Relaxed: as above; a reader's are ordered by the lock.
        let (lines, len) = (self.lines.load(Ordering::Relaxed), self.len.load(Ordering::Relaxed));
        if len == 0 {
            return &[];
        }
        // SAFETY: `cells` points to a block of `len` cells, as `replace` sets both, and for the owner,
        // or with the lock, neither changes while the reference is in use.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(lines.cast::<NarrowCell>(), len)
        }
    }

    /// The bucket of the first cell.
    pub(super) fn start(&self) -> usize {
        self.start.load(Ordering::Relaxed) // Relaxed: as in `cells`.
    }

    /// Takes another place, which includes the old one, with the counts there are. The number of cells
    /// is rounded up to whole lines; `short` are those that a record may take the short way to.
    ///
    /// For the owner with the lock. The caller drops what it gets once all else fits the new place: an
    /// allocator may record while memory is freed.
    #[must_use]
    pub(super) fn grow(&self, start: usize, len: usize, short: usize) -> Block {
        // What may record, in an allocator, before the old counts are read.
        let lines: Box<[Line]> = (0..len.div_ceil(PER_LINE)).map(|_| line()).collect();
        // From here on nothing records.
        let len = lines.len() * PER_LINE;
        let lines = Box::into_raw(lines).cast::<Line>();
        let new = lines.cast::<NarrowCell>();
        let old = (self.lines.load(Ordering::Relaxed), self.len.load(Ordering::Relaxed)); // Relaxed: as above.
        let offset = if old.1 == 0 { 0 } else { self.start() - start };
        for (at, cell) in self.cells().iter().enumerate() {
            debug_assert!(offset + at < len, "the new place includes the old one");
            // SAFETY: the new block has a cell for every one of the old, `offset` further on.
            #[allow(unsafe_code)]
            unsafe {
                (*new.add(offset + at)).copy(cell);
            }
        }
        self.lines.store(lines, Ordering::Relaxed); // Relaxed: as above.
        self.len.store(len, Ordering::Relaxed); // Relaxed: as above.
        self.start.store(start, Ordering::Relaxed); // Relaxed: as above.
        self.short.store(short.min(len), Ordering::Relaxed); // Relaxed: as above.
        Block { lines: old.0, len: old.1 }
    }

    /// Gives the memory back, with whatever was counted there; with the lock, while the owner cannot
    /// count here.
    pub(super) fn give_back(&self) {
        // Relaxed: as above.
        let (lines, len) = (self.lines.load(Ordering::Relaxed), self.len.load(Ordering::Relaxed));
        self.short.store(0, Ordering::Relaxed); // Relaxed: as above.
        self.len.store(0, Ordering::Relaxed); // Relaxed: as above.
        self.lines.store(ptr::null_mut(), Ordering::Relaxed); // Relaxed: as above.
        drop(Block { lines, len });
    }
}

/// Memory that was a window's, freed when this is dropped.
pub(super) struct Block {
    lines: *mut Line,
    len: usize,
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.len == 0 {
            return;
        }
        let lines = ptr::slice_from_raw_parts_mut(self.lines, self.len / PER_LINE);
        // SAFETY: the block came from a box of that many lines, and no window points to it any more.
        #[allow(unsafe_code)]
        drop(unsafe { Box::from_raw(lines) });
    }
}

fn line() -> Line {
    Line(std::array::from_fn(|_| NarrowCell::new()))
}
