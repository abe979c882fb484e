//! How long an observation of a price takes: with drift off, one that is no move, and moves of matches with
//! 1, 8 and 64 odds markets.
// Never knows: the engine's insides, or how a race is run.
// Read next: `docs/performance.md` for what was measured.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use benches::race::Contestant;
use benches::report::{Report, Target};
use kairos_cache::{Builder, Cache, Clock, Context};

/// The ends between which a price swings: further apart than half of the bound.
const FAR: [f64; 2] = [2.0, 2.05];

/// Within half of the bound of each other.
const NEAR: [f64; 2] = [2.0, 2.001];

const BOUND: f64 = 0.01;

/// Live entries of the match, which every move covers.
const ENTRIES: u64 = 1000;

const FLOOR: &str = "fetch_add";

/// At most 100 times the floor, and 3 times for each market and class.
const TARGETS: [Target; 6] = [
    (1, "kairos, soft, 1 market", FLOOR, 106.0),
    (1, "kairos, soft, 8 markets", FLOOR, 127.0),
    (1, "kairos, soft, 64 markets", FLOOR, 295.0),
    (1, "kairos, hard, 1 market", FLOOR, 106.0),
    (1, "kairos, hard, 8 markets", FLOOR, 127.0),
    (1, "kairos, hard, 64 markets", FLOOR, 295.0),
];

fn main() {
    let mut report = Report::from_args();
    let contestants = || {
        let hard = |b: Builder<u64, f64>| b.drift_hard(BOUND);
        let soft = |b: Builder<u64, f64>| b.drift_soft(BOUND);
        vec![
            fetch_add(),
            observing("kairos, drift off", 1, FAR, |b| b, false),
            observing("kairos, no move", 1, NEAR, hard, false),
            observing("kairos, no move, 64 markets", 64, NEAR, hard, false),
            observing("kairos, soft, 1 market", 1, FAR, soft, true),
            observing("kairos, soft, 8 markets", 8, FAR, soft, true),
            observing("kairos, soft, 64 markets", 64, FAR, soft, true),
            observing("kairos, hard, 1 market", 1, FAR, hard, true),
            observing("kairos, hard, 8 markets", 8, FAR, hard, true),
            observing("kairos, hard, 64 markets", 64, FAR, hard, true),
        ]
    };
    report.race_with("move", &[1], contestants, &TARGETS);
    report.judge();
}

/// An addition to an atomic that no other thread has.
fn fetch_add() -> Contestant {
    let cell = AtomicU64::new(0);
    Contestant::uncounted(FLOOR, move |n| {
        for _ in 0..n {
            // Relaxed: no other thread reads it.
            black_box(cell.fetch_add(1, Ordering::Relaxed));
        }
    })
    .slow(8)
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

fn moves(cache: &Cache<u64, f64>) -> u64 {
    let activity = cache.activity();
    activity.moves_soft + activity.moves_hard
}

/// One market swings, of a match with so many; the total is of observations that are moves, or of those
/// that are none.
fn observing(
    name: &'static str,
    markets: usize,
    prices: [f64; 2],
    configure: impl FnOnce(Builder<u64, f64>) -> Builder<u64, f64>,
    are_moves: bool,
) -> Contestant {
    let (clock, _stands) = Clock::manual(now());
    let cache = configure(Cache::builder().clock(clock)).build().expect("in range");
    let scope = cache.scope("12345");
    for market in 0..markets {
        let told = cache.observe_odds(&scope, &market.to_string(), prices[0], now());
        told.expect("a price in order");
    }
    for key in 0..ENTRIES {
        let context = Context::new(&scope).market("btts");
        assert!(cache.insert(&key, &context, 0.0).expect("a known market"));
    }
    let (next, total) = (AtomicU64::new(0), cache.clone());
    let told = Arc::new(AtomicU64::new(0));
    let (tell, before) = (Arc::clone(&told), moves(&cache));
    Contestant::new(
        name,
        move |n| {
            for _ in 0..n {
                // Relaxed: one thread tells and counts.
                let price = prices[(next.fetch_add(1, Ordering::Relaxed) as usize + 1) & 1];
                let status = cache.observe_odds(&scope, "0", price, now());
                black_box(status.expect("a price in order"));
            }
            tell.fetch_add(n, Ordering::Relaxed); // Relaxed: as above.
        },
        move || {
            let moved = moves(&total) - before;
            let told = told.load(Ordering::Relaxed); // Relaxed: as above.
            if are_moves { moved } else { told - moved }
        },
    )
    .slow(100)
}
