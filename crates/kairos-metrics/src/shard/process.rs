// The shards and ids of the process: leases shards to threads, folds them, adds them up.
// Never knows: thread-locals (`local.rs` has them), names, formats.
// Read next: `shard.rs`, what is leased; `local.rs`, which leases.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Weak;

use super::ids::{Ids, Released};
use super::shard::{Shard, Sizes};
use super::sum::Sum;
use super::tally::{Tally, Writers};
use crate::buckets::Layout;
#[cfg(all(unix, not(kairos_loom)))]
use crate::sync::Ordering;
use crate::sync::{AtomicI64, Mutex, MutexGuard, is_marked};

/// Everything that threads share: one for the process, and one for each execution of a model.
///
/// The lock of the state is taken at a thread's first count and at its end, when ids are given
/// back, and by readers; never by a count: a thread that finds it taken counts in the shared shard
/// instead, nor waited for when an id is given back. That of the ids is taken when ids come and go, also by who has the other, and for a
/// moment only: what is made new waits for no reader. A fold moves counts under the lock and readers add up under it, so that they see a count
/// either in its shard or in the shared one.
#[derive(Debug)]
pub(crate) struct Process {
    sizes: Sizes,
    /// What folded shards left, and what was counted without a lease. Many writers.
    shared: &'static Shard,
    state: Mutex<State>,
    ids: Mutex<Ids>,
}

/// What the lock guards.
#[derive(Debug)]
pub(super) struct State {
    leased: Vec<&'static Shard>,
    /// Shards between two owners; all zero.
    free: Vec<&'static Shard>,
    /// Tells this process's series from those of every other process.
    nonce: u64,
    forked: Option<Forked>,
}

/// Both locks.
#[cfg(all(unix, not(kairos_loom)))]
pub(super) struct Held<'a> {
    state: MutexGuard<'a, State>,
    ids: MutexGuard<'a, Ids>,
}

/// What a forked child remembers of the fork.
#[derive(Clone, Copy, Debug)]
struct Forked {
    /// How many series there were: they began anew.
    births: u64,
    unix_ns: u64,
}

impl Process {
    pub(crate) fn new(sizes: Sizes) -> Process {
        let state = State {
            leased: Vec::new(),
            free: Vec::new(),
            nonce: RandomState::new().build_hasher().finish(),
            forked: None,
        };
        let shared = Shard::leaked(sizes, Writers::Many);
        Process { sizes, shared, state: Mutex::new(state), ids: Mutex::new(Ids::default()) }
    }

