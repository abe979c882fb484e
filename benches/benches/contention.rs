//! What a fresh hit costs a core when other threads read too: one key, and 1 to 16 threads on all keys.
// Never knows: the engine's insides, or how a race is run.
// Read next: `mixed.rs`, where other threads write.

use std::sync::Arc;

use benches::caches;
use benches::order::{Order, keys};
use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};

const GROUP: &str = "contention, 1 to 16 threads";

/// Threads, and the contestants that have so many.
const THREADS: [(usize, &str, &str, &str); 5] = [
    (1, OURS, "moka", "quick_cache"),
    (2, "kairos, 2 threads", "moka, 2 threads", "quick_cache, 2 threads"),
    (4, "kairos, 4 threads", "moka, 4 threads", "quick_cache, 4 threads"),
    (8, "kairos, 8 threads", "moka, 8 threads", "quick_cache, 8 threads"),
    (16, "kairos, 16 threads", "moka, 16 threads", "quick_cache, 16 threads"),
];

const TARGETS: [Target; 2] =
    [(1, "kairos, 16 threads", OURS, 1.1), (1, "kairos, 2 threads", OURS, 1.1)];

fn main() {
    let mut report = Report::from_args();
    report.race("contention, one key", one_key, &[(2, OURS, "moka", 0.10)]);
    report.without_instructions();
    report.race_with(GROUP, &[1], crowds, &TARGETS);
    for (threads, ours, moka, quick_cache) in THREADS {
        for (line, name) in [("Kairos", ours), ("moka", moka), ("quick_cache", quick_cache)] {
            if let Some(ns) = report.found(GROUP, 1, name) {
                report.point("threads", line, threads as f64, ns);
            }
        }
    }
    report.judge();
}

/// Every thread reads the same key.
fn one_key() -> Vec<Contestant> {
    let order = Arc::new(Order::<u64>::of_first(keys(1000), 1));
    let contestants = vec![
        caches::kairos(OURS, &order, 16),
        caches::moka(&order),
        caches::dashmap(&order),
        #[cfg(feature = "peers")]
        caches::quick_cache(&order),
    ];
    contestants.into_iter().map(|contestant| contestant.slow(40)).collect()
}

/// Each contestant with each number of threads, in one race.
fn crowds() -> Vec<Contestant> {
    let order = Arc::new(Order::<u64>::uniform(keys(1000)));
    let mut contestants = Vec::new();
    for (threads, ours, ..) in THREADS {
        contestants.push(caches::kairos(ours, &order, 16).on(threads));
    }
    for (threads, _, moka, _) in THREADS {
        contestants.push(caches::moka(&order).named(moka).on(threads));
    }
    #[cfg(feature = "peers")]
    for (threads, .., quick_cache) in THREADS {
        contestants.push(caches::quick_cache(&order).named(quick_cache).on(threads));
    }
    contestants.into_iter().map(|contestant| contestant.slow(40)).collect()
}
