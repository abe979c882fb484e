// Everything at once, with everything that can go wrong: afterwards the accounts balance, and nothing is held.
// Never knows: the insides of the cache. `KAIROS_CHAOS_OPERATIONS` sets how much of it there is.
// Read next: `counts.rs`.

use std::error::Error;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{Cache, Computed, Config, Context, Scope, TradingStatus};

use crate::stage::{Failure, block_on};

const TASKS: u64 = 24;
const KEYS: u64 = 24;

/// Numbers that look random, the same for the same seed.
struct Draws(u64);

impl Draws {
    fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Ways in which a compute ends.
async fn compute(how: u64) -> Result<Computed<u64>, Failure> {
    match how {
        0 => Err(Failure::other("down")),
        1 => panic!("a compute of the user's"),
        2 => Ok(Computed::None),
        3 => pending().await,
        4 => {
            tokio::task::yield_now().await;
            Ok(Computed::value(how))
        }
        _ => Ok(Computed::value(how)),
    }
}

fn config(draws: &mut Draws) -> Config {
    let mut config = Config::default();
    config.cache.max_weight = 8;
    config.cache.default_ttl = Duration::from_micros(1 + draws.next(2000));
    config.cache.negative_ttl = Duration::from_micros(draws.next(500));
    config.computes.hard_timeout = Duration::from_millis(1 + draws.next(3));
    config.computes.max_concurrent = draws.next(4) as usize;
    config.computes.queue = draws.next(40) as usize;
    config.computes.finish_abandoned = draws.next(2) == 0;
    config.swr.refresh_timeout = Duration::from_millis(1 + draws.next(3));
    config.swr.max_concurrent_refreshes = 1 + draws.next(3) as usize;
    config.fail_safe.throttle = Duration::ZERO;
    config.fail_safe.max_stale_if_error = Duration::from_millis(draws.next(3));
    config.computes.soft_timeout = Duration::from_micros(draws.next(300));
    config.bounds.matches = 8;
    config
}

/// Fits, does not, or cannot be told.
fn weigh(value: u64) -> u32 {
    match value % 16 {
        5 => 9,
        6 => panic!("a weigher of the user's"),
        _ => 1,
    }
}

struct World {
    cache: Cache<u64, u64>,
    scopes: Vec<Scope>,
    left: AtomicU64,
}

impl World {
    /// A context for a key, which always has the same match: a read that has waited for the compute of
    /// another match may be served after that, and the accounts would have to tell.
    fn context(&self, key: u64, draws: &mut Draws) -> Context {
        let context = match key % 4 {
            _ if key >= KEYS => Context::new(&self.cache.scope(&format!("match {key}"))),
            0 => Context::none(),
            of => Context::new(&self.scopes[(of - 1) as usize]).market("btts"),
        };
        let context = context.tag(["a", "b"][draws.next(2) as usize]);
        let context = context.force_refresh(draws.next(8) == 0);
        match (key % 4, draws.next(16)) {
            (0, _) => context,
            (_, 0) => context.kickoff(UNIX_EPOCH + Duration::from_secs(draws.next(1 << 32))),
            (_, 1) => context.lineup_confirmed(draws.next(2) == 0),
            _ => context,
        }
    }

