//! The engine's parts in one place, and how an entry is found and looked at.
//! Never knows: what a read will decide.
//! Read next: `cache.rs` for reads, `compute.rs` for computes, `invalidate.rs` for the rest.

#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod breaker;
pub(crate) mod compute;
pub(crate) mod find;
pub(crate) mod read;
pub(crate) mod reclaim;
pub(crate) mod sweep;

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::config::rules::{Fixed, Rules};
use crate::engine::breaker::BreakerCell;
use crate::flight::drain::Drain;
use crate::flight::gate::Gate;
use crate::flight::loader::Loader;
use crate::flight::permits::Permits;
use crate::flight::table::Flights;
use crate::matches::Matches;
use crate::matches::pace::Sweeps;
use crate::matches::state::ScopeState;
use crate::policy::Now;
use crate::policy::breaker::BreakerLevel;
use crate::policy::events::EventGraph;
use crate::runtime::Runtime;
use crate::runtime::clock::Clock;
use crate::runtime::random::Random;
use crate::stats::Stats;
use crate::stats::notices::{Notice, Notices};
use crate::store::Store;
use crate::store::entry::Entry;
use crate::store::sweeper::Sweeper;
use crate::store::weight::Weigher;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::to_key::{Key, Value};
use crate::truth::Invalidations;
use crate::truth::tags::Tags;

/// Everything that clones of a cache share.
pub(crate) struct Engine<K, V> {
    pub(crate) store: Store<K, Entry<V>>,
    pub(crate) weigher: Option<Weigher<K, V>>,
    pub(crate) flights: Flights<K, V>,
    pub(crate) matches: Matches,
    /// The home of entries without a match: it has classes, and nothing else is ever set.
    pub(crate) no_match: Arc<ScopeState>,
    pub(crate) tags: Tags,
    pub(crate) sweeps: Sweeps,
    pub(crate) invalidations: Arc<Invalidations>,
    pub(crate) enabled: AtomicBool,
    pub(crate) graph: EventGraph,
    pub(crate) loader: Option<Loader<K, V>>,
    pub(crate) rules: ArcSwap<Rules>,
    pub(crate) reloading: Mutex<()>,
    pub(crate) fixed: Fixed,
    pub(crate) refreshes: Permits,
    pub(crate) gate: Gate,
    pub(crate) drain: Drain,
    pub(crate) sweeper: Sweeper,
    pub(crate) breaker: BreakerCell,
    pub(crate) random: Random,
    pub(crate) clock: Clock,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) stats: Stats,
    pub(crate) notices: Notices<K>,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// The clock's reading. The first of each second lets the breaker evaluate.
    pub(crate) fn now(&self) -> Now {
        let now = self.clock.now();
        let rules = self.rules();
        let second = self.clock.second(now);
        let scored = || self.stats.scored();
        let publish = |level| {
            self.stats.breaker_level(level);
            self.notices.tell(|| Notice::Breaker(level));
        };
        self.breaker.note(
            second,
            &rules.read.breaker,
            scored,
            self.invalidations.changes(),
            publish,
        );
        now
    }

    /// How far the breaker is open; not at all from the moment in which it is switched off.
    pub(crate) fn breaker_level(&self) -> BreakerLevel {
        let enabled = self.rules().read.breaker.enabled;
        if enabled { self.breaker.level() } else { BreakerLevel::Normal }
    }

    /// Something happens that need not know the time: the second has begun all the same.
    pub(crate) fn note_second(&self) {
        let _now = self.now();
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> Guard<Arc<Rules>> {
        self.rules.load()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        // Relaxed: who begins after a switch has returned sees it by that alone, and nothing else
        // is published by it.
        self.enabled.load(Ordering::Relaxed)
    }

    /// Tells readers with remembered decisions to work them out again.
    pub(crate) fn touch(&self) {
        self.invalidations.changes().touch();
    }
}
