// One key's place in the store, as the steps of publishing and ending see it.
// Never knows: freshness, invalidation, or matches.
// Read next: `../truth/shelf.rs`, whose steps these are.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::store::key::{Probe, Stored};
use crate::store::{Gone, SharedRow, Store};
use crate::to_key::ToKey;
use crate::truth::{Admitted, Held, Keep, Row, Shelf};

/// Whoever puts a row in tells moka of at most so many reads.
const TOLD: usize = 64;

/// A key's place in a store.
pub(crate) struct Place<'a, K, E, Q: ?Sized> {
    store: &'a Store<K, E>,
    probe: Probe<'a, Q>,
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
        Place { store: self, probe: self.probe(key) }
    }
}

impl<K, E, Q> Shelf<E> for Place<'_, K, E, Q>
where
    K: Hash + Eq + Send + Sync + 'static,
    Q: Hash + Equivalent<K> + ?Sized,
    E: Send + Sync + 'static,
{
    type Row = SharedRow<K, E>;

    fn row(&self) -> Option<SharedRow<K, E>> {
        self.store.find(self.probe)
    }

    fn hash(&self) -> u64 {
        self.probe.hash()
    }

    fn take_out(&self, row: &SharedRow<K, E>) {
        self.store.take_out(row);
    }

    fn displace(&self, held: Held<E>) {
        self.store.displaced.keep(Gone::Entry(held));
    }
}

impl<K, E, Q> Keep<E> for Place<'_, K, E, Q>
where
    K: Hash + Eq + Send + Sync + 'static,
    Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    E: Send + Sync + 'static,
{
    fn keep(&self, slot: Admitted<E>, dead: Option<&SharedRow<K, E>>) {
        let Probe { hash, key } = self.probe;
        self.store.tell_touched(TOLD);
        self.store.put(Arc::new(Stored::new(key.to_key(), hash, slot.into_slot())), dead);
    }

    /// Has the slot weighed anew if its weight is another.
    fn replaced(&self, row: &SharedRow<K, E>, old: &E, new: &E) {
        if self.store.weight_of.is_some_and(|weight_of| weight_of(old) != weight_of(new)) {
            self.store.put(Arc::clone(row), None);
            // A kill that came in between has taken out the row that stood here before.
            if row.slot().is_dead() {
                self.take_out(row);
            }
        }
    }
}
