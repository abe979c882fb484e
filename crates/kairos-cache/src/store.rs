//! Where slots live: moka bounds how many and ranks which; it decides nothing else.
//! Never knows: freshness, invalidation, or matches. The only file that names moka.
//! Read next: `slot.rs`, which carries the truth about an entry.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::slot::{Held, Slot};

/// Slots by key, bounded. moka's own expiry and predicate invalidation are not used: an entry's
/// life and death are its slot's.
pub(crate) struct Store<K, E> {
    cache: moka::sync::Cache<K, Arc<Slot<E>>, FixedState>,
}

impl<K, E> Store<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// `evicted` is told of each entry whose slot moka let go while it still lived.
    pub(crate) fn new(
        max_capacity: u64,
        hasher: FixedState,
        evicted: impl Fn(&Held<E>) + Send + Sync + 'static,
    ) -> Store<K, E> {
        let cache = moka::sync::Cache::builder()
            .max_capacity(max_capacity)
            // The notice may come late and for an older slot of the key: it carries the slot.
            .eviction_listener(move |_key, slot: Arc<Slot<E>>, _cause| {
                if let Some(held) = slot.kill() {
                    evicted(&held);
                }
            })
            .build_with_hasher(hasher);
        Store { cache }
    }

    /// The slot of a key, ranked up. Locks nothing for longer than a bucket.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<Arc<Slot<E>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.cache.get(key)
    }

    /// Puts a slot in the key's place.
    pub(crate) fn insert(&self, key: K, slot: Arc<Slot<E>>) {
        self.cache.insert(key, slot);
    }

    /// Takes the key's slot out.
    pub(crate) fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.cache.invalidate(key);
    }

    /// How many slots there are, dead ones that moka still holds included.
    pub(crate) fn len(&self) -> u64 {
        self.cache.entry_count()
    }

    /// Lets moka apply what it has put off: ranks, evictions, notices.
    pub(crate) fn run_pending(&self) {
        self.cache.run_pending_tasks();
    }
}
