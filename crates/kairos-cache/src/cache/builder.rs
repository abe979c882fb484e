//! The builder: a configuration, and what is injected beside it.
//! Never knows: how the parts work together.
//! Read next: `config.rs` for the fields, `engine.rs` for the parts.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use foldhash::fast::FixedState;
use kairos_metrics::Registry;

use crate::cache::Cache;
use crate::config::rules::{self, Fixed, Rules};
use crate::config::{CacheConfig, Config, EvaluateAt, ZoneConfig};
use crate::engine::Engine;
use crate::engine::breaker::BreakerCell;
use crate::engine::reclaim::Sweeps;
use crate::engine::sweep::is_dead;
use crate::error::Error;
use crate::flight::drain::Drain;
use crate::flight::gate::Gate;
use crate::flight::loader::{Load, Loader};
use crate::flight::permits::Permits;
use crate::flight::table::Flights;
use crate::matches::Matches;
use crate::policy::events::EventGraph;
use crate::runtime::clock::Clock;
use crate::runtime::random::Random;
use crate::runtime::sim::Sim;
use crate::runtime::{Runtime, TokioRuntime};
use crate::stats::notices::{Notice, Notices};
use crate::stats::{Sampling, Stats};
use crate::store::entry::Entry;
use crate::store::sweeper::Sweeper;
use crate::store::weight::Weigher;
use crate::store::{Bound, Store};
use crate::sync::{AtomicBool, Mutex};
use crate::to_key::{Key, Value};
use crate::truth::Invalidations;
use crate::truth::tags::Tags;

/// Classes are made and tags invalidated under the lock of one shard.
const TAG_SHARDS: usize = 32;

/// Builds a [`Cache`].
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<K, V> {
    config: Config,
    graph: Option<EventGraph>,
    registry: Option<Registry>,
    handle: Option<tokio::runtime::Handle>,
    clock: Option<Clock>,
    runtime: Option<Arc<dyn Runtime>>,
    seed: Option<u64>,
    weigher: Option<Weigher<K, V>>,
    pub(crate) loader: Option<Load<K, V>>,
    _cache: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Starts building a cache; every field has a default.
    pub fn builder() -> Builder<K, V> {
        Builder::new()
    }
}

/// One setter for each field of the configuration.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $section:ident.$field:ident, $type:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, $field: $type) -> Self {
                self.config.$section.$field = $field;
                self
            }
        )*
    };
}

impl<K: Key, V: Value> Builder<K, V> {
    fn new() -> Builder<K, V> {
        Builder {
            config: Config::default(),
            graph: None,
            registry: None,
            handle: None,
            clock: None,
            runtime: None,
            seed: None,
            weigher: None,
            loader: None,
            _cache: PhantomData,
        }
    }

    /// Takes a whole configuration; setters called later change it.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Uses this event graph instead of the configured one.
    pub fn event_graph(mut self, graph: EventGraph) -> Self {
        self.graph = Some(graph);
        self
    }

