// The order of decisions of a read, and what is found on the way.
// Never knows: computes that run.
// Read next: `flights.rs`, for where it leads if nothing is served.

use kairos_cache::{
    BreakerLevel, EvaluateAt, FeedStatus, Reason, Source, TradingStatus, Volatility, Zone,
};

use crate::model::answer::{OfValue, Outcome, Receipt};
use crate::model::operation::Named;

use super::entries::{Entry, Home};
use super::odds::Signal;
use super::{Instant, Model, golden_hour};

/// A live entry, as it looks to a read.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) value: Option<u64>,
    pub(super) age: u64,
    zone: Zone,
    /// After the cap.
    ttl: u64,
    /// The cap on its TTL.
    pub(super) cap: u64,
    stale_limit: u64,
    expired: bool,
}

/// An entry that is served.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) reason: Reason,
    pub(super) signal: Signal,
    pub(super) found: Found,
}

impl Found {
    /// From which age it is too stale: silence must not look like calm.
    fn stale_limit_by(&self, feed: FeedStatus) -> u64 {
        match feed {
            FeedStatus::Silent if self.expired => 0,
            FeedStatus::Silent => self.ttl,
            _ => self.stale_limit,
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        if self.value.is_some() { Outcome::Value } else { Outcome::Nothing }
    }

    pub(super) fn receipt(&self, reason: Reason, signal: Signal, refresh_started: bool) -> Receipt {
        let freshness = if self.expired || self.ttl == 0 {
            0.0
        } else {
            (1.0 - self.age as f64 / self.ttl as f64).max(0.0)
        };
        let of_value = OfValue { zone: self.zone, ttl: self.ttl, age: self.age, freshness };
        Receipt {
            strategy: reason.strategy(),
            source: Source::Cache,
            reason,
            volatility: signal.status,
            z: signal.z,
            refresh_started,
            feed: signal.feed,
            of_value: self.value.is_some().then_some(of_value),
        }
    }
}

impl Model {
    /// The first rule that applies, with the live entry if the rules came to look for one.
    pub(super) fn decide(
        &self,
        key: usize,
        context: &Named,
        signal: Signal,
    ) -> (Reason, Option<Found>) {
        if !self.enabled {
            return (Reason::Disabled, None);
        }
        if self.is_suspended(self.ruling(key, context)) {
            return (Reason::Suspended, None);
        }
        if context.force {
            return (Reason::Forced, None);
        }
        if signal.status == Volatility::Panic
            && self.breaker.level(&self.setup) == BreakerLevel::Normal
        {
            return (Reason::Panic, None);
        }
        let cap = self.cap(signal);
        let Some(found) = self.find(key, context.in_match, cap) else {
            return (Reason::Miss, None);
        };
        let reason = if context.max_age.is_some_and(|max_age| found.age > max_age) {
            Reason::TooStale
        } else if found.age < found.ttl && !found.expired {
            Reason::Fresh
        } else if found.age < found.stale_limit_by(signal.feed) {
            Reason::Stale
        } else {
            Reason::TooStale
        };
        // That there is nothing is remembered while it is fresh, and is no value to serve stale.
        if found.value.is_none() && reason != Reason::Fresh {
            return (Reason::Miss, None);
        }
        let put_off = reason == Reason::TooStale
            && self.throttled_until(key).is_some_and(|until| self.now < until)
            && self.allowed_if_error(&found, context);
        (if put_off { Reason::StaleIfError } else { reason }, Some(found))
    }

    /// The live entry of a key, for a read of a match or of none.
    pub(super) fn find(&self, key: usize, in_match: Option<usize>, cap: u64) -> Option<Found> {
        let entry = self.entries[key].as_ref().filter(|entry| !entry.corpse)?;
        let now = self.instant();
        if in_match.is_some() && in_match != entry.home.in_match || self.is_past_kickoff(entry, now)
        {
            return None;
        }
        let zone = if self.setup.evaluate == EvaluateAt::Insert {
            entry.fixed.0
        } else {
            self.zone_and_ttl(&entry.home).0
        };
        let is_watched = self.watch(entry.home.in_match).1;
        let ttl = self.own_ttl(entry, now, is_watched);
        // What has moved the match has ended its quiet.
        let base = self.own_ttl(entry, now, is_watched && !entry.expired);
        Some(Found {
            value: entry.value,
            age: self.now - entry.computed,
            zone,
            ttl: ttl.min(cap),
            cap,
            stale_limit: (2 * base).min(base + self.setup.max_stale),
            expired: entry.expired,
        })
    }

    /// The match and market that rule a read: those that it names; if it names no match, those of
    /// the entry that it finds.
    pub(super) fn ruling(&self, key: usize, context: &Named) -> (Option<usize>, Option<usize>) {
        let entry = self.entries[key].as_ref().filter(|entry| !entry.corpse);
        match entry {
            Some(entry) if context.in_match.is_none() => (entry.home.in_match, entry.home.market),
            _ => (context.in_match, context.market),
        }
    }

    /// Whether fail-safe and the read's own `max_age` allow the old value.
    pub(super) fn allowed_if_error(&self, found: &Found, context: &Named) -> bool {
        self.setup.max_stale_if_error > 0
            && found.age <= self.setup.max_stale_if_error
            && context.max_age.is_none_or(|max_age| found.age <= max_age)
    }

