// What the store keeps for a key: the key, the hash by which it was stored, and the key's slot.
// Never knows: what a slot holds, or who looks for the key.
// Read next: `mod.rs`, which finds rows by it.
//
// A key's code runs where somebody asks for a key, and nowhere else: moka ranks, evicts and walks by
// the remembered hash and by identity. A key that changes, or whose code panics, harms its own row.

use std::cell::Cell;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use equivalent::Equivalent;
use foldhash::fast::FixedState;

use crate::contain::shielded;
use crate::truth::{Row, Slot};

/// A key that is stored, the hash by which it is found, and its slot.
///
/// In this order, so that what a hit compares lies together: the key and the slot's version.
#[repr(C)]
pub(crate) struct Stored<K, E> {
    pub(super) hash: u64,
    /// Taken by the drop alone.
    key: Option<K>,
    slot: Slot<E>,
}

impl<K, E> Stored<K, E> {
    pub(super) fn new(key: K, hash: u64, slot: Slot<E>) -> Stored<K, E> {
        Stored { hash, slot, key: Some(key) }
    }

    #[inline]
    pub(super) fn key(&self) -> &K {
        self.key.as_ref().expect("only the drop takes it")
    }

    /// Whether somebody who asks for the key now would find it where it is.
    pub(super) fn is_findable(&self, hasher: &FixedState) -> bool
    where
        K: Hash + Eq,
    {
        self.key().eq(self.key()) && hasher.hash_one(self.key()) == self.hash
    }

    /// Whether this is the key that is asked for.
    #[inline]
    pub(crate) fn is_key<Q: Equivalent<K> + ?Sized>(&self, asked: &Probe<'_, Q>) -> bool {
        self.hash == asked.hash && asked.key.equivalent(self.key())
    }
}

impl<K, E> Drop for Stored<K, E> {
    /// Contained: moka drops keys in the middle of its own work.
    fn drop(&mut self) {
        if std::mem::needs_drop::<K>() {
            let key = self.key.take();
            shielded(|| drop(key));
        }
    }
}

impl<K, E> Row<E> for Arc<Stored<K, E>> {
    #[inline]
    fn slot(&self) -> &Slot<E> {
        &self.slot
    }
}

/// A row as moka knows it: by its key.
pub(super) struct Name<K, E>(pub(super) Arc<Stored<K, E>>);

impl<K, E> Hash for Name<K, E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl<K: Eq, E> PartialEq for Name<K, E> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.0.hash == other.0.hash && self.0.key() == other.0.key()
    }
}

impl<K: Eq, E> Eq for Name<K, E> {}

/// A key that is asked for, with its hash.
pub(crate) struct Probe<'a, Q: ?Sized> {
    pub(super) hash: u64,
    pub(super) key: &'a Q,
}

impl<Q: ?Sized> Clone for Probe<'_, Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q: ?Sized> Copy for Probe<'_, Q> {}

impl<'a, Q: ?Sized> Probe<'a, Q> {
    /// A key whose hash is known.
    pub(crate) fn again(key: &'a Q, hash: u64) -> Probe<'a, Q> {
        Probe { hash, key }
    }

    /// The key's hash.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn key(&self) -> &Q {
        self.key
    }
}

/// A look for a row that moka takes no notice of: it asks whether a key is the one that is meant, the row
/// is taken down, and the answer is no.
///
/// So moka neither reads its clock nor logs a read. It also asks about a key that has been taken out and
/// not been overwritten: its row is dead, or dies by the notice that moka is about to give.
pub(super) struct Seeking<'a, Q: ?Sized, F, T> {
    probe: Probe<'a, Q>,
    /// Called with the row, once.
    see: Cell<Option<F>>,
    seen: Cell<Option<T>>,
}

impl<'a, Q: ?Sized, F, T> Seeking<'a, Q, F, T> {
    pub(super) fn new(probe: Probe<'a, Q>, see: F) -> Self {
        Seeking { probe, see: Cell::new(Some(see)), seen: Cell::new(None) }
    }

    /// What was made of the row that has been found.
    pub(super) fn into_seen(self) -> Option<T> {
        self.seen.into_inner()
    }
}

impl<Q: ?Sized, F, T> Hash for Seeking<'_, Q, F, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.probe.hash);
    }
}

impl<K, E, Q, F, T> Equivalent<Name<K, E>> for Seeking<'_, Q, F, T>
where
    Q: Equivalent<K> + ?Sized,
    F: FnOnce(&Arc<Stored<K, E>>) -> T,
{
    fn equivalent(&self, name: &Name<K, E>) -> bool {
        // No two rows have one key: once it is found the keys behind it are not looked at.
        let Some(see) = self.see.take() else { return false };
        if name.0.is_key(&self.probe) {
            self.seen.set(Some(see(&name.0)));
        } else {
            self.see.set(Some(see));
        }
        false
    }
}

/// This row, whatever its key's own code says.
pub(super) struct Itself<'a, K, E>(pub(super) &'a Arc<Stored<K, E>>);

impl<K, E> Hash for Itself<'_, K, E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl<K, E> Equivalent<Name<K, E>> for Itself<'_, K, E> {
    fn equivalent(&self, name: &Name<K, E>) -> bool {
        Arc::ptr_eq(self.0, &name.0)
    }
}

/// A look whether this row is there, of which moka takes no notice: as [`Seeking`].
pub(super) struct Standing<'a, K, E> {
    row: &'a Arc<Stored<K, E>>,
    is_there: Cell<bool>,
}

impl<'a, K, E> Standing<'a, K, E> {
    pub(super) fn new(row: &'a Arc<Stored<K, E>>) -> Self {
        Standing { row, is_there: Cell::new(false) }
    }

    pub(super) fn is_there(&self) -> bool {
        self.is_there.get()
    }
}

impl<K, E> Hash for Standing<'_, K, E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.row.hash);
    }
}

impl<K, E> Equivalent<Name<K, E>> for Standing<'_, K, E> {
    fn equivalent(&self, name: &Name<K, E>) -> bool {
        if Arc::ptr_eq(self.row, &name.0) {
            self.is_there.set(true);
        }
        false
    }
}

/// Hands on a hash that has been made already.
#[derive(Clone, Default)]
pub(super) struct Remembered(u64);

impl BuildHasher for Remembered {
    type Hasher = Remembered;

    fn build_hasher(&self) -> Remembered {
        Remembered(0)
    }
}

impl Hasher for Remembered {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("stored keys and probes write one word")
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
