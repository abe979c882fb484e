// moka with stale-while-revalidate on top, as an application writes it that has no cache for that.
// Never knows: matches, events or prices; what it would take to know them is not written here.
// Read next: `mod.rs`, the other contestants.

#![expect(clippy::disallowed_methods, reason = "an application reads the time")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::caches::RaceKey;
use crate::order::Order;
use crate::race::Contestant;

struct Entry {
    value: Arc<f64>,
    stored: Instant,
}

/// A cache that serves a value for an hour, and for another hour while one refresh runs.
pub struct ByHand<K> {
    cache: moka::sync::Cache<K, Arc<Entry>>,
    refreshing: dashmap::DashMap<K, ()>,
    fresh: AtomicU64,
    stale: AtomicU64,
    missed: AtomicU64,
}

impl<K: RaceKey> ByHand<K> {
    /// A cache with these keys stored.
    pub fn new(keys: &[K]) -> ByHand<K> {
        let capacity = crate::stage::CAPACITY.max(keys.len() as u64 * 2);
        let cache = moka::sync::Cache::builder()
            .max_capacity(capacity)
            .time_to_live(Duration::from_secs(7200))
            .build();
        let zero = AtomicU64::default;
        let refreshing = dashmap::DashMap::new();
        let made = ByHand { cache, refreshing, fresh: zero(), stale: zero(), missed: zero() };
        for key in keys {
            made.store(key.clone(), 1.5);
        }
        made.cache.run_pending_tasks();
        made
    }

    fn store(&self, key: K, value: f64) {
        let entry = Entry { value: Arc::new(value), stored: Instant::now() };
        self.cache.insert(key, Arc::new(entry));
    }

    /// The value and whether the caller is the one to refresh it.
    pub fn get(&self, key: &K) -> Option<(Arc<f64>, bool)> {
        let Some(entry) = self.cache.get(key) else {
            self.missed.fetch_add(1, Ordering::Relaxed); // Relaxed: a count.
            return None;
        };
        if entry.stored.elapsed() < Duration::from_secs(3600) {
            self.fresh.fetch_add(1, Ordering::Relaxed); // Relaxed: a count.
            return Some((Arc::clone(&entry.value), false));
        }
        self.stale.fetch_add(1, Ordering::Relaxed); // Relaxed: a count.
        let is_first = self.refreshing.insert(key.clone(), ()).is_none();
        Some((Arc::clone(&entry.value), is_first))
    }

    /// Stores what a refresh has found.
    pub fn refreshed(&self, key: K, value: f64) {
        self.refreshing.remove(&key);
        self.store(key, value);
    }
}

/// Reads it.
pub fn by_hand<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let (order, cache) = (order.clone(), Arc::new(ByHand::new(order.keys())));
    let total = Arc::clone(&cache);
    Contestant::new(
        "moka + SWR by hand",
        move |n| order.read(n, |key| drop(black_box(cache.get(key)))),
        move || total.fresh.load(Ordering::Relaxed), // Relaxed: read after the threads are joined.
    )
}
