//! One look at a key: what was found, what the rules say of it, and the receipt and count of the answer.
//! Never knows: computes, flights, or what the caller does with the verdict.
//! Read next: `policy/decide.rs` for the rules, `cache.rs` for the match on their verdict.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::nanos;
use crate::context::Context;
use crate::engine::{Engine, View};
use crate::entry::Place;
use crate::job::{Done, Joined};
use crate::policy::Now;
use crate::policy::decide::{Reason, Signals, Verdict};
use crate::policy::volatility::Signal;
use crate::receipt::{Answer, Receipt, Source};

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

static NO_PLACE: Place = Place { scope: None, market: None };

/// Everything that one look at a key has found out.
pub(crate) struct Reading<V> {
    pub(crate) view: Option<View<V>>,
    pub(crate) signal: Signal,
    pub(crate) verdict: Verdict,
    pub(crate) now: Now,
}

impl<V> Reading<V> {
    pub(crate) fn receipt(&self, refresh_started: bool) -> Receipt {
        let verdict = &self.verdict;
        Receipt {
            strategy: verdict.reason.strategy(),
            source: Source::Cache,
            zone: verdict.zone,
            ttl: Duration::from_nanos(verdict.ttl_ns),
            age: Duration::from_nanos(verdict.age_ns),
            freshness: verdict.freshness,
            volatility: self.signal.status(),
            z: self.signal.z(),
            refresh_started,
            reason: verdict.reason,
        }
    }
}

impl<K, V> Engine<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Looks at a key with a context and decides.
    pub(crate) fn read<Q>(&self, key: &Q, context: &Context, place: &Place, now: Now) -> Reading<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let view = self.view(key, place.scope.as_ref());
        // A read that names no match obeys the match of the entry that it finds.
        let ruled_by = match &view {
            Some(view) if place.scope.is_none() => &view.entry().place,
            _ => place,
        };
        let signals = Signals {
            enabled: self.is_enabled(),
            suspended: ruled_by.is_suspended(),
            force_refresh: context.force_refresh,
            max_age_ns: context.max_age.map(nanos),
            signal: self.signal(context, ruled_by, now),
        };
        let rules_view = view.as_ref().map(View::rules_view);
        let verdict = self.rules.read.decide(rules_view.as_ref(), &signals, ruled_by.facts(), now);
        Reading { view, signal: signals.signal, verdict, now }
    }

    /// Looks at a key without a context; nothing unless the value can be served.
    pub(crate) fn read_stored<Q>(&self, key: &Q, now: Now) -> Option<Reading<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let reading = self.read(key, &NO_CONTEXT, &NO_PLACE, now);
        matches!(reading.verdict.reason, Reason::Fresh | Reason::Stale).then_some(reading)
    }

    /// What volatility says to a read: its own prices if it gives any, else the published status.
    fn signal(&self, context: &Context, place: &Place, now: Now) -> Signal {
        let rule = &self.rules.odds;
        match &place.scope {
            Some(scope) if rule.enabled && !context.current_odds.is_empty() => {
                let prices = context.current_odds.iter().map(|(market, price)| (&**market, *price));
                scope.0.odds.score(prices, now.mono, &rule.score)
            }
            Some(_) if rule.enabled => place.published(now).0,
            _ => Signal::Unscored,
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
        Answer {
            receipt: reading.receipt(refresh_started),
            outcome: Ok(Arc::clone(&view.entry().value)),
        }
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
        let ttl_ns = if reading.verdict.reason == Reason::Disabled { 0 } else { done.zone.ttl_ns };
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

    fn count(&self, reading: &Reading<V>, arrived: Now) {
        let took = self.clock.now().mono.saturating_sub(arrived.mono);
        self.stats.read(reading.verdict.reason, reading.signal, took);
    }
}
