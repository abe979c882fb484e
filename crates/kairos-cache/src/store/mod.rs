// Where slots live: moka bounds how many and ranks which; it decides nothing else.
// Never knows: freshness, invalidation, or matches. The only file that names moka.
// Read next: `../truth/slot.rs`, which carries the truth about an entry.
// Why: `docs/decisions/0014-moka-bounds-and-ranks.md`.
// Why: `docs/decisions/0015-one-function-from-slot-to-visible-entry.md`.

mod displaced;
mod entry;
mod key;
mod sweeper;
mod weight;

use std::cell::Cell;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use equivalent::Equivalent;
use foldhash::fast::FixedState;
use moka::notification::RemovalCause;

use crate::contain::{drop_each, shielded};
use crate::store::displaced::{Asked, Displaced, Releasing};
use crate::store::key::{Copying, Probe, Remembered, Stored};
use crate::sync::Mutex;
use crate::to_key::ToKey;
use crate::truth::{Admitted, Held, Keep, Shelf, Slot};

pub(crate) use entry::Entry;
pub(crate) use sweeper::Sweeper;
pub(crate) use weight::{Weigher, weigh};

/// Slots are put in and taken out under one of this many locks, by their key's hash.
const STRIPES: usize = 64;

/// Slots by key, bounded. moka's own expiry and predicate invalidation are not used: an entry's
/// life and death are its slot's.
pub(crate) struct Store<K, E> {
    cache: moka::sync::Cache<Stored<K>, Arc<Slot<E>>, Remembered>,
    hasher: FixedState,
    /// Returns the weight of an entry, where the sum of weights is bounded.
    weight_of: Option<fn(&E) -> u32>,
    /// A slot is compared and taken out in one step, as seen by whoever puts another in its place.
    changing: [Mutex<()>; STRIPES],
    /// Entries that left under a lock: of moka's, or of the flight that let go of them.
    displaced: Arc<Displaced<Held<E>>>,
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
        let weight_of = match *bound {
            Bound::Entries(_) => None,
            Bound::Weight(_, weight_of) => Some(weight_of),
        };
        let builder = match *bound {
            Bound::Entries(entries) => moka::sync::Cache::builder().max_capacity(entries),
            Bound::Weight(sum, weight_of) => moka::sync::Cache::builder()
                .max_capacity(sum)
                // A slot that died on its way in weighs nothing.
                .weigher(move |_key, slot: &Arc<Slot<E>>| {
                    slot.inspect(|held| weight_of(&held.entry)).unwrap_or(0)
                }),
        };
        let displaced = Arc::new(Displaced::new(released));
        let graveyard = Arc::clone(&displaced);
        let cache = builder
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
            .build_with_hasher(Remembered::default());
        let changing = std::array::from_fn(|_| Mutex::new(()));
        Store { cache, hasher, weight_of, changing, displaced }
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
        self.cache.get(&self.probe(key))
    }

    /// The place of a key.
    pub(crate) fn shelf<'a, Q>(&'a self, key: &'a Q) -> Place<'a, K, E, Q>
    where
        Q: Hash + ?Sized,
    {
        Place { store: self, probe: self.probe(key) }
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
        let stored = self.cache.contains_key(&copying);
        copying.found.into_inner().filter(|_| stored)
    }

    /// The keys of the slots whose entry is live, as the walk comes by them.
    pub(crate) fn keys<'a>(
        &'a self,
        is_live: impl Fn(&Held<E>) -> bool + 'a,
    ) -> impl Iterator<Item = K> + 'a
    where
        K: Clone,
    {
        let live = move |slot: &Slot<E>| slot.inspect(&is_live).unwrap_or(false);
        self.cache.iter().filter(move |(_, slot)| live(slot)).map(|(key, _)| key.key().clone())
    }

    /// Ends every slot whose entry is dead or whose key nobody would find any more, and takes it
    /// out. A key or value whose own code panics keeps no other from being looked at.
    pub(crate) fn sweep(&self, is_dead: impl Fn(&Held<E>) -> bool) {
        for (key, slot) in &self.cache {
            shielded(|| self.sweep_one(&key, &slot, &is_dead));
        }
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
        if self.cache.get(key).is_some_and(|current| Arc::ptr_eq(&current, slot)) {
            self.cache.invalidate(key);
        }
    }

    fn put(&self, key: K, hash: u64, slot: Arc<Slot<E>>) {
        let _alone = self.changing(hash).lock();
        self.cache.insert(Stored::new(key, hash), slot);
    }

    fn changing(&self, hash: u64) -> &Mutex<()> {
        &self.changing[(hash >> 32) as usize % STRIPES]
    }

    /// Whether an entry of this weight could be kept if it were alone.
    pub(crate) fn can_hold(&self, weight: u32) -> bool {
        let bound = self.cache.policy().max_capacity().unwrap_or(u64::MAX);
        self.weight_of.is_none() || u64::from(weight) <= bound
    }

    /// Whether the next slot may evict another.
    pub(crate) fn is_full(&self) -> bool {
        self.cache.weighted_size() >= self.cache.policy().max_capacity().unwrap_or(u64::MAX)
    }

    /// The number of slots, including dead ones that moka still holds.
    pub(crate) fn len(&self) -> u64 {
        self.cache.entry_count()
    }

    /// Lets moka apply its deferred ranks, evictions and calls of the listener.
    pub(crate) fn run_pending(&self) {
        self.cache.run_pending_tasks();
    }
}

