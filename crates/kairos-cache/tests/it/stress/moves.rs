// The promise of drift under threads: 64 odds markets of one match move at once, beside reads of every kind.
// Never knows: references, marks, or which observation is a move.
// Read next: `../drift/promise.rs`, the same promise one operation at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Cache, Clock, Context, Guard, Hit, Pinned, Reason, Scope, Source};

use super::{Dice, KEYS, ROUNDS, THREADS, check_identities, runtime};
use crate::stage::{Failure, HOUR};

const MARKETS: u64 = 64;

/// Bounds and prices in thousandths of the logarithm.
const SOFT: u64 = 10;
const HARD: u64 = 30;

/// One price after another: a market's version, and its level then.
type Levels = Vec<Vec<u64>>;

/// What a compute saw of each market: the newest version.
type Seen = Vec<u64>;

/// The prices of a match, and what is computed from them.
struct Desk {
    cache: Cache<u64, Seen>,
    scope: Scope,
    context: Context,
    names: Vec<String>,
    /// For each market the level of each of its versions.
    levels: Levels,
    truth: Vec<AtomicU64>,
    /// The newest version of each market whose observation has returned.
    settled: Vec<AtomicU64>,
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

/// A market's levels: they wander by at most four at a time.
fn levels(market: u64) -> Vec<u64> {
    let mut dice = Dice::of(1000 + market);
    let mut level = 500;
    (0..=ROUNDS)
        .map(|_| {
            level = (level + dice.below(9)).clamp(304, 704) - 4;
            level
        })
        .collect()
}

impl Desk {
    fn new(handle: &tokio::runtime::Handle) -> Desk {
        let (clock, _stands) = Clock::manual(now());
        let cache: Cache<u64, Seen> = Cache::builder()
            .tokio_handle(handle.clone())
            .clock(clock)
            .drift_soft(thousandths(SOFT))
            .drift_hard(thousandths(HARD))
            .volatility_enabled(false)
            .max_stale_if_error(HOUR)
            .build()
            .expect("in range");
        let scope = cache.scope("m");
        let context = Context::new(&scope).market("btts");
        let zeroes = || (0..MARKETS).map(|_| AtomicU64::new(0)).collect();
        let names: Vec<String> = (0..MARKETS).map(|market| format!("market {market}")).collect();
        let levels = (0..MARKETS).map(levels).collect();
        let (truth, settled) = (zeroes(), zeroes());
        let desk = Desk { cache, scope, context, names, levels, truth, settled };
        for market in 0..MARKETS {
            desk.tell(market, 0);
        }
        desk
    }

    fn tell(&self, market: u64, version: u64) {
        let market = market as usize;
        let price = 3.0 * thousandths(self.levels[market][version as usize]).exp();
        let told = self.cache.observe_odds(&self.scope, &self.names[market], price, now());
        told.expect("a price in order");
    }

    /// The next price of a market, which this thread alone tells.
    fn change(&self, market: u64) {
        // Relaxed: it is the cache that orders a compute after the move that it has seen.
        let version = self.truth[market as usize].fetch_add(1, Ordering::Relaxed) + 1;
        self.tell(market, version);
        // Release: the observation has returned; pairs with the load in `check`.
        self.settled[market as usize].store(version, Ordering::Release);
    }

    /// What a compute finds that begins now.
    fn see(&self) -> Seen {
        // Relaxed: as in `change`.
        self.truth.iter().map(|version| version.load(Ordering::Relaxed)).collect()
    }

    /// Reads, and compares what was served with the prices that had been settled before.
    fn check(&self, read: impl FnOnce() -> Option<Hit<Seen>>) {
        // Acquire: the read begins after that observation returned; pairs with `change`.
        let settled: Seen = self.settled.iter().map(|v| v.load(Ordering::Acquire)).collect();
        let Some(hit) = read().filter(|hit| hit.receipt().source == Source::Cache) else { return };
        let bound = if hit.receipt().reason == Reason::Fresh { SOFT } else { HARD };
        for (market, (seen, settled)) in hit.iter().zip(&settled).enumerate() {
            // A version that was settled later says nothing of what had been settled before.
            let since = if seen <= settled { *seen..=*settled } else { continue };
            let level = |version: u64| self.levels[market][version as usize];
            let newest = level(*settled);
            let furthest = since.map(|version| level(version).abs_diff(newest)).max();
            let receipt = hit.receipt();
            assert!(furthest <= Some(bound), "market {market} by {furthest:?}: {receipt:?}");
        }
    }

    fn read(self: &Arc<Desk>, key: u64, handle: &tokio::runtime::Handle) -> Hit<Seen> {
        let own = Arc::clone(self);
        let read = self.cache.get_or_compute(&key, &self.context, move || async move {
            let seen = own.see();
            tokio::task::yield_now().await;
            Ok::<_, Failure>(seen)
        });
        handle.block_on(read).expect("it does not fail")
    }

    fn hammer(self: &Arc<Desk>, thread: u64, handle: &tokio::runtime::Handle) {
        let mut dice = Dice::of(thread);
        let mut pins: Vec<Option<Pinned<u64, Seen>>> = (0..KEYS).map(|_| None).collect();
        let own = MARKETS / THREADS;
        for _ in 0..ROUNDS {
            let key = dice.below(KEYS);
            match dice.below(20) {
                0..2 => self.change(thread * own + dice.below(own)),
                2..8 => self.check(|| self.cache.get(&key).map(Guard::into_hit)),
                8..14 => self.check(|| Some(self.read(key, handle))),
                14..19 => {
                    let pin = &mut pins[key as usize];
                    self.check(|| {
                        if pin.is_none() {
                            *pin = self.cache.pin(&key);
                        }
                        pin.as_mut().and_then(Pinned::read).map(Guard::into_hit)
                    });
                }
                _ => {
                    let fill = self.cache.begin(&key, &self.context).expect("known");
                    let seen = self.see();
                    thread::yield_now();
                    fill.insert(seen);
                }
            }
        }
    }
}

fn thousandths(count: u64) -> f64 {
    count as f64 / 1000.0
}

#[test]
fn no_read_that_begins_after_a_price_is_served_what_it_has_moved_away_from() {
    let runtime = runtime();
    let handle = runtime.handle();
    let desk = Arc::new(Desk::new(handle));
    thread::scope(|threads| {
        for thread in 0..THREADS {
            let desk = &desk;
            threads.spawn(move || desk.hammer(thread, handle));
        }
    });
    let (stats, activity) = (desk.cache.stats(), desk.cache.activity());
    check_identities(&stats);
    assert!(stats.cache_hit_fresh > 0 && stats.cache_hit_stale > 0, "{stats:?}");
    assert!(activity.moves_soft > 0 && activity.moves_hard > 1, "{activity:?}");
}
