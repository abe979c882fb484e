// How an entry is found and looked at, and where a value belongs.
// Never knows: what a read will decide.
// Why: `docs/decisions/0007-get-fills-only-while-the-slot-is-there.md`.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::config::Rules;
use crate::context::Context;
use crate::engine::kept::Sighting;
use crate::engine::sweep::is_dead;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::Home;
use crate::matches::{Known, Place, Scope};
use crate::policy::{EntryView, MarketId, Now};
use crate::stats::Bounded;
use crate::store::{Ending, Entry, Probe};
use crate::to_key::{Key, Value};
use crate::truth;
use crate::truth::{Class, Held, Invalidations, Mark, Row, Slot, TagMark, Tags, Version};

/// An entry that no kill has covered, as one read sees it.
pub(crate) type View<V> = truth::View<Entry<V>>;

impl<V> View<V> {
    /// What the rules need to know of the entry.
    pub(crate) fn rules_view(&self) -> EntryView {
        EntryView { expired: self.is_expired(), ..self.entry().rules_view() }
    }
}

/// What the rules need to know of an entry that is looked at in its slot.
pub(crate) fn rules_view<V>(slot: &Slot<Entry<V>>, held: &Held<Entry<V>>) -> EntryView {
    EntryView { expired: held.is_expired_in(slot), ..held.entry.rules_view() }
}

/// Whether an entry may answer a read that names this match.
fn is_for<V>(entry: &Entry<V>, scope: Option<&Scope>) -> bool {
    scope.is_none_or(|scope| entry.place.is_within(scope))
}

/// The value of an entry, unless a kill or kickoff has ended it.
pub(super) fn live_value<V>(held: &Held<Entry<V>>, now: Now) -> Option<&Arc<V>> {
    held.entry.value.as_ref().filter(|_| !is_dead(held, now))
}