/// A key's place in a store.
pub(crate) struct Place<'a, K, E, Q: ?Sized> {
    store: &'a Store<K, E>,
    probe: Probe<'a, Q>,
}

impl<K, E, Q> Shelf<E> for Place<'_, K, E, Q>
where
    K: Hash + Eq + Send + Sync + 'static,
    Q: Hash + Equivalent<K> + ?Sized,
    E: Send + Sync + 'static,
{
    fn slot(&self) -> Option<Arc<Slot<E>>> {
        self.store.cache.get(&self.probe)
    }

    fn take_out(&self, slot: &Arc<Slot<E>>) {
        self.store.take_out(&self.probe, self.probe.hash, slot);
    }

    fn displace(&self, held: Held<E>) {
        self.store.displaced.keep(held);
    }
}

impl<K, E, Q> Keep<E> for Place<'_, K, E, Q>
where
    K: Hash + Eq + Send + Sync + 'static,
    Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    E: Send + Sync + 'static,
{
    fn keep(&self, slot: Admitted<E>) {
        self.store.put(self.probe.key.to_key(), self.probe.hash, slot.into_slot());
    }

    /// Has the slot weighed anew if its weight is another.
    fn replaced(&self, slot: Admitted<E>, old: &E, new: &E) {
        if self.store.weight_of.is_some_and(|weight_of| weight_of(old) != weight_of(new)) {
            let slot = slot.into_slot();
            self.store.put(self.probe.key.to_key(), self.probe.hash, Arc::clone(&slot));
            // A kill that came in between has taken out the slot that stood here before.
            if slot.is_dead() {
                self.take_out(&slot);
            }
        }
    }
}

impl<K, Q: Equivalent<K> + ?Sized> Equivalent<Stored<K>> for Probe<'_, Q> {
    fn equivalent(&self, stored: &Stored<K>) -> bool {
        self.is(stored)
    }
}

impl<K: Clone, Q: Equivalent<K> + ?Sized> Equivalent<Stored<K>> for Copying<'_, K, Q> {
    fn equivalent(&self, stored: &Stored<K>) -> bool {
        self.is(stored)
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;
    use crate::truth::{Capture, Class, Finding, KeyMarks, Sequence, conclude};

    #[test]
    fn the_stored_key_is_found_by_a_borrowed_form_that_has_no_owned_one() {
        let store: Store<Arc<str>, u32> =
            Store::new(&Bound::Entries(10), FixedState::default(), |_, _| {}, || {});
        let class = Arc::new(Class::new([]));
        let capture = Capture::take(&Sequence::new(), &Arc::default(), &class);
        let finding = Finding::Value(Some(Arc::new(1)));
        let stored: Arc<str> = "k".into();
        let marks = KeyMarks::default();
        assert!(conclude(&store.shelf(&stored), finding, &capture, marks, || false).stands());
        let found = store.key("k").expect("stored");
        assert!(Arc::ptr_eq(&found, &stored));
        assert!(store.key("other").is_none());
        let shelf = store.shelf("k");
        shelf.take_out(&shelf.slot().expect("stored"));
        assert!(store.key("k").is_none());
    }
    #[test]
    fn a_slot_is_not_taken_out_for_another_that_stood_in_its_place() {
        let store: Store<u32, u32> =
            Store::new(&Bound::Entries(10), FixedState::default(), |_, _| {}, || {});
        let (sequence, class) = (Sequence::new(), Arc::new(Class::new([])));
        let put = |value| {
            let capture = Capture::take(&sequence, &Arc::default(), &class);
            let finding = Finding::Value(Some(Arc::new(value)));
            let marks = KeyMarks::default();
            assert!(conclude(&store.shelf(&7), finding, &capture, marks, || false).stands());
            store.get(&7).expect("stored")
        };
        let old = put(1);
        assert!(old.kill().is_some());
        let new = put(2);
        assert!(!Arc::ptr_eq(&old, &new));
        store.shelf(&7).take_out(&old);
        assert!(store.get(&7).is_some_and(|slot| Arc::ptr_eq(&slot, &new)));
        store.shelf(&7).take_out(&new);
        assert!(store.get(&7).is_none());
    }
}
