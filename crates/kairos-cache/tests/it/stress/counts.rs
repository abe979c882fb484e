// What eight threads counted is what the cache counted, and every snapshot on the way is in order.
// Never knows: the insides of the cache.
// Read next: `staleness.rs`, the other promise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use kairos_cache::{
    Answer, Cache, Clock, Context, ManualClock, Pinned, Reason, Scope, StatsSnapshot, Strategy,
    Volatility,
};

use super::{Dice, KEYS, ROUNDS, THREADS, check_identities, runtime};
use crate::stage::{Failure, start};

/// What one thread saw happen, by the names under which the cache counts it.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    strategies: [u64; Strategy::ALL.len()],
    too_stale: u64,
    bypassed_for_panic: u64,
    panic: u64,
    warning: u64,
    normal: u64,
    events: u64,
    died: u64,
    preserved: u64,
    full: u64,
    refused: u64,
}

impl Seen {
    fn read(&mut self, receipt: &kairos_cache::Receipt, scored: bool) {
        self.strategies[receipt.strategy as usize] += 1;
        self.too_stale += u64::from(receipt.reason == Reason::TooStale);
        self.bypassed_for_panic += u64::from(receipt.reason == Reason::Panic);
        if scored {
            match receipt.volatility {
                Volatility::Panic => self.panic += 1,
                Volatility::Warning => self.warning += 1,
                Volatility::Normal => self.normal += 1,
            }
        }
    }

    fn add(mut self, other: &Seen) -> Seen {
        for (own, others) in self.strategies.iter_mut().zip(other.strategies) {
            *own += others;
        }
        self.too_stale += other.too_stale;
        self.bypassed_for_panic += other.bypassed_for_panic;
        self.panic += other.panic;
        self.warning += other.warning;
        self.normal += other.normal;
        self.events += other.events;
        self.died += other.died;
        self.preserved += other.preserved;
        self.full += other.full;
        self.refused += other.refused;
        self
    }

    /// The same numbers as the cache has them.
    fn counted(stats: &StatsSnapshot, refused: u64) -> Seen {
        let mut strategies = [0; Strategy::ALL.len()];
        strategies[Strategy::Bypass as usize] = stats.strategy_bypass;
        strategies[Strategy::Compute as usize] = stats.strategy_compute;
        strategies[Strategy::ServeStale as usize] = stats.strategy_serve_stale;
        strategies[Strategy::ServeFresh as usize] = stats.strategy_serve_fresh;
        Seen {
            strategies,
            too_stale: stats.swr_too_stale,
            bypassed_for_panic: stats.cache_bypass_vix,
            panic: stats.vix_panic_detected,
            warning: stats.vix_warning_detected,
            normal: stats.vix_normal,
            events: stats.surgical_invalidation,
            died: stats.markets_invalidated,
            preserved: stats.markets_preserved,
            full: stats.full_invalidation,
            refused,
        }
    }
}

/// A cache that eight threads hammer: even keys belong to a match whose odds are observed, odd
/// keys to none.
struct Ring {
    cache: Cache<u64, u64>,
    scope: Scope,
    contexts: Vec<Context>,
    /// Milliseconds since the start, on the clock that one thread moves.
    elapsed_ms: AtomicU64,
    computes: AtomicU64,
    failures: AtomicU64,
}

impl Ring {
    fn new(handle: &tokio::runtime::Handle) -> (Ring, ManualClock) {
        let (clock, hand) = Clock::manual(start());
        let cache: Cache<u64, u64> = Cache::builder()
            .clock(clock)
            .tokio_handle(handle.clone())
            .max_capacity(KEYS / 2)
            .default_ttl(Duration::from_millis(40))
            .throttle(Duration::from_millis(5))
            .status_hold(Duration::from_millis(20))
            .build()
            .expect("in range");
        let scope = cache.scope("m");
        let markets = ["btts", "clean_sheet", "penalty", "corners_over_under"];
        let contexts = (0..KEYS)
            .map(|key| {
                let tag = format!("k{key}");
                let context = if key % 2 == 0 { Context::new(&scope) } else { Context::none() };
                match markets.get(key as usize / 2) {
                    Some(market) if key % 2 == 0 => context.market(market).tag(&tag),
                    _ => context.tag(&tag),
                }
            })
            .collect();
        cache.observe_odds(&scope, "home_win", 2.0, start()).expect("the first");
        let zero = AtomicU64::default;
        let ring =
            Ring { cache, scope, contexts, elapsed_ms: zero(), computes: zero(), failures: zero() };
        (ring, hand)
    }

    /// One in sixteen computes fails.
    async fn compute(self: Arc<Ring>) -> Result<u64, Failure> {
        // Relaxed: a count, compared after the threads have been joined.
        let number = self.computes.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        if number % 16 == 7 {
            self.failures.fetch_add(1, Ordering::Relaxed); // Relaxed: as above.
            return Err(Failure::other("one in sixteen"));
        }
        Ok(number)
    }

    fn explain(self: &Arc<Ring>, key: u64, context: &Context) -> impl Future<Output = Answer<u64>> {
        let ring = Arc::clone(self);
        async move {
            let own = Arc::clone(&ring);
            let answer = ring.cache.explain(&key, context, move || own.compute()).await;
            answer.expect("the context is in order")
        }
    }

