// Fresh, stale or too stale: an age against the TTL in force now, and the instant that will change it.
// Never knows: volatility scoring, suspension, or who reads.
// Read next: `decide.rs`, which puts these answers into the order of a read.

use super::golden_hour::{GoldenHour, Zone, ZoneTtl};
use super::{MatchFacts, MonoNs, Now, WallNs};

/// When the zone of an entry is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Evaluate {
    /// At every read: the TTL is a function of now.
    #[default]
    Read,
    /// Once, when the value was stored.
    Insert,
}

/// What the rules need to know about a stored value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EntryView {
    /// When its compute finished.
    pub stored_at: MonoNs,
    /// When its compute finished, on the wall clock as it was then.
    pub stored_wall: WallNs,
    /// The zone and TTL in force then.
    pub at_insert: ZoneTtl,
    /// Whether an expiry has covered it since its compute started.
    pub expired: bool,
    /// What jitter has left of its TTL, from just above 0 to 1.
    pub ttl_factor: f64,
    /// Its TTL is at most this: a key that is known to have no value has a TTL of its own, and so has a
    /// result whose compute named one.
    pub ttl_limit_ns: u64,
    /// Whether its compute named that TTL: where no kickoff is known it is the TTL, however long.
    pub names_ttl: bool,
    /// How long its compute took.
    pub compute_ns: u64,
    /// How long before it was stored what found it had begun.
    pub took_ns: u64,
    /// The kickoff that was known then.
    pub kickoff_at_begin: Option<WallNs>,
    /// The key is known to have no value: no quiet TTL applies.
    pub is_nothing: bool,
}

impl EntryView {
    /// The age at `now`; a clock that stepped back gives zero.
    pub(crate) fn age_ns(&self, now: Now) -> u64 {
        now.mono.saturating_sub(self.stored_at)
    }

    /// Whether kickoff has ended the life of an entry that was begun before it. The kickoff is the one
    /// in force now, and the one known when it was begun: an entry of a match in play ends with it too
    /// if it has been put off.
    pub(crate) fn ended_by_kickoff(&self, facts: MatchFacts, now: Now) -> bool {
        facts.kickoff.is_some_and(|kickoff| now.wall > kickoff && !self.is_in_play(kickoff, now))
    }

    /// Whether the entry was begun after kickoff, by the wall clock as it was then and, should it
    /// have stepped since, as it is now.
    fn is_in_play(&self, kickoff: WallNs, now: Now) -> bool {
        let whole = |ns: u64| i64::try_from(ns).unwrap_or(i64::MAX);
        let stored = self.stored_wall.min(now.wall.saturating_sub(whole(self.age_ns(now))));
        let begun = stored.saturating_sub(whole(self.took_ns));
        begun > kickoff && self.kickoff_at_begin.is_none_or(|known| begun > known)
    }

    /// The facts of its match as they apply to it.
    fn facts(&self, facts: MatchFacts) -> MatchFacts {
        MatchFacts { is_watched: facts.is_watched && !self.is_nothing, ..facts }
    }

    /// Its state, if it is live, by the TTL in force for a read and the age from which it is too stale.
    pub(crate) fn state(&self, now: Now, ttl_ns: u64, limit_ns: impl FnOnce() -> u64) -> Freshness {
        let age = self.age_ns(now);
        if age < ttl_ns && !self.expired {
            Freshness::Fresh
        } else if age < limit_ns() {
            Freshness::Stale
        } else {
            Freshness::TooStale
        }
    }

    /// A zone's TTL as it applies to this entry: bounded by its own limit, then shortened by jitter.
    fn own_ttl_ns(&self, ttl_ns: u64) -> u64 {
        shortened(ttl_ns.min(self.ttl_limit_ns), self.ttl_factor)
    }

    /// The same with its zone's TTL at the insertion as it applies to it.
    pub(crate) fn with_own_ttl(self) -> EntryView {
        EntryView { at_insert: self.own(self.at_insert), ..self }
    }

    /// The zone in force, with its TTL as it applies to this entry.
    pub(crate) fn own(&self, at: ZoneTtl) -> ZoneTtl {
        let is_own = self.names_ttl && at.zone == Zone::Unknown;
        let ttl_ns = if is_own { self.ttl_limit_ns } else { at.ttl_ns };
        ZoneTtl { zone: at.zone, ttl_ns: self.own_ttl_ns(ttl_ns) }
    }
}

/// How long a value is served after it has become stale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StaleRule {
    /// The stale limit as a multiple of the TTL.
    pub multiplier: f64,
    /// At most this much past the TTL.
    pub max_stale_ns: u64,
}

impl StaleRule {
    /// The age from which a value is too stale to be served.
    pub(crate) fn limit_ns(&self, ttl_ns: u64) -> u64 {
        // `as` saturates, so an overflowing product ends at the additive bound.
        let scaled = (ttl_ns as f64 * self.multiplier) as u64;
        scaled.min(ttl_ns.saturating_add(self.max_stale_ns)).max(ttl_ns)
    }
}

/// A TTL shortened by jitter.
fn shortened(ttl_ns: u64, factor: f64) -> u64 {
    // Whole without jitter: a product with 1.0 would round beyond 2^53 ns.
    if factor < 1.0 { (ttl_ns as f64 * factor.max(0.0)) as u64 } else { ttl_ns }
}

