// Where slots live: moka bounds how many and ranks which; it decides nothing else.
// Never knows: freshness, invalidation, or matches. The only file that names moka.
// Read next: `key.rs` for a row, `../truth/slot.rs` for the truth about its entry; `resize.rs`, `policy.rs`.
// Why: `docs/decisions/0014-moka-bounds-and-ranks.md`.
// Why: `docs/decisions/0015-one-function-from-slot-to-visible-entry.md`.
// Why: `docs/decisions/0018-a-resize-moves-slots-to-a-new-table.md`.

mod dead;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod displaced;
mod entry;
mod find;
mod key;
mod leaving;
mod near;
mod place;
mod policy;
mod resize;
mod sweeper;
mod upkeep;
mod weight;

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use arc_swap::ArcSwap;
use foldhash::fast::FixedState;
use moka::notification::RemovalCause;

use crate::contain::{drop_each, shielded};
use crate::store::dead::Dead;
#[cfg(not(kairos_loom))]
use crate::store::displaced::Displaced;
use crate::store::displaced::Releasing;
use crate::store::key::{Itself, Name, Remembered};
use crate::store::policy::{Missed, Read, Touched};
use crate::sync::Mutex;
use crate::truth::{Held, Row, Slot};

#[cfg(kairos_loom)]
pub use displaced::Displaced;
pub(crate) use entry::Entry;
pub(crate) use key::{Probe, Stored};
pub(crate) use near::{IntoRest, Near, Remains, forget_gone};
pub(crate) use place::Ending;
pub(crate) use sweeper::Sweeper;
pub(crate) use upkeep::{Due, Upkeep};
pub(crate) use weight::{Weigher, weigh};

/// Rows are put in and taken out under one of this many locks, by their key's hash.
const STRIPES: usize = 64;

/// Rows by key, bounded. moka's own expiry and predicate invalidation are not used: an entry's
/// life and death are its slot's.
pub(crate) struct Store<K, E> {
    tables: ArcSwap<Tables<K, E>>,
    hasher: FixedState,
    /// Returns the weight of an entry, where the sum of weights is bounded.
    weight_of: Option<fn(&E) -> u32>,
    /// What is called with each entry that had to make room.
    evicted: Evicted<K, E>,
    /// A row is compared and taken out in one step, as seen by whoever puts another in its place.
    changing: [Mutex<()>; STRIPES],
    /// Entries that left under the lock of the flight that let go of them, until that operation's end.
    displaced: Displaced<Gone<E>>,
    /// Entries that moka has evicted, and what a read has let go of: left to a task.
    left: Arc<Displaced<Gone<E>>>,
    /// Reads that moka has not been told of.
    touched: Touched<K, E>,
    /// Dead rows that it still holds.
    dead: Dead<K, E>,
    /// Who sees to what is due in moka.
    upkeep: Arc<Upkeep>,
    /// One resize at a time.
    resizing: Mutex<()>,
}

/// A share in what the store keeps for a key.
pub(crate) type SharedRow<K, E> = Arc<Stored<K, E>>;

/// What has left the cache and is dropped under no lock.
#[expect(dead_code, reason = "it is kept to be dropped")]
pub(crate) enum Gone<E> {
    /// An entry.
    Entry(Held<E>),
    /// What somebody was the last to hold: a value that a thread remembered, or a row.
    Other(Box<dyn Send + Sync>),
}

type Table<K, E> = moka::sync::Cache<Name<K, E>, (), Remembered>;

type Evicted<K, E> = Arc<dyn Fn(&K, &Held<E>) + Send + Sync>;

/// Where rows are: in one table, and while the store is resized also in the one before.
///
/// A row is looked for in the table before first: it is put in the new one while it is still in the
/// old one, from which none is taken by being moved. So a look that misses a row in both has begun
/// before the row was put in, and one that goes by tables that are replaced meanwhile finds the rows
/// that were there when it began.
struct Tables<K, E> {
    current: Table<K, E>,
    before: Option<Table<K, E>>,
}

