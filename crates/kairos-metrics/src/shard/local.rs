// The way from a thread to its shard: a thread-local that costs an offset, and a lease that ends.
// Never knows: names, values, how shards are added up.
// Read next: `process.rs`, which leases; `instrument/counter.rs`, the first caller.

use std::cell::Cell as StdCell;

use super::cell::Cell;
use super::process::Process;
use super::shard::{Shard, Sizes};
use super::tally::Tally;
use crate::buckets::Layout;
use crate::sync::{process_static, thread_cell};

#[cfg(not(kairos_loom))]
const SIZES: Sizes = Sizes::DEFAULT;
#[cfg(kairos_loom)]
const SIZES: Sizes = Sizes::TINY;

#[cfg(not(kairos_loom))]
process_static! {
    static PROCESS: Process = {
        #[cfg(unix)]
        super::fork::watch(super::fork::Reach { process, own_shard });
        Process::new(SIZES)
    };
}

// Leaked, as a static is for threads that end after the main one; loom drops its own with that.
#[cfg(kairos_loom)]
process_static! {
    static PROCESS: &'static Process = Box::leak(Box::new(Process::new(SIZES)));
}

/// The process's shards and ids.
pub(crate) fn process() -> &'static Process {
    &PROCESS
}

/// Returns how many forks lie between this process and the one that first counted.
///
/// A caller that remembers it learns with one load that it has become a child, whose parent's
/// threads and timers it does not have. Always zero where there is no `fork`.
///
/// ```
/// assert_eq!(kairos_metrics::forks(), 0, "the process that counted first");
/// ```
pub fn forks() -> u64 {
    #[cfg(all(unix, not(kairos_loom)))]
    {
        let _watched = process();
        super::fork::forks()
    }
    #[cfg(any(not(unix), kairos_loom))]
    {
        0
    }
}

/// Has every child of a fork of this process, and its children, call `call` before the fork returns in
/// it. Never taken back.
///
/// For words that another thread of the parent keeps, which the child does not have. The child has one
/// thread then, and no lock of any other: `call` stores to atomics, and neither waits, allocates nor
/// panics. Does nothing where there is no `fork`.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// static IS_KEPT: AtomicBool = AtomicBool::new(true);
/// kairos_metrics::in_child(|| IS_KEPT.store(false, Ordering::Relaxed));
/// assert!(IS_KEPT.load(Ordering::Relaxed), "this is no child");
/// ```
pub fn in_child(call: fn()) {
    #[cfg(all(unix, not(kairos_loom)))]
    {
        let _watched = process();
        super::fork::in_child(call);
    }
    #[cfg(any(not(unix), kairos_loom))]
    {
        let _never = call;
    }
}

/// Returns the number of shards that the process has, leased or free, for watching memory.
///
/// It is at most the largest number of threads that ever counted at the same time. Takes a lock.
pub fn shards() -> usize {
    process().shards()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was counted yet.
    Unleased,
    /// A lease is being taken, or a shard grows: an allocator that counts meanwhile does so in the
    /// shared shard, which has place for every id since the id was given out.
    Allocating,
    Leased,
    /// The lease was given back; another thread-local's destructor may still count.
    Returned,
}

/// How many places a thread has at hand for histograms: as many as an index of one byte reaches,
/// which needs no check. The last one stays empty, for all ids that are larger.
const AT_HAND: usize = 1 << u8::BITS;

/// Where a histogram's values are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    at_hand: u8,
    id: u32,
    layout: Layout,
}

impl Place {
    pub(crate) fn new(id: u32, layout: Layout) -> Place {
        Place { at_hand: u8::try_from(id).unwrap_or(u8::MAX), id, layout }
    }
}

/// What a count needs at hand. It has no destructor, so that it can be read at any time.
struct Local {
    cells: StdCell<&'static [Cell]>,
    tallies: [StdCell<&'static Tally>; AT_HAND],
    shard: StdCell<Option<&'static Shard>>,
    phase: StdCell<Phase>,
}

/// What stands in an empty place: one tally for all threads, which never take it for their own.
#[cfg(not(kairos_loom))]
const fn nowhere() -> &'static Tally {
    static NOWHERE: Tally = Tally::nowhere();
    &NOWHERE
}

#[cfg(kairos_loom)]
fn nowhere() -> &'static Tally {
    Box::leak(Box::new(Tally::nowhere()))
}

impl Local {
    #[cfg(not(kairos_loom))]
    const fn new() -> Local {
        Local::with([const { StdCell::new(nowhere()) }; AT_HAND])
    }

    #[cfg(kairos_loom)]
    fn new() -> Local {
        let nowhere = nowhere();
        Local::with([(); AT_HAND].map(|()| StdCell::new(nowhere)))
    }

