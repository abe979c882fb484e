//! How long an insert takes: of a key that is new, in a full cache, and of one that is live.
// Never knows: the engine's insides, or how a race is run.
// Read next: `miss.rs`, the insert after a compute.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use benches::caches;
use benches::order::{Order, keys};
use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use benches::stage::{CAPACITY, Stage};

const LISTENED: &str = "moka with a listener";

const NEW: [Target; 2] = [(1, OURS, LISTENED, 1.5), (2, OURS, LISTENED, 1.5)];

const LIVE: [Target; 2] = [(1, OURS, "moka", 0.3), (2, OURS, "moka", 0.3)];

fn main() {
    let mut report = Report::from_args();
    report.race("insert, new key", new_keys, &NEW);
    report.race("insert, live key", live_keys, &LIVE);
    report.judge();
}

/// Keys that no cache has seen: each insert evicts another.
fn new_keys() -> Vec<Contestant> {
    let full: Vec<u64> = (0..CAPACITY).collect();
    let Stage { cache, context, .. } = Stage::set(&full, |b| b.max_capacity(CAPACITY));
    let heard = Arc::new(AtomicU64::new(0));
    let listened: moka::sync::Cache<u64, Arc<f64>> = moka::sync::Cache::builder()
        .max_capacity(CAPACITY)
        .eviction_listener(move |_, _, _| {
            heard.fetch_add(1, Ordering::Relaxed); // Relaxed: a count.
        })
        .build();
    let bare: moka::sync::Cache<u64, Arc<f64>> = moka::sync::Cache::new(CAPACITY);
    #[allow(unused_mut, reason = "some are peers")]
    let mut contestants = vec![
        inserting(OURS, move |key| {
            black_box(cache.insert(&key, &context, 1.5).expect("a known market"));
        }),
        inserting(LISTENED, move |key| listened.insert(key, Arc::new(1.5))),
        inserting("moka", move |key| bare.insert(key, Arc::new(1.5))),
    ];
    #[cfg(feature = "peers")]
    contestants.push({
        let cache = caches::quick_cache_of(&full);
        inserting("quick_cache", move |key| cache.insert(key, Arc::new(1.5)))
    });
    contestants
}

fn inserting(name: &'static str, insert: impl Fn(u64) + Sync + 'static) -> Contestant {
    let next = AtomicU64::new(CAPACITY);
    let run = move |n| {
        // Relaxed: the number alone matters.
        let first = next.fetch_add(n, Ordering::Relaxed);
        (first..first + n).for_each(&insert);
    };
    Contestant::uncounted(name, run).slow(800)
}

/// Keys that are there: each insert replaces a value.
fn live_keys() -> Vec<Contestant> {
    let order = Arc::new(Order::<u64>::uniform(keys(1000)));
    let Stage { cache, context, .. } = Stage::set(order.keys(), |b| b);
    let bare = caches::moka_cache(order.keys());
    let (ours, theirs) = (order.clone(), order.clone());
    #[allow(unused_mut, reason = "some are peers")]
    let mut contestants = vec![
        Contestant::uncounted(OURS, move |n| {
            ours.read(n, |key| {
                black_box(cache.insert(key, &context, 1.5).expect("a known market"));
            });
        }),
        Contestant::uncounted("moka", move |n| {
            theirs.read(n, |key| bare.insert(*key, Arc::new(1.5)));
        }),
    ];
    #[cfg(feature = "peers")]
    contestants.push({
        let cache = caches::quick_cache_of(order.keys());
        Contestant::uncounted("quick_cache", move |n| {
            order.read(n, |key| cache.insert(*key, Arc::new(1.5)));
        })
    });
    contestants.into_iter().map(|contestant| contestant.slow(400)).collect()
}
