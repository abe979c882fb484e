// One key's place in the store, as the steps of publishing and ending see it.
// Never knows: freshness, invalidation, or matches.
// Read next: `../truth/shelf.rs`, whose steps these are.

use std::cell::Cell;
use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::store::key::{Probe, Stored};
use crate::store::{SharedRow, Store};
use crate::to_key::ToKey;
use crate::truth::{Admitted, Held, Keep, Row, Shelf};

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
        self.shelf_of(self.probe(key))
    }

    /// The place of a key whose hash is known.
    pub(crate) fn shelf_of<'a, Q: ?Sized>(&'a self, probe: Probe<'a, Q>) -> Place<'a, K, E, Q> {
        Place { store: self, probe }
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

    fn see<T>(&self, see: impl FnOnce(&SharedRow<K, E>) -> T) -> Option<T> {
        self.store.see(self.probe, see)
    }

    fn hash(&self) -> u64 {
        self.probe.hash()
    }

    fn take_out(&self, row: &SharedRow<K, E>) {
        self.store.take_out_behind(row);
    }

    fn displace(&self, held: Held<E>) {
        self.store.displace_entry(held);
    }
}

/// A key's place from which an entry is ended: its caller drops that itself, without the lock under which what
/// many have displaced is kept.
pub(crate) struct Ending<'a, K, E, Q: ?Sized> {
    place: Place<'a, K, E, Q>,
    ended: Cell<Option<Held<E>>>,
}

impl<'a, K, E, Q: ?Sized> Ending<'a, K, E, Q> {
    pub(crate) fn new(place: Place<'a, K, E, Q>) -> Self {
        Ending { place, ended: Cell::new(None) }
    }

    /// What has been ended, to be dropped under no lock.
    pub(crate) fn into_ended(self) -> Option<Held<E>> {
        self.ended.into_inner()
    }
}

impl<K, E, Q> Shelf<E> for Ending<'_, K, E, Q>
where
    K: Hash + Eq + Send + Sync + 'static,
    Q: Hash + Equivalent<K> + ?Sized,
    E: Send + Sync + 'static,
{
    type Row = SharedRow<K, E>;

    fn row(&self) -> Option<SharedRow<K, E>> {
        self.place.row()
    }

    fn see<T>(&self, see: impl FnOnce(&SharedRow<K, E>) -> T) -> Option<T> {
        self.place.see(see)
    }

    fn hash(&self) -> u64 {
        self.place.hash()
    }

    fn take_out(&self, row: &SharedRow<K, E>) {
        self.place.take_out(row);
    }

    fn displace(&self, held: Held<E>) {
        if let Some(before) = self.ended.replace(Some(held)) {
            self.place.displace(before);
        }
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
        self.store.make_room();
        self.store.put(Arc::new(Stored::new(key.to_key(), hash, slot.into_slot())), dead);
        self.store.touched.note_put();
        self.store.upkeep.note_put();
    }

    /// Has the slot weighed anew if its weight is another.
    fn replaced(&self, row: &SharedRow<K, E>, old: &E, new: &E) {
        if self.store.weight_of.is_some_and(|weight_of| weight_of(old) != weight_of(new)) {
            self.store.put(Arc::clone(row), None);
            // A kill that came in between has taken out the row that stood here before.
            if row.slot().is_dead() {
                self.store.take_out(row);
            }
        }
    }
}
