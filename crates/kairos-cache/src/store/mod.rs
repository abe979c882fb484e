// Where slots live: moka bounds how many and ranks which; it decides nothing else.
// Never knows: freshness, invalidation, or matches. The only file that names moka.
// Read next: `../truth/slot.rs`, which carries the truth about an entry.
// Why: `docs/decisions/0014-moka-bounds-and-ranks.md`.
// Why: `docs/decisions/0015-one-function-from-slot-to-visible-entry.md`.

mod displaced;
mod entry;
mod sweeper;
mod weight;

use std::borrow::Borrow;
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::FixedState;
use moka::notification::RemovalCause;
use moka::ops::compute::Op;

use crate::contain::{drop_each, shielded};
use crate::store::displaced::{Asked, Displaced, Releasing};
use crate::to_key::ToKey;
use crate::truth::{Admitted, Held, Keep, Shelf, Slot};

pub(crate) use entry::Entry;
pub(crate) use sweeper::Sweeper;
pub(crate) use weight::{Weigher, weigh};

/// Slots by key, bounded. moka's own expiry and predicate invalidation are not used: an entry's
/// life and death are its slot's.
pub(crate) struct Store<K, E> {
    cache: moka::sync::Cache<K, Arc<Slot<E>>, FixedState>,
    /// Returns the weight of an entry, where the sum of weights is bounded.
    weight_of: Option<fn(&E) -> u32>,
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
            .eviction_listener(move |key, slot: Arc<Slot<E>>, cause| {
                // A slot that is replaced died before, or was put in its own place to be weighed
                // anew: see `Keep::replaced`.
                if cause == RemovalCause::Replaced {
                    return;
                }
                if let Some(held) = slot.kill() {
                    // moka no longer calls the listener once it has panicked.
                    shielded(|| evicted(&key, &held));
                    graveyard.keep(held);
                }
            })
            .build_with_hasher(hasher);
        Store { cache, weight_of, displaced }
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
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.cache.get(key)
    }

    /// The place of a key.
    pub(crate) fn shelf<'a, Q: ?Sized>(&'a self, key: &'a Q) -> Place<'a, K, E, Q> {
        Place { store: self, key }
    }

    /// A clone of the key as it is stored, for a caller that has only a borrowed form of it.
    pub(crate) fn key<Q>(&self, key: &Q) -> Option<K>
    where
        K: Borrow<Q> + Clone,
        Q: Hash + Eq + ?Sized,
    {
        let probe = Probe { key, found: Cell::new(None) };
        // A removed key may still be compared with: only the answer tells whether it is stored.
        let stored = self.cache.contains_key(&probe);
        probe.found.into_inner().filter(|_| stored)
    }

    /// Ends every slot whose entry is dead, and takes it out.
    pub(crate) fn sweep(&self, is_dead: impl Fn(&Held<E>) -> bool)
    where
        K: Clone,
    {
        for (key, slot) in &self.cache {
            // Dropped when the slot has gone: a value's drop is its user's code.
            let held = slot.kill_if(&is_dead);
            if held.is_some() || slot.inspect(|_| ()).is_none() {
                self.take_out(&*key, &slot);
            }
            drop_each(held);
        }
    }

    /// Takes a slot out, unless another stands in the key's place by now.
    fn take_out(&self, key: &K, slot: &Arc<Slot<E>>)
    where
        K: Clone,
    {
        let _done = self.cache.entry_by_ref(key).and_compute_with(|entry| match entry {
            Some(entry) if Arc::ptr_eq(entry.value(), slot) => Op::Remove,
            _ => Op::Nop,
        });
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
    key: &'a Q,
}

impl<K, E, Q> Shelf<E> for Place<'_, K, E, Q>
where
    K: Borrow<Q> + Hash + Eq + Send + Sync + 'static,
    Q: Hash + Eq + ?Sized,
    E: Send + Sync + 'static,
{
    fn slot(&self) -> Option<Arc<Slot<E>>> {
        self.store.get(self.key)
    }

    fn take_out(&self) {
        self.store.cache.invalidate(self.key);
    }

    fn displace(&self, held: Held<E>) {
        self.store.displaced.keep(held);
    }
}

impl<K, E, Q> Keep<E> for Place<'_, K, E, Q>
where
    K: Borrow<Q> + Hash + Eq + Send + Sync + 'static,
    Q: Hash + Eq + ToKey<K> + ?Sized,
    E: Send + Sync + 'static,
{
    fn keep(&self, slot: Admitted<E>) {
        self.store.cache.insert(self.key.to_key(), slot.into_slot());
    }

    /// Has the slot weighed anew if its weight is another.
    fn replaced(&self, slot: Admitted<E>, old: &E, new: &E) {
        if self.store.weight_of.is_some_and(|weight_of| weight_of(old) != weight_of(new)) {
            self.keep(slot);
        }
    }
}

/// A borrowed key that keeps a clone of the stored key which it equals.
struct Probe<'a, K, Q: ?Sized> {
    key: &'a Q,
    found: Cell<Option<K>>,
}

impl<K, Q: Hash + ?Sized> Hash for Probe<'_, K, Q> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<K, Q> moka::Equivalent<K> for Probe<'_, K, Q>
where
    K: Borrow<Q> + Clone,
    Q: Eq + ?Sized,
{
    fn equivalent(&self, stored: &K) -> bool {
        let same = stored.borrow() == self.key;
        if same {
            self.found.set(Some(stored.clone()));
        }
        same
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
        store.shelf("k").take_out();
        assert!(store.key("k").is_none());
    }
}
