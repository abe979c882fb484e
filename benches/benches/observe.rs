//! How long it takes to observe a price, with windows of 3 to 100 samples.
// Never knows: the engine's insides, or how a race is run.
// Read next: `move.rs`, the prices that are moves.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use benches::race::Contestant;
use benches::report::{Report, Target};
use kairos_cache::{Cache, Clock, Context};

const FLOOR: &str = "fetch_add";

const WINDOWS: [(usize, &str); 4] = [
    (3, "kairos, 3 samples"),
    (10, "kairos, 10 samples"),
    (30, "kairos, 30 samples"),
    (100, "kairos, 100 samples"),
];

const TARGETS: [Target; 5] = [
    (1, WINDOWS[0].1, FLOOR, 75.0),
    (1, WINDOWS[1].1, FLOOR, 75.0),
    (1, WINDOWS[2].1, FLOOR, 75.0),
    (1, WINDOWS[3].1, FLOOR, 75.0),
    (1, WINDOWS[3].1, WINDOWS[0].1, 1.2),
];

fn main() {
    let mut report = Report::from_args();
    report.race_with("observe", &[1], contestants, &TARGETS);
    for (_, name) in WINDOWS {
        report.expect_no_allocations("observe", name);
    }
    report.judge();
}

fn contestants() -> Vec<Contestant> {
    let cell = AtomicU64::new(0);
    let floor = Contestant::uncounted(FLOOR, move |n| {
        for _ in 0..n {
            // Relaxed: no other thread reads it.
            black_box(cell.fetch_add(1, Ordering::Relaxed));
        }
    });
    std::iter::once(floor.slow(8)).chain(WINDOWS.map(observing)).collect()
}

/// Prices of a match with 1 000 live entries, in a window of at most so many samples, which is full.
fn observing((samples, name): (usize, &'static str)) -> Contestant {
    let now: SystemTime = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    let (clock, _stands) = Clock::manual(now);
    let builder = Cache::builder().clock(clock).max_samples(samples);
    let cache: Cache<u64, f64> = builder.build().expect("in range");
    let scope = cache.scope("12345");
    let context = Context::new(&scope).market("btts").tag("team:arsenal").tag("league:epl");
    for key in 0..1000 {
        assert!(cache.insert(&key, &context, 1.5).expect("a known market"));
    }
    let (next, told) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
    let total = Arc::clone(&told);
    let run = move |n| {
        let mut done = 0;
        for _ in 0..n {
            // Relaxed: one thread tells and counts.
            let price = 2.0 + 0.001 * (next.fetch_add(1, Ordering::Relaxed) % 16) as f64;
            done += u64::from(cache.observe_odds(&scope, "home_win", price, now).is_ok());
        }
        told.fetch_add(done, Ordering::Relaxed); // Relaxed: as above.
    };
    // Relaxed: read after the threads are joined.
    Contestant::new(name, run, move || total.load(Ordering::Relaxed)).slow(100)
}
