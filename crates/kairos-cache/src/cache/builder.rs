//! The builder: a configuration, and what is injected beside it.
//! Never knows: how the parts work together.
//! Read next: `config.rs` for the fields, `engine.rs` for the parts.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;
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
use crate::flight::loader::Load;
use crate::policy::events::EventGraph;
use crate::runtime::Runtime;
use crate::runtime::clock::Clock;
use crate::runtime::sim::Sim;
use crate::runtime::tokio::TokioRuntime;
use crate::stats::{Sampling, Stats};
use crate::store::Bound;
use crate::store::entry::Entry;
use crate::store::weight::Weigher;
use crate::to_key::{Key, Value};

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

    with_fields!(setters);

    /// Builds the cache.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field and its allowed range; a malformed event graph; a
    /// registry that has metrics of these names already; no thread to be had.
    pub fn build(self) -> Result<Cache<K, V>, Error> {
        let rules = Rules::new(&self.config)?;
        let graph = match self.graph {
            Some(graph) => graph,
            None => event_graph(&self.config.events)?,
        };
        let clock = self.clock.unwrap_or_else(Clock::system);
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Arc::new(TokioRuntime::new(self.handle, clock.clone())?),
        };
        let seed = self.seed.unwrap_or_else(random_number);
        let sampling = Sampling {
            precision: latency_precision(&self.config.metrics)?,
            every: rules.latency_sampling,
        };
        let stats = Stats::new(self.registry.unwrap_or_default(), &sampling)?;
        let bound = bound(&self.config.cache, self.weigher.is_some())?;
        Ok(Cache::of(Engine::new(Parts {
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
        })))
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

#[cfg(all(test, not(kairos_loom)))]
mod tests;