impl<K: Key, V: Value> Engine<K, V> {
    /// The live entry of a key, unless it belongs to another match than the read names.
    pub(crate) fn view<Q>(&self, key: &Q, scope: Option<&Scope>) -> Option<View<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let view = View::of(self.store.find(self.store.probe(key))?.slot())?;
        is_for(view.entry(), scope).then_some(view)
    }

    /// The live entry of a key as [`Engine::view`] returns it, with what vouches for a decision of this moment
    /// on it. Notes the read, if there is a row.
    pub(super) fn sight<Q>(
        &self,
        probe: Probe<'_, Q>,
        scope: Option<&Scope>,
        moment: &Moment,
    ) -> Option<(Sighting<K, V>, View<V>)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let find = || {
            let row = self.store.find(probe);
            // moka shows a row that it has evicted until something takes its place.
            if let Some(row) = row.as_ref().filter(|row| !row.slot().is_dead()) {
                self.store.touch(row);
            }
            row
        };
        let own = |entry: &Entry<V>| Arc::clone(self.matches.version(&entry.place));
        let misses = [self.invalidations.misses(probe.hash())];
        let seen = Sighting::of(moment.counted.across, find, own, misses)?;
        is_for(seen.1.entry(), scope).then_some(seen)
    }

    /// The counts of the changes that could alter a decision about a key of this hash, whatever its
    /// entry belongs to, except those of the entry itself.
    #[inline]
    pub(super) fn versions(&self, hash: u64) -> [&Version; 3] {
        let [changes, steps] = self.changes_across();
        [changes, self.invalidations.misses(hash), steps]
    }

    /// Those of them that a key has no part in: configuration, switch and breaker, tags, steps of the clock.
    #[inline]
    pub(super) fn changes_across(&self) -> [&Version; 2] {
        [self.invalidations.changes(), &self.steps]
    }

    /// The counts of all changes.
    #[inline]
    pub(super) fn all_changes(&self) -> [&Arc<Version>; 2] {
        [self.invalidations.all(), &self.steps]
    }

    /// Whether a reader that looks again would see the same entry.
    pub(crate) fn is_unchanged<Q>(
        &self,
        key: &Q,
        scope: Option<&Scope>,
        seen: Option<&View<V>>,
    ) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        truth::is_unchanged(&self.store.shelf(key), |entry| is_for(entry, scope), seen)
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
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let held = self.store.find(self.store.probe(key))?.slot().read()?;
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

    /// Refuses a match that another cache has resolved: its captures and kills have another
    /// sequence.
    pub(crate) fn require_own(&self, scope: &Scope) -> Result<(), Error> {
        let own = self.matches.own(scope);
        if own { Ok(()) } else { Err(Error::ForeignScope(scope.name().into())) }
    }

    /// The state of a match that an operation changes.
    pub(crate) fn known<'a>(&self, scope: &'a Scope) -> Result<Known<'a>, Error> {
        self.require_own(scope)?;
        self.matches.known(scope).ok_or(Error::TooManyMatches)
    }

    /// Looks a market up by name.
    pub(crate) fn market(&self, name: Option<&str>) -> Result<Option<MarketId>, Error> {
        name.map(|name| self.graph.market(name).ok_or_else(|| Error::UnknownMarket(name.into())))
            .transpose()
    }

    /// The class of entries of this place with these tags.
    pub(super) fn class(&self, place: &Place, tags: &[Box<str>], rules: &Rules) -> Arc<Class> {
        self.matches.class(place, tags, &self.graph, |tag| self.tag_mark(tag, rules))
    }

    /// The mark of a tag, for a class that is to hold it.
    pub(super) fn tag_mark(&self, tag: &str, rules: &Rules) -> Arc<Mark> {
        let TagMark { mark, is_shared } = self.tags.mark(tag, rules.bounds.tags);
        if is_shared {
            self.stats.over_bound(Bounded::Tags);
        }
        mark
    }

    /// Whether a key has a live value.
    pub(crate) fn contains<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let now = self.now();
        let lives = |_: &Slot<_>, held: &_| live_value(held, now).is_some();
        truth::inspect(&self.store.shelf(key), lives).unwrap_or(false)
    }

    /// The keys that have a live value.
    pub(crate) fn keys(&self) -> Vec<K> {
        let now = self.now();
        self.store.keys(|held| live_value(held, now).is_some())
    }

    /// Kills the entry of a key, whatever its state, and what is under way for the key. Returns
    /// whether this call ended an entry that a read could be served.
    pub(crate) fn kill_key<Q>(self: &Arc<Self>, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.note_second();
        self.end_key(key, |held| self.was_live(held)).unwrap_or(false)
    }

    /// Whether a read could have been served an entry just now. Reads the clock where the entry's match has
    /// a kickoff; the monotonic one too where that has passed.
    fn was_live(&self, held: &Held<Entry<V>>) -> bool {
        let kickoff = || held.entry.place.facts().kickoff;
        !held.capture.is_killed()
            && kickoff().is_none_or(|kickoff| {
                self.clock.wall() <= kickoff || !is_dead(held, self.clock.now())
            })
    }

    /// Kills as [`Engine::kill_key`] does, and returns the value if this call ended a live one.
    pub(crate) fn remove<Q>(self: &Arc<Self>, key: &Q) -> Option<Arc<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let now = self.now();
        self.end_key(key, |held| live_value(held, now).cloned()).flatten()
    }

    /// Kills as [`Engine::kill_key`] does, and asks the entry that this call ended.
    fn end_key<Q, T>(self: &Arc<Self>, key: &Q, ask: impl FnOnce(&Held<Entry<V>>) -> T) -> Option<T>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let _released = self.store.releasing();
        let (probe, mut failure) = (self.store.probe(key), None);
        let tell = |seq| {
            if self.adopt().is_ok()
                && let Some(flight) = self.flights.find_by(key, probe.hash())
            {
                flight.kill_key(seq);
            }
            // After the flight: a compute that fails from here on finds the kill there.
            failure = self.forget_failure(key);
        };
        let at = Ending::new(self.store.shelf_of(probe));
        let ended = self.invalidations.kill_key(&at, tell, ask);
        if let Some(old) = at.into_ended() {
            self.let_go_of(old);
        }
        drop(failure);
        self.forget_near(probe);
        self.sweep_left();
        self.take_out_behind();
        ended
    }

    /// Drops what was displaced: no lock is held. Where fail-safe has served it, its end is told after that.
    pub(super) fn let_go_of(&self, old: Held<Entry<V>>) {
        if old.entry.is_kept_by_fail_safe() {
            self.store.displace_entry(old);
        }
    }

    /// Expires the entry of a key, and what is under way for the key.
    pub(crate) fn expire_key<Q>(&self, key: &Q)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let _released = self.store.releasing();
        self.invalidations.expire_key(&self.store.shelf(key), |seq| {
            if self.adopt().is_ok()
                && let Some(flight) = self.flights.find(key)
            {
                flight.expire_key(seq);
            }
            drop(self.forget_failure(key)); // As for a kill.
        });
    }

    /// The number line and the marks that reach across matches.
    pub(crate) fn invalidations(&self) -> &Invalidations {
        &self.invalidations
    }

    /// The marks of tags.
    pub(crate) fn tags(&self) -> &Tags {
        &self.tags
    }

    /// Where a value of this place and these tags belongs.
    pub(crate) fn home(&self, place: Place, tags: &[Box<str>], rules: &Rules) -> Home {
        let class = self.class(&place, tags, rules);
        Home { place, class, invalidations: Arc::clone(&self.invalidations) }
    }
}
