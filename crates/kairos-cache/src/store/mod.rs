// Where slots live: moka bounds how many and ranks which; it decides nothing else.
// Never knows: freshness, invalidation, or matches. The only file that names moka.
// Read next: `../truth/slot.rs`, which carries the truth about an entry.
// Why: `docs/decisions/0014-moka-bounds-and-ranks.md`.
// Why: `docs/decisions/0015-one-function-from-slot-to-visible-entry.md`.
// Why: `docs/decisions/0018-a-resize-moves-slots-to-a-new-table.md`.

mod displaced;
mod entry;
mod key;
mod place;
mod sweeper;
mod weight;

use std::cell::Cell;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use arc_swap::ArcSwap;
use equivalent::Equivalent;
use foldhash::fast::FixedState;
use moka::notification::RemovalCause;

use crate::contain::{caught, drop_each, shielded};
use crate::store::displaced::{Asked, Displaced, Releasing};
use crate::store::key::{Copying, Probe, Remembered, Stored};
use crate::sync::Mutex;
use crate::truth::{Held, Slot};

pub(crate) use entry::Entry;
pub(crate) use sweeper::Sweeper;
pub(crate) use weight::{Weigher, weigh};

/// Slots are put in and taken out under one of this many locks, by their key's hash.
const STRIPES: usize = 64;

/// Slots by key, bounded. moka's own expiry and predicate invalidation are not used: an entry's
/// life and death are its slot's.
pub(crate) struct Store<K, E> {
    tables: ArcSwap<Tables<K, E>>,
    hasher: FixedState,
    /// Returns the weight of an entry, where the sum of weights is bounded.
    weight_of: Option<fn(&E) -> u32>,
    /// What is called with each entry that had to make room.
    evicted: Evicted<K, E>,
    /// A slot is compared and taken out in one step, as seen by whoever puts another in its place.
    changing: [Mutex<()>; STRIPES],
    /// Entries that left under a lock: of moka's, or of the flight that let go of them.
    displaced: Arc<Displaced<Held<E>>>,
    /// One resize at a time.
    resizing: Mutex<()>,
}

type Table<K, E> = moka::sync::Cache<Stored<K>, Arc<Slot<E>>, Remembered>;

type Evicted<K, E> = Arc<dyn Fn(&K, &Held<E>) + Send + Sync>;

/// Where slots are: in one table, and while the store is resized also in the one before.
///
/// A slot is looked for in the table before first: it is put in the new one while it is still in the
/// old one, from which none is taken by being moved. So a look that misses a slot in both has begun
/// before the slot was put in, and one that goes by tables that are replaced meanwhile finds the slots
/// that were there when it began.
struct Tables<K, E> {
    current: Table<K, E>,
    before: Option<Table<K, E>>,
}

impl<K, E> Tables<K, E> {
    /// The tables in the order in which a slot is looked for.
    fn both(&self) -> impl Iterator<Item = &Table<K, E>> {
        self.before.iter().chain([&self.current])
    }
}