    /// Registers the cache's metrics here instead of in a registry of its own.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Runs tasks on this tokio runtime. Without it the runtime current at `build` is used, else a
    /// thread of the cache's own. Timers run on a thread of their own, one for the process: the
    /// runtime needs no time driver, and a compute that blocks it cannot hold up its own timeout.
    pub fn tokio_handle(mut self, handle: tokio::runtime::Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// Takes time from this clock instead of the operating system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Runs tasks and timers here instead of on tokio.
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Takes time from a deterministic executor and runs tasks and timers on it.
    pub fn sim(self, sim: &Sim) -> Self {
        self.clock(sim.clock()).runtime(Arc::new(sim.clone()))
    }

    /// Weighs entries, in units of your choice, for `cache.max_weight` to bound their sum. Called
    /// once for each value stored; 0 counts as 1.
    ///
    /// A value that alone weighs more than the bound is not kept, nor is one whose weigher panics.
    pub fn weigher(mut self, weigher: impl Fn(&K, &V) -> u32 + Send + Sync + 'static) -> Self {
        self.weigher = Some(Box::new(weigher));
        self
    }

    /// Fixes the seed of hash functions, jitter and early refresh, which is random by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    setters! {
        /// Whether the cache is switched on (`cache.enabled`, default true).
        enabled: cache.enabled, bool;
        /// How many entries are kept (`cache.max_capacity`, default 10 000).
        max_capacity: cache.max_capacity, u64;
        /// How much the entries may weigh together, by the weigher (`cache.max_weight`, default 0:
        /// their number is bounded instead).
        max_weight: cache.max_weight, u64;
        /// TTL where no kickoff is known (`cache.default_ttl`, default 1 h).
        default_ttl: cache.default_ttl, Duration;
        /// How long nothing is remembered as nothing (`cache.negative_ttl`, default 0: not at all).
        negative_ttl: cache.negative_ttl, Duration;
        /// Share by which a TTL is shortened at random (`cache.jitter`, default 0).
        jitter: cache.jitter, f64;
        /// When an entry's zone is looked up (`golden_hour.evaluate`, default at the read).
        evaluate: golden_hour.evaluate, EvaluateAt;
        /// The zone table (`golden_hour.zones`), nearest to kickoff first.
        zones: golden_hour.zones, Vec<ZoneConfig>;
        /// TTL beyond the last zone (`golden_hour.standard_ttl`, default 6 h).
        standard_ttl: golden_hour.standard_ttl, Duration;
        /// Factor for a confirmed line-up (`golden_hour.lineup_multiplier`, default 2).
        lineup_multiplier: golden_hour.lineup_multiplier, f64;
        /// Upper bound of a TTL so lengthened (`golden_hour.lineup_cap`, default 24 h).
        lineup_cap: golden_hour.lineup_cap, Duration;
        /// TTL after kickoff (`golden_hour.in_play_ttl`, default 0: not stored).
        in_play_ttl: golden_hour.in_play_ttl, Duration;
        /// Whether prices are scored (`volatility.enabled`, default true).
        volatility_enabled: volatility.enabled, bool;
        /// How long a sample counts (`volatility.window`, default 30 min).
        volatility_window: volatility.window, Duration;
        /// How many samples count at most (`volatility.max_samples`, default 100).
        max_samples: volatility.max_samples, usize;
        /// Fewer samples score nothing (`volatility.min_samples`, default 3).
        min_samples: volatility.min_samples, u32;
        /// z of a warning (`volatility.warning_sigma`, default 1.5).
        warning_sigma: volatility.warning_sigma, f64;
        /// z of a panic (`volatility.panic_sigma`, default 2.0).
        panic_sigma: volatility.panic_sigma, f64;
        /// Cap on the TTL during a warning (`volatility.warning_ttl`, default 60 s).
        warning_ttl: volatility.warning_ttl, Duration;
        /// Floor of sigma relative to the mean (`volatility.min_relative_sigma`, default 0.005).
        min_relative_sigma: volatility.min_relative_sigma, f64;
        /// How long a status holds (`volatility.status_hold`, default 30 s).
        status_hold: volatility.status_hold, Duration;
        /// The stale limit over the TTL (`swr.stale_multiplier`, default 2).
        stale_multiplier: swr.stale_multiplier, f64;
        /// At most this long past the TTL (`swr.max_stale`, default 1 h).
        max_stale: swr.max_stale, Duration;
        /// How many refreshes run at once (`swr.max_concurrent_refreshes`, default 5).
        max_concurrent_refreshes: swr.max_concurrent_refreshes, usize;
        /// How long a refresh may take (`swr.refresh_timeout`, default 10 s).
        refresh_timeout: swr.refresh_timeout, Duration;
        /// Whether fresh values are refreshed early (`xfetch.enabled`, default true).
        xfetch_enabled: xfetch.enabled, bool;
        /// How eagerly (`xfetch.beta`, default 1).
        xfetch_beta: xfetch.beta, f64;
        /// Whether lasting panic opens the breaker (`breaker.enabled`, default true).
        breaker_enabled: breaker.enabled, bool;
        /// How long a read counts for the breaker (`breaker.window`, default 30 min).
        breaker_window: breaker.window, Duration;
        /// Fewer scored reads open nothing (`breaker.min_reads`, default 60).
        breaker_min_reads: breaker.min_reads, u64;
        /// Ratio above which volatility is high (`breaker.high_enter`, default 0.5).
        breaker_high_enter: breaker.high_enter, f64;
        /// Ratio below which it no longer is (`breaker.high_exit`, default 0.3).
        breaker_high_exit: breaker.high_exit, f64;
        /// Ratio above which the circuit opens (`breaker.open_enter`, default 0.8).
        breaker_open_enter: breaker.open_enter, f64;
        /// Ratio below which it closes (`breaker.open_exit`, default 0.6).
        breaker_open_exit: breaker.open_exit, f64;
        /// Cap on a panicking read's TTL in high volatility (default 5 s).
        breaker_high_panic_ttl: breaker.high_panic_ttl, Duration;
        /// Cap on a warned read's TTL in high volatility (default 10 s).
        breaker_high_warning_ttl: breaker.high_warning_ttl, Duration;
        /// Cap on a panicking read's TTL while the circuit is open (default 10 s).
        breaker_open_panic_ttl: breaker.open_panic_ttl, Duration;
        /// Cap on a warned read's TTL while the circuit is open (default 30 s).
        breaker_open_warning_ttl: breaker.open_warning_ttl, Duration;
        /// Cap on a calm read's TTL while the circuit is open (default 60 s).
        breaker_open_normal_ttl: breaker.open_normal_ttl, Duration;
        /// How long a read with an old value waits (`computes.soft_timeout`, default 0: to the end).
        soft_timeout: computes.soft_timeout, Duration;
        /// How many computes run at once (`computes.max_concurrent`, default 0: any number).
        max_concurrent_computes: computes.max_concurrent, usize;
        /// How many may wait for that (`computes.queue`, default 1000).
        compute_queue: computes.queue, usize;
        /// Age up to which a value is served on failure (`fail_safe.max_stale_if_error`, default 0).
        max_stale_if_error: fail_safe.max_stale_if_error, Duration;
        /// How long a compute may take (`computes.hard_timeout`, default 30 s).
        hard_timeout: computes.hard_timeout, Duration;
        /// One in so many served reads is timed (`metrics.latency_sampling`, default 1: every one).
        latency_sampling: metrics.latency_sampling, u32;
        /// Precision of latencies (`metrics.significant_digits`, 1 to 3, default 2).
        significant_digits: metrics.significant_digits, u8;
        /// How long the next refresh waits after a failure (`fail_safe.throttle`, default 5 s).
        throttle: fail_safe.throttle, Duration;
        /// How many matches have a state of their own (`bounds.matches`, default 10 000).
        max_matches: bounds.matches, usize;
        /// How many odds markets of a match have a window (`bounds.markets`, default 64).
        max_markets: bounds.markets, usize;
        /// How many tags have a mark of their own (`bounds.tags`, default 100 000).
        max_tags: bounds.tags, usize;
        /// How many keys may be computed or filled at once (`bounds.flights`, default 100 000).
        max_flights: bounds.flights, usize;
    }

