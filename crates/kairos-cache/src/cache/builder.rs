// The builder: a configuration, and what is injected beside it.
// Never knows: how the parts work together.
// Read next: `../config/fields.rs` for the fields, `../engine/mod.rs` for the parts.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::marker::PhantomData;
use std::sync::{Arc, Weak};
use std::time::Duration;

use foldhash::fast::FixedState;
use kairos_metrics::Registry;

use crate::cache::Cache;
use crate::config::{
    CacheConfig, Config, EvaluateAt, Fixed, Rules, ZoneConfig, event_graph, latency_precision,
    with_fields,
};
use crate::engine::{Engine, Parts};
use crate::error::Error;
use crate::flight::Load;
use crate::policy::{DriftMeasure, EventGraph};
use crate::runtime::{Clock, Runtime, Sim, TokioRuntime};
use crate::stats::{Sampling, Stats};
use crate::store::{Bound, Entry, Weigher};
use crate::to_key::{Key, Value};

/// Builds a [`Cache`] from a [`Config`] and injected parts: clock, runtime, loader, weigher.
///
/// ```
/// use kairos_cache::{Cache, EvaluateAt};
/// use std::time::Duration;
///
/// // One setter of each section of the configuration; each of the others is like these.
/// let cache: Cache<String, f64> = Cache::builder()
///     .default_ttl(Duration::from_secs(600)) // [cache]
///     .evaluate(EvaluateAt::Insert) // [golden_hour]
///     .panic_sigma(3.5) // [volatility]
///     .breaker_min_reads(600) // [breaker]
///     .max_concurrent_refreshes(20) // [swr]
///     .xfetch_enabled(false) // [xfetch]
///     .max_concurrent_computes(50) // [computes]
///     .max_stale_if_error(Duration::from_secs(3600)) // [fail_safe]
///     .latency_sampling(16) // [metrics]
///     .max_markets(200) // [bounds]
///     .build()?;
///
/// let refused = Cache::<String, f64>::builder().jitter(1.0).build().unwrap_err();
/// assert!(refused.to_string().contains("cache.jitter must be"));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<K, V> {
    config: Config,
    graph: Option<EventGraph>,
    registry: Option<Registry>,
    name: Option<String>,
    handle: Option<tokio::runtime::Handle>,
    clock: Option<Clock>,
    runtime: Option<Arc<dyn Runtime>>,
    seed: Option<u64>,
    weigher: Option<Weigher<K, V>>,
    pub(crate) loader: Option<Load<K, V>>,
    _cache: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Returns a builder with the default configuration.
    pub fn builder() -> Builder<K, V> {
        Builder::new()
    }
}

