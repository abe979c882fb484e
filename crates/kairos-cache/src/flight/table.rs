// The table of flights: each key with a compute running, waiting or held, at most `bounds.flights` of them.
// Never knows: what a flight does.
// Read next: `mod.rs` for one flight, `../engine/read/join.rs`, which asks for it.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use dashmap::mapref::multiple::RefMulti;
use dashmap::{DashMap, Entry};
use equivalent::Equivalent;
use foldhash::fast::FixedState;

use crate::contain::{caught, drop_each, shielded};
use crate::flight::job::KeyFlight;
use crate::sync::{AtomicI64, AtomicUsize, Ordering};
use crate::to_key::{ToKey, Value};

/// Fewer rows than this that nobody finds are left where they are.
const FEW_STRAYS: i64 = 16;

/// Flights by key. Counted beside the table: its own count would lock every shard.
///
/// The count is of flights, not of rows: a flight leaves it once, also where its key has changed
/// and the row is not found any more. Such a row is a stray, and is removed with others of its kind.
pub(crate) struct Flights<K, V> {
    table: DashMap<K, Arc<KeyFlight<V>>, FixedState>,
    count: AtomicUsize,
    strays: AtomicI64,
}

impl<K, V> Flights<K, V>
where
    K: Hash + Eq,
    V: Value,
{
    pub(crate) fn new(hasher: FixedState) -> Flights<K, V> {
        let (count, strays) = (AtomicUsize::new(0), AtomicI64::new(0));
        Flights { table: DashMap::with_hasher(hasher), count, strays }
    }

    /// The flight of a key, if it has one. Locks one shard.
    pub(crate) fn find<Q>(&self, key: &Q) -> Option<Arc<KeyFlight<V>>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.find_by(key, self.table.hasher().hash_one(key))
    }

    /// The flight of a key of this hash, if it has one. Locks one shard.
    pub(crate) fn find_by<Q>(&self, key: &Q, hash: u64) -> Option<Arc<KeyFlight<V>>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let shard = self.table.determine_shard(hash as usize);
        let rows = self.table.shards()[shard].read();
        rows.get(hash, |(kept, _)| key.equivalent(kept)).map(|(_, flight)| Arc::clone(flight.get()))
    }

    /// Calls `change` while no key of this hash gets a flight, if the key has none and could be given one:
    /// nothing of the key is under way then, and whoever invalidates it waits for the end of `change`, or
    /// has found nothing before. `change` calls nothing of the user's. Locks one shard.
    pub(crate) fn if_idle<Q, T>(
        &self,
        key: &Q,
        hash: u64,
        bound: usize,
        change: impl FnOnce() -> T,
    ) -> Option<T>
    where
        Q: Equivalent<K> + ?Sized,
    {
        // Relaxed: as in `has_room`.
        if self.count.load(Ordering::Relaxed) >= bound {
            return None;
        }
        let shard = self.table.determine_shard(hash as usize);
        let rows = self.table.shards()[shard].write();
        rows.get(hash, |(kept, _)| key.equivalent(kept)).is_none().then(change)
    }

    /// Whether no key has a flight: none that began before the caller, of which it knows.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The flight of a key, created if there are fewer than `bound`.
    pub(crate) fn find_or_create<Q>(&self, key: &Q, bound: usize) -> Option<Arc<KeyFlight<V>>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        if let Some(flight) = self.find(key) {
            return Some(flight);
        }
        let owned = key.to_key();
        if !self.is_sound(&owned, key) {
            // Counted, and not in the table, where nobody would find it.
            return self.has_room(bound).then(|| Arc::new(KeyFlight::new(false)));
        }
        match self.table.entry(owned) {
            Entry::Occupied(flight) => Some(Arc::clone(flight.get())),
            Entry::Vacant(place) => {
                let sound = || place.insert(Arc::new(KeyFlight::new(true)));
                self.has_room(bound).then(|| Arc::clone(&sound()))
            }
        }
    }

    /// Whether whoever asks by `key` finds what is kept under its owned form.
    fn is_sound<Q>(&self, owned: &K, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hasher = self.table.hasher();
        owned.eq(owned) && key.equivalent(owned) && hasher.hash_one(owned) == hasher.hash_one(key)
    }

    /// Counts one more flight if there are fewer than `bound`.
    fn has_room(&self, bound: usize) -> bool {
        let one_more = |count| if count < bound { Some(count + 1) } else { None };
        // Relaxed: the count bounds memory and publishes nothing.
        self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// Removes a retired flight, unless the key has another by now. Returns whether there are so many
    /// strays that they are to be removed: that is left to the caller, because it drops others' keys.
    pub(crate) fn forget<Q>(&self, key: &Q, flight: &Arc<KeyFlight<V>>) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let remove = || {
            let hash = self.table.hasher().hash_one(key);
            let shard = self.table.determine_shard(hash as usize);
            let mut rows = self.table.shards()[shard].write();
            rows.remove_entry(hash, |(kept, current)| {
                key.equivalent(kept) && Arc::ptr_eq(current.get(), flight)
            })
        };
        // A key whose code panics now is like one that has changed.
        let removed = caught(remove).unwrap_or(None);
        let counted = flight.uncount();
        if counted {
            self.count.fetch_sub(1, Ordering::Relaxed); // Relaxed: as in `has_room`.
        }
        // Of two callers at once one may find the row and the other the count: together they
        // leave no stray.
        let more = match (removed.is_some(), counted && flight.is_sound()) {
            (true, false) => -1,
            (false, true) => 1,
            _ => 0,
        };
        drop_each(removed);
        // Relaxed: as in `has_room`.
        let strays = self.strays.fetch_add(more, Ordering::Relaxed) + more;
        // So many that looking at every row costs each of them a few looks.
        more > 0 && strays >= FEW_STRAYS.max(self.len() as i64 / 4)
    }

    /// Removes the rows of flights that their keys no longer find. O(flights) if there are any.
    pub(crate) fn forget_strays(&self) {
        if self.strays.load(Ordering::Relaxed) <= 0 {
            return; // Relaxed: as in `has_room`.
        }
        shielded(|| {
            self.table.retain(|_, flight| {
                let stays = flight.is_counted();
                if !stays {
                    self.strays.fetch_sub(1, Ordering::Relaxed); // Relaxed: as in `has_room`.
                }
                stays
            });
        });
    }

    /// Whether no thread is inside the table or one of its flights.
    pub(crate) fn is_free(&self) -> bool {
        // First the shards: to look at a flight waits for its shard.
        self.table.shards().iter().all(|shard| shard.try_write().is_some())
            && self.table.iter().all(|flight| flight.is_free())
    }

    /// In a forked child, before any other thread is let in: takes every flight out.
    pub(crate) fn take_all(&self) -> Vec<Arc<KeyFlight<V>>> {
        let mut taken = Vec::new();
        self.table.retain(|_, flight| {
            // What ends later of it finds that it is not counted.
            let _was_counted = flight.uncount();
            taken.push(Arc::clone(flight));
            false
        });
        // Relaxed, both: the caller alone is inside.
        self.count.store(0, Ordering::Relaxed);
        self.strays.store(0, Ordering::Relaxed);
        taken
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
        self.count.load(Ordering::Relaxed) // Relaxed: as in `has_room`.
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
        assert!(![flights.forget(&1, &first), flights.forget(&1, &first)].contains(&true));
        assert_eq!(flights.len(), 1);
        assert!(flights.find_or_create(&3, 2).is_some());
    }
    /// A key that is told later what it is equal to.
    #[derive(Clone)]
    struct Mutable(Arc<AtomicUsize>);

    impl Mutable {
        fn is(&self) -> usize {
            self.0.load(Ordering::Relaxed) // Relaxed: one thread writes and looks.
        }
    }

    impl Hash for Mutable {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            self.is().hash(state);
        }
    }

    impl PartialEq for Mutable {
        fn eq(&self, other: &Self) -> bool {
            self.is() == other.is()
        }
    }

    impl Eq for Mutable {}

    #[test]
    fn flights_whose_keys_have_changed_leave_the_count_at_once_and_the_table_soon() {
        let flights: Flights<Mutable, u32> = Flights::new(FixedState::default());
        for i in 0..1000 {
            let key = Mutable(Arc::new(AtomicUsize::new(i)));
            let flight = flights.find_or_create(&key, 1).expect("room");
            key.0.store(i + 1000, Ordering::Relaxed); // Relaxed: as in `is`.
            let crowded = [flights.forget(&key, &flight), flights.forget(&key, &flight)];
            if crowded.contains(&true) {
                flights.forget_strays();
            }
            assert_eq!(flights.len(), 0);
            assert!(flights.table.len() <= 16, "{}", flights.table.len());
        }
        flights.forget_strays();
        assert_eq!((flights.table.len(), flights.strays.load(Ordering::Relaxed)), (0, 0)); // Relaxed: one thread.
    }
}