    /// Polls a read this often, and then drops it or waits for its end.
    async fn read(&self, draws: &mut Draws) {
        // The keys beyond have matches of their own, of which there are more than the bound.
        let (key, how, polls) = (draws.next(2 * KEYS), draws.next(16), draws.next(6));
        let context = self.context(key, draws);
        let (inner, within) = (self.cache.clone(), draws.next(KEYS / 4) * 4);
        let nests = draws.next(8) == 0;
        let computes = move || async move {
            if nests {
                let none = Context::none();
                let inner = inner.get_or_compute(&within, &none, move || compute(how));
                return Ok::<_, Box<dyn Error + Send + Sync>>(Computed::value(*inner.await?));
            }
            Ok(compute(how).await?)
        };
        let mut read = pin!(self.cache.get_or_compute(&key, &context, computes));
        for _ in 0..polls {
            let ready = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_ready())).await;
            if ready {
                return;
            }
            tokio::task::yield_now().await;
        }
        if polls == 0 {
            let _ended = read.await;
        }
    }

    /// A read by the loader, now and then from a thread that may block.
    async fn load(&self, draws: &mut Draws) {
        let key = draws.next(KEYS);
        let _ended = self.cache.read(&key, &self.context(key, draws)).await;
    }

    fn block(&self, draws: &mut Draws) {
        let (key, how) = (draws.next(KEYS), draws.next(4));
        let compute = move || match how {
            0 => Err(Failure::other("down")),
            1 => panic!("a closure of the user's"),
            _ => Ok(how),
        };
        let context = self.context(key, draws);
        let _ended = self.cache.blocking().get_or_compute(&key, &context, compute);
    }

    async fn read_many(&self, draws: &mut Draws) {
        let how = draws.next(9);
        let of = draws.next(4);
        let keys: Vec<u64> = (0..4).map(|_| draws.next(KEYS / 4) * 4 + of).collect();
        let context = self.context(of, draws);
        let reads = keys.iter().map(|key| (key, &context));
        let call = move |keys: Vec<u64>| async move {
            let found = compute(how).await?.into_value().unwrap_or(0);
            Ok::<_, Failure>(keys.into_iter().map(move |key| (key, found)))
        };
        let _ended = self.cache.get_many(reads, call).await;
    }

    fn change(&self, draws: &mut Draws) {
        let (cache, scope) = (&self.cache, &self.scopes[draws.next(3) as usize]);
        match draws.next(16) {
            0 => cache.invalidate_tag("a"),
            1 => cache.invalidate_all(),
            2 => cache.expire_all(),
            3 => drop(cache.invalidate_match(scope)),
            4 => drop(cache.invalidate_event(scope, "goalkeeper_change")),
            5 => {
                for status in [TradingStatus::Suspended, TradingStatus::Open] {
                    cache.set_status(scope, None, status).expect("its own");
                }
            }
            6 => {
                let price = 2.0 + draws.next(100) as f64 / 50.0;
                let _late = cache.observe_odds(
                    scope,
                    "home",
                    price,
                    UNIX_EPOCH + Duration::from_secs(draws.next(9)),
                );
            }
            7 => cache.reload(&config(draws)).expect("in range"),
            8 => cache.set_enabled(draws.next(4) != 0),
            9 => drop(cache.subscribe().try_next()),
            10 => cache.run_pending_tasks(),
            11 => drop(cache.begin(&(draws.next(KEYS / 4) * 4), &Context::none())),
            12 => drop(cache.pin(&draws.next(KEYS)).map(|mut pin| pin.get().copied())),
            13 => {
                let key = draws.next(KEYS);
                drop(cache.insert(&key, &self.context(key, draws), 1));
            }
            14 => cache.expire(&draws.next(KEYS)),
            _ => drop(cache.invalidate(&draws.next(KEYS))),
        }
    }

    async fn act(&self, draws: &mut Draws) {
        match draws.next(12) {
            10 => self.load(draws).await,
            11 => self.block(draws),
            0 | 1 => drop(self.cache.get(&draws.next(KEYS)).map(|hit| *hit)),
            2 => drop(self.cache.peek(&draws.next(KEYS)).map(|hit| *hit)),
            3 => self.read_many(draws).await,
            4 | 5 => self.change(draws),
            _ => self.read(draws).await,
        }
    }

    /// Acts until as much has been done as is to be done.
    async fn run(&self, seed: u64) {
        let mut draws = Draws(seed);
        // Relaxed: a count.
        while self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            .is_ok()
        {
            self.act(&mut draws).await;
        }
    }

    /// The sum of a counter over its labels, those of them that have this text.
    fn sum(&self, name: &str, label: &str) -> u64 {
        let text = self.cache.registry().encode_prometheus();
        text.lines()
            .filter(|line| {
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                    && line.contains(label)
            })
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }
}