/// The setters that the list of fields names, each with the docs of its field.
macro_rules! setters {
    ($(
        $(#[doc = $section_doc:literal])+
        [$section:ident] $Section:ident {
            $(
                $(#[doc = $doc:literal])+
                $(#[serde($($serde:tt)+)])?
                $field:ident: $type:ty = $default:tt $($unit:ident)? $(, set by $setter:ident)?;
            )+
        }
    )+) => {
        $($(setter! {
            [$($doc)+] $section.$field: $type = [$default $($unit)?] $(, set by $setter)?
        })+)+
    };
}

/// The setter of one field; nothing for a field that is set as part of a whole configuration only.
macro_rules! setter {
    ([$($doc:literal)+] $section:ident.$field:ident: $type:ty = [$($default:tt)+]) => {};
    (
        [$($doc:literal)+]
        $section:ident.$field:ident: $type:ty = [$($default:tt)+], set by $setter:ident
    ) => {
        $(#[doc = $doc])+
        ///
        #[doc = concat!(
            "Sets `", stringify!($section), ".", stringify!($field), "`; default: `",
            stringify!($($default)+), "`."
        )]
        pub fn $setter(mut self, $field: $type) -> Self {
            self.config.$section.$field = $field;
            self
        }
    };
}

impl<K: Key, V: Value> Builder<K, V> {
    fn new() -> Builder<K, V> {
        Builder {
            config: Config::default(),
            graph: None,
            registry: None,
            name: None,
            handle: None,
            clock: None,
            runtime: None,
            seed: None,
            weigher: None,
            loader: None,
            _cache: PhantomData,
        }
    }

    /// Replaces the whole configuration; later setters change single fields of it.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Uses this event graph instead of that of the configuration (`[events]`).
    ///
    /// ```
    /// use kairos_cache::{Cache, EventGraph};
    ///
    /// let tennis = EventGraph::new([("aces", ["serve"])], [("rain", ["serve"])])?;
    /// let cache: Cache<String, f64> = Cache::builder().event_graph(tennis).build()?;
    /// assert_eq!(cache.event_graph().market_count(), 1);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn event_graph(mut self, graph: EventGraph) -> Self {
        self.graph = Some(graph);
        self
    }

    /// Exposes the cache's metrics in this registry instead of one of its own, until the cache is
    /// dropped.
    ///
    /// A registry takes one cache without a [`name`](Self::name), and one of each name.
    ///
    /// ```
    /// # use kairos_cache::Cache;
    /// let page = kairos_metrics::Registry::new();
    /// let cache: Cache<u8, u8> = Cache::builder().registry(page.clone()).build()?;
    /// assert!(page.encode_prometheus().contains("kairos_cache_evictions_total 0\n"));
    /// drop(cache);
    /// assert!(!page.encode_prometheus().contains("kairos_cache"));
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Gives every metric of the cache the label `cache` with this name, which tells several caches
    /// in one registry apart; an empty name is none.
    ///
    /// ```
    /// use kairos_cache::Cache;
    ///
    /// let page = kairos_metrics::Registry::new();
    /// let named = |name| Cache::<u8, u8>::builder().registry(page.clone()).name(name).build();
    /// let (_odds, _teams) = (named("odds")?, named("teams")?);
    /// let text = page.encode_prometheus();
    /// assert!(text.contains("kairos_cache_evictions_total{cache=\"odds\"} 0\n"));
    /// assert!(text.contains("kairos_cache_evictions_total{cache=\"teams\"} 0\n"));
    /// # Ok::<(), kairos_cache::Error>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into()).filter(|name: &String| !name.is_empty());
        self
    }

    /// Runs tasks on this tokio runtime; by default on the one that is current at `build`, else on
    /// a thread of the cache's own.
    ///
    /// Timers run on one thread for the whole process: the runtime needs no time driver, and a
    /// compute that blocks the runtime does not delay its own timeout.
    ///
    /// ```
    /// # use kairos_cache::{Cache, Context};
    /// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    /// let cache: Cache<u8, u32> = Cache::builder().tokio_handle(runtime.handle().clone()).build()?;
    /// assert_eq!(*cache.blocking().get_with(&1, &Context::none(), || 10)?, 10);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn tokio_handle(mut self, handle: tokio::runtime::Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// Reads the time from this clock instead of the operating system's.
    ///
    /// ```
    /// # use kairos_cache::{Cache, Clock, Context};
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// let (clock, hand) = Clock::manual(UNIX_EPOCH);
    /// let cache: Cache<u8, u32> = Cache::builder().clock(clock).build()?;
    /// cache.insert(&1, &Context::none(), 10)?;
    /// hand.advance(Duration::from_secs(1800));
    /// assert_eq!(cache.get(&1).expect("fresh for an hour").receipt().freshness, 0.5);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Runs tasks and timers on this runtime instead of tokio.
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Runs tasks and timers on a deterministic executor, and reads the time from its clock.
    pub fn sim(self, sim: &Sim) -> Self {
        self.clock(sim.clock()).runtime(Arc::new(sim.clone()))
    }

    /// Weighs entries, in units of your choice; `cache.max_weight` bounds the sum of the weights.
    ///
    /// The cache calls the weigher once for each value that it stores; a weight of 0 counts as 1. A
    /// value that alone weighs more than the bound, or whose weigher panics, is not stored.
    ///
    /// ```
    /// # use kairos_cache::{Cache, Context};
    /// let weigh = |_: &u8, text: &String| text.len() as u32;
    /// let cache: Cache<u8, String> = Cache::builder().weigher(weigh).max_weight(10).build()?;
    /// assert!(cache.insert(&1, &Context::none(), "short".to_owned())?);
    /// assert!(!cache.insert(&2, &Context::none(), "longer than ten".to_owned())?);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn weigher(mut self, weigher: impl Fn(&K, &V) -> u32 + Send + Sync + 'static) -> Self {
        self.weigher = Some(Box::new(weigher));
        self
    }

    /// Fixes the seed of hash functions, jitter and early refresh; by default it is random.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    with_fields!(setters);

    /// Validates the configuration and builds the cache.
    ///
    /// # Errors
    /// [`Error::Config`] with the field and its allowed range; [`Error::Graph`]; [`Error::Metrics`]
    /// if the registry has metrics of the same names; [`Error::Thread`]. What failed leaves nothing
    /// behind, in the registry neither.
    pub fn build(self) -> Result<Cache<K, V>, Error> {
        let rules = Rules::new(&self.config)?;
        let graph = match self.graph {
            Some(graph) => graph,
            None => event_graph(&self.config.events)?,
        };
        let sampling = Sampling {
            precision: latency_precision(&self.config.metrics)?,
            every: rules.latency_sampling,
        };
        let bound = bound(&self.config.cache, self.weigher.is_some())?;
        let clock = self.clock.unwrap_or_else(Clock::system);
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Arc::new(TokioRuntime::new(self.handle, clock.clone())?),
        };
        let seed = self.seed.unwrap_or_else(random_number);
        // Last, as nothing after it fails.
        let page = self.registry.unwrap_or_default();
        let (stats, names) = Stats::new(page, self.name.as_deref(), &sampling, &graph)?;
        let parts = Parts {
            fixed: Fixed::of(&self.config),
            rules,
            bound,
            graph,
            weigher: self.weigher,
            load: self.loader,
            clock,
            runtime,
            stats,
            hasher: FixedState::with_seed(seed),
            owner: random_number(),
        };
        let engine = Arc::new_cyclic(|this| Engine::new(parts, Weak::clone(this)));
        Ok(Cache { engine, names })
    }
}

fn random_number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The bound of the store: the weight of the entries with a weigher, else their number.
fn bound<V>(config: &CacheConfig, weighed: bool) -> Result<Bound<Entry<V>>, Error> {
    let field = "cache.max_weight";
    match (config.max_weight, weighed) {
        (0, false) => Ok(Bound::Entries(config.max_capacity)),
        (0, true) => Err(Error::Config { field, allowed: "at least 1 with a weigher" }),
        (_, false) => Err(Error::Config { field, allowed: "0 without a weigher" }),
        (sum, true) => Ok(Bound::Weight(sum, |entry: &Entry<V>| entry.weight)),
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
