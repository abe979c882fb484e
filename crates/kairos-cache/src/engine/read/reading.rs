// One look at a key: what was found, what the rules say of it and how the read goes on; receipt and count of the answer.
// Never knows: computes, or what the caller does with the verdict.
// Read next: `../../policy/decide.rs` for the rules.
// Why: `docs/decisions/0016-draws-by-seed-key-and-instant.md`.

use std::hash::Hash;
use std::time::Duration;

use equivalent::Equivalent;

use crate::context::Context;
use crate::engine::find::View;
use crate::engine::kept::Sighting;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Done, Joined, Kind};
use crate::matches::{OddsRule, Place};
use crate::policy::{EntryView, Now, Reason, Signal, Signals, Verdict, Watch};
use crate::receipt::{Answer, Receipt, Source};
use crate::runtime::{Purpose, nanos};
use crate::stats::Score;
use crate::store::Probe;
use crate::to_key::{Key, Value};

/// A read that has arrived.
pub(crate) struct Request<'a, Q: ?Sized> {
    pub(crate) key: &'a Q,
    pub(crate) context: &'a Context,
    pub(crate) place: Place,
    pub(crate) arrived: Now,
}

pub(super) static NO_CONTEXT: Context = Context {
    scope: None,
    market: None,
    kickoff: None,
    lineup_confirmed: None,
    current_odds: Vec::new(),
    tags: Vec::new(),
    force_refresh: false,
    max_age: None,
};

impl<'a, Q: ?Sized> Request<'a, Q> {
    /// A read without a context: it obeys the match of the entry that it finds.
    pub(crate) fn of_stored(key: &'a Q, arrived: Now) -> Request<'a, Q> {
        Request { key, context: &NO_CONTEXT, place: Place { scope: None, market: None }, arrived }
    }
}

impl<Q: ?Sized> Request<'_, Q> {
    /// Whether what was found is decided as for a read without a context: not by prices of the read's own,
    /// nor by another market than the entry's.
    pub(super) fn is_like_any<V>(&self, reading: &Reading<V>) -> bool {
        let is_at_home = |view: &View<V>| self.place == view.entry().place;
        self.context.current_odds.is_empty()
            && (self.place.scope.is_none() || reading.view.as_ref().is_some_and(is_at_home))
    }
}

/// How a read goes on from what it has found.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// The read is served; if the value is due early, it asks for a refresh.
    ServeFresh,
    /// The read is served, and asks for a refresh.
    ServeStale,
    /// The read is served an old value, because a compute has just failed.
    ServeOld,
    /// The read needs a compute.
    Compute(Kind),
}

/// The result of one look at a key.
pub(crate) struct Reading<V> {
    pub(super) view: Option<View<V>>,
    pub(super) signals: Signals,
    pub(super) verdict: Verdict,
    pub(super) now: Now,
}

impl<V> Reading<V> {
    /// How the read of this reading goes on.
    pub(super) fn next(&self, moment: &Moment) -> Next {
        match self.verdict.reason {
            Reason::Fresh => Next::ServeFresh,
            Reason::Stale => Next::ServeStale,
            Reason::TooStale if self.is_put_off(moment) => Next::ServeOld,
            Reason::Suspended | Reason::Forced | Reason::Panic => Next::Compute(Kind::Bypass),
            Reason::Disabled
            | Reason::OverBound
            | Reason::Miss
            | Reason::TooStale
            // The reason of answers after a compute only.
            | Reason::StaleIfError
            | Reason::SoftTimeout => Next::Compute(Kind::Miss),
        }
    }

    /// Whether a read without a compute is served what was found.
    pub(super) fn is_served(&self, moment: &Moment) -> bool {
        let has_value = self.view.as_ref().is_some_and(|view| view.entry().value.is_some());
        has_value && matches!(self.next(moment), Next::ServeFresh | Next::ServeStale)
    }

    /// Whether fail-safe allows the value that was found.
    pub(super) fn is_allowed_if_error(&self, moment: &Moment) -> bool {
        let view = self.view.as_ref();
        view.is_some_and(|v| moment.rules.read.allowed_if_error(&v.rules_view(), self.now))
    }

    /// Whether fail-safe serves the old value of a too-stale read without a compute, because one
    /// has just failed.
    pub(super) fn is_put_off(&self, moment: &Moment) -> bool {
        let Some(view) = &self.view else { return false };
        let young_enough = self.signals.max_age_ns.is_none_or(|max| self.verdict.age_ns <= max);
        young_enough && !view.entry().may_compute(self.now) && self.is_allowed_if_error(moment)
    }

    pub(super) fn receipt(&self, refresh_started: bool) -> Receipt {
        receipt(&self.verdict, &self.signals, refresh_started)
    }
}

