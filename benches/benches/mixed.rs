//! What others do to a match's hits: writes among the reads, and 10 000 changes a second of other matches.
// Never knows: the engine's insides, or how a race is run.
// Read next: `tail.rs`, the slowest of the hits beside a writer.

#![expect(clippy::disallowed_methods, reason = "a benchmark keeps a pace")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use benches::caches;
use benches::order::{Order, keys};
use benches::race::{Contestant, OURS};
use benches::report::{Report, Target};
use benches::stage::{Stage, context, fresh_reads, now, observed};
use kairos_cache::{Cache, Context, Scope};

/// Between two changes, at 10 000 a second.
const PACE: Duration = Duration::from_micros(100);

/// Other matches, whose changes come in turn.
const OTHERS: usize = 64;

const BESIDE: [Target; 5] = [
    (1, "kairos beside invalidations", OURS, 1.1),
    (1, "kairos beside absent keys", OURS, 1.1),
    (1, "kairos beside expiries", OURS, 1.1),
    (1, "kairos beside moves", OURS, 1.1),
    (1, "kairos beside events", OURS, 1.1),
];

fn main() {
    let mut report = Report::from_args();
    report.race("mixed, one insert among 20 operations", mixed, &[(1, OURS, "moka", 0.5)]);
    report.without_instructions();
    report.race_long("mixed, beside 10 000 no-ops a second", &[1], 4, beside, &BESIDE);
    report.judge();
}

/// Reads of 1 000 keys, each twentieth operation an insert of one of them.
fn mixed() -> Vec<Contestant> {
    let order = Arc::new(Order::<u64>::uniform(keys(1000)));
    let Stage { cache, context, .. } = Stage::set(order.keys(), |b| b.latency_sampling(16));
    let bare = caches::moka_cache(order.keys());
    let (ours, theirs) = (order.clone(), order.clone());
    #[allow(unused_mut, reason = "some are peers")]
    let mut contestants = vec![
        Contestant::uncounted(OURS, move |n| {
            let mut at = 0;
            ours.read(n, |key| {
                at += 1;
                if at % 20 == 0 {
                    black_box(cache.insert(key, &context, 1.5).expect("a known market"));
                } else {
                    drop(black_box(cache.get(key)));
                }
            });
        }),
        Contestant::uncounted("moka", move |n| {
            let mut at = 0;
            theirs.read(n, |key| {
                at += 1;
                if at % 20 == 0 {
                    bare.insert(*key, Arc::new(1.5));
                } else {
                    drop(black_box(bare.get(key)));
                }
            });
        }),
    ];
    #[cfg(feature = "peers")]
    contestants.push({
        let cache = caches::quick_cache_of(order.keys());
        Contestant::uncounted("quick_cache", move |n| {
            let mut at = 0;
            order.read(n, |key| {
                at += 1;
                if at % 20 == 0 {
                    cache.insert(*key, Arc::new(1.5));
                } else {
                    drop(black_box(cache.get(key)));
                }
            });
        })
    });
    contestants.into_iter().map(|contestant| contestant.slow(80)).collect()
}

/// Another match, with one entry.
struct Other {
    scope: Scope,
    context: Context,
    key: u64,
}

/// What the other thread does to one of the other matches. What that kills it stores anew.
type Change = fn(&Cache<u64, f64>, &Other, u64);

fn beside() -> Vec<Contestant> {
    vec![
        hits_beside(OURS, |_, _, turn| {
            black_box(turn);
        }),
        hits_beside("kairos beside invalidations", |cache, other, _| {
            black_box(cache.invalidate_match(&other.scope));
            other.store(cache);
        }),
        hits_beside("kairos beside absent keys", |cache, other, turn| {
            black_box(cache.invalidate(&(2_000_000 + other.key + turn)));
        }),
        hits_beside("kairos beside expiries", |cache, other, _| {
            cache.expire_match(&other.scope);
            other.store(cache);
        }),
        hits_beside("kairos beside moves", |cache, other, turn| {
            let price = if turn.is_multiple_of(2) { 2.0 } else { 2.05 };
            let outcome = cache.observe_odds(&other.scope, "home_win", price, now());
            black_box(outcome.expect("in order"));
            other.store(cache);
        }),
        hits_beside("kairos beside events", |cache, other, _| {
            let outcome = cache.invalidate_event(&other.scope, "goalkeeper_change");
            black_box(outcome.expect("a known event").died);
            other.store(cache);
        }),
    ]
}

impl Other {
    fn new(cache: &Cache<u64, f64>, number: u64) -> Other {
        let scope = observed(cache, &format!("other {number}"));
        let other = Other { context: context(&scope), scope, key: 1_000_000 + number };
        other.store(cache);
        other
    }

    fn store(&self, cache: &Cache<u64, f64>) {
        let stored = cache.insert(&self.key, &self.context, 1.5);
        assert!(stored.expect("a known market"), "nothing else is under way for the key");
    }
}

/// Hits of one match, beside a thread that changes others.
fn hits_beside(name: &'static str, change: Change) -> Contestant {
    let order = Order::<u64>::uniform(keys(1000));
    let Stage { cache, .. } = Stage::set(order.keys(), |b| b.latency_sampling(16).drift_hard(0.01));
    let others: Vec<Other> = (0..OTHERS as u64).map(|other| Other::new(&cache, other)).collect();
    let total = cache.clone();
    let read = move |n| {
        let ends = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let turns =
                |turn| change(&cache, &others[turn as usize % OTHERS], turn / OTHERS as u64);
            let flag = &ends;
            scope.spawn(move || at_pace(flag, turns));
            order.read(n, |key| drop(black_box(cache.get(key))));
            ends.store(true, Ordering::Relaxed); // Relaxed: the thread is joined.
        });
    };
    Contestant::new(name, read, move || fresh_reads(&total)).slow(40)
}

/// Calls `change` in turn until it ends, at the pace.
fn at_pace(ends: &AtomicBool, change: impl Fn(u64)) {
    let start = Instant::now();
    for turn in 0.. {
        while start.elapsed() < PACE * turn as u32 {
            std::hint::spin_loop();
        }
        // Relaxed: nothing is published by it.
        if ends.load(Ordering::Relaxed) {
            return;
        }
        change(turn);
    }
}