    const fn with(tallies: [StdCell<&'static Tally>; AT_HAND]) -> Local {
        Local {
            cells: StdCell::new(&[]),
            tallies,
            shard: StdCell::new(None),
            phase: StdCell::new(Phase::Unleased),
        }
    }

    fn hold(&self, shard: Option<&'static Shard>, phase: Phase) {
        self.cells.set(shard.map_or(&[], Shard::first_cells));
        let nowhere = nowhere();
        for tally in &self.tallies {
            tally.set(nowhere);
        }
        self.shard.set(shard);
        self.phase.set(phase);
    }

    /// This thread's shard, leased now if need be; `None` when the count belongs in the shared
    /// shard: the thread is ending, or the lock is taken.
    fn shard(&self) -> Option<&'static Shard> {
        match self.phase.get() {
            Phase::Leased => return self.shard.get(),
            Phase::Allocating | Phase::Returned => return None,
            Phase::Unleased => self.phase.set(Phase::Allocating),
        }
        let leased = LEASE.try_with(|lease| {
            let process = process();
            let shard = process.try_lease();
            lease.0.set(shard.map(|shard| (process, shard)));
            shard
        });
        match leased {
            Ok(Some(shard)) => self.hold(Some(shard), Phase::Leased),
            Ok(None) => self.phase.set(Phase::Unleased),
            Err(_) => self.phase.set(Phase::Returned),
        }
        self.shard.get()
    }

    /// Runs what may allocate in this thread's own shard.
    fn allocating<R>(&self, grow: impl FnOnce() -> R) -> R {
        let before = self.phase.replace(Phase::Allocating);
        let grown = grow();
        self.phase.set(before);
        grown
    }
}

/// Gives the shard back when the thread ends.
struct Lease(StdCell<Option<(&'static Process, &'static Shard)>>);

impl Drop for Lease {
    fn drop(&mut self) {
        // loom ends thread-locals without a destructor as well; there nobody counts after this.
        let _ = LOCAL.try_with(|local| local.hold(None, Phase::Returned));
        if let Some((process, shard)) = self.0.take() {
            process.retire(shard);
        }
    }
}

thread_cell! {
    static LOCAL: Local = Local::new();
}
thread_cell! {
    static LEASE: Lease = Lease(StdCell::new(None));
}

/// Adds one to a counter: one plain add in this thread's own cell.
#[inline]
pub(crate) fn increment(id: u32) {
    match LOCAL.with(|local| local.cells.get()).get(id as usize) {
        Some(cell) => cell.add(1),
        None => add_slowly(id, 1),
    }
}

/// Adds `n` to a counter, which an own cell holds up to half its range.
#[inline]
pub(crate) fn add(id: u32, n: u64) {
    match LOCAL.with(|local| local.cells.get()).get(id as usize) {
        Some(cell) if cell.try_add(n) => {}
        _ => add_slowly(id, n),
    }
}

#[cold]
#[inline(never)]
fn add_slowly(id: u32, n: u64) {
    let own = LOCAL.with(Local::shard).map(|shard| {
        let grow = || LOCAL.with(|local| local.allocating(|| shard.cell(id)));
        shard.find_cell(id).unwrap_or_else(grow)
    });
    if !own.is_some_and(|cell| cell.try_add(n)) {
        process().shared().cell(id).add_shared(n);
    }
}

/// Records in a histogram: this thread's own tally.
#[inline]
pub(crate) fn record(place: &Place, value: u64, weight: u64) {
    if tally_at_hand(place).record(value, weight).is_err() {
        record_slowly(place, value, weight);
    }
}

#[cold]
#[inline(never)]
fn record_slowly(place: &Place, value: u64, weight: u64) {
    match LOCAL.with(Local::shard) {
        Some(shard) => {
            let tally = find_tally(shard, place);
            if tally.record(value, weight).is_err() {
                process().spill(tally, place.id, value, weight);
            }
        }
        None => process().shared().tally(place.id, place.layout).record_shared(value, weight),
    }
}

/// This thread's tally of a histogram; `None` without a lease.
pub(super) fn own_tally(place: &Place) -> Option<&'static Tally> {
    let at_hand = tally_at_hand(place);
    if !at_hand.is_nowhere() {
        return Some(at_hand);
    }
    LOCAL.with(Local::shard).map(|shard| find_tally(shard, place))
}

#[inline]
pub(super) fn tally_at_hand(place: &Place) -> &'static Tally {
    LOCAL.with(|local| local.tallies[usize::from(place.at_hand)].get())
}

/// A tally of this thread's shard, from now on at hand if its id is small.
fn find_tally(shard: &Shard, place: &Place) -> &'static Tally {
    let tally = shard.find_tally(place.id).unwrap_or_else(|| {
        LOCAL.with(|local| local.allocating(|| shard.tally(place.id, place.layout)))
    });
    if place.at_hand < u8::MAX {
        LOCAL.with(|local| local.tallies[usize::from(place.at_hand)].set(tally));
    }
    tally
}

/// The calling thread's shard, if it has one; for `fork.rs`.
#[cfg(all(unix, not(kairos_loom)))]
pub(super) fn own_shard() -> Option<&'static Shard> {
    LOCAL.with(|local| local.shard.get())
}
