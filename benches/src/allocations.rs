// Counts what a thread allocates: the allocator of every program that uses this crate.
// Never knows: who allocates, or why.
// Read next: `report.rs`, which prints the counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // Without a destructor, so that the allocator may use it at any time in a thread's life.
    static BLOCKS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

/// The system's allocator with a count for each thread.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(blocks: u64, bytes: i64) {
    BLOCKS.set(BLOCKS.get() + blocks);
    BYTES.set(BYTES.get() + bytes);
}

// SAFETY: every call is handed to the system's allocator as it is.
#[expect(unsafe_code, reason = "an allocator is unsafe to write")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as i64 - layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

/// Blocks that this thread has allocated so far.
pub fn blocks() -> u64 {
    BLOCKS.get()
}

/// Bytes that this thread has allocated so far, less those that it has freed, whoever allocated them.
pub fn bytes() -> i64 {
    BYTES.get()
}
