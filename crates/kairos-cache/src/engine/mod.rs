// The parts of a cache in one struct, and the moment that an operation takes of them.
// Never knows: what callers may do.
// Read next: `read/mod.rs` for a read, `compute/mod.rs` for a compute, `find.rs` for entries.

mod breaker;
mod compute;
mod control;
mod failing;
mod failure;
mod feeds;
mod find;
mod fork;
mod kept;
mod parts;
mod read;
mod reclaim;
mod silences;
mod sweep;
mod wanted;

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::config::{Fixed, Rules};
use crate::engine::breaker::BreakerCell;
use crate::engine::failure::Failure;
use crate::engine::kept::Kept;
use crate::engine::silences::Silences;
use crate::engine::wanted::Wanted;
use crate::flight::{Drain, FailedKeys, Flights, Gate, Loader, Permits};
use crate::matches::{Feeds, Matches, Place, Sweeps};
use crate::policy::{BreakerLevel, EventGraph, MonoNs, Now, ZoneTtl};
use crate::runtime::{Clock, Draws, Lineage, Runtime};
use crate::stats::{Notice, Notices, Stats};
use crate::store::{Entry, Near, Store, Sweeper, Weigher};
use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::to_key::{Key, Value};
use crate::truth::{Invalidations, Tags, Version};

pub(crate) use compute::{Batch, Filling, FoundTogether, Together, blocking_work, work};
pub(crate) use parts::Parts;
pub use read::Pinned;
pub(crate) use read::{Looked, Request};

/// Everything that clones of a cache share.
pub(crate) struct Engine<K, V> {
    /// What each thread remembers. First, so that the thread that drops the cache lets go of its own.
    near: Near<Kept<K, V>>,
    store: Store<K, Entry<V>>,
    weigher: Option<Weigher<K, V>>,
    flights: Flights<K, V>,
    matches: Matches,
    feeds: Feeds,
    /// The alarms of feeds that are alive.
    silences: Silences,
    tags: Tags,
    sweeps: Sweeps,
    invalidations: Arc<Invalidations>,
    enabled: AtomicBool,
    /// Whether a hit may take a published time.
    coarse_time: AtomicBool,
    graph: EventGraph,
    loader: Option<Loader<K, V>>,
    failures: FailedKeys<K, Option<Failure>>,
    rules: ArcSwap<Rules>,
    reloading: Mutex<()>,
    fixed: Fixed,
    refreshes: Permits,
    gate: Gate,
    drain: Drain,
    lineage: Lineage,
    sweeper: Arc<Sweeper>,
    wanted: Wanted,
    breaker: BreakerCell,
    /// When the newest second ends for which the breaker has been evaluated.
    evaluated_until: AtomicU64,
    /// Steps of the wall clock.
    steps: Arc<Version>,
    draws: Draws,
    clock: Clock,
    runtime: Arc<dyn Runtime>,
    stats: Stats,
    notices: Notices<K>,
}

/// The present of one operation, taken once and passed down: the operation goes by one reading of
/// the clock and one configuration, whatever is reloaded meanwhile. Not kept across a wait.
pub(crate) struct Moment {
    /// The reading of the clock.
    pub(crate) now: Now,
    /// The configuration in force.
    pub(crate) rules: Guard<Arc<Rules>>,
    /// How far the breaker is open; not at all while it is switched off.
    pub(crate) level: BreakerLevel,
}

impl Moment {
    /// The instant until which a compute that comes to the gate now waits for its turn.
    fn queue_deadline(&self) -> MonoNs {
        self.now.mono.saturating_add(self.rules.queue_timeout_ns)
    }

    /// Zone and TTL of a place, before jitter and caps.
    pub(crate) fn zone_of(&self, place: &Place) -> ZoneTtl {
        let (facts, ..) = place.facts_at(self.now, &self.rules.odds);
        self.rules.read.freshness.golden_hour.at(facts, self.now.wall)
    }

    /// The same for the answer that there is no value, which no quiet TTL lengthens.
    pub(crate) fn zone_of_nothing(&self, place: &Place) -> ZoneTtl {
        self.rules.read.freshness.golden_hour.at(place.facts(), self.now.wall)
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Takes the present: reads the clock, loads the rules, and lets the breaker evaluate in the
    /// first operation of each second.
    pub(crate) fn moment(&self) -> Moment {
        self.moment_at(self.clock.now())
    }

    /// Reads the clock, for an operation that goes by the rules only sometimes, and then by
    /// `moment_at`. The breaker evaluates as in `moment`.
    pub(crate) fn now(&self) -> Now {
        let now = self.clock.now();
        if !self.breaker.has_begun(self.clock.second(now.mono)) {
            let _evaluated = self.moment_at(now);
        }
        now
    }

    /// Has the breaker evaluate in the first operation of each second, for one that goes by no time: it asks
    /// for none that is more precise than a hit's.
    #[inline]
    pub(crate) fn note_second(&self) {
        // Relaxed, both: as where they are stored.
        let now = self.clock.of_hit(self.coarse_time.load(Ordering::Relaxed));
        if now >= self.evaluated_until.load(Ordering::Relaxed) {
            self.moment();
        }
    }

    /// The moment of an operation that has read the clock.
    pub(crate) fn moment_at(&self, now: Now) -> Moment {
        let rules = self.rules.load();
        let second = self.clock.second(now.mono);
        let scored = || self.stats.scored();
        let publish = |level| {
            self.stats.breaker_level(level);
            // Under the hand's lock, so that levels are told in their order.
            self.notices.put(|| Notice::Breaker(level));
        };
        if self.breaker.note(second, &rules.read.breaker, scored, || self.touch(), publish) {
            self.notices.wake();
        }
        let ends = self.clock.end_of_second(second);
        // Relaxed, both: a hit that finds an older one asks once more.
        if self.evaluated_until.load(Ordering::Relaxed) < ends {
            self.evaluated_until.store(ends, Ordering::Relaxed);
        }
        self.moment_as_evaluated(now, rules)
    }

    /// The moment of a hit that goes by the rules: by the time that it has taken, for which the breaker has
    /// evaluated.
    fn moment_of_hit(&self, mono: MonoNs) -> Moment {
        // Relaxed: as where it is stored.
        let now = self.clock.now_of_hit(mono, self.coarse_time.load(Ordering::Relaxed));
        self.moment_as_evaluated(now, self.rules.load())
    }

    fn moment_as_evaluated(&self, now: Now, rules: Guard<Arc<Rules>>) -> Moment {
        let level =
            if rules.read.breaker.enabled { self.breaker.level() } else { BreakerLevel::Normal };
        Moment { now, rules, level }
    }

    /// What tells this cache from others while it lives.
    fn name(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).cast::<()>() as usize
    }

    /// Whether the cache is switched on.
    pub(crate) fn is_enabled(&self) -> bool {
        // Relaxed: a read that begins after a switch has returned sees it by that alone, and
        // nothing else is published by it.
        self.enabled.load(Ordering::Relaxed)
    }

    /// Makes readers with remembered decisions decide anew.
    fn touch(&self) {
        self.invalidations.changes().touch();
    }
}