impl<K, E> Tables<K, E> {
    /// The tables in the order in which a row is looked for.
    fn both(&self) -> impl Iterator<Item = &Table<K, E>> {
        self.before.iter().chain([&self.current])
    }
}

/// A table with this bound.
fn table<K, E>(
    most: u64,
    weight_of: Option<fn(&E) -> u32>,
    evicted: &Evicted<K, E>,
    left: &Arc<Displaced<Gone<E>>>,
) -> Table<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let mut builder = moka::sync::Cache::builder().max_capacity(most);
    if let Some(weight_of) = weight_of {
        // A slot that died on its way in weighs nothing.
        builder = builder.weigher(move |name: &Name<K, E>, ()| {
            name.0.slot().inspect(|held| weight_of(&held.entry)).unwrap_or(0)
        });
    }
    let (evicted, left) = (Arc::clone(evicted), Arc::clone(left));
    builder
        // The call may come late and for an older row of the key: the name is the row.
        .eviction_listener(move |name: Arc<Name<K, E>>, (), cause| {
            // Only what had to make room is ended here. A row that is replaced died before, or
            // was put in its own place to be weighed anew (see `Keep::replaced`); one that is
            // taken out has died before that.
            if cause != RemovalCause::Size {
                return;
            }
            if let Some(held) = name.0.slot().kill() {
                // moka no longer calls the listener once it has panicked.
                shielded(|| evicted(name.0.key(), &held));
                left.keep(Gone::Entry(held));
            }
        })
        .build_with_hasher(Remembered::default())
}

/// The number or the sum of weights that bounds a table.
fn most<K, E>(table: &Table<K, E>) -> u64 {
    table.policy().max_capacity().unwrap_or(u64::MAX)
}

/// What bounds a store.
pub(crate) enum Bound<E> {
    /// The number of entries.
    Entries(u64),
    /// The sum of their weights.
    Weight(u64, fn(&E) -> u32),
}