    /// Builds the cache.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field and its allowed range; a malformed event graph; a
    /// registry that has metrics of these names already; no thread to be had.
    pub fn build(self) -> Result<Cache<K, V>, Error> {
        let rules = Rules::new(&self.config)?;
        let graph = match self.graph {
            Some(graph) => graph,
            None => rules::graph(&self.config.events)?,
        };
        let clock = self.clock.unwrap_or_else(Clock::system);
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Arc::new(TokioRuntime::new(self.handle, clock.clone())?),
        };
        let seed = self.seed.unwrap_or_else(random_number);
        let hasher = FixedState::with_seed(seed);
        let sampling = Sampling {
            precision: rules::latency_precision(&self.config.metrics)?,
            every: rules.latency_sampling,
        };
        let stats = Stats::new(self.registry.unwrap_or_default(), &sampling)?;
        let evicted = stats.evictions();
        let notices = Notices::new();
        let told = notices.clone();
        let own_clock = clock.clone();
        let bound = bound(&self.config.cache, self.weigher.is_some())?;
        Ok(Cache {
            engine: Arc::new(Engine {
                store: Store::new(&bound, hasher.clone(), move |key: &K, held| {
                    if is_dead(held, own_clock.now()) {
                        return;
                    }
                    evicted.inc();
                    told.tell(|| Notice::Evicted { key: key.clone() });
                }),
                weigher: self.weigher,
                flights: Flights::new(hasher.clone()),
                matches: Matches::new(random_number(), hasher.clone(), graph.market_count()),
                tags: Tags::new(hasher.clone(), TAG_SHARDS),
                sweeps: Sweeps::new(),
                loader: self.loader.map(|load| Loader::new(load, hasher)),
                invalidations: Arc::new(Invalidations::new()),
                enabled: AtomicBool::new(rules.enabled),
                graph,
                refreshes: Permits::new(),
                gate: Gate::new(),
                drain: Drain::new(),
                sweeper: Sweeper::new(),
                breaker: BreakerCell::new(),
                random: Random::new(seed),
                rules: ArcSwap::from_pointee(rules),
                reloading: Mutex::new(()),
                fixed: Fixed::of(&self.config),
                clock,
                runtime,
                stats,
                notices,
            }),
        })
    }
}

fn random_number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Entries are bounded by their weight where they can be weighed, else by their number.
fn bound<V>(config: &CacheConfig, weighed: bool) -> Result<Bound<Entry<V>>, Error> {
    let field = "cache.max_weight";
    match (config.max_weight, weighed) {
        (0, false) => Ok(Bound::Entries(config.max_capacity)),
        (0, true) => Err(Error::Config { field, allowed: "at least 1 where there is a weigher" }),
        (_, false) => Err(Error::Config { field, allowed: "0 unless the builder has a weigher" }),
        (sum, true) => Ok(Bound::Weight(sum, |entry: &Entry<V>| entry.weight)),
    }
}