    /// The shard for counts that have no lease.
    pub(crate) fn shared(&self) -> &'static Shard {
        self.shared
    }

    /// Makes the calling thread the owner of a shard, unless the lock is taken: a count must not
    /// wait for a reader or a registration.
    pub(crate) fn try_lease(&self) -> Option<&'static Shard> {
        let mut state = self.state.try_lock()?;
        let shard = state.free.pop().unwrap_or_else(|| Shard::leaked(self.sizes, Writers::Owner));
        state.leased.push(shard);
        Some(shard)
    }

    /// Takes a shard back from its owner, the calling thread: its counts go to the shared shard.
    pub(crate) fn retire(&self, shard: &'static Shard) {
        let mut state = self.state.lock();
        let (cells, tallies) = self.ids.lock().ever_used();
        shard.fold(self.shared, cells, tallies);
        state.leased.retain(|leased| !std::ptr::eq(*leased, shard));
        state.free.push(shard);
        drop(state);
        self.free_put_by();
    }

    /// Records in a tally of the calling thread that is full, or has no memory for the value: makes
    /// it or folds the tally first, unless the lock is taken. The thread itself may have it, and allocate while an allocator records.
    pub(crate) fn spill(&self, tally: &Tally, id: u32, value: u64, weight: u64) {
        let shared = self.shared.tally(id, tally.layout());
        let Some(_readers_wait) = self.state.try_lock() else {
            return shared.record_shared(value, weight);
        };
        tally.make_room(value);
        if tally.record(value, weight).is_ok() {
            return;
        }
        tally.fold(shared);
        if tally.record(value, weight).is_err() {
            shared.record_shared(value, weight);
        }
    }

    /// An id for a counter; its count is zero, and the shared shard has place for it.
    pub(crate) fn acquire_cell(&self) -> u32 {
        let id = self.ids.lock().take_cell();
        let _place = self.shared.cell(id);
        id
    }

    /// Takes an id back. The caller's last handle is gone, so that all counts happened before this
    /// and zeroing them races with no owner.
    ///
    /// Waits for no reader, of which the calling thread may be one: while one has the lock, the id is
    /// put by, until another one comes back or a thread ends.
    pub(crate) fn release(&self, released: Released) {
        let ids = if is_marked() { self.ids.try_lock() } else { Some(self.ids.lock()) };
        // An allocator dropped a last handle while its thread has the ids: this one is not used again.
        let Some(mut ids) = ids else { return };
        ids.put_by(released);
        drop(ids);
        self.free_put_by();
    }

    /// Zeroes and frees the ids that were put by, unless the lock is taken.
    fn free_put_by(&self) {
        while let Some(state) = self.state.try_lock() {
            // The ids are not locked while one is zeroed, which takes longer.
            while let Some(released) = self.next_put_by() {
                self.clear(&state, released);
                self.ids.lock().free(released);
            }
            drop(state);
            // Whoever found the lock taken had put its id by: it is seen here.
            if !self.ids.lock().has_put_by() {
                break;
            }
        }
    }

    fn next_put_by(&self) -> Option<Released> {
        self.ids.lock().next_put_by()
    }

    fn clear(&self, state: &State, released: Released) {
        for shard in state.leased.iter().copied().chain([self.shared]) {
            match released {
                Released::Cell(id) => shard.clear_cell(id),
                Released::Tally(id, _) => shard.clear_tally(id),
            }
        }
    }

    /// An id for a histogram of this layout; nothing is recorded under it, and the shared shard has
    /// place for it.
    pub(crate) fn acquire_tally(&self, layout: Layout) -> u32 {
        let id = self.ids.lock().take_tally(layout);
        let _place = self.shared.tally(id, layout);
        id
    }

    /// The number of a new series; see [`Reader::birth`].
    pub(crate) fn number_series(&self) -> u64 {
        self.ids.lock().next_birth()
    }

    /// Has a gauge zeroed in a forked child.
    pub(crate) fn adopt_gauge(&self, gauge: Weak<AtomicI64>) {
        self.ids.lock().adopt_gauge(gauge);
    }

    /// Keeps shards from being folded or leased while counts are added up.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { shared: self.shared, state: self.state.lock() }
    }

    /// The locks themselves, for `fork.rs` to hold across a fork.
    #[cfg(all(unix, not(kairos_loom)))]
    pub(super) fn lock(&self) -> Held<'_> {
        // In the order in which all take them.
        let state = self.state.lock();
        Held { state, ids: self.ids.lock() }
    }

    /// In a forked child, whose only thread owns `own`: forgets the parent's counts.
    ///
    /// The other threads' shards are abandoned, not reused: their owners may have been stopped
    /// halfway through allocating a block.
    #[cfg(all(unix, not(kairos_loom)))]
    pub(super) fn restart(&self, held: &mut Held<'_>, own: Option<&'static Shard>, unix_ns: u64) {
        let Held { state, ids } = held;
        let (cells, tallies) = ids.ever_used();
        state.leased.retain(|shard| own.is_some_and(|own| std::ptr::eq(*shard, own)));
        for shard in state.leased.iter().copied().chain([self.shared]) {
            (0..cells).for_each(|id| shard.clear_cell(id));
            (0..tallies).for_each(|id| shard.clear_whole_tally(id));
        }
        state.forked = Some(Forked { births: ids.births(), unix_ns });
        let pid = u64::from(std::process::id());
        state.nonce = state.nonce.rotate_left(1).wrapping_add(unix_ns.wrapping_mul(2 * pid + 1));
        for gauge in ids.gauges() {
            // Relaxed: the child has one thread.
            gauge.store(0, Ordering::Relaxed);
        }
    }

    /// How many shards exist, leased or free.
    pub(crate) fn shards(&self) -> usize {
        let state = self.state.lock();
        state.leased.len() + state.free.len()
    }
}

/// The right to add up shards: while it lives, no shard changes its owner.
pub(crate) struct Reader<'a> {
    shared: &'static Shard,
    state: MutexGuard<'a, State>,
}

impl Reader<'_> {
    /// A counter's total. O(live threads).
    pub(crate) fn count(&self, id: u32) -> u64 {
        self.shards().fold(0, |total, shard| total.saturating_add(shard.count(id)))
    }

    /// Adds a histogram up into `sum`. O(live threads × buckets between min and max).
    pub(crate) fn add_up(&self, id: u32, layout: Layout, sum: &mut Sum) {
        let tallies = self.shards().filter_map(|shard| -> Option<&Tally> { shard.find_tally(id) });
        sum.add_up(layout, tallies);
    }

    /// Adds a histogram up in the ranges that end before each of the rising `edges`, and the rest.
    pub(crate) fn add_up_ranges(&self, id: u32, edges: &[usize], sum: &mut Sum) {
        let tallies = self.shards().filter_map(|shard| -> Option<&Tally> { shard.find_tally(id) });
        sum.add_up_ranges(edges, tallies);
    }

    /// What tells a series from every other one, of other processes too: a forked child's are not
    /// its parent's.
    pub(crate) fn birth(&self, number: u64) -> u64 {
        self.state.nonce.wrapping_add(number)
    }

    /// When a series began anew after it was made, in nanoseconds since the epoch: when this process
    /// was forked.
    pub(crate) fn began_anew(&self, number: u64) -> Option<u64> {
        self.state.forked.filter(|fork| number <= fork.births).map(|fork| fork.unix_ns)
    }

    fn shards(&self) -> impl Iterator<Item = &'static Shard> + Clone {
        self.state.leased.iter().copied().chain([self.shared])
    }
}
