// The caches that are raced, each with the keys of an order in it and as a reader meets it.
// Never knows: how long anything takes, or what is compared with what.
// Read next: `peers.rs`, those that the workspace itself does not build; `by_hand.rs`.

mod by_hand;
#[cfg(feature = "peers")]
mod peers;

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::Hash;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use kairos_cache::{FeedStatus, Key, ToKey};

use crate::order::Order;
use crate::race::Contestant;
use crate::stage::{Stage, fresh_reads};

pub use by_hand::{ByHand, by_hand};
#[cfg(feature = "peers")]
pub use peers::{
    amalgam, amalgam_cache, amalgam_get_or_set, cached, cachet, foyer, quick_cache, quick_cache_of,
    tinyufo,
};

/// A key that every cache takes.
pub trait RaceKey: Key + ToKey<Self> + Hash + Eq + Clone {}

impl<K: Key + ToKey<K> + Hash + Eq + Clone> RaceKey for K {}

/// Reads by `get`; each sixteenth is timed, or each one.
pub fn kairos<K: RaceKey>(
    name: &'static str,
    order: &Arc<Order<K>>,
    timed_1_in: u32,
) -> Contestant {
    let (order, Stage { cache, .. }) =
        (order.clone(), Stage::set(order.keys(), |b| b.latency_sampling(timed_1_in)));
    let total = cache.clone();
    let read = move |n| order.read(n, |key| drop(black_box(cache.get(key))));
    Contestant::new(name, read, move || fresh_reads(&total))
}

/// Reads by `get` with bounds on drift, a feed that is alive, and TTLs that hold as long as it is.
pub fn kairos_watched<K: RaceKey>(name: &'static str, order: &Arc<Order<K>>) -> Contestant {
    let day = Duration::from_hours(24);
    let Stage { cache, .. } = Stage::set(order.keys(), |b| {
        b.latency_sampling(16)
            .drift_soft(0.1)
            .drift_hard(0.5)
            .silence_after(day)
            .standard_quiet_ttl(day)
    });
    assert_eq!(cache.feed("default").status(), FeedStatus::Alive, "its match has prices");
    let (order, total) = (order.clone(), cache.clone());
    let read = move |n| order.read(n, |key| drop(black_box(cache.get(key))));
    Contestant::new(name, read, move || fresh_reads(&total))
}

/// Reads by `get_or_compute`, whose future is ready at the first poll and is polled here once.
pub fn kairos_get_or_compute<K: RaceKey>(name: &'static str, order: &Arc<Order<K>>) -> Contestant {
    let (order, Stage { cache, context, .. }) =
        (order.clone(), Stage::set(order.keys(), |b| b.latency_sampling(16)));
    let total = cache.clone();
    let read = move |n| {
        order.read(n, |key| {
            let compute = || async { Ok::<f64, Infallible>(0.0) };
            let hit = cache.get_or_compute(key, &context, compute).now_or_never();
            drop(black_box(hit));
        });
    };
    Contestant::new(name, read, move || fresh_reads(&total))
}

/// Reads by `get_many`, so many keys a call; its future is ready at the first poll and is polled here once.
pub fn kairos_get_many<K: RaceKey>(
    name: &'static str,
    order: &Arc<Order<K>>,
    together: usize,
) -> Contestant {
    let (order, Stage { cache, context, .. }) =
        (order.clone(), Stage::set(order.keys(), |b| b.latency_sampling(16)));
    let total = cache.clone();
    let read = move |n| {
        let read = |keys: &[&K]| {
            let reads = keys.iter().map(|key| (*key, &context));
            let none = |_: Vec<K>| async { Ok::<[(K, f64); 0], Infallible>([]) };
            drop(black_box(cache.get_many(reads, none).now_or_never()));
        };
        order.read_together(n, together, read);
    };
    Contestant::new(name, read, move || fresh_reads(&total))
}

/// A bare cache of moka with its default hasher, and these keys in it.
pub fn moka_cache<K: RaceKey>(keys: &[K]) -> moka::sync::Cache<K, Arc<f64>> {
    let capacity = crate::stage::CAPACITY.max(keys.len() as u64 * 2);
    let cache = moka::sync::Cache::new(capacity);
    for key in keys {
        cache.insert(key.clone(), Arc::new(1.5));
    }
    cache.run_pending_tasks();
    cache
}

/// Reads by moka's `get`.
pub fn moka<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let (order, cache) = (order.clone(), moka_cache(order.keys()));
    Contestant::uncounted("moka", move |n| {
        order.read(n, |key| drop(black_box(cache.get(key))));
    })
}

/// Reads a map that is sharded and bounded by nothing.
pub fn dashmap<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let map: dashmap::DashMap<K, Arc<f64>> =
        order.keys().iter().map(|key| (key.clone(), Arc::new(1.5))).collect();
    let order = order.clone();
    Contestant::uncounted("dashmap", move |n| {
        order.read(n, |key| {
            black_box(map.get(key).map(|value| **value));
        });
    })
}

/// Reads std's map, which nobody writes: the floor of what finds a value by its key.
pub fn hash_map<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let map: HashMap<K, Arc<f64>> =
        order.keys().iter().map(|key| (key.clone(), Arc::new(1.5))).collect();
    let order = order.clone();
    Contestant::uncounted("HashMap", move |n| {
        order.read(n, |key| {
            black_box(map.get(key).map(|value| **value));
        });
    })
}