fn operations() -> u64 {
    std::env::var("KAIROS_CHAOS_OPERATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(500_000)
}

/// Every account of the contract, 5.10.
fn assert_balanced(world: &World) {
    let all = |name| world.sum(name, "");
    let begun = all("kairos_cache_computes_total");
    let ended = [
        "kairos_cache_stored_total",
        "kairos_cache_refreshes_stored_total",
        "kairos_cache_computes_none_total",
        "kairos_cache_results_discarded_total",
        "kairos_cache_compute_failures_total",
        "kairos_cache_refreshes_failed_total",
        "kairos_cache_computes_aborted_total",
    ]
    .map(|name| (name, all(name)));
    let sum: u64 = ended.iter().map(|(_, count)| count).sum();
    assert_eq!(begun, sum, "computes: {ended:?}");
    let waited = all("kairos_cache_reads_waited_total");
    let cancelled = all("kairos_cache_reads_cancelled_total");
    let answered = all("kairos_cache_reads_answered_total");
    assert_eq!(waited, answered + cancelled, "reads: {answered}, {cancelled}");
    assert!(begun > 0 && cancelled > 0, "there was something to count");
}

/// No flight, turn or permit is taken once nothing is under way: the only ones there are can be had.
fn assert_nothing_is_held(cache: &Cache<u64, u64>) {
    let mut settled = Config::default();
    settled.cache.max_weight = 8;
    settled.bounds.matches = 8;
    settled.computes.max_concurrent = 1;
    settled.computes.queue = 0;
    settled.swr.max_concurrent_refreshes = 1;
    settled.xfetch.enabled = false;
    cache.reload(&settled).expect("in range");
    cache.set_enabled(true);
    while cache.sizes().flights > 0 {
        std::thread::yield_now();
    }
    let (key, none) = (8 * KEYS, Context::none());
    let read = |how| block_on(cache.get_or_compute(&key, &none, move || compute(how)));
    // A turn goes on after its reader has been told.
    assert!(soon(|| read(8).is_ok_and(|hit| *hit == 8)), "the one turn is free");
    cache.expire(&key);
    let before = cache.stats().swr_background_success;
    let starts = || read(7).expect("stale").receipt().refresh_started;
    assert!(soon(starts), "the one permit is free");
    while cache.stats().swr_background_success == before {
        std::thread::yield_now();
    }
}

/// Whether it happens while other threads run on.
fn soon(happens: impl Fn() -> bool) -> bool {
    (0..1_000_000).any(|_| {
        std::thread::yield_now();
        happens()
    })
}

#[test]
fn after_everything_at_once_the_accounts_balance_and_nothing_is_held() {
    let cache: Cache<u64, u64> = Cache::builder()
        .config(config(&mut Draws(1)))
        .loader(|key, _| compute(key % 9))
        .weigher(|_, value| weigh(*value))
        .build()
        .expect("in range");
    let scopes = ["one", "two", "three"].map(|name| cache.scope(name)).into();
    let world = Arc::new(World { cache, scopes, left: AtomicU64::new(operations()) });
    std::thread::scope(|threads| {
        let world = &world;
        // Two runtimes that last, and one after the other that ends under its tasks.
        for half in 0..2 {
            threads.spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(1)
                    .enable_all()
                    .build()
                    .expect("a runtime");
                let tasks: Vec<_> = (0..TASKS / 2)
                    .map(|task| {
                        let world = Arc::clone(world);
                        runtime.spawn(async move { world.run(half * TASKS + task).await })
                    })
                    .collect();
                runtime.block_on(async {
                    for task in tasks {
                        task.await.expect("no panic of ours");
                    }
                });
            });
        }
        threads.spawn(move || {
            let mut draws = Draws(99);
            // Relaxed: a count.
            while world.left.load(Ordering::Relaxed) > 0 {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime");
                let (of, seed) = (Arc::clone(world), draws.next(u64::from(u32::MAX)));
                runtime.spawn(async move { of.run(seed).await });
                runtime.block_on(async {
                    for _ in 0..50 {
                        tokio::task::yield_now().await;
                    }
                });
            }
        });
    });
    assert_nothing_is_held(&world.cache);
    block_on(world.cache.shutdown()).expect("outside of any compute");
    assert_eq!(world.cache.sizes().flights, 0);
    assert_balanced(&world);
}
