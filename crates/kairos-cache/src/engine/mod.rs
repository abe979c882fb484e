//! The engine's parts in one place, and how an entry is found and looked at.
//! Never knows: what a read will decide.
//! Read next: `cache.rs` for reads, `compute.rs` for computes, `invalidate.rs` for the rest.

#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod breaker;
pub(crate) mod compute;
pub(crate) mod read;
pub(crate) mod reclaim;
pub(crate) mod sweep;

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::config::rules::{Fixed, Rules};
use crate::context::Context;
use crate::engine::breaker::BreakerCell;
use crate::engine::reclaim::Sweeps;
use crate::error::Error;
use crate::flight::drain::Drain;
use crate::flight::gate::Gate;
use crate::flight::job::Home;
use crate::flight::loader::Loader;
use crate::flight::permits::Permits;
use crate::flight::table::Flights;
use crate::matches::{Known, Matches, Place, Scope};
use crate::policy::Now;
use crate::policy::breaker::BreakerLevel;
use crate::policy::events::{EventGraph, MarketId};
use crate::policy::freshness::EntryView;
use crate::runtime::Runtime;
use crate::runtime::clock::Clock;
use crate::runtime::random::Random;
use crate::stats::Stats;
use crate::stats::counts::Bounded;
use crate::stats::notices::{Notice, Notices};
use crate::store::Store;
use crate::store::entry::Entry;
use crate::store::sweeper::Sweeper;
use crate::store::weight::Weigher;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::to_key::{Key, Value};
use crate::truth::generation::Class;
use crate::truth::slot::{Held, Slot};
use crate::truth::stamp::Stamp;
use crate::truth::tags::{TagMark, Tags};
use crate::truth::{self, Invalidations};

/// Everything that clones of a cache share.
pub(crate) struct Engine<K, V> {
    pub(crate) store: Store<K, Entry<V>>,
    pub(crate) weigher: Option<Weigher<K, V>>,
    pub(crate) flights: Flights<K, V>,
    pub(crate) matches: Matches,
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

/// An entry that no kill has covered, as one read sees it.
pub(crate) type View<V> = truth::View<Entry<V>>;

impl<V> View<V> {
    /// What the rules need to know of the entry.
    pub(crate) fn rules_view(&self) -> EntryView {
        EntryView { expired: self.is_expired(), ..self.entry().rules_view }
    }
}

/// The same of an entry that is looked at in its slot.
pub(crate) fn rules_view<V>(slot: &Slot<Entry<V>>, held: &Held<Entry<V>>) -> EntryView {
    EntryView { expired: held.is_expired_in(slot), ..held.entry.rules_view }
}

/// Whether an entry is there for a read that names this match.
fn is_for<V>(entry: &Entry<V>, scope: Option<&Scope>) -> bool {
    scope.is_none_or(|scope| entry.place.is_within(scope))
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

    /// The live entry of a key, unless it belongs to another match than the read names.
    pub(crate) fn view<Q>(&self, key: &Q, scope: Option<&Scope>) -> Option<View<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let view = View::of(self.store.get(key)?)?;
        is_for(view.entry(), scope).then_some(view)
    }

    /// Asks about the live entry of a key. Under a flight's lock this is the way to look: a view
    /// could be the last to let go of its value. `ask` runs under the slot's lock.
    pub(crate) fn inspect<Q, T>(
        &self,
        key: &Q,
        scope: Option<&Scope>,
        ask: impl FnOnce(&Slot<Entry<V>>, &Held<Entry<V>>) -> T,
    ) -> Option<T>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let slot = self.store.get(key)?;
        slot.inspect(|held| {
            let is_live = is_for(&held.entry, scope) && !held.capture.is_killed();
            is_live.then(|| ask(&slot, held))
        })?
    }

    /// Whether a reader that looks again would see what it saw.
    pub(crate) fn is_unchanged<Q>(
        &self,
        key: &Q,
        scope: Option<&Scope>,
        seen: Option<&View<V>>,
    ) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let same = self.inspect(key, scope, |_, held| {
            seen.is_some_and(|seen| Arc::ptr_eq(seen.entry(), &held.entry))
        });
        same.unwrap_or(seen.is_none())
    }

    /// Where an entry belongs.
    pub(crate) fn home_of(&self, held: &Held<Entry<V>>) -> Home {
        Home {
            place: held.entry.place.clone(),
            class: Arc::clone(held.capture.class()),
            invalidations: Arc::clone(&self.invalidations),
        }
    }

    /// Where the last entry of a key belonged, as long as the store has its slot.
    pub(crate) fn last_home<Q>(&self, key: &Q) -> Option<Home>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (_, held) = self.store.get(key)?.read()?;
        Some(self.home_of(&held))
    }

    /// The match and market that a context names.
    pub(crate) fn place(&self, context: &Context) -> Result<Place, Error> {
        if let Some(what) = context.needs_match() {
            return Err(Error::NoMatch(what));
        }
        if let Some(scope) = &context.scope {
            self.require_own(scope)?;
        }
        let scope = context.scope.as_ref().map(|scope| self.matches.current(scope));
        Ok(Place { scope, market: self.market(context.market.as_deref())? })
    }

    /// Refuses a match that another cache has resolved: what is captured and killed there goes by
    /// another sequence.
    pub(crate) fn require_own(&self, scope: &Scope) -> Result<(), Error> {
        let own = self.matches.own(scope);
        if own { Ok(()) } else { Err(Error::ForeignScope(scope.name().into())) }
    }

    /// The state of a match that something is told of or done to.
    pub(crate) fn known<'a>(&self, scope: &'a Scope) -> Result<Known<'a>, Error> {
        self.require_own(scope)?;
        self.matches.known(scope).ok_or(Error::TooManyMatches)
    }

    /// Looks a market up by name.
    pub(crate) fn market(&self, name: Option<&str>) -> Result<Option<MarketId>, Error> {
        name.map(|name| self.graph.market(name).ok_or_else(|| Error::UnknownMarket(name.into())))
            .transpose()
    }

    /// The class of entries that a context describes.
    pub(crate) fn class(&self, place: &Place, tags: &[Box<str>]) -> Arc<Class> {
        let bound = self.rules().bounds.tags;
        self.matches.class(place, tags, &self.graph, |tag| {
            let TagMark { mark, is_shared } = self.tags.mark(tag, bound);
            if is_shared {
                self.stats.over_bound(Bounded::Tags);
            }
            mark
        })
    }

    /// The counts of the changes that could alter a decision about an entry of this place, those of
    /// the entry itself aside.
    pub(crate) fn stamp(&self, place: &Place) -> Stamp<3> {
        Stamp::take([self.matches.version(place), self.invalidations.changes(), self.clock.steps()])
    }

    /// Ends the entry of a key, whatever its state; says whether the key had a slot. The value is
    /// dropped when the caller releases what has been displaced.
    pub(crate) fn remove_entry<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        truth::remove(&self.store.shelf(key))
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
