// One key's place in the store, as the steps of publishing and ending see it.
// Never knows: freshness, invalidation, or matches.
// Read next: `../truth/shelf.rs`, whose steps these are.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::store::Store;
use crate::store::key::Probe;
use crate::to_key::ToKey;
use crate::truth::{Admitted, Held, Keep, Shelf, Slot};

/// A key's place in a store.
pub(crate) struct Place<'a, K, E, Q: ?Sized> {
    pub(super) store: &'a Store<K, E>,
    pub(super) probe: Probe<'a, Q>,
    /// Whoever asks has found nothing there before.
    is_empty: bool,
}

impl<K, E> Store<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// The place of a key.
    pub(crate) fn shelf<'a, Q>(&'a self, key: &'a Q) -> Place<'a, K, E, Q>
    where
        Q: Hash + ?Sized,
    {
        Place { store: self, probe: self.probe(key), is_empty: false }
    }

    /// The place of a key in which nothing was found before.
    pub(crate) fn empty_shelf<'a, Q>(&'a self, key: &'a Q) -> Place<'a, K, E, Q>
    where
        Q: Hash + ?Sized,
    {
        Place { is_empty: true, ..self.shelf(key) }
    }
}

impl<K, E, Q> Shelf<E> for Place<'_, K, E, Q>
where
    K: Hash + Eq + Send + Sync + 'static,
    Q: Hash + Equivalent<K> + ?Sized,
    E: Send + Sync + 'static,
{
    fn slot(&self) -> Option<Arc<Slot<E>>> {
        if self.is_empty {
            return self.store.find_unlikely(&self.probe);
        }
        self.store.find(&self.probe)
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
