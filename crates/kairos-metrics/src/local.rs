//! The way from a thread to its shard: a thread-local that costs an offset, and a lease that ends.
//! Never knows: names, values, how shards are added up.
//! Read next: `counter.rs`, the first caller.

use std::cell::Cell as StdCell;

use crate::buckets::Layout;
use crate::cell::Cell;
use crate::core::Core;
use crate::shard::{Shard, Sizes};
use crate::sync::{process_static, thread_cell};
use crate::tally::Tally;

#[cfg(not(kairos_loom))]
const SIZES: Sizes = Sizes::DEFAULT;
#[cfg(kairos_loom)]
const SIZES: Sizes = Sizes::TINY;

process_static! {
    static CORE: Core = {
        #[cfg(all(unix, not(kairos_loom)))]
        crate::fork::watch(crate::fork::Process { core, own_shard });
        Core::new(SIZES)
    };
}

/// The process's core.
pub(crate) fn core() -> &'static Core {
    &CORE
}

/// How many shards the process has, leased or waiting for a thread: at most as many as threads
/// ever counted at the same time. For watching memory; takes a lock.
pub fn shards() -> usize {
    core().shards()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was counted yet.
    Unleased,
    /// A lease is being taken; an allocator that counts meanwhile must not take another.
    Leasing,
    Leased,
    /// The lease was given back; another thread-local's destructor may still count.
    Returned,
}

/// How many histograms a thread has at hand; those with larger ids cost a search.
const AT_HAND: usize = 64;

/// What a count needs at hand. It has no destructor, so that it can be read at any time.
struct Local {
    cells: StdCell<&'static [Cell]>,
    tallies: [StdCell<Option<&'static Tally>>; AT_HAND],
    shard: StdCell<Option<&'static Shard>>,
    phase: StdCell<Phase>,
}

impl Local {
    const fn new() -> Local {
        Local {
            cells: StdCell::new(&[]),
            tallies: [const { StdCell::new(None) }; AT_HAND],
            shard: StdCell::new(None),
            phase: StdCell::new(Phase::Unleased),
        }
    }

    fn hold(&self, shard: Option<&'static Shard>, phase: Phase) {
        self.cells.set(shard.map_or(&[], Shard::first_cells));
        for tally in &self.tallies {
            tally.set(None);
        }
        self.shard.set(shard);
        self.phase.set(phase);
    }

    /// This thread's shard, leased now if need be; `None` when the count belongs in the shared
    /// shard: the thread is ending, or the lock is taken.
    fn shard(&self) -> Option<&'static Shard> {
        match self.phase.get() {
            Phase::Leased => return self.shard.get(),
            Phase::Leasing | Phase::Returned => return None,
            Phase::Unleased => self.phase.set(Phase::Leasing),
        }
        if LEASE.try_with(|_| ()).is_err() {
            self.phase.set(Phase::Returned);
            return None;
        }
        match core().try_lease() {
            Some(shard) => self.hold(Some(shard), Phase::Leased),
            None => self.phase.set(Phase::Unleased),
        }
        self.shard.get()
    }
}

/// Gives the shard back when the thread ends.
struct Lease;

impl Drop for Lease {
    fn drop(&mut self) {
        let shard = LOCAL.with(|local| {
            let shard = local.shard.get();
            local.hold(None, Phase::Returned);
            shard
        });
        if let Some(shard) = shard {
            core().retire(shard);
        }
    }
}

thread_cell! {
    static LOCAL: Local = Local::new();
}
thread_cell! {
    static LEASE: Lease = Lease;
}

/// Adds `n` to a counter: one plain add in this thread's own cell.
#[inline]
pub(crate) fn add(id: u32, n: u64) {
    match LOCAL.with(|local| local.cells.get()).get(id as usize) {
        Some(cell) => cell.add(n),
        None => add_slowly(id, n),
    }
}

#[cold]
#[inline(never)]
fn add_slowly(id: u32, n: u64) {
    match LOCAL.with(Local::shard) {
        Some(shard) => shard.cell(id).add(n),
        None => core().shared().cell(id).add_shared(n),
    }
}

/// Records in a histogram: this thread's own tally.
#[inline]
pub(crate) fn record(id: u32, layout: Layout, value: u64, weight: u64) {
    match tally_at_hand(id) {
        Some(tally) if tally.record(value, weight).is_ok() => {}
        _ => record_slowly(id, layout, value, weight),
    }
}

#[cold]
#[inline(never)]
fn record_slowly(id: u32, layout: Layout, value: u64, weight: u64) {
    match LOCAL.with(Local::shard) {
        Some(shard) => {
            let tally = find_tally(shard, id, layout);
            if tally.record(value, weight).is_err() {
                core().spill(tally, id, value, weight);
            }
        }
        None => core().shared().tally(id, layout).record_shared(value, weight),
    }
}

/// Whether this thread's next timing of a histogram is the one in `every` to be taken.
///
/// Without a lease every timing is to be taken, with a weight of one: see the return value.
#[inline]
pub(crate) fn due(id: u32, layout: Layout, every: u32) -> Option<u32> {
    match tally_at_hand(id) {
        Some(tally) => tally.due(every).then_some(every.max(1)),
        None => due_slowly(id, layout, every),
    }
}

#[cold]
#[inline(never)]
fn due_slowly(id: u32, layout: Layout, every: u32) -> Option<u32> {
    match LOCAL.with(Local::shard) {
        Some(shard) => find_tally(shard, id, layout).due(every).then_some(every.max(1)),
        None => Some(1),
    }
}

#[inline]
fn tally_at_hand(id: u32) -> Option<&'static Tally> {
    LOCAL.with(|local| local.tallies.get(id as usize)?.get())
}

/// A tally of this thread's shard, from now on at hand if its id is small.
fn find_tally(shard: &Shard, id: u32, layout: Layout) -> &'static Tally {
    let tally = shard.tally(id, layout);
    LOCAL.with(|local| {
        if let Some(slot) = local.tallies.get(id as usize) {
            slot.set(Some(tally));
        }
    });
    tally
}

/// The calling thread's shard, if it has one; for `fork.rs`.
#[cfg(all(unix, not(kairos_loom)))]
pub(crate) fn own_shard() -> Option<&'static Shard> {
    LOCAL.with(|local| local.shard.get())
}