    /// Until when no refresh of the key's value starts, because a compute has failed.
    pub(super) fn throttled_until(&self, key: usize) -> Option<u64> {
        self.entries[key].as_ref().filter(|entry| !entry.corpse)?.put_off_until
    }

    /// Whether some read could still be served the key's value.
    pub(super) fn is_servable(&self, key: usize) -> bool {
        self.find(key, None, u64::MAX).is_some_and(|found| {
            found.age < found.stale_limit || self.allowed_if_error(&found, &Named::default())
        })
    }

    /// Zone and TTL of now, before jitter and any cap.
    pub(super) fn zone_and_ttl(&self, home: &Home) -> (Zone, u64) {
        let is_watched = self.watch(home.in_match).1;
        self.zone_and_ttl_at(home.in_match, self.instant(), is_watched)
    }

    pub(super) fn zone_and_ttl_at(
        &self,
        in_match: Option<usize>,
        at: Instant,
        is_watched: bool,
    ) -> (Zone, u64) {
        let Some(of) = in_match else {
            return (Zone::Unknown, self.setup.default_ttl);
        };
        let (kickoff, lineup) = (self.matches[of].kickoff, self.matches[of].lineup);
        let zone = golden_hour::zone(kickoff.map(|kickoff| kickoff - at.wall));
        let quiet = if is_watched { golden_hour::quiet(&self.setup, zone) } else { 0 };
        (zone, golden_hour::ttl(&self.setup, zone, lineup).max(quiet))
    }

    /// What a TTL is at most: by warning, breaker and silence.
    pub(super) fn cap(&self, signal: Signal) -> u64 {
        self.breaker.cap(&self.setup, signal.status).min(self.silence_cap(signal))
    }

    pub(super) fn silence_cap(&self, signal: Signal) -> u64 {
        if signal.feed == FeedStatus::Silent { self.setup.silent_ttl } else { u64::MAX }
    }

    /// Nothing begun before kickoff is served after it, by the kickoff of now and by the one known when
    /// it began: neither by the wall clock of then nor, if that has stepped, by the one of now.
    pub(super) fn is_past_kickoff(&self, entry: &Entry, at: Instant) -> bool {
        let kickoff = entry.home.in_match.and_then(|of| self.matches[of].kickoff);
        kickoff.is_some_and(|kickoff| {
            let age = (at.mono - entry.computed).cast_signed();
            let computed = entry.computed_wall.min(at.wall - age);
            let begun = computed - (entry.computed - entry.begun.at).cast_signed();
            let known = entry.begun.kickoff.is_some_and(|known| begun <= known);
            at.wall > kickoff && (begun <= kickoff || known)
        })
    }

    /// Match and market are two levels; the worse one rules.
    pub(super) fn is_suspended(&self, (in_match, market): (Option<usize>, Option<usize>)) -> bool {
        let Some(of) = in_match else { return false };
        let of = &self.matches[of];
        let market = market.map_or(TradingStatus::Open, |market| of.market_status[market]);
        of.status != TradingStatus::Open || market != TradingStatus::Open
    }

    /// The read's own prices, else the published status of its match.
    pub(super) fn signal(&self, key: usize, context: &Named) -> Signal {
        let in_match = self.ruling(key, context).0;
        let signal = match in_match.filter(|_| self.setup.volatility && !context.odds.is_empty()) {
            Some(of) => self.matches[of].odds.score(&self.setup, &context.odds, self.instant()),
            None => self.published(in_match),
        };
        Signal { feed: self.watch(in_match).0, ..signal }
    }

    pub(super) fn published(&self, in_match: Option<usize>) -> Signal {
        let of = in_match.filter(|_| self.setup.volatility);
        of.map_or(Signal::NONE, |of| self.matches[of].odds.published(self.instant()))
    }

    /// Instants at which a decision about the key changes, in nanoseconds since the start.
    pub(crate) fn edges(&self, key: usize) -> Vec<u64> {
        let mut edges = Vec::new();
        if let Some(entry) = &self.entries[key] {
            let ttl = self.own_ttl(entry, self.instant(), self.watch(entry.home.in_match).1);
            let limit = (2 * ttl).min(ttl + self.setup.max_stale);
            let ages = [ttl, limit, entry.fixed.1, self.setup.max_stale_if_error];
            edges.extend(ages.map(|age| entry.computed.saturating_add(age)));
            if let Some(of) = entry.home.in_match {
                let of = &self.matches[of];
                edges.extend(of.odds.edges().filter_map(|edge| u64::try_from(edge).ok()));
                if let Some(kickoff) = of.kickoff {
                    let zones = golden_hour::BOUNDS.map(|before| {
                        let begins = kickoff - self.wall_ahead - before.cast_signed();
                        u64::try_from(begins).unwrap_or(0)
                    });
                    edges.extend(zones);
                }
            }
        }
        edges.extend(self.throttled_until(key));
        edges.extend(self.breaker.edges());
        edges.extend(self.feed_edges());
        edges.retain(|edge| *edge > self.now);
        edges.sort_unstable();
        edges
    }
}
