// Cells that lie in pages of their own: untouched until something is counted in them, and given back.
// Never knows: what is counted.
// Read next: `tally.rs`, whose shared cells these are.

#[cfg(all(unix, not(kairos_loom)))]
pub(super) use mapped::{give_back, leaked_pages};
#[cfg(not(all(unix, not(kairos_loom))))]
pub(super) use plain::{give_back, leaked_pages};

#[cfg(all(unix, not(kairos_loom)))]
mod mapped {
    use std::ptr;

    use crate::shard::cell::{Cell, leaked_cells};

    /// Maps `len` cells of value zero for good. No allocator is asked: it might record, and wait for
    /// these cells.
    pub(in crate::shard) fn leaked_pages(len: usize) -> &'static [Cell] {
        let bytes = len * size_of::<Cell>();
        if bytes == 0 {
            return &[];
        }
        let (access, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: a new private mapping touches no memory that there is.
        #[allow(unsafe_code)]
        let mapped = unsafe { libc::mmap(ptr::null_mut(), bytes, access, kind, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return leaked_cells(len);
        }
        // SAFETY: the mapping is `bytes` long, aligned to a page, zeroed, which is a cell's zero, and
        // never unmapped.
        #[allow(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(mapped.cast::<Cell>(), len)
        }
    }

    /// Zeroes the cells and gives their whole pages back to the system; nobody counts in them
    /// meanwhile.
    pub(in crate::shard) fn give_back(cells: &'static [Cell], first: usize, end: usize) {
        // What is zero is not written, so that pages which nothing touched stay untouched.
        cells[first..end].iter().filter(|cell| cell.load() != 0).for_each(|cell| cell.set(0));
        #[cfg(target_os = "linux")]
        {
            // SAFETY: it reads a number.
            #[allow(unsafe_code)]
            let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(0);
            let start = cells.as_ptr() as usize;
            if page == 0 || !start.is_multiple_of(page) {
                return;
            }
            // SAFETY: the range is within the mapping, and its cells are zero, which is what a private
            // anonymous page reads after this. If it fails, they stay as they are.
            #[allow(unsafe_code)]
            unsafe {
                let advice = libc::MADV_DONTNEED;
                libc::madvise(start as *mut libc::c_void, size_of_val(cells), advice);
            }
        }
    }
}

#[cfg(not(all(unix, not(kairos_loom))))]
mod plain {
    use crate::shard::cell::{Cell, leaked_cells};

    /// Allocates `len` cells of value zero for good.
    pub(in crate::shard) fn leaked_pages(len: usize) -> &'static [Cell] {
        leaked_cells(len)
    }

    /// Zeroes the cells; nobody counts in them meanwhile.
    pub(in crate::shard) fn give_back(cells: &'static [Cell], first: usize, end: usize) {
        cells[first..end].iter().filter(|cell| cell.load() != 0).for_each(|cell| cell.set(0));
    }
}
