//! One look at a key: what was found, what the rules say of it, and the receipt and count of the answer.
//! Never knows: computes, flights, or what the caller does with the verdict.
//! Read next: `policy/decide.rs` for the rules, `cache.rs` for the match on their verdict.

use std::borrow::Borrow;
use std::hash::Hash;
use std::time::Duration;

use crate::context::Context;
use crate::engine::{Engine, View};
use crate::error::Error;
use crate::flight::job::{Done, Joined};
use crate::matches::OddsRule;
use crate::matches::Place;
use crate::policy::Now;
use crate::policy::decide::{Reason, Signals, Verdict};
use crate::policy::freshness::EntryView;
use crate::policy::volatility::Signal;
use crate::receipt::{Answer, Receipt, Source};
use crate::runtime::clock::nanos;
use crate::stats::counts::Bounded;
use crate::to_key::{Key, Value};

static NO_CONTEXT: Context = Context {
    scope: None,
    market: None,
    kickoff: None,
    lineup_confirmed: None,
    current_odds: Vec::new(),
    tags: Vec::new(),
    force_refresh: false,
    max_age: None,
};

/// The place of a read that names none.
pub(crate) static NO_PLACE: Place = Place { scope: None, market: None };

/// Everything that one look at a key has found out.
pub(crate) struct Reading<V> {
    pub(crate) view: Option<View<V>>,
    pub(crate) signals: Signals,
    pub(crate) verdict: Verdict,
    pub(crate) now: Now,
}

impl<V> Reading<V> {
    /// What the rules need to know of the entry that was found.
    pub(crate) fn rules_view(&self) -> EntryView {
        self.view.as_ref().expect("asked of a reading that found an entry").rules_view()
    }

    /// Whether a read without a compute is served what was found.
    pub(crate) fn is_served(&self) -> bool {
        let has_value = self.view.as_ref().is_some_and(|view| view.entry().value.is_some());
        has_value && matches!(self.verdict.reason, Reason::Fresh | Reason::Stale)
    }

    pub(crate) fn receipt(&self, refresh_started: bool) -> Receipt {
        let verdict = &self.verdict;
        Receipt {
            strategy: verdict.reason.strategy(),
            source: Source::Cache,
            zone: verdict.zone,
            ttl: Duration::from_nanos(verdict.ttl_ns),
            age: Duration::from_nanos(verdict.age_ns),
            freshness: verdict.freshness,
            volatility: self.signals.signal.status(),
            z: self.signals.signal.z(),
            refresh_started,
            reason: verdict.reason,
        }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Looks at a key with a context and decides. Not to be called under a lock.
    pub(crate) fn read<Q>(&self, key: &Q, context: &Context, place: &Place, now: Now) -> Reading<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let view = self.view(key, place.scope.as_ref());
        self.store.displaced.release();
        let ruled_by = ruling(view.as_ref(), place);
        let rules = self.rules();
        let signals = self.signals(context, ruled_by, now, &rules.odds);
        let rules_view = view.as_ref().map(View::rules_view);
        let facts = ruled_by.facts();
        let verdict = rules.read.decide(rules_view.as_ref(), &signals, facts, now);
        // That there is nothing is known while it is fresh, and is no value to serve after that.
        let nothing = view.as_ref().is_some_and(|view| view.entry().value.is_none());
        if nothing && matches!(verdict.reason, Reason::Stale | Reason::TooStale) {
            let verdict = rules.read.decide(None, &signals, facts, now);
            // The view stays, to tell whether the key has changed since.
            return Reading { view, signals, verdict, now };
        }
        Reading { view, signals, verdict, now }
    }

