// The cells of the buckets in which one thread's values fall: a piece of memory that its owner counts in,
// that grows with the values, and that is given back.
// Never knows: values and layouts.
// Read next: `tally.rs`, which has one for exact buckets and one for the others.
//
// Beside `cell.rs`, `fork.rs` and `pages.rs` this file has `unsafe`: a reference for each window, which is what a
// record needs at hand, could be neither replaced nor freed, and one behind a lock or an `Arc` would cost a
// record more than the count does.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

use super::cell::NarrowCell;

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
/// Who may call what keeps them alive, and all accesses apart. A window is replaced and freed only by
/// the owner while it has the lock of [`super::process::Process`], or by whoever has that lock while the
/// owner cannot count here: at its end, and when no handle of the histogram is left. Readers have the
/// lock. The owner counts without it, with a handle; what others did while there was none happened
/// before it got one, as its id went through the lock of the ids.
pub(super) struct Window(UnsafeCell<Place>);

/// Where a window is. Plain memory: an atomic's load is an instruction more for each use of it.
#[derive(Clone, Copy)]
struct Place {
    lines: NonNull<Line>,
    /// How many of the cells a record may take the short way to.
    short: usize,
    /// What is taken away from an index to be a cell's.
    less: u64,
    len: usize,
    start: usize,
}

// SAFETY: the rules above order every write of the place before and after all other accesses, and the
// cells in it are atomics.
#[allow(unsafe_code)]
unsafe impl Sync for Window {}

// SAFETY: nothing of a window belongs to the thread that made it.
#[allow(unsafe_code)]
unsafe impl Send for Window {}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").finish_non_exhaustive()
    }
}

impl Window {
    /// Without cells; `less` is for an index that is counted from the first bucket.
    pub(super) const fn new(less: u64) -> Window {
        let lines = NonNull::dangling();
        Window(UnsafeCell::new(Place { lines, short: 0, less, len: 0, start: 0 }))
    }

    fn place(&self) -> &Place {
        // SAFETY: no write runs beside this, by the rules above, nor while the reference is in use:
        // it is used within the calls of this file, and these write last.
        #[allow(unsafe_code)]
        unsafe {
            &*self.0.get()
        }
    }

    fn set(&self, place: Place) {
        // SAFETY: nobody else reads or writes beside this, by the rules above.
        #[allow(unsafe_code)]
        unsafe {
            *self.0.get() = place;
        }
    }

    /// What is taken away from an index to be a cell's; for the owner only.
    #[inline]
    pub(super) fn less(&self) -> u64 {
        self.place().less
    }

    /// The cell at that place, if a record may take the short way to it; for the owner only.
    #[inline]
    pub(super) fn short(&self, at: usize) -> Option<&NarrowCell> {
        let place = self.place();
        if at >= place.short {
            return None;
        }
        // SAFETY: `short` is at most the length of the block at `lines`, as `grow` sets both, and the
        // block stays while the owner, or who has the lock, uses the reference.
        #[allow(unsafe_code)]
        unsafe {
            Some(place.lines.cast::<NarrowCell>().add(at).as_ref())
        }
    }

    /// All cells; for the owner, or with the lock.
    pub(super) fn cells(&self) -> &[NarrowCell] {
        let place = self.place();
        // SAFETY: there is a block of `len` cells at `lines`, as `grow` sets both, or `len` is 0; the
        // block stays as above.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(place.lines.cast::<NarrowCell>().as_ptr(), place.len)
        }
    }

    /// The bucket of the first cell.
    pub(super) fn start(&self) -> usize {
        self.place().start
    }

    /// Takes another place, which includes the old one, with the counts there are. The number of cells
    /// is rounded up to whole lines; `short` are those that a record may take the short way to, by an
    /// index from which `less` is taken.
    ///
    /// For the owner with the lock. An allocator may record here before the counts are read, and once
    /// the new place is taken.
    pub(super) fn grow(&self, start: usize, len: usize, short: usize, less: u64) {
        let lines: Box<[Line]> = (0..len.div_ceil(PER_LINE)).map(|_| line()).collect();
        let old = *self.place();
        let offset = if old.len == 0 { 0 } else { old.start - start };
        let mut new = lines.iter().flat_map(|line| &line.0).skip(offset);
        for cell in self.cells() {
            new.next().expect("the new place includes the old one").copy(cell);
        }
        drop(new);
        let len = lines.len() * PER_LINE;
        let lines = NonNull::from(Box::leak(lines)).cast::<Line>();
        self.set(Place { lines, short: short.min(len), less, len, start });
        free(old);
    }

    /// Gives the memory back, with whatever was counted there; with the lock, while the owner cannot
    /// count here.
    pub(super) fn give_back(&self) {
        let old = *self.place();
        self.set(Place { lines: NonNull::dangling(), short: 0, len: 0, ..old });
        free(old);
    }
}

/// Frees the memory of a place that no window has any more.
fn free(old: Place) {
    if old.len == 0 {
        return;
    }
    let lines = NonNull::slice_from_raw_parts(old.lines, old.len / PER_LINE);
    // SAFETY: the block came from a box of that many lines, and no window has it any more.
    #[allow(unsafe_code)]
    drop(unsafe { Box::from_raw(lines.as_ptr()) });
}

fn line() -> Line {
    Line(std::array::from_fn(|_| NarrowCell::new()))
}
