// What threads remember, under everything that ends it: no read is served what was ended before it began, and
// what a guard holds stays valid until it is dropped, which happens once.
// Never knows: the insides of the cache.
// Read next: `staleness.rs`, whose promise this is; `held.rs` for the values.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{
    Cache, Clock, Context, Fill, Guard, Hit, Pinned, Reason, Receipt, Scope, Source, TradingStatus,
};

use super::held::{Held, Ledger, Priced, Rest, leave, rest_early};
use super::{Dice, KEYS, ROUNDS, THREADS, check_identities, runtime};
use crate::stage::Failure;

/// At most so many guards does a thread hold.
const HELD: usize = 12;

/// Sources of truth that change, and are invalidated or expired, while they are read.
struct Desk {
    cache: Cache<u64, Priced>,
    ledger: Arc<Ledger>,
    scope: Scope,
    contexts: Vec<Context>,
    truth: Vec<AtomicU64>,
    /// The newest version of each source of which everything from before is invalidated.
    settled: Vec<AtomicU64>,
    /// The newest version of each source of which nothing from before is fresh.
    expired: Vec<AtomicU64>,
    prices: AtomicU64,
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

impl Desk {
    fn new(handle: &tokio::runtime::Handle) -> Desk {
        let (clock, _stands) = Clock::manual(now());
        let cache: Cache<u64, Priced> = Cache::builder()
            .tokio_handle(handle.clone())
            .clock(clock)
            // Half of the keys have to go, and a thread remembers half of those that stay.
            .max_capacity(KEYS / 2)
            .near_slots(KEYS as usize / 4)
            .drift_soft(0.01)
            .drift_hard(0.03)
            .volatility_enabled(false)
            .build()
            .expect("in range");
        let scope = cache.scope("m");
        let context = |key| Context::new(&scope).market("btts").tag(&format!("k{key}"));
        let contexts = (0..KEYS).map(context).collect();
        let zeroes = || (0..KEYS).map(|_| AtomicU64::new(0)).collect();
        let (truth, settled, expired) = (zeroes(), zeroes(), zeroes());
        let (ledger, prices) = (Arc::default(), AtomicU64::new(0));
        Desk { cache, ledger, scope, contexts, truth, settled, expired, prices }
    }

    fn current(&self, key: u64) -> Priced {
        // Relaxed: it is the cache that orders a compute after the invalidation it has seen.
        Priced::new(key, self.truth[key as usize].load(Ordering::Relaxed), &self.ledger)
    }

    /// Changes a source, and invalidates or expires what was computed from it.
    fn change(&self, key: u64, how: u64) {
        // Relaxed: as in `current`.
        let version = self.truth[key as usize].fetch_add(1, Ordering::Relaxed) + 1;
        let cache = &self.cache;
        match how {
            0..6 => {
                cache.invalidate(&key);
            }
            6..8 => cache.invalidate_tag(&format!("k{key}")),
            8 => {
                cache.invalidate_event(&self.scope, "goalkeeper_change").expect("known");
            }
            9 => {
                cache.invalidate_match(&self.scope);
            }
            10 => cache.invalidate_all(),
            11 => self.move_prices(),
            12 => {
                let set = |status| cache.set_status(&self.scope, None, status).expect("known");
                set(TradingStatus::Suspended);
                set(TradingStatus::Open);
            }
            13..18 => cache.expire(&key),
            18 => cache.expire_tag(&format!("k{key}")),
            19 => cache.expire_match(&self.scope),
            _ => cache.expire_all(),
        }
        let counted = if how < 13 { &self.settled } else { &self.expired };
        // Release: the change has returned; pairs with the loads in `check`.
        counted[key as usize].fetch_max(version, Ordering::Release);
    }

    /// A price that is a hard move, whichever of those that are told at the same time comes before it.
    fn move_prices(&self) {
        // Relaxed: a number that no other thread takes.
        let step = self.prices.fetch_add(1, Ordering::Relaxed) % 40;
        let price = 2.0 * 1.05_f64.powi(i32::try_from(step).expect("a small number"));
        self.cache.observe_odds(&self.scope, "btts", price, now()).expect("a price in order");
    }

    /// Reads, and compares with what had been settled before.
    fn check<T>(&self, key: u64, read: impl FnOnce() -> Option<T>) -> Option<T>
    where
        T: Shown,
    {
        // Acquire, both: the read begins after that change returned; pairs with `change`.
        let settled = self.settled[key as usize].load(Ordering::Acquire);
        let expired = self.expired[key as usize].load(Ordering::Acquire);
        let read = read()?;
        let (priced, receipt) = read.shown();
        priced.check(key);
        let version = priced.version();
        assert!(version >= settled, "{version} after {settled}: {receipt:?}");
        if receipt.reason == Reason::Fresh && receipt.source == Source::Cache {
            assert!(version >= expired, "{version} after {expired}: {receipt:?}");
        }
        Some(read)
    }