/// Early refresh: when a fresh value is refreshed before it turns stale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct XFetchRule {
    /// How eagerly; 1 is the optimum of Vattani, Chierichetti and Lowenstein, VLDB 2015.
    pub beta: f64,
}

/// `-ln(2^-53)`, rounded up: no draw from (0, 1] gives more.
const LARGEST_DRAW: f64 = 36.8;

impl XFetchRule {
    /// The instant from which a draw can say yes.
    pub(crate) fn horizon(self, fresh_until: MonoNs, compute_ns: u64) -> MonoNs {
        fresh_until.saturating_sub((compute_ns as f64 * self.beta * LARGEST_DRAW) as u64)
    }

    /// The instant from which a value is refreshed, by the draw `u` from (0, 1] that is its own.
    pub(crate) fn instant(self, fresh_until: MonoNs, compute_ns: u64, u: f64) -> MonoNs {
        fresh_until.saturating_sub((compute_ns as f64 * self.beta * -u.ln()) as u64)
    }
}

/// The three states of a live value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Younger than its TTL.
    Fresh,
    /// Past its TTL, within the stale limit.
    Stale,
    /// Past the stale limit.
    TooStale,
}

/// The rules that make an age into a state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FreshnessPolicy {
    /// The zone table.
    pub golden_hour: GoldenHour,
    /// When the zone is looked up.
    pub evaluate: Evaluate,
    /// The stale limit.
    pub stale: StaleRule,
}

impl FreshnessPolicy {
    /// The zone and TTL (before any cap) that apply to an entry read at `now`.
    pub(crate) fn zone_ttl(&self, entry: &EntryView, facts: MatchFacts, now: Now) -> ZoneTtl {
        match self.evaluate {
            Evaluate::Read => entry.own(self.golden_hour.at(entry.facts(facts), now.wall)),
            Evaluate::Insert => entry.at_insert,
        }
    }

    /// The age from which a live entry is too stale, before any cap. That of an entry that was expired
    /// comes from the TTL without quiet: what has moved the match has ended its quiet.
    ///
    /// `ttl_ns` is the entry's, as [`FreshnessPolicy::zone_ttl`] says.
    pub(crate) fn limit_ns(
        &self,
        entry: &EntryView,
        ttl_ns: u64,
        facts: MatchFacts,
        now: Now,
    ) -> u64 {
        if !(facts.is_watched && entry.expired) {
            return self.stale.limit_ns(ttl_ns);
        }
        let plain = self.zone_ttl(entry, MatchFacts { is_watched: false, ..facts }, now);
        self.stale.limit_ns(plain.ttl_ns)
    }

    /// The first instant at which another zone is in force, if kickoff and line-up stay as they are.
    pub(crate) fn same_zone_until(&self, facts: MatchFacts, now: Now) -> MonoNs {
        let ahead = facts.kickoff.filter(|kickoff| now.wall <= *kickoff);
        let Some(kickoff) = ahead.filter(|_| self.evaluate == Evaluate::Read) else {
            return MonoNs::MAX;
        };
        let after = |distance: u64| {
            let distance = i64::try_from(distance).unwrap_or(i64::MAX);
            now.mono_at(kickoff.saturating_sub(distance)).saturating_add(1)
        };
        let begins = self.golden_hour.stretches(facts).filter_map(|(begins_at, _)| begins_at);
        let next = begins.map(after).filter(|begin| *begin > now.mono).min();
        next.unwrap_or(MonoNs::MAX).min(after(0))
    }

    /// The first instant at which a fresh entry stops being fresh, if nothing else happens.
    ///
    /// `cap_ns` is the cap in force (`u64::MAX` for none). A table that never grows towards
    /// kickoff makes this one minimum: in each stretch the entry turns stale at the later of the
    /// stretch's beginning and the age that the stretch allows.
    pub(crate) fn fresh_until(
        &self,
        entry: &EntryView,
        facts: MatchFacts,
        now: Now,
        cap_ns: u64,
    ) -> MonoNs {
        if entry.expired {
            return 0;
        }
        let at_age = |ttl_ns: u64| entry.stored_at.saturating_add(ttl_ns.min(cap_ns));
        let by_age = |ttl_ns: u64| at_age(entry.own_ttl_ns(ttl_ns));
        let facts = entry.facts(facts);
        let Some(kickoff) = facts.kickoff else {
            return at_age(self.zone_ttl(entry, facts, now).ttl_ns);
        };
        // The first nanosecond after kickoff belongs to `match_started`.
        let started = now.mono_at(kickoff).saturating_add(1);
        let in_play = entry.is_in_play(kickoff, now);
        if self.evaluate == Evaluate::Insert {
            let until = at_age(entry.at_insert.ttl_ns);
            return if in_play { until } else { until.min(started) };
        }
        if now.wall > kickoff {
            return if in_play { by_age(self.golden_hour.in_play(facts.is_watched)) } else { 0 };
        }
        let mut until = started;
        for (begins_at, ttl_ns) in self.golden_hour.stretches(facts) {
            let begin = begins_at.map_or(0, |distance| {
                let distance = i64::try_from(distance).unwrap_or(i64::MAX);
                // A stretch is `d < distance`: it begins one nanosecond after `d == distance`.
                now.mono_at(kickoff.saturating_sub(distance)).saturating_add(1)
            });
            until = until.min(by_age(ttl_ns).max(begin));
        }
        until
    }
}

#[cfg(test)]
mod tests;
