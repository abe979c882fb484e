// The table of flights: each key with a compute running, waiting or held, at most `bounds.flights` of them.
// Never knows: what a flight does.
// Read next: `mod.rs` for one flight, `../engine/read/join.rs`, which asks for it.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use dashmap::mapref::multiple::RefMulti;
use dashmap::{DashMap, Entry};
use foldhash::fast::FixedState;

use crate::flight::job::KeyFlight;
use crate::sync::{AtomicUsize, Ordering};
use crate::to_key::ToKey;

/// Flights by key. Counted beside the table: its own count would lock every shard.
pub(crate) struct Flights<K, V> {
    table: DashMap<K, Arc<KeyFlight<V>>, FixedState>,
    count: AtomicUsize,
}

impl<K, V> Flights<K, V>
where
    K: Hash + Eq,
{
    pub(crate) fn new(hasher: FixedState) -> Flights<K, V> {
        Flights { table: DashMap::with_hasher(hasher), count: AtomicUsize::new(0) }
    }

    /// The flight of a key, if it has one. Locks one shard.
    pub(crate) fn find<Q>(&self, key: &Q) -> Option<Arc<KeyFlight<V>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.table.get(key).map(|flight| Arc::clone(&flight))
    }

    /// The flight of a key, created if there are fewer than `bound`.
    pub(crate) fn find_or_create<Q>(&self, key: &Q, bound: usize) -> Option<Arc<KeyFlight<V>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        if let Some(flight) = self.find(key) {
            return Some(flight);
        }
        match self.table.entry(key.to_key()) {
            Entry::Occupied(flight) => Some(Arc::clone(flight.get())),
            Entry::Vacant(place) => {
                let one_more = |count| if count < bound { Some(count + 1) } else { None };
                // Relaxed: the count bounds memory and publishes nothing.
                self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
                Some(Arc::clone(&place.insert(Arc::default())))
            }
        }
    }

    /// Removes a retired flight, unless the key has another by now.
    pub(crate) fn forget<Q>(&self, key: &Q, flight: &Arc<KeyFlight<V>>)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if self.table.remove_if(key, |_, current| Arc::ptr_eq(current, flight)).is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed); // Relaxed: as in `find_or_create`.
        }
    }

    /// Every key with its flight. O(flights); locks one shard at a time.
    pub(crate) fn all(&self) -> Vec<(K, Arc<KeyFlight<V>>)>
    where
        K: Clone,
    {
        let of =
            |row: RefMulti<'_, K, Arc<KeyFlight<V>>>| (row.key().clone(), Arc::clone(row.value()));
        self.table.iter().map(of).collect()
    }

    /// How many keys have a flight.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed) // Relaxed: as in `find_or_create`.
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_bound_only_keys_that_fly_already_are_given_a_flight() {
        let flights: Flights<u32, u32> = Flights::new(FixedState::default());
        let first = flights.find_or_create(&1, 2).expect("room");
        let _second = flights.find_or_create(&2, 2).expect("room");
        assert!(flights.find_or_create(&3, 2).is_none());
        assert!(Arc::ptr_eq(&flights.find_or_create(&1, 2).expect("it flies"), &first));
        flights.forget(&2, &first);
        assert_eq!(flights.len(), 2, "that was another key's");
        flights.forget(&1, &first);
        flights.forget(&1, &first);
        assert_eq!(flights.len(), 1);
        assert!(flights.find_or_create(&3, 2).is_some());
    }
}