/// The receipt of a read that is served what was found.
#[inline]
pub(super) fn receipt(verdict: &Verdict, signals: &Signals, refresh_started: bool) -> Receipt {
    Receipt {
        strategy: verdict.reason.strategy(),
        source: Source::Cache,
        zone: verdict.zone,
        ttl: Duration::from_nanos(verdict.ttl_ns),
        age: Duration::from_nanos(verdict.age_ns),
        freshness: verdict.freshness,
        volatility: signals.signal.status(),
        z: signals.signal.z(),
        refresh_started,
        reason: verdict.reason,
        feed: signals.watch.status,
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Looks at a key and decides. Not to be called under a lock.
    pub(super) fn reading<Q>(&self, request: &Request<'_, Q>, moment: &Moment) -> Reading<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.sighted_reading(self.store.probe(request.key), request, moment).1
    }

    /// The same, with what vouches for it if there is an entry. `probe` is of the request's key.
    pub(super) fn sighted_reading<Q>(
        &self,
        probe: Probe<'_, Q>,
        request: &Request<'_, Q>,
        moment: &Moment,
    ) -> (Option<Sighting<K, V>>, Reading<V>)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let Request { context, place, .. } = request;
        let (sighting, view) = self.sight(probe, place.scope.as_ref(), moment).unzip();
        self.release_behind();
        let (now, rules) = (moment.now, &moment.rules.read);
        let ruled_by = ruling(view.as_ref(), place);
        let (facts, watch, _) = ruled_by.facts_at(now, &moment.rules.odds);
        let signals = self.signals(context, ruled_by, watch, moment);
        let rules_view = view.as_ref().map(View::rules_view);
        let mut verdict = rules.decide(rules_view.as_ref(), &signals, facts, now);
        // An entry without a value answers while it is fresh, and is not served after that. The
        // view stays, to tell whether the key has changed since.
        let nothing = view.as_ref().is_some_and(|view| view.entry().value.is_none());
        if nothing && matches!(verdict.reason, Reason::Stale | Reason::TooStale) {
            verdict = rules.decide(None, &signals, facts, now);
        }
        (sighting, Reading { view, signals, verdict, now })
    }

    /// Whether a key of this place that has no entry would be filled: its value could be stored,
    /// and readers are not sent around it.
    pub(super) fn may_fill(&self, place: &Place, moment: &Moment) -> bool {
        let request = Request::of_stored(&(), moment.now);
        let (facts, watch, _) = place.facts_at(moment.now, &moment.rules.odds);
        let signals = self.signals(request.context, place, watch, moment);
        let verdict = moment.rules.read.decide(None, &signals, facts, moment.now);
        verdict.reason == Reason::Miss && verdict.ttl_ns > 0
    }

    pub(super) fn signals(
        &self,
        context: &Context,
        place: &Place,
        watch: Watch,
        moment: &Moment,
    ) -> Signals {
        Signals {
            enabled: self.is_enabled(),
            standing: place.standing(),
            force_refresh: context.force_refresh,
            max_age_ns: context.max_age.map(nanos),
            signal: signal(context, place, moment.now, &moment.rules.odds),
            level: moment.level,
            watch,
        }
    }

    /// Serves the value that a reading has found, and counts the read.
    pub(super) fn serve(
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
    pub(super) fn serve_as(
        &self,
        reason: Reason,
        mut reading: Reading<V>,
        arrived: Now,
    ) -> Answer<V> {
        reading.verdict.reason = reason;
        self.serve(&reading, arrived, false)
    }

    /// Serves the value that a reading has found too stale, because a compute has failed.
    pub(super) fn serve_if_error<Q>(
        &self,
        request: &Request<'_, Q>,
        reading: Reading<V>,
    ) -> Answer<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if let Some(view) = &reading.view {
            self.tell_fail_safe(request.key, view);
        }
        self.serve_as(Reason::StaleIfError, reading, request.arrived)
    }

    /// Looks again for the value that a read found too stale when it arrived: it may have died
    /// meanwhile. The signals stay those of the read's arrival: prices scored since then belong to
    /// later reads.
    pub(super) fn old_value<Q>(
        &self,
        request: &Request<'_, Q>,
        arrival: &Reading<V>,
        moment: &Moment,
    ) -> Option<Reading<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let now = moment.now;
        let view = self.view(request.key, request.place.scope.as_ref())?;
        let (entry, rules_view) = (view.entry(), view.rules_view());
        let ruled_by = ruling(Some(&view), &request.place);
        let (facts, ..) = ruled_by.facts_at(now, &moment.rules.odds);
        let signals = arrival.signals;
        let alive = entry.value.is_some()
            && self.is_enabled()
            && !ruled_by.is_barred()
            && !rules_view.ended_by_kickoff(facts, now)
            && signals.max_age_ns.is_none_or(|max| rules_view.age_ns(now) <= max);
        if !alive {
            return None;
        }
        let verdict = moment.rules.read.decide(Some(&rules_view), &signals, facts, now);
        Some(Reading { view: Some(view), signals, verdict, now })
    }

    /// Whether a fresh value is refreshed early.
    pub(super) fn is_due_early<Q>(&self, key: &Q, reading: &Reading<V>, moment: &Moment) -> bool
    where
        Q: Hash + ?Sized,
    {
        let Some(view) = &reading.view else { return false };
        let entry: EntryView = view.rules_view();
        let draw = || self.draws.draw(Purpose::EarlyRefresh, key, entry.stored_at);
        let (facts, ..) = view.entry().place.facts_at(moment.now, &moment.rules.odds);
        moment.rules.read.refreshes_early(&entry, &reading.signals, facts, reading.now, draw)
    }

    /// Answers a read that has waited for a compute, and counts it.
    pub(super) fn answer(
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

    pub(super) fn count(&self, reading: &Reading<V>, arrived: Now) {
        self.count_as(reading.verdict.reason, Score::of(reading.signals.signal), arrived);
    }

    pub(super) fn count_as(&self, reason: Reason, score: Score, arrived: Now) {
        let took = || self.clock.mono().saturating_sub(arrived.mono);
        self.stats.read(reason, score, took);
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

/// The volatility signal of a read: by its own prices if it gives any, else the published status.
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
