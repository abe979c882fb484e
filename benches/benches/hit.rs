//! How long a fresh hit takes: of 1 000 keys, of numbers and of strings, and of 100 000 keys by Zipf's law.
// Never knows: the engine's insides, or how a race is run.
// Read next: `pinned.rs`, the read that hashes nothing; `miss.rs`, the read that finds nothing.

use std::sync::Arc;

use benches::caches;
use benches::caches::RaceKey;
use benches::order::{Order, keys};
use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};

const ALL: &str = "kairos, drift, a feed and quiet TTLs";
const TIMED: &str = "kairos, every read timed";
const THROUGH: &str = "kairos get_or_compute";
const TOGETHER: &str = "kairos get_many of 16";

const TARGETS: [Target; 8] = [
    (1, "kairos", "moka", 0.15),
    (2, "kairos", "moka", 0.10),
    (1, TIMED, "moka", 0.30),
    (2, TIMED, "moka", 0.30),
    (1, THROUGH, "kairos", 2.0),
    (2, THROUGH, "kairos", 2.0),
    (1, TOGETHER, "kairos", 1.2),
    (1, TOGETHER, THROUGH, 1.2),
];

const ZIPF: [Target; 2] = [(1, "kairos", "moka", 0.5), (2, "kairos", "moka", 0.5)];

/// Targets whose peers stand behind the feature `peers`.
const PEERS: [Target; 2] = [(1, "kairos", "quick_cache", 1.0), (2, "kairos", "quick_cache", 1.0)];

const RIVAL: [Target; 2] =
    [(1, "kairos", "amalgam try_get", 0.1), (2, "kairos", "amalgam try_get", 0.1)];

fn main() {
    let mut report = Report::from_args();
    for (group, targets) in [("hit, u64 keys", &[][..]), ("hit, String keys", &RIVAL)] {
        let targets = [&TARGETS[..], with_peers(&PEERS), with_peers(targets)].concat();
        if group == "hit, u64 keys" {
            report.race(group, || numbers(&Arc::new(Order::uniform(keys(1000)))), &targets);
        } else {
            report.race(group, || strings(&Arc::new(Order::uniform(keys(1000)))), &targets);
        }
        for own in ["kairos", TIMED, THROUGH] {
            report.expect_no_allocations(group, own);
        }
    }
    let shared = || shared_strings(&Arc::new(Order::uniform(keys(1000))));
    report.race("hit, Arc<str> keys", shared, &[TARGETS[0], TARGETS[1]]);
    report.race("hit, with all that makes it short of life", short_lived, &[(1, ALL, OURS, 1.05)]);
    report.race("hit, Zipf 0.99 of 100 000 keys", zipf, &ZIPF);
    report.judge();
}

fn with_peers(targets: &[Target]) -> &[Target] {
    if cfg!(feature = "peers") { targets } else { &[] }
}

fn numbers(order: &Arc<Order<u64>>) -> Vec<Contestant> {
    slow(all(order))
}

fn strings(order: &Arc<Order<String>>) -> Vec<Contestant> {
    #[allow(unused_mut, reason = "the rival is a peer")]
    let mut contestants = all(order);
    #[cfg(feature = "peers")]
    contestants.extend([caches::amalgam(order), caches::amalgam_get_or_set(order)]);
    slow(contestants)
}

fn shared_strings(order: &Arc<Order<Arc<str>>>) -> Vec<Contestant> {
    slow(vec![
        caches::kairos(OURS, order, 16),
        caches::moka(order),
        #[cfg(feature = "peers")]
        caches::quick_cache(order),
    ])
}

/// Reads of entries whose match drifts, is watched by a feed and has quiet TTLs, and without all that.
fn short_lived() -> Vec<Contestant> {
    let order = Arc::new(Order::<u64>::uniform(keys(1000)));
    slow(vec![caches::kairos(OURS, &order, 16), caches::kairos_watched(ALL, &order)])
}

fn all<K: RaceKey>(order: &Arc<Order<K>>) -> Vec<Contestant> {
    vec![
        caches::hash_map(order),
        caches::kairos("kairos", order, 16),
        caches::kairos(TIMED, order, 1),
        caches::kairos_get_or_compute(THROUGH, order),
        caches::kairos_get_many(TOGETHER, order, 16),
        caches::moka(order),
        caches::by_hand(order),
        caches::dashmap(order),
        #[cfg(feature = "peers")]
        caches::quick_cache(order),
        #[cfg(feature = "peers")]
        caches::foyer(order),
        #[cfg(feature = "peers")]
        caches::tinyufo(order),
        #[cfg(feature = "peers")]
        caches::cachet(order),
        #[cfg(feature = "peers")]
        caches::cached(order),
    ]
}

fn zipf() -> Vec<Contestant> {
    let order = Arc::new(Order::<u64>::zipf(keys(100_000)));
    slow(vec![
        caches::kairos("kairos", &order, 16),
        caches::moka(&order),
        #[cfg(feature = "peers")]
        caches::quick_cache(&order),
    ])
}

/// A hit takes some tens of increments: slices of 200 000.
fn slow(contestants: Vec<Contestant>) -> Vec<Contestant> {
    contestants.into_iter().map(|contestant| contestant.slow(40)).collect()
}
