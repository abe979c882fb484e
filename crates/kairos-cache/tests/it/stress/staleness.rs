// No read that begins after an invalidation has returned sees what came before it.
// Never knows: the insides of the cache.
// Read next: `../invalidation/on_the_way.rs`, the same promise one interleaving at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use kairos_cache::{Cache, Context, Guard, Hit, Pinned, Scope, TradingStatus};

use super::{Dice, KEYS, ROUNDS, THREADS, check_identities, runtime};
use crate::stage::Failure;

/// Sources of truth that change and are invalidated while they are read.
struct Sources {
    cache: Cache<u64, u64>,
    scope: Scope,
    contexts: Vec<Context>,
    truth: Vec<AtomicU64>,
    /// The newest version of each source whose invalidation has returned.
    settled: Vec<AtomicU64>,
}

impl Sources {
    fn new(handle: &tokio::runtime::Handle) -> Sources {
        let cache: Cache<u64, u64> = Cache::builder()
            .tokio_handle(handle.clone())
            // Half of the keys have to go, so that evictions come between.
            .max_capacity(KEYS / 2)
            .build()
            .expect("in range");
        let scope = cache.scope("m");
        let context = |key| Context::new(&scope).market("btts").tag(&format!("k{key}"));
        let contexts = (0..KEYS).map(context).collect();
        let zeroes = || (0..KEYS).map(|_| AtomicU64::new(0)).collect();
        Sources { cache, scope, contexts, truth: zeroes(), settled: zeroes() }
    }

    fn current(&self, key: u64) -> u64 {
        // Relaxed: it is the cache that orders a compute after the invalidation it has seen.
        self.truth[key as usize].load(Ordering::Relaxed)
    }

    /// Changes a source and invalidates it; `while_suspended` runs where that is done by suspending.
    fn change(&self, key: u64, how: u64, while_suspended: impl FnOnce()) {
        // Relaxed: as in `current`.
        let version = self.truth[key as usize].fetch_add(1, Ordering::Relaxed) + 1;
        let cache = &self.cache;
        match how {
            0..6 => {
                cache.invalidate(&key);
            }
            6..10 => cache.invalidate_tag(&format!("k{key}")),
            10..12 => {
                cache.invalidate_event(&self.scope, "goalkeeper_change").expect("known");
            }
            12 => {
                cache.invalidate_match(&self.scope);
            }
            13 => cache.invalidate_all(),
            _ => {
                let market = (how == 14).then_some("btts");
                let set = |status| cache.set_status(&self.scope, market, status).expect("known");
                set(TradingStatus::Suspended);
                while_suspended();
                set(TradingStatus::Open);
            }
        }
        // Release: the invalidation has returned; pairs with the load in `check`.
        self.settled[key as usize].fetch_max(version, Ordering::Release);
    }

    /// Reads, and compares with what had been settled before.
    fn check(&self, key: u64, read: impl FnOnce() -> Option<Hit<u64>>) {
        // Acquire: the read begins after that invalidation returned; pairs with `change`.
        let settled = self.settled[key as usize].load(Ordering::Acquire);
        if let Some(hit) = read() {
            assert!(*hit >= settled, "{} after {settled}: {:?}", *hit, hit.receipt());
        }
    }

    fn read(self: &Arc<Sources>, key: u64, handle: &tokio::runtime::Handle) -> Hit<u64> {
        let own = Arc::clone(self);
        let context = &self.contexts[key as usize];
        let read = self.cache.get_or_compute(&key, context, move || async move {
            let version = own.current(key);
            tokio::task::yield_now().await;
            Ok::<_, Failure>(version)
        });
        handle.block_on(read).expect("it does not fail")
    }

    fn hammer(self: &Arc<Sources>, thread: u64, handle: &tokio::runtime::Handle) {
        let mut dice = Dice::of(thread);
        let mut pins: Vec<Option<Pinned<u64, u64>>> = (0..KEYS).map(|_| None).collect();
        for _ in 0..ROUNDS {
            let key = dice.below(KEYS);
            let context = &self.contexts[key as usize];
            match dice.below(20) {
                0..3 => self.change(key, dice.below(16), || {
                    self.check(key, || Some(self.read(key, handle)));
                }),
                3..8 => self.check(key, || self.cache.get(&key).map(Guard::into_hit)),
                8..14 => self.check(key, || Some(self.read(key, handle))),
                14..19 => {
                    let pin = &mut pins[key as usize];
                    self.check(key, || {
                        if pin.is_none() {
                            *pin = self.cache.pin(&key);
                        }
                        pin.as_mut().and_then(Pinned::read).map(Guard::into_hit)
                    });
                }
                _ => {
                    let fill = self.cache.begin(&key, context).expect("known");
                    let version = self.current(key);
                    thread::yield_now();
                    fill.insert(version);
                }
            }
        }
    }
}

#[test]
fn no_read_that_begins_after_an_invalidation_sees_what_came_before() {
    let runtime = runtime();
    let handle = runtime.handle();
    let sources = Arc::new(Sources::new(handle));
    thread::scope(|threads| {
        for thread in 0..THREADS {
            let sources = &sources;
            threads.spawn(move || sources.hammer(thread, handle));
        }
    });
    let stats = sources.cache.stats();
    check_identities(&stats);
    assert!(stats.cache_hit_fresh > 0 && stats.strategy_compute > 0 && stats.strategy_bypass > 0);
}
