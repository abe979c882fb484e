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
mod upkeep;
mod wanted;

use std::sync::{Arc, Weak};

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
use crate::truth::{Invalidations, Stamp, Tags, Version};

pub(crate) use compute::{Batch, Filling, FoundTogether, Together, blocking_work, work};
pub(crate) use parts::Parts;
pub use read::Pinned;
pub(crate) use read::{Looked, Request};

/// Everything that clones of a cache share.
pub(crate) struct Engine<K, V> {
    /// For tasks, which hold nothing else of it.
    this: Weak<Engine<K, V>>,
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
    /// Counts of changes before all of that was looked at.
    counted: Counted,
}

/// The counts of what changes across matches, as they were before a moment was taken: a decision of that moment
/// is remembered with them. A configuration or a step of the wall clock that came since it does not know.
#[derive(Clone, Copy)]
struct Counted {
    across: Stamp,
    all: Stamp,
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
        let counted = self.counted();
        self.moment_at(self.clock.now(), counted)
    }

    fn counted(&self) -> Counted {
        // All of them first: what is counted there has been counted across by then.
        let all = Stamp::of(self.all_changes().map(|version| &**version));
        Counted { all, across: Stamp::of(self.changes_across()) }
    }

    /// Reads the clock, for an operation that goes by the rules only sometimes, and then by
    /// `moment_at`. The breaker evaluates as in `moment`.
    pub(crate) fn now(&self) -> Now {
        let now = self.clock.now();
        if !self.breaker.has_begun(self.clock.second(now.mono)) {
            let _evaluated = self.moment_at(now, self.counted());
        }
        now
    }

    /// Has the breaker evaluate in the first operation of each second, for one that goes by no time: it asks
    /// for none that is more precise than a hit's.
    #[inline]
    pub(crate) fn note_second(&self) {
        let _now = self.time_of_hit();
    }

    /// The moment of an operation that has read the clock.
    fn moment_at(&self, now: Now, counted: Counted) -> Moment {
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
        self.moment_as_evaluated(now, rules, counted)
    }

    /// The moment of a hit that goes by the rules: by the time that it has taken, for which the breaker has
    /// evaluated.
    fn moment_of_hit(&self, mono: MonoNs) -> Moment {
        // Relaxed: as where it is stored.
        let now = self.clock.now_of_hit(mono, self.coarse_time.load(Ordering::Relaxed));
        // Its time is older than any count that could be read here: its decisions are not to be remembered.
        let counted = Counted { across: Stamp::of([]), all: Stamp::of([]) };
        self.moment_as_evaluated(now, self.rules.load(), counted)
    }

    fn moment_as_evaluated(&self, now: Now, rules: Guard<Arc<Rules>>, counted: Counted) -> Moment {
        let level =
            if rules.read.breaker.enabled { self.breaker.level() } else { BreakerLevel::Normal };
        Moment { now, rules, level, counted }
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
