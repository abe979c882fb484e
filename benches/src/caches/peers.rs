// The caches of others that the workspace itself does not build, each with its defaults.
// Never knows: how long anything takes.
// Read next: `mod.rs`; what is measured of which peer, and why not more, stands in `../../notes/peers.md`.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::FutureExt as _;

use crate::caches::RaceKey;
use crate::order::Order;
use crate::race::Contestant;
use crate::stage::CAPACITY;

type Amalgam = amalgam::BlockingCache<Arc<f64>>;
type Lazily = LazyLock<Amalgam, Box<dyn FnOnce() -> Amalgam + Send + Sync>>;

fn capacity<K>(keys: &[K]) -> usize {
    (CAPACITY as usize).max(keys.len() * 2)
}

/// `quick_cache` with these keys in it.
pub fn quick_cache_of<K: RaceKey>(keys: &[K]) -> quick_cache::sync::Cache<K, Arc<f64>> {
    let cache = quick_cache::sync::Cache::new(capacity(keys));
    for key in keys {
        cache.insert(key.clone(), Arc::new(1.5));
    }
    cache
}

/// Reads by `quick_cache`'s `get`.
pub fn quick_cache<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let (order, cache) = (order.clone(), quick_cache_of(order.keys()));
    Contestant::uncounted("quick_cache", move |n| {
        order.read(n, |key| drop(black_box(cache.get(key))));
    })
}

/// Reads the memory part of foyer.
pub fn foyer<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let cache: foyer::Cache<K, Arc<f64>> = foyer::CacheBuilder::new(capacity(order.keys())).build();
    for key in order.keys() {
        cache.insert(key.clone(), Arc::new(1.5));
    }
    let order = order.clone();
    Contestant::uncounted("foyer", move |n| {
        order.read(n, |key| drop(black_box(cache.get(key))));
    })
}

/// Reads by `TinyUFO`'s `get`.
pub fn tinyufo<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let capacity = capacity(order.keys());
    let cache: tinyufo::TinyUfo<K, Arc<f64>> = tinyufo::TinyUfo::new(capacity, capacity);
    for key in order.keys() {
        cache.put(key.clone(), Arc::new(1.5), 1);
    }
    let order = order.clone();
    Contestant::uncounted("TinyUFO", move |n| {
        order.read(n, |key| drop(black_box(cache.get(key))));
    })
}

/// Reads `cached`'s sharded store with a bound and a TTL.
pub fn cached<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let cache: cached::ShardedLruTtlCache<K, Arc<f64>> =
        cached::ShardedLruTtlCache::new(capacity(order.keys()), Duration::from_secs(3600));
    for key in order.keys() {
        cache.set(key.clone(), Arc::new(1.5));
    }
    let order = order.clone();
    Contestant::uncounted("cached", move |n| {
        order.read(n, |key| drop(black_box(cache.get(key))));
    })
}

/// Reads cachet's memory tier with a TTL; its future is polled here once.
pub fn cachet<K: RaceKey>(order: &Arc<Order<K>>) -> Contestant {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let cache = runtime.block_on(async {
        let capacity = capacity(order.keys()) as u64;
        let cache = cachet::Cache::builder::<K, Arc<f64>>(tick::Clock::new_tokio())
            .memory_with(|memory| memory.max_capacity(capacity))
            .ttl(Duration::from_secs(3600))
            .build();
        for key in order.keys() {
            let inserted = cache.insert(key.clone(), cachet::CacheEntry::new(Arc::new(1.5)));
            inserted.await.expect("memory takes it");
        }
        cache
    });
    let order = order.clone();
    Contestant::uncounted("cachet", move |n| {
        // Its clock belongs to a runtime.
        let _current = runtime.enter();
        order.read(n, |key| {
            let hit = cache.get(key).now_or_never().expect("ready at the first poll");
            drop(black_box(hit));
        });
    })
}

/// amalgam-cache with one level, an hour of life, and these keys in it.
pub fn amalgam_cache(keys: &[String]) -> Amalgam {
    let options = amalgam::EntryOptions::new(Duration::from_secs(3600));
    let builder =
        amalgam::Cache::builder().max_capacity(capacity(keys) as u64).default_options(options);
    let cache = amalgam::BlockingCache::from_builder(builder).expect("one level");
    for key in keys {
        let written = cache.set(key, Arc::new(1.5)).tags(["team:arsenal", "league:epl"]);
        written.execute().expect("memory takes it");
    }
    cache
}

/// The same when it is first read: its thread does not start under valgrind, where others are counted.
fn lazily(order: &Arc<Order<String>>) -> Lazily {
    let order = order.clone();
    LazyLock::new(Box::new(move || amalgam_cache(order.keys())))
}

/// Reads by amalgam-cache's synchronous `try_get`.
pub fn amalgam(order: &Arc<Order<String>>) -> Contestant {
    let (order, cache) = (order.clone(), lazily(order));
    Contestant::uncounted("amalgam try_get", move |n| {
        let cache = &*cache;
        order.read(n, |key| {
            let hit = cache.try_get(key).execute().expect("one level").expect("resident");
            drop(black_box(hit));
        });
    })
}

/// Reads by amalgam-cache's `get_or_set`; its future is polled here once.
pub fn amalgam_get_or_set(order: &Arc<Order<String>>) -> Contestant {
    let (order, cache) = (order.clone(), lazily(order));
    Contestant::uncounted("amalgam get_or_set", move |n| {
        let cache = &*cache;
        order.read(n, |key| {
            let factory = amalgam::source::factory(|context| async move {
                Err::<Arc<f64>, _>(context.fail("resident"))
            });
            let hit = cache.as_async().get_or_set(key, factory).into_future().now_or_never();
            drop(black_box(hit.expect("ready at the first poll").expect("resident")));
        });
    })
}
