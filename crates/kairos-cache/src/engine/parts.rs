// How an engine is put together, and what of its parts the door may use.
// Never knows: what an operation does with a part.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use foldhash::fast::FixedState;

use super::Engine;
use super::breaker::BreakerCell;
use super::sweep::is_dead;
use super::wanted::Wanted;
use crate::config::{Fixed, Rules};
use crate::engine::silences::Silences;
use crate::flight::{Drain, FailedKeys, Flights, Gate, Load, Loader, Permits};
use crate::matches::{Feeds, Matches, Sweeps};
use crate::policy::{BreakerLevel, EventGraph};
use crate::runtime::{Clock, Draws, Lineage, Runtime};
use crate::stats::{Notice, Notices, Sizes, Stats};
use crate::store::{Bound, Entry, Near, Store, Sweeper, Weigher};
use crate::sync::{AtomicBool, AtomicU64, Mutex};
use crate::to_key::{Key, Value};
use crate::truth::{Held, Invalidations, Tags};

/// Classes are made and tags invalidated under the lock of one shard: there are at least this many.
const LEAST_TAG_SHARDS: usize = 32;

/// Whoever finds the table of tags full looks at one shard, which holds about this many.
const TAGS_A_SHARD: usize = 64;

/// The parts from which an engine is built.
pub(crate) struct Parts<K, V> {
    pub(crate) rules: Rules,
    pub(crate) fixed: Fixed,
    pub(crate) bound: Bound<Entry<V>>,
    pub(crate) graph: EventGraph,
    pub(crate) weigher: Option<Weigher<K, V>>,
    pub(crate) load: Option<Load<K, V>>,
    pub(crate) clock: Clock,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) stats: Stats,
    /// The hasher of the tables by key and of the draws.
    pub(crate) hasher: FixedState,
    /// The number by which a match is known to be one of this cache.
    pub(crate) owner: u64,
}

impl<K: Key, V: Value> Engine<K, V> {
    pub(crate) fn new(parts: Parts<K, V>, this: Weak<Engine<K, V>>) -> Engine<K, V> {
        let Parts {
            rules,
            fixed,
            bound,
            graph,
            weigher,
            load,
            clock,
            runtime,
            stats,
            hasher,
            owner,
        } = parts;
        let clock = clock.of_a_cache();
        clock.set_exact(!rules.coarse_time);
        let notices = Notices::new();
        let (evicted, told, own_clock) = (stats.evictions(), notices.clone(), clock.clone());
        let evict = move |key: &K, held: &Held<Entry<V>>| {
            if is_dead(held, own_clock.now()) {
                return;
            }
            evicted.inc();
            told.put(|| Notice::Evicted { key: key.clone() });
        };
        let read_clock = {
            let clock = clock.clone();
            move || clock.now()
        };
        let invalidations = Arc::new(Invalidations::new());
        let markets = graph.market_count();
        let matches = Matches::new(owner, hasher.clone(), markets, &invalidations, read_clock);
        let wakes = notices.clone();
        let store = Store::new(&bound, hasher.clone(), evict, move || wakes.wake());
        Engine {
            this,
            near: Near::new(fixed.near_slots),
            store,
            weigher,
            flights: Flights::new(hasher.clone()),
            matches,
            feeds: Feeds::new(hasher.clone()),
            silences: Silences::new(),
            tags: Tags::new(hasher.clone(), tag_shards(rules.bounds.tags)),
            sweeps: Sweeps::new(),
            loader: load.map(|load| Loader::new(load, hasher.clone())),
            failures: FailedKeys::new(hasher.clone()),
            invalidations,
            enabled: AtomicBool::new(rules.enabled),
            coarse_time: AtomicBool::new(rules.coarse_time),
            graph,
            refreshes: Permits::new(),
            gate: Gate::new(rules.max_concurrent_computes),
            drain: Drain::new(notices.closing()),
            lineage: Lineage::new(),
            sweeper: Arc::new(Sweeper::new()),
            wanted: Wanted::new(),
            breaker: BreakerCell::new(rules.read.breaker.window_s),
            evaluated_until: AtomicU64::new(0),
            steps: Arc::clone(clock.steps()),
            draws: Draws::new(hasher),
            rules: ArcSwap::from_pointee(rules),
            reloading: Mutex::new(()),
            fixed,
            clock,
            runtime,
            stats,
            notices,
        }
    }

    pub(crate) fn store(&self) -> &Store<K, Entry<V>> {
        &self.store
    }

    pub(crate) fn graph(&self) -> &EventGraph {
        &self.graph
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.stats
    }

    pub(crate) fn notices(&self) -> &Notices<K> {
        &self.notices
    }

    pub(crate) fn runtime(&self) -> &dyn Runtime {
        &*self.runtime
    }

    pub(crate) fn shared_runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.runtime)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn loader(&self) -> Option<&Loader<K, V>> {
        self.loader.as_ref()
    }

    pub(crate) fn matches(&self) -> &Matches {
        &self.matches
    }

    /// How far the breaker is open now.
    pub(crate) fn breaker_level(&self) -> BreakerLevel {
        let enabled = self.rules.load().read.breaker.enabled;
        if enabled { self.breaker.level() } else { BreakerLevel::Normal }
    }

    /// The current size of everything that has a bound.
    pub(crate) fn sizes(&self) -> Sizes {
        Sizes {
            entries: self.store.len(),
            matches: self.matches.len(),
            tags: self.tags.len(),
            flights: self.flights.len(),
        }
    }
}

fn tag_shards(bound: usize) -> usize {
    (bound / TAGS_A_SHARD).clamp(LEAST_TAG_SHARDS, 1 << 16)
}