    fn hammer(self: &Arc<Ring>, thread: u64, handle: &tokio::runtime::Handle) -> Seen {
        let (mut dice, mut seen) = (Dice::of(thread), Seen::default());
        let mut pins: Vec<Option<Pinned<u64, u64>>> = (0..KEYS).map(|_| None).collect();
        for _ in 0..ROUNDS {
            let key = dice.below(KEYS);
            let scored = key % 2 == 0;
            let context = &self.contexts[key as usize];
            match dice.below(100) {
                0..35 => {
                    if let Some(hit) = self.cache.get(&key) {
                        seen.read(hit.receipt(), scored);
                    }
                }
                35..60 => {
                    let answer = handle.block_on(self.explain(key, context));
                    seen.read(&answer.receipt, scored);
                }
                60..64 => {
                    let forced = context.clone().force_refresh(true);
                    seen.read(&handle.block_on(self.explain(key, &forced)).receipt, scored);
                }
                64..88 => {
                    let pin = &mut pins[key as usize];
                    if pin.is_none() {
                        *pin = self.cache.pin(&key);
                    }
                    if let Some(hit) = pin.as_mut().and_then(Pinned::read) {
                        seen.read(hit.receipt(), scored);
                    }
                }
                88..92 => {
                    let price = if dice.below(12) == 0 { 9.0 } else { 2.0 };
                    // Relaxed: how far the clock has been moved, at least.
                    let ms = self.elapsed_ms.load(Ordering::Relaxed);
                    let at = start() + Duration::from_millis(ms);
                    let observed = self.cache.observe_odds(&self.scope, "home_win", price, at);
                    seen.refused += u64::from(observed.is_err());
                }
                92..94 => {
                    let event = ["goalkeeper_change", "odds_steam"][dice.below(2) as usize];
                    let outcome = self.cache.invalidate_event(&self.scope, event).expect("known");
                    seen.events += 1;
                    seen.died += outcome.died;
                    seen.preserved += (outcome.total_markets - outcome.markets.len()) as u64;
                }
                94..96 => {
                    self.cache.invalidate(&key);
                }
                96 => self.cache.invalidate_tag(&format!("k{key}")),
                97 => {
                    self.cache.invalidate_match(&self.scope);
                    seen.full += 1;
                }
                98 => {
                    self.cache.invalidate_all();
                    seen.full += 1;
                }
                _ => self.cache.expire(&key),
            }
        }
        seen
    }
}

#[test]
fn what_eight_threads_counted_is_what_the_cache_counted() {
    let runtime = runtime();
    let handle = runtime.handle();
    let (ring, hand) = Ring::new(handle);
    let (ring, over) = (Arc::new(ring), AtomicBool::new(false));
    let (seen, snapshots) = thread::scope(|threads| {
        let hammering: Vec<_> = (0..THREADS)
            .map(|thread| {
                let ring = &ring;
                threads.spawn(move || ring.hammer(thread, handle))
            })
            .collect();
        let watching = threads.spawn(|| {
            let (mut snapshots, mut requests) = (0_u64, 0);
            // Acquire: pairs with the store below.
            while !over.load(Ordering::Acquire) {
                let stats = ring.cache.stats();
                check_identities(&stats);
                assert!(stats.total_requests >= requests, "a count ran backwards");
                requests = stats.total_requests;
                snapshots += 1;
                hand.advance(Duration::from_millis(1));
                ring.elapsed_ms.fetch_add(1, Ordering::Relaxed); // Relaxed: as where it is read.
            }
            snapshots
        });
        let seen: Vec<Seen> =
            hammering.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        over.store(true, Ordering::Release); // Release: pairs with the load above.
        (seen, watching.join().expect("every snapshot was in order"))
    });
    // A forced read of each key waits for whatever still runs there.
    let mut last = Seen::default();
    for (key, context) in (0..KEYS).zip(&ring.contexts) {
        let forced = context.clone().force_refresh(true);
        last.read(&handle.block_on(ring.explain(key, &forced)).receipt, key % 2 == 0);
    }
    let seen = seen.iter().fold(last, Seen::add);
    let (stats, activity) = (ring.cache.stats(), ring.cache.activity());
    check_identities(&stats);
    assert_eq!(seen, Seen::counted(&stats, activity.observations_refused));
    assert!(snapshots > 0 && seen.strategies.iter().all(|count| *count > 0), "{seen:?}");

    // Relaxed, both: every compute has been waited for.
    let computes = ring.computes.load(Ordering::Relaxed);
    let failures = ring.failures.load(Ordering::Relaxed);
    let refreshes = activity.computes_for_refreshes;
    let for_reads = activity.computes_for_misses + activity.computes_for_bypasses;
    assert_eq!(refreshes + for_reads, computes);
    assert_eq!(stats.swr_background_success + stats.swr_background_error, refreshes);
    assert_eq!(stats.cache_errors + stats.swr_background_error, failures);
    let coalesced = activity.coalesced_computes + activity.coalesced_bypasses;
    assert_eq!(for_reads + coalesced, stats.strategy_compute + stats.strategy_bypass);
}