impl<K, E> Store<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Creates a store. `evicted` is called for each entry whose row moka evicted while it lived, under
    /// locks of moka's; `released` afterwards, under none.
    pub(crate) fn new(
        bound: &Bound<E>,
        hasher: FixedState,
        evicted: impl Fn(&K, &Held<E>) + Send + Sync + 'static,
        released: impl Fn() + Send + Sync + 'static,
    ) -> Store<K, E> {
        let (weight_of, most) = match *bound {
            Bound::Entries(entries) => (None, entries),
            Bound::Weight(sum, weight_of) => (Some(weight_of), sum),
        };
        let released: Arc<dyn Fn() + Send + Sync> = Arc::new(released);
        let displaced = Displaced::new(Arc::clone(&released));
        let left = Arc::new(Displaced::new(released));
        let evicted = Arc::new(evicted) as Evicted<K, E>;
        let current = table(most, weight_of, &evicted, &left);
        let changing = std::array::from_fn(|_| Mutex::new(()));
        let tables = ArcSwap::from_pointee(Tables { current, before: None });
        let (touched, dead, upkeep) = (Touched::new(), Dead::new(), Arc::new(Upkeep::new()));
        let resizing = Mutex::new(());
        Store {
            tables,
            hasher,
            weight_of,
            evicted,
            changing,
            displaced,
            left,
            touched,
            dead,
            upkeep,
            resizing,
        }
    }

    /// Releases what the calling operation displaces, at the operation's end.
    pub(crate) fn releasing(&self) -> Releasing<'_, Gone<E>> {
        self.displaced.releasing()
    }

    /// Who sees to what is due in moka.
    pub(crate) fn upkeep(&self) -> &Arc<Upkeep> {
        &self.upkeep
    }

    /// Keeps what a read may not drop, until a task drops it.
    pub(crate) fn leave(&self, gone: impl Send + Sync + 'static) {
        self.left.keep(Gone::Other(Box::new(gone)));
    }

    /// Keeps an entry until it is dropped under no lock, and the end of that is told.
    pub(crate) fn displace_entry(&self, held: Held<E>) {
        self.displaced.keep(Gone::Entry(held));
    }

    /// A key with its hash.
    #[inline]
    pub(crate) fn probe<'a, Q: Hash + ?Sized>(&self, key: &'a Q) -> Probe<'a, Q> {
        Probe { hash: self.hasher.hash_one(key), key }
    }

    /// The keys of the slots whose entry is live, as the walk comes by them.
    pub(crate) fn keys(&self, is_live: impl Fn(&Held<E>) -> bool) -> Vec<K>
    where
        K: Clone,
    {
        let live = move |slot: &Slot<E>| slot.inspect(&is_live).unwrap_or(false);
        let mut keys = Vec::new();
        self.each_row(|row| {
            if live(row.slot()) {
                keys.push(row.key().clone());
            }
        });
        keys
    }

    /// Ends every slot whose entry is dead or whose key nobody would find any more, and takes it
    /// out. A key or value whose own code panics keeps no other from being looked at.
    pub(crate) fn sweep(&self, is_dead: impl Fn(&Held<E>) -> bool) {
        self.take_out_all_dead();
        self.each_row(|row| shielded(|| self.sweep_one(row, &is_dead)));
    }

    fn sweep_one(&self, row: &SharedRow<K, E>, is_dead: &dyn Fn(&Held<E>) -> bool) {
        // Dropped when the slot has gone: a value's drop is its user's code.
        let mut held = row.slot().kill_if(is_dead);
        if held.is_none() && !row.slot().is_dead() && !row.is_findable(&self.hasher) {
            held = row.slot().kill();
        }
        if row.slot().is_dead() {
            self.take_out(row);
        }
        drop_each(held);
    }

    /// Puts a row in, in the place of one that has died.
    fn put(&self, row: SharedRow<K, E>, dead: Option<&SharedRow<K, E>>) {
        let _alone = self.changing(row.hash).lock();
        let table = &self.tables.load().current;
        if let Some(dead) = dead {
            // moka would go on ranking by the old name, and give notice of it.
            table.invalidate(&Itself(dead));
        }
        table.insert(Name(row), ());
    }

    fn changing(&self, hash: u64) -> &Mutex<()> {
        &self.changing[(hash >> 32) as usize % STRIPES]
    }

    /// Calls `see` with every row, as the walk comes by it. While the store is resized some come twice.
    fn each_row(&self, mut see: impl FnMut(&SharedRow<K, E>)) {
        let tables = self.tables.load_full();
        for table in tables.both() {
            table.iter().for_each(|(name, ())| see(&name.0));
        }
    }

    /// Notes a read of a row, of which moka is told later.
    #[inline]
    pub(crate) fn touch(&self, row: &SharedRow<K, E>) {
        self.touched.note(|| Read::Hit(Arc::clone(row)));
    }

    /// Notes a read that found no row.
    pub(crate) fn miss(&self, hash: u64) {
        self.touched.note_miss(hash);
    }

    /// Tells moka of reads. Not to be called by a read.
    fn tell_touched(&self, most: usize) {
        if self.touched.is_empty() {
            return;
        }
        let table = &self.tables.load().current;
        self.touched.tell(most, |read| match read {
            Read::Hit(row) if row.slot().is_dead() => _ = table.get(&Missed(row.hash)),
            Read::Hit(row) => _ = table.get(&Itself(&row)),
            Read::Miss(hash) => _ = table.get(&Missed(hash)),
        });
    }

    /// Whether an entry of this weight could be kept if it were alone.
    pub(crate) fn can_hold(&self, weight: u32) -> bool {
        self.weight_of.is_none() || u64::from(weight) <= most(&self.tables.load().current)
    }

    /// Whether the next slot may evict another.
    pub(crate) fn is_full(&self) -> bool {
        let tables = self.tables.load();
        tables.current.weighted_size() >= most(&tables.current)
    }

    /// The number of slots, including dead ones that moka still holds.
    pub(crate) fn len(&self) -> u64 {
        self.tables.load().current.entry_count()
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