/// A table with this bound.
fn table<K, E>(
    most: u64,
    weight_of: Option<fn(&E) -> u32>,
    evicted: &Evicted<K, E>,
    displaced: &Arc<Displaced<Held<E>>>,
) -> Table<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let mut builder = moka::sync::Cache::builder().max_capacity(most);
    if let Some(weight_of) = weight_of {
        // A slot that died on its way in weighs nothing.
        builder = builder.weigher(move |_key, slot: &Arc<Slot<E>>| {
            slot.inspect(|held| weight_of(&held.entry)).unwrap_or(0)
        });
    }
    let (evicted, graveyard) = (Arc::clone(evicted), Arc::clone(displaced));
    builder
        // The call may come late and for an older slot of the key: it carries the slot.
        .eviction_listener(move |key: Arc<Stored<K>>, slot: Arc<Slot<E>>, cause| {
            // Only what had to make room is ended here. A slot that is replaced died before, or
            // was put in its own place to be weighed anew (see `Keep::replaced`); one that is
            // taken out has died before that.
            if cause != RemovalCause::Size {
                return;
            }
            if let Some(held) = slot.kill() {
                // moka no longer calls the listener once it has panicked.
                shielded(|| evicted(key.key(), &held));
                graveyard.keep(held);
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
    /// Creates a store. `evicted` is called for each entry whose slot moka evicted while it lived, under
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
        let (displaced, evicted) =
            (Arc::new(Displaced::new(released)), Arc::new(evicted) as Evicted<K, E>);
        let current = table(most, weight_of, &evicted, &displaced);
        let changing = std::array::from_fn(|_| Mutex::new(()));
        let tables = ArcSwap::from_pointee(Tables { current, before: None });
        let resizing = Mutex::new(());
        Store { tables, hasher, weight_of, evicted, changing, displaced, resizing }
    }

    /// Releases what the calling operation displaces, at the operation's end.
    pub(crate) fn releasing(&self) -> Releasing<'_, Held<E>> {
        self.displaced.releasing()
    }

    /// What a task has to release in the place of a read, if there is anything and no task is to come.
    pub(crate) fn ask_release(&self) -> Option<Asked<Held<E>>> {
        self.displaced.ask()
    }

    /// The slot of a key, ranked up. Locks nothing for longer than a bucket.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<Arc<Slot<E>>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.find(&self.probe(key))
    }

    fn find(&self, key: &(impl Hash + Equivalent<Stored<K>>)) -> Option<Arc<Slot<E>>> {
        // One that has died in the table before may have another in its place.
        let alive = |slot: &Arc<Slot<E>>| !slot.is_dead();
        let tables = self.tables.load();
        match &tables.before {
            None => tables.current.get(key),
            Some(before) => before.get(key).filter(alive).or_else(|| tables.current.get(key)),
        }
    }

    /// The slot of a key that is likely to have none: moka counts no look then.
    fn find_unlikely(&self, key: &(impl Hash + Equivalent<Stored<K>>)) -> Option<Arc<Slot<E>>> {
        let is_there = self.tables.load().both().any(|table| table.contains_key(key));
        is_there.then(|| self.find(key))?
    }

    fn probe<'a, Q: Hash + ?Sized>(&self, key: &'a Q) -> Probe<'a, Q> {
        Probe { hash: self.hasher.hash_one(key), key }
    }

    /// A clone of the key as it is stored, for a caller that has only a borrowed form of it.
    pub(crate) fn key<Q>(&self, key: &Q) -> Option<K>
    where
        K: Clone,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let copying = Copying { probe: self.probe(key), found: Cell::new(None) };
        // A removed key may still be compared with: only the answer tells whether it is stored.
        let stored = self.tables.load().both().any(|table| table.contains_key(&copying));
        copying.found.into_inner().filter(|_| stored)
    }

    /// The keys of the slots whose entry is live, as the walk comes by them.
    pub(crate) fn keys(&self, is_live: impl Fn(&Held<E>) -> bool) -> Vec<K>
    where
        K: Clone,
    {
        let live = move |slot: &Slot<E>| slot.inspect(&is_live).unwrap_or(false);
        let mut keys = Vec::new();
        self.each_row(|key, slot| {
            if live(slot) {
                keys.push(key.key().clone());
            }
        });
        keys
    }

    /// Ends every slot whose entry is dead or whose key nobody would find any more, and takes it
    /// out. A key or value whose own code panics keeps no other from being looked at.
    pub(crate) fn sweep(&self, is_dead: impl Fn(&Held<E>) -> bool) {
        self.each_row(|key, slot| shielded(|| self.sweep_one(key, slot, &is_dead)));
    }

    fn sweep_one(&self, key: &Stored<K>, slot: &Arc<Slot<E>>, is_dead: &dyn Fn(&Held<E>) -> bool) {
        // Dropped when the slot has gone: a value's drop is its user's code.
        let mut held = slot.kill_if(is_dead);
        if held.is_none() && !slot.is_dead() && !key.is_findable(&self.hasher) {
            held = slot.kill();
        }
        if slot.is_dead() {
            self.take_out(key, key.hash, slot);
        }
        drop_each(held);
    }

    /// Takes a slot out, unless another stands in the key's place by now.
    fn take_out(&self, key: &(impl Hash + Equivalent<Stored<K>>), hash: u64, slot: &Arc<Slot<E>>) {
        let _alone = self.changing(hash).lock();
        for table in self.tables.load().both() {
            if table.get(key).is_some_and(|current| Arc::ptr_eq(&current, slot)) {
                table.invalidate(key);
            }
        }
    }

    fn put(&self, key: K, hash: u64, slot: Arc<Slot<E>>) {
        let _alone = self.changing(hash).lock();
        self.tables.load().current.insert(Stored::new(key, hash), slot);
    }

    fn changing(&self, hash: u64) -> &Mutex<()> {
        &self.changing[(hash >> 32) as usize % STRIPES]
    }

    /// Calls `see` with every row, as the walk comes by it. While the store is resized some come twice.
    fn each_row(&self, mut see: impl FnMut(&Stored<K>, &Arc<Slot<E>>)) {
        let tables = self.tables.load_full();
        for table in tables.both() {
            table.iter().for_each(|(key, slot)| see(&key, &slot));
        }
    }

    /// Bounds the store anew. Reads and writes go on meanwhile. O(slots); if there is less room than
    /// before, whichever slots do not find any are evicted: the ranks of all begin anew.
    pub(crate) fn resize(&self, most: u64)
    where
        K: Clone,
    {
        let _alone = self.resizing.lock();
        let old = self.tables.load_full().current.clone();
        // What the old table has still to evict by its own bound.
        old.run_pending_tasks();
        let new = table(most, self.weight_of, &self.evicted, &self.displaced);
        // 1. The new table, for whatever is put in from here on.
        self.replace_tables(new.clone(), Some(old.clone()));
        // 2. What stands in the old one. A slot that has died, or been replaced, has left it before.
        for (key, slot) in &old {
            let copy = caught(|| key.key().clone());
            let _alone = self.changing(key.hash).lock();
            if let Ok(copy) = copy
                && !slot.is_dead()
            {
                new.insert(Stored::new(copy, key.hash), slot);
            }
        }
        // 3. The new one alone.
        self.replace_tables(new.clone(), None);
        new.run_pending_tasks();
        // 4. The end of what has found no place in it.
        for (key, slot) in &old {
            let stands = || new.get(&*key).is_some_and(|placed| Arc::ptr_eq(&placed, &slot));
            if !slot.is_dead()
                && !caught(stands).unwrap_or(false)
                && let Some(held) = slot.kill()
            {
                shielded(|| (self.evicted)(key.key(), &held));
                self.displaced.keep(held);
            }
        }
    }

    /// Replaces the tables while no slot is being put in or taken out.
    fn replace_tables(&self, current: Table<K, E>, before: Option<Table<K, E>>) {
        let _alone = self.changing.each_ref().map(Mutex::lock);
        self.tables.store(Arc::new(Tables { current, before }));
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

    /// Lets moka apply its deferred ranks, evictions and calls of the listener.
    pub(crate) fn run_pending(&self) {
        self.tables.load().current.run_pending_tasks();
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