    /// Looks at a key without a context.
    pub(crate) fn read_stored<Q>(&self, key: &Q, now: Now) -> Reading<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.read(key, &NO_CONTEXT, &NO_PLACE, now)
    }

    /// Whether a key of this place that has no entry would be filled: its value could be stored,
    /// and readers are not sent around it.
    pub(crate) fn may_fill(&self, place: &Place, now: Now) -> bool {
        let rules = self.rules();
        let signals = self.signals(&NO_CONTEXT, place, now, &rules.odds);
        let verdict = rules.read.decide(None, &signals, place.facts(), now);
        verdict.reason == Reason::Miss && verdict.ttl_ns > 0
    }

    fn signals(&self, context: &Context, place: &Place, now: Now, odds: &OddsRule) -> Signals {
        Signals {
            enabled: self.is_enabled(),
            standing: place.standing(),
            force_refresh: context.force_refresh,
            max_age_ns: context.max_age.map(nanos),
            signal: signal(context, place, now, odds),
            level: self.breaker_level(),
        }
    }

    /// Brings zone, TTL, age and freshness of a remembered reading to its present `now`, for the
    /// receipt: a value may stay fresh from one zone into the next.
    pub(crate) fn restate(&self, reading: &mut Reading<V>) {
        let Some(view) = &reading.view else { return };
        let (rules_view, facts) = (view.rules_view(), view.entry().place.facts());
        let rules = self.rules();
        let verdict = rules.read.decide(Some(&rules_view), &reading.signals, facts, reading.now);
        // Another reason means a change since the read was decided and counted: it keeps what it saw.
        if verdict.reason == reading.verdict.reason {
            reading.verdict = verdict;
        }
    }

    /// Serves the value that a reading has found, and counts the read.
    pub(crate) fn serve(
        &self,
        reading: &Reading<V>,
        arrived: Now,
        refresh_started: bool,
    ) -> Answer<V> {
        let view = reading.view.as_ref().expect("fresh and stale are said of an entry only");
        self.count(reading, arrived);
        let value = view.entry().value.clone();
        Answer { receipt: reading.receipt(refresh_started), outcome: value.ok_or(Error::Nothing) }
    }

    /// Serves the value that a reading has found too stale, for another reason than its age.
    pub(crate) fn serve_as(
        &self,
        reason: Reason,
        mut reading: Reading<V>,
        arrived: Now,
    ) -> Answer<V> {
        reading.verdict.reason = reason;
        self.serve(&reading, arrived, false)
    }

    /// Looks again for the value that a read found too stale when it arrived: it may have died
    /// meanwhile. The signals stay those of the read's arrival: prices scored since then belong to
    /// later reads.
    pub(crate) fn old_value<Q>(
        &self,
        key: &Q,
        place: &Place,
        arrival: &Reading<V>,
    ) -> Option<Reading<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let now = self.now();
        let view = self.view(key, place.scope.as_ref())?;
        let (entry, rules_view) = (view.entry(), view.rules_view());
        let ruled_by = ruling(Some(&view), place);
        let facts = ruled_by.facts();
        let signals = arrival.signals;
        let alive = entry.value.is_some()
            && self.is_enabled()
            && !ruled_by.is_barred()
            && !rules_view.ended_by_kickoff(facts, now)
            && signals.max_age_ns.is_none_or(|max| rules_view.age_ns(now) <= max);
        if !alive {
            return None;
        }
        let verdict = self.rules().read.decide(Some(&rules_view), &signals, facts, now);
        Some(Reading { view: Some(view), signals, verdict, now })
    }

    /// Whether fail-safe serves the old value of a too-stale read without a compute, because one
    /// has just failed.
    pub(crate) fn is_put_off(&self, reading: &Reading<V>) -> bool {
        let Some(view) = &reading.view else { return false };
        let old_enough = reading.signals.max_age_ns.is_none_or(|max| reading.verdict.age_ns <= max);
        old_enough
            && !view.entry().may_compute(reading.now)
            && self.rules().read.allowed_if_error(&view.rules_view(), reading.now)
    }

    /// Whether a fresh value is refreshed early.
    pub(crate) fn is_due_early(&self, reading: &Reading<V>) -> bool {
        let Some(view) = &reading.view else { return false };
        let facts = view.entry().place.facts();
        let draw = || self.random.draw();
        let (signals, now) = (&reading.signals, reading.now);
        self.rules().read.refreshes_early(&view.rules_view(), signals, facts, now, draw)
    }

    /// Answers a read that has waited for a compute, and counts it.
    pub(crate) fn answer(
        &self,
        reading: &Reading<V>,
        done: Done<V>,
        joined: Joined,
        arrived: Now,
    ) -> Answer<V> {
        self.count(reading, arrived);
        self.stats.joined(reading.verdict.reason.strategy(), joined.led, joined.queued);
        let ttl_ns = if reading.verdict.reason.is_outside() { 0 } else { done.zone.ttl_ns };
        let receipt = Receipt {
            source: Source::Computed,
            zone: done.zone.zone,
            ttl: Duration::from_nanos(ttl_ns),
            age: Duration::ZERO,
            freshness: 1.0,
            ..reading.receipt(false)
        };
        Answer { receipt, outcome: done.outcome }
    }

    /// Answers a read whose key gets no flight, and counts it.
    pub(crate) fn answer_overloaded(
        &self,
        reading: &Reading<V>,
        place: &Place,
        arrived: Now,
    ) -> Answer<V> {
        self.stats.over_bound(Bounded::Flights);
        let zone = self.zone_of(place, arrived);
        let done = Done { outcome: Err(Error::Overloaded), zone, place: None };
        self.answer(reading, done, Joined { led: true, queued: false }, arrived)
    }

    fn count(&self, reading: &Reading<V>, arrived: Now) {
        let took = || self.clock.now().mono.saturating_sub(arrived.mono);
        self.stats.read(reading.verdict.reason, reading.signals.signal, took);
    }
}

/// The match and market that rule a read: those that it names, or, if it names no match, those of
/// the entry that it finds.
fn ruling<'a, V>(view: Option<&'a View<V>>, place: &'a Place) -> &'a Place {
    match view {
        Some(view) if place.scope.is_none() => &view.entry().place,
        _ => place,
    }
}

/// What volatility says to a read: its own prices if it gives any, else the published status.
fn signal(context: &Context, place: &Place, now: Now, rule: &OddsRule) -> Signal {
    match &place.scope {
        Some(scope) if rule.enabled && !context.current_odds.is_empty() => {
            let prices = context.current_odds.iter().map(|(market, price)| (&**market, *price));
            scope.score(prices, now.mono, &rule.score)
        }
        Some(_) if rule.enabled => place.published(now).0,
        _ => Signal::Unscored,
    }
}
