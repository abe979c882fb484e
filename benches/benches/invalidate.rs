//! How long it takes to invalidate a key, a tag, a match, or by an event, however many entries there are.
// Never knows: the engine's insides, or how a race is run.
// Read next: `move.rs`, what prices invalidate.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use benches::race::Contestant;
use benches::report::{Report, Target};
use benches::stage::{context, observed};
use kairos_cache::{Cache, Context, Scope};

/// Matches that are invalidated in turn, each with its entries alive.
const MATCHES: usize = 64;

/// Entries of each of them, of one class.
const ENTRIES: u64 = 8;

const FLOOR: &str = "fetch_add";
const KEY: &str = "kairos, a key";
const TAG: &str = "kairos, a tag";
const MATCH: &str = "kairos, a match";
const EVENT: &str = "kairos, an event";

/// At most 25 times the floor, and 3 times for the class that is affected.
const AT_MOST: f64 = 28.0;

const TARGETS: [Target; 4] = [
    (1, KEY, FLOOR, AT_MOST),
    (1, TAG, FLOOR, AT_MOST),
    (1, MATCH, FLOOR, AT_MOST),
    (1, EVENT, FLOOR, AT_MOST),
];

fn main() {
    let mut report = Report::from_args();
    report.without_instructions();
    for (group, resident) in [
        ("invalidate, among 100 entries", 100),
        ("invalidate, among 10 000 entries", 10_000),
        ("invalidate, among 1 000 000 entries", 1_000_000),
    ] {
        report.race_with(group, &[1], || contestants(resident), &TARGETS);
    }
    report.judge();
}

fn contestants(resident: u64) -> Vec<Contestant> {
    let played = Arc::new(Mutex::new(Played::among(resident)));
    vec![
        fetch_add(),
        invalidating(KEY, &played, |stage, at| {
            black_box(stage.cache.invalidate(&(at as u64 * ENTRIES)));
        }),
        invalidating(TAG, &played, |stage, at| stage.cache.invalidate_tag(&stage.tags[at])),
        invalidating(MATCH, &played, |stage, at| {
            black_box(stage.cache.invalidate_match(&stage.scopes[at]));
        }),
        invalidating(EVENT, &played, |stage, at| {
            let outcome = stage.cache.invalidate_event(&stage.scopes[at], "goalkeeper_change");
            black_box(outcome.expect("a known event").died);
        }),
    ]
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

struct Played {
    cache: Cache<u64, f64>,
    scopes: Vec<Scope>,
    contexts: Vec<Context>,
    tags: Vec<String>,
}

impl Played {
    /// The matches that are invalidated, beside so many entries of another.
    fn among(resident: u64) -> Played {
        let entries = MATCHES as u64 * ENTRIES;
        let builder = Cache::builder().max_capacity(2 * (resident + entries));
        let cache: Cache<u64, f64> = builder.build().expect("in range");
        let other = context(&observed(&cache, "other"));
        for key in entries..entries + resident {
            assert!(cache.insert(&key, &other, 1.5).expect("a known market"));
        }
        let scopes: Vec<Scope> =
            (0..MATCHES).map(|at| observed(&cache, &format!("match {at}"))).collect();
        let tags: Vec<String> = (0..MATCHES).map(|at| format!("squad:{at}")).collect();
        let contexts = scopes.iter().zip(&tags).map(|(scope, tag)| context(scope).tag(tag));
        let contexts = contexts.collect();
        Played { cache, scopes, contexts, tags }
    }

    /// Stores every entry of theirs.
    fn refill(&self) {
        for (at, context) in (0..).zip(&self.contexts) {
            for key in at * ENTRIES..(at + 1) * ENTRIES {
                assert!(self.cache.insert(&key, context, 1.5).expect("a known market"));
            }
        }
        self.cache.run_pending_tasks();
    }
}

/// The time of the invalidations alone; all that they kill is stored anew before each turn.
fn invalidating(
    name: &'static str,
    played: &Arc<Mutex<Played>>,
    invalidate: impl Fn(&Played, usize) + Sync + 'static + Send,
) -> Contestant {
    let played = Arc::clone(played);
    let run = move |n: u64| {
        let played = played.lock().expect("no contestant panics");
        let (mut left, mut took) = (n as usize, Duration::ZERO);
        while left > 0 {
            let turn = left.min(MATCHES);
            played.refill();
            let start = Instant::now();
            (0..turn).for_each(|at| invalidate(&played, at));
            took += start.elapsed();
            left -= turn;
        }
        took
    };
    Contestant::timed(name, run).slow(2_000)
}