    fn compute(self: &Arc<Self>, key: u64, handle: &tokio::runtime::Handle) -> Hit<Priced> {
        let own = Arc::clone(self);
        let context = &self.contexts[key as usize];
        let read = self.cache.get_or_compute(&key, context, move || async move {
            let priced = own.current(key);
            tokio::task::yield_now().await;
            Ok::<_, Failure>(priced)
        });
        handle.block_on(read).expect("it does not fail")
    }

    fn fill(&self, key: u64) {
        let fill: Fill<u64, Priced> =
            self.cache.begin(&key, &self.contexts[key as usize]).expect("known");
        let priced = self.current(key);
        thread::yield_now();
        fill.insert(priced);
    }

    /// Reads, changes and holds on to guards. Returns those that it holds.
    fn hammer(self: &Arc<Self>, thread: u64, handle: &tokio::runtime::Handle) -> Vec<Held> {
        let mut dice = Dice::of(thread);
        let mut pins: Vec<Option<Pinned<u64, Priced>>> = (0..KEYS).map(|_| None).collect();
        let mut held: Vec<Held> = Vec::new();
        for _ in 0..ROUNDS / 2 {
            let key = dice.below(KEYS);
            match dice.below(24) {
                0..3 => self.change(key, dice.below(21)),
                3..12 => {
                    if let Some(guard) = self.check(key, || self.cache.get(&key)) {
                        if held.len() == HELD {
                            held.swap_remove(dice.below(HELD as u64) as usize);
                        }
                        held.push(Held::new(key, guard));
                    }
                }
                12..17 => _ = self.check(key, || Some(self.compute(key, handle))),
                17..22 => {
                    let pin = &mut pins[key as usize];
                    if pin.is_none() {
                        *pin = self.cache.pin(&key);
                    }
                    _ = self.check(key, || pin.as_mut().and_then(Pinned::read));
                }
                _ => self.fill(key),
            }
            held.iter().for_each(Held::check);
        }
        held
    }
}

/// What a read was served, with its receipt.
trait Shown {
    fn shown(&self) -> (&Priced, &Receipt);
}

impl Shown for Guard<Priced> {
    fn shown(&self) -> (&Priced, &Receipt) {
        (self, self.receipt())
    }
}

impl Shown for Hit<Priced> {
    fn shown(&self) -> (&Priced, &Receipt) {
        (self, self.receipt())
    }
}

/// Threads hammer a cache, then each leaves the guards that it holds to `end`, with its share of the desk.
fn hammer(end: fn(Arc<Desk>, Vec<Held>, &Barrier), does_main_hold: bool) {
    let runtime = runtime();
    let handle = runtime.handle();
    let desk = Arc::new(Desk::new(handle));
    let ledger = Arc::clone(&desk.ledger);
    let together = Arc::new(Barrier::new(THREADS as usize));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (desk, handle, together) =
                (Arc::clone(&desk), handle.clone(), Arc::clone(&together));
            thread::spawn(move || {
                // Before the cache is used: it is dropped after what the thread remembers of it.
                rest_early(Rest::of(&desk.ledger, None));
                let held = desk.hammer(thread, &handle);
                end(desk, held, &together);
            })
        })
        .collect();
    let desk = does_main_hold.then_some(desk);
    for thread in threads {
        thread.join().expect("no panic");
    }
    if let Some(desk) = desk {
        let stats = desk.cache.stats();
        check_identities(&stats);
        assert!(stats.cache_hit_fresh > 0 && stats.strategy_compute > 0);
    }
    drop(runtime);
    ledger.check_that_all_are_dropped_once();
}

#[test]
fn what_threads_remember_is_served_by_no_read_that_begins_after_its_end() {
    let end = |desk: Arc<Desk>, held: Vec<Held>, _: &Barrier| {
        // The guards go as the thread ends, some before what it remembers and some after; the latter use
        // the cache once more.
        leave(held, &desk.ledger, Some(&desk.cache));
    };
    hammer(end, true);
}

#[test]
fn what_guards_hold_stays_valid_when_the_cache_has_gone() {
    let end = |desk: Arc<Desk>, held: Vec<Held>, together: &Barrier| {
        let ledger = Arc::clone(&desk.ledger);
        drop(desk);
        together.wait();
        held.iter().for_each(Held::check);
        leave(held, &ledger, None);
    };
    hammer(end, false);
}
