// A key as the store keeps it: with the hash by which it was stored, whatever its own code says of it later.
// Never knows: slots, or who looks for the key.
// Read next: `mod.rs`, which finds slots by it.
//
// A key's code runs where somebody asks for a key, and nowhere else: moka ranks, evicts and walks by
// the remembered hash and by identity. A key that changes, or whose code panics, harms its own row.

use std::cell::Cell;
use std::hash::{BuildHasher, Hash, Hasher};

use equivalent::Equivalent;
use foldhash::fast::FixedState;

use crate::contain::shielded;

/// A key that is stored, and the hash by which it is found.
pub(super) struct Stored<K> {
    pub(super) hash: u64,
    /// Taken by the drop alone.
    key: Option<K>,
}

impl<K> Stored<K> {
    pub(super) fn new(key: K, hash: u64) -> Stored<K> {
        Stored { hash, key: Some(key) }
    }

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
}

impl<K> Drop for Stored<K> {
    /// Contained: moka drops keys in the middle of its own work.
    fn drop(&mut self) {
        if std::mem::needs_drop::<K>() {
            let key = self.key.take();
            shielded(|| drop(key));
        }
    }
}

impl<K> Hash for Stored<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K: Eq> PartialEq for Stored<K> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.hash == other.hash && self.key() == other.key()
    }
}

impl<K: Eq> Eq for Stored<K> {}

/// A key that is asked for, with its hash.
pub(super) struct Probe<'a, Q: ?Sized> {
    pub(super) hash: u64,
    pub(super) key: &'a Q,
}

impl<Q: ?Sized> Hash for Probe<'_, Q> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<Q: ?Sized> Probe<'_, Q> {
    /// Whether this is the stored key.
    pub(super) fn is<K>(&self, stored: &Stored<K>) -> bool
    where
        Q: Equivalent<K>,
    {
        stored.hash == self.hash && self.key.equivalent(stored.key())
    }
}

/// A probe that keeps a clone of the stored key which it equals.
pub(super) struct Copying<'a, K, Q: ?Sized> {
    pub(super) probe: Probe<'a, Q>,
    pub(super) found: Cell<Option<K>>,
}

impl<K, Q: ?Sized> Hash for Copying<'_, K, Q> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.probe.hash(state);
    }
}

impl<K: Clone, Q: Equivalent<K> + ?Sized> Copying<'_, K, Q> {
    /// Whether this is the stored key, of which a clone is kept then.
    pub(super) fn is(&self, stored: &Stored<K>) -> bool {
        let same = self.probe.is(stored);
        if same {
            self.found.set(Some(stored.key().clone()));
        }
        same
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
