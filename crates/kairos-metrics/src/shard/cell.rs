// The single-writer cell: a number that one thread writes with a plain add and all may read.
// Never knows: which thread owns it, and what it counts.
// Read next: `shard.rs`, where a thread's cells are.

use crate::sync::{AtomicU32, AtomicU64, Ordering, const_where_atomics_are};

/// A number with one writer at a time (the owner) and any number of readers.
///
/// Who owns it passes from thread to thread only under the lock of [`super::process::Process`], which
/// orders the old owner's writes before the new owner's reads. All accesses are Relaxed: a cell
/// publishes nothing but its own value, and coherence of that one location is all that a reader
/// needs to see it grow.
#[derive(Debug)]
pub(crate) struct Cell(AtomicU64);

impl Cell {
    const_where_atomics_are! {
        pub(super) fn new(value: u64) -> Cell {
            Cell(AtomicU64::new(value))
        }
    }

    /// Adds `n`; for the owner only. No lock prefix: it compiles to a plain add.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        // Relaxed: nothing is published by the value, and with one writer no add can come between
        // the load and the store. Model: every_increment_is_seen_once_while_threads_end.
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// Adds `n` and says `true`, or leaves the cell alone when half its range would not hold the sum;
    /// for the owner only. What is added one by one never gets through the other half.
    #[inline]
    pub(super) fn try_add(&self, n: u64) -> bool {
        // Relaxed: as in `add`.
        let sum = self.0.load(Ordering::Relaxed).wrapping_add(n);
        // Of two numbers below 2^63 the sum is below 2^64, and its sign bit tells.
        let fits = (sum | n) >> 63 == 0;
        if fits {
            // Relaxed: as above.
            self.0.store(sum, Ordering::Relaxed);
        }
        fits
    }

    /// What [`set`](Self::set) is to be given to add `n`; nothing when the cell would overflow. For
    /// the owner only.
    #[inline]
    pub(super) fn plus(&self, n: u64) -> Option<u64> {
        // Relaxed: as in `add`.
        self.0.load(Ordering::Relaxed).checked_add(n)
    }

    /// Raises the value to `floor`; for the owner only.
    #[inline]
    pub(super) fn raise(&self, floor: u64) {
        // Relaxed: as in `add`.
        if floor > self.0.load(Ordering::Relaxed) {
            self.0.store(floor, Ordering::Relaxed);
        }
    }

    /// Lowers the value to `ceiling`; for the owner only.
    #[inline]
    pub(super) fn lower(&self, ceiling: u64) {
        // Relaxed: as in `add`.
        if ceiling < self.0.load(Ordering::Relaxed) {
            self.0.store(ceiling, Ordering::Relaxed);
        }
    }

    /// Sets the value; for the owner, or for whoever holds the lock while there is no owner.
    #[inline]
    pub(super) fn set(&self, value: u64) {
        // Relaxed: the lock of `Process` orders this before the next owner's first load.
        // Model: a_shard_leased_again_starts_from_zero.
        self.0.store(value, Ordering::Relaxed);
    }

    /// The value; for anybody.
    #[inline]
    pub(super) fn load(&self) -> u64 {
        // Relaxed: the value alone is wanted; it never runs backwards for one reader.
        self.0.load(Ordering::Relaxed)
    }

    /// Adds `n` to a cell of the shared shard, which has many writers; stays at the highest number
    /// when it would get past it, as a total must not fall.
    pub(crate) fn add_shared(&self, n: u64) {
        let plus = |count: u64| Some(count.saturating_add(n));
        // Relaxed: atomicity of the add is all that is needed.
        // Model: counts_without_a_lease_are_not_lost_to_a_fold.
        let _before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, plus);
    }

    /// `raise` for a cell of the shared shard.
    pub(super) fn raise_shared(&self, floor: u64) {
        // Relaxed: as in `add_shared`.
        self.0.fetch_max(floor, Ordering::Relaxed);
    }

    /// `lower` for a cell of the shared shard.
    pub(super) fn lower_shared(&self, ceiling: u64) {
        // Relaxed: as in `add_shared`.
        self.0.fetch_min(ceiling, Ordering::Relaxed);
    }
}

