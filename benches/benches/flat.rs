//! Whether a fresh hit costs the same however many entries and matches there are.
// Never knows: the engine's insides, or how a race is run.
// Read next: `contention.rs`, the same for threads.

use std::hint::black_box;
use std::sync::Arc;

use benches::caches;
use benches::order::{Order, keys};
use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use benches::stage::{context, fresh_reads};
use kairos_cache::Cache;

/// Keys that are read, whatever there is beside them.
const READ: usize = 1000;

const ENTRIES: &str = "flat, 1 000 keys read of more entries";
const ALL: &str = "flat, every entry read";
const MATCHES: &str = "flat, 1 000 keys read of more matches";

/// Entries, and the contestants that hold so many.
const SIZES: [(usize, &str, &str); 4] = [
    (1_000, OURS, "moka"),
    (10_000, "kairos, 10 000 entries", "moka, 10 000 entries"),
    (100_000, "kairos, 100 000 entries", "moka, 100 000 entries"),
    (1_000_000, "kairos, 1 000 000 entries", "moka, 1 000 000 entries"),
];

const CROWDS: [(usize, &str); 4] = [
    (1, OURS),
    (1_000, "kairos, 1 000 matches"),
    (10_000, "kairos, 10 000 matches"),
    (100_000, "kairos, 100 000 matches"),
];

const OF_ENTRIES: [Target; 2] = [(1, SIZES[2].1, OURS, 1.1), (1, SIZES[3].1, OURS, 1.1)];
const OF_ALL: [Target; 3] = [
    (1, SIZES[1].1, SIZES[1].2, 0.5),
    (1, SIZES[2].1, SIZES[2].2, 0.5),
    (1, SIZES[3].1, SIZES[3].2, 0.5),
];
const OF_MATCHES: [Target; 2] = [(1, CROWDS[2].1, OURS, 1.1), (1, CROWDS[3].1, OURS, 1.1)];

fn main() {
    let mut report = Report::from_args();
    report.without_instructions();
    let hot = |number| Order::of_first(keys::<u64>(number), READ);
    report.race_with(ENTRIES, &[1], || of_sizes(hot), &OF_ENTRIES);
    report.race_with(ALL, &[1], || of_sizes(|number| Order::uniform(keys(number))), &OF_ALL);
    for (entries, ours, moka) in SIZES {
        let lines = [
            ("Kairos, every entry read", ALL, ours),
            ("moka, every entry read", ALL, moka),
            ("Kairos, 1 000 keys read", ENTRIES, ours),
            ("moka, 1 000 keys read", ENTRIES, moka),
        ];
        for (line, group, name) in lines {
            if let Some(ns) = report.found(group, 1, name) {
                report.point("entries", line, entries as f64, ns);
            }
        }
    }
    let crowds = || CROWDS.map(|(matches, name)| of_matches(matches, name).slow(40)).into();
    report.race_with(MATCHES, &[1], crowds, &OF_MATCHES);
    report.judge();
}

fn of_sizes(order: impl Fn(usize) -> Order<u64>) -> Vec<Contestant> {
    let of_size = |(entries, ours, moka)| {
        let order = Arc::new(order(entries));
        [caches::kairos(ours, &order, 16).slow(40), caches::moka(&order).named(moka).slow(40)]
    };
    SIZES.into_iter().flat_map(of_size).collect()
}

/// Keys of so many matches, each with a kickoff and a line-up of its own; the match of the keys that are
/// read is another for each key, as far as there are enough.
fn of_matches(matches: usize, name: &'static str) -> Contestant {
    let order = Order::of_first(keys::<u64>(READ.max(matches)), READ);
    let builder = Cache::builder().max_capacity(2 * order.keys().len() as u64);
    let builder = builder.max_matches(matches.max(1000)).latency_sampling(16);
    let cache: Cache<u64, f64> = builder.build().expect("in range");
    let mut scopes = Vec::new();
    for key in order.keys() {
        let scope = cache.scope(&format!("match {}", *key as usize % matches));
        assert!(cache.insert(key, &context(&scope), 1.5).expect("a known market"));
        scopes.push(scope);
    }
    cache.run_pending_tasks();
    let total = cache.clone();
    let read = move |n| {
        let _held = &scopes;
        order.read(n, |key| drop(black_box(cache.get(key))));
    };
    Contestant::new(name, read, move || fresh_reads(&total))
}