/// A cell of half the width, for a histogram's bucket, of which a thread has thousands: a count of
/// [`BITS`], and above it the mark of a bucket inside, whose bits are all set or all not.
///
/// Outside are the buckets without a count, and the edges: the buckets of the smallest and of the
/// largest value, where they are wider than one. A value in one of these may be smaller or larger
/// yet; one inside cannot be. The mark reaches up to the sign, and a count that overflows takes it away:
/// the sign of the new count alone tells a plain add from all that takes more care. And some cells are
/// added up as they are, with their marks: those are told from the counts by the size of the sum.
#[derive(Debug)]
pub(super) struct NarrowCell(AtomicU32);

/// How wide a narrow cell's count is.
const BITS: u32 = 25;

/// The mark of a bucket inside.
const INSIDE: u32 = u32::MAX << BITS;

/// The most that is added at once, and that is counted otherwise than by [`NarrowCell::after`].
const MOST: u32 = 1 << (BITS - 1);

/// How many cells are added up as they are: so many counts and as many times 2^[`BITS`] stay below 2^32.
const BLOCK: usize = 1 << (31 - BITS);

impl NarrowCell {
    pub(super) fn new() -> NarrowCell {
        NarrowCell(AtomicU32::new(0))
    }

    /// Takes over another cell's count and place; for the owner, before readers see this one.
    pub(super) fn copy(&self, from: &NarrowCell) {
        // Relaxed: the owner's own count, and the lock orders this before a reader's load.
        self.0.store(from.0.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// What [`put`](Self::put) is to be given to add `n`, when nothing else is to be done: nothing
    /// when the cell is not inside, or would overflow. For the owner only.
    #[inline]
    pub(super) fn after(&self, n: u64) -> Option<u32> {
        let n = i32::try_from(n).ok().filter(|n| *n < MOST as i32)?;
        // Relaxed: as in `Cell::add`.
        let sum = (self.0.load(Ordering::Relaxed) as i32).wrapping_add(n);
        // Inside is negative until it overflows; outside is at most `MOST`, and the sum of two such
        // numbers stays positive.
        (sum < 0).then_some(sum as u32)
    }

    /// Stores what [`after`](Self::after) gave; for the owner only.
    #[inline]
    pub(super) fn put(&self, count: u32) {
        // Relaxed: as in `Cell::add`, whose load is in `after`.
        self.0.store(count, Ordering::Relaxed);
    }

    /// Adds `n` and says `true`, or leaves the cell alone when it holds too much; for the owner
    /// only.
    pub(super) fn try_add(&self, n: u64) -> bool {
        // Relaxed: as in `Cell::add`.
        let now = self.0.load(Ordering::Relaxed);
        let room = MOST.saturating_sub(now & !INSIDE);
        match u32::try_from(n) {
            Ok(n) if n <= room => {
                // Relaxed: as above.
                self.0.store(now + n, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }

    /// Marks the cell as inside, or as not; for the owner only.
    pub(super) fn set_inside(&self, inside: bool) {
        // Relaxed: as in `Cell::add`; readers do not look at the mark.
        let count = self.0.load(Ordering::Relaxed) & !INSIDE;
        // Relaxed: as above.
        self.0.store(if inside { count | INSIDE } else { count }, Ordering::Relaxed);
    }

    /// Back to zero, and not inside; for the owner, or for whoever holds the lock while there is no
    /// owner.
    pub(super) fn clear(&self) {
        // Relaxed: as in `Cell::set`.
        self.0.store(0, Ordering::Relaxed);
    }

    /// The count; for anybody.
    #[inline]
    pub(super) fn load(&self) -> u64 {
        // Relaxed: as in `Cell::load`.
        (self.0.load(Ordering::Relaxed) & !INSIDE).into()
    }

    /// The sum of some counts, which cannot overflow; for anybody. Out of line, so that the loop has
    /// all registers.
    #[inline(never)]
    pub(super) fn sum(cells: &[NarrowCell]) -> u64 {
        cells.chunks(BLOCK).map(NarrowCell::sum_of_block).sum()
    }

    /// The sum of at most [`BLOCK`] counts. Loads of atomics are not vectorised: the mark is not taken
    /// off each, but off the sum.
    #[inline]
    fn sum_of_block(cells: &[NarrowCell]) -> u64 {
        // Relaxed: as in `load`.
        let marked = |cell: &NarrowCell| u64::from(cell.0.load(Ordering::Relaxed));
        let (chunks, rest) = cells.as_chunks::<8>();
        let mut lanes = [0_u64; 4];
        for [a, b, c, d, e, f, g, h] in chunks {
            lanes[0] += marked(a) + marked(e);
            lanes[1] += marked(b) + marked(f);
            lanes[2] += marked(c) + marked(g);
            lanes[3] += marked(d) + marked(h);
        }
        let sum: u64 = lanes.into_iter().chain(rest.iter().map(marked)).sum();
        // With 2^BITS for each cell a mark becomes 2^32, and what is not of a mark stays below that.
        let (len, unit) = (cells.len() as u64, 1 << BITS);
        let sum = sum + len * unit;
        let inside = sum >> u32::BITS;
        (sum & u64::from(u32::MAX)) - (len - inside) * unit
    }
}

// SAFETY: a cell is one atomic integer, for which zero bytes are a valid value.
#[cfg(not(kairos_loom))]
#[allow(unsafe_code)]
unsafe impl bytemuck::Zeroable for Cell {}

/// Allocates `len` cells of value zero for good, with a cache line of padding before them, so
/// that two threads' cells never share a line.
///
/// The memory comes zeroed from the allocator, which need not touch the pages of a large block.
pub(super) fn leaked_cells(len: usize) -> &'static [Cell] {
    #[cfg(not(kairos_loom))]
    return leaked(len);
    #[cfg(kairos_loom)]
    Box::leak((0..len).map(|_| Cell::new(0)).collect())
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
    use proptest::prelude::*;

    /// A cell that counted `count`, inside or not.
    fn cell(count: u32, inside: bool) -> NarrowCell {
        let cell = NarrowCell(AtomicU32::new(count));
        cell.set_inside(inside);
        cell
    }

    #[test]
    fn the_short_way_adds_only_inside_and_without_overflow() {
        let check = |count: u32, inside: bool, n: u64, expected: bool| {
            let cell = cell(count, inside);
            let expected = expected.then(|| u64::from(count) + n);
            let after = cell.after(n).inspect(|count| cell.put(*count));
            assert_eq!(after.map(|_| cell.load()), expected, "{count} {inside} {n}");
        };
        let (most, largest) = (u64::from(MOST), !INSIDE);
        for n in [1, 2, most - 1, most, 1 << 31, 1 << 32, u64::MAX] {
            for count in [0, 1, 7, MOST - 1, MOST] {
                check(count, false, n, false);
            }
            check(largest, true, n, false);
            check(7, true, n, n < most);
        }
        check(largest - 1, true, 1, true);
        check(largest - 1, true, 2, false);
        check(MOST, true, most - 1, true);
        check(MOST + 1, true, most - 1, false);
    }

    proptest! {
        #[test]
        fn counts_are_added_up_whatever_their_marks(
            counts in prop::collection::vec((any::<bool>(), 0..=!INSIDE, 0_u8..3), 0..300),
        ) {
            let mut expected = 0;
            let mut cells = Vec::new();
            for (inside, count, size) in counts {
                let most = if inside { !INSIDE } else { MOST };
                let count = [count, 0, most][usize::from(size)].min(most);
                expected += u64::from(count);
                cells.push(cell(count, inside));
            }
            prop_assert_eq!(NarrowCell::sum(&cells), expected);
        }
    }

    #[test]
    fn the_largest_counts_are_added_up() {
        for inside in [false, true] {
            let most = if inside { !INSIDE } else { MOST };
            let cells: Vec<_> = (0..2 * BLOCK).map(|_| cell(most, inside)).collect();
            for len in 0..=cells.len() {
                assert_eq!(NarrowCell::sum(&cells[..len]), len as u64 * u64::from(most));
            }
        }
    }

    #[test]
    fn a_cell_counts_to_its_limit_and_stays_where_it_is() {
        for inside in [false, true] {
            let cell = cell(0, inside);
            assert!(cell.try_add(5) && cell.try_add(u64::from(MOST) - 5));
            assert!(!cell.try_add(1) && !cell.try_add(u64::MAX));
            assert_eq!((cell.load(), cell.after(1).is_some()), (MOST.into(), inside));
            cell.clear();
            assert_eq!((cell.load(), cell.after(1)), (0, None), "cleared, it is not inside");
        }
        assert!(!cell(!INSIDE, true).try_add(1), "there is more than that");
    }
}
