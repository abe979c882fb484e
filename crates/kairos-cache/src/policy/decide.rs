// The order of decisions of a read: entry, signals and time in, a verdict out.
// Never knows: how the entry was found, or what will be done about the verdict.
// Read next: `../engine/read/reading.rs`, whose one match acts on the verdict.

use super::breaker::{BreakerLevel, BreakerRule};
use super::feed::{FeedStatus, Watch};
use super::freshness::{EntryView, Freshness, FreshnessPolicy, XFetchRule};
use super::golden_hour::{Zone, ZoneTtl};
use super::volatility::{Signal, Volatility};
use super::{MatchFacts, MonoNs, Now};

/// How the engine answered a read.
///
/// ```
/// use kairos_cache::Strategy;
///
/// assert_eq!((Strategy::ServeFresh.name(), "bypass".parse()), ("serve_fresh", Ok(Strategy::Bypass)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Strategy {
    /// Went around the cache, to a compute that started after the read arrived.
    Bypass,
    /// Waited for a compute, its own or one already running.
    Compute,
    /// Served a value past its TTL.
    ServeStale,
    /// Served a value within its TTL.
    ServeFresh,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Strategy; 4] =
        [Strategy::Bypass, Strategy::Compute, Strategy::ServeStale, Strategy::ServeFresh];

    /// Returns the strategy's name in metrics and receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Strategy::Bypass => "bypass",
            Strategy::Compute => "compute",
            Strategy::ServeStale => "serve_stale",
            Strategy::ServeFresh => "serve_fresh",
        }
    }
}

/// The reason for the strategy by which a read was answered.
///
/// ```
/// use kairos_cache::{Reason, Strategy};
///
/// assert_eq!((Reason::Panic.name(), Reason::Panic.strategy()), ("panic", Strategy::Bypass));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum Reason {
    /// The cache is switched off.
    Disabled,
    /// The match has no state, because there was no room for it.
    OverBound,
    /// The market or its match is suspended or closed.
    Suspended,
    /// The caller asked for a new value.
    Forced,
    /// The market is panicking.
    Panic,
    /// There was no live entry.
    Miss,
    /// The entry was within its TTL.
    Fresh,
    /// The entry was past its TTL, within the stale limit.
    Stale,
    /// The entry was past the stale limit, or older than the read allowed.
    TooStale,
    /// The entry was too stale, its compute failed, and fail-safe allowed the old value.
    StaleIfError,
    /// The entry was too stale, and its compute took longer than the read would wait.
    SoftTimeout,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Reason] = &[
        Reason::Disabled,
        Reason::OverBound,
        Reason::Suspended,
        Reason::Forced,
        Reason::Panic,
        Reason::Miss,
        Reason::Fresh,
        Reason::Stale,
        Reason::TooStale,
        Reason::StaleIfError,
        Reason::SoftTimeout,
    ];

    /// Returns the strategy that follows from this reason.
    pub const fn strategy(self) -> Strategy {
        match self {
            Reason::Suspended | Reason::Forced | Reason::Panic => Strategy::Bypass,
            Reason::Disabled | Reason::OverBound | Reason::Miss | Reason::TooStale => {
                Strategy::Compute
            }
            Reason::Stale | Reason::StaleIfError | Reason::SoftTimeout => Strategy::ServeStale,
            Reason::Fresh => Strategy::ServeFresh,
        }
    }

    /// Whether the read found its entry too stale, whatever its answer.
    pub(crate) const fn found_too_stale(self) -> bool {
        matches!(self, Reason::TooStale | Reason::StaleIfError | Reason::SoftTimeout)
    }

    /// Whether the read is outside of the cache: its TTL is zero, and nothing is stored or served.
    pub(crate) const fn is_outside(self) -> bool {
        matches!(self, Reason::Disabled | Reason::OverBound)
    }

    /// Returns the reason's name in metrics and receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Disabled => "disabled",
            Reason::OverBound => "over_bound",
            Reason::Suspended => "suspended",
            Reason::Forced => "forced",
            Reason::Panic => "panic",
            Reason::Miss => "miss",
            Reason::Fresh => "fresh",
            Reason::Stale => "stale",
            Reason::TooStale => "too_stale",
            Reason::StaleIfError => "stale_if_error",
            Reason::SoftTimeout => "soft_timeout",
        }
    }
}

/// Whether a read's match lets anything be stored and served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The market trades, or the read names no match.
    Open,
    /// The match has no state, because there was no room for it.
    OverBound,
    /// The match or the market is suspended or closed.
    Suspended,
}

/// The input of a decision besides the entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Signals {
    /// Whether the cache is switched on.
    pub enabled: bool,
    /// Whether the match lets anything be stored and served.
    pub standing: Standing,
    /// Whether the caller asked for a new value.
    pub force_refresh: bool,
    /// The oldest age that the caller accepts.
    pub max_age_ns: Option<u64>,
    /// The volatility status, and whether it was scored at all.
    pub signal: Signal,
    /// How far the panic breaker is open.
    pub level: BreakerLevel,
    /// What the feeds of the match say.
    pub watch: Watch,
}

/// The verdict of the rules on one read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    /// The reason, and with it the strategy.
    pub reason: Reason,
    /// The zone in force at the read.
    pub zone: Zone,
    /// The TTL in force at the read, after any cap.
    pub ttl_ns: u64,
    /// The age of the entry; zero where there is none.
    pub age_ns: u64,
    /// `max(0, 1 - age / ttl)`; zero once expired.
    pub freshness: f64,
}

/// Every rule by which a read is decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReadPolicy {
    /// Zones, TTLs and stale limit.
    pub freshness: FreshnessPolicy,
    /// The cap on the TTL while a warning lasts.
    pub warning_ttl_ns: u64,
    /// The cap on the TTL while a feed of the match is silent.
    pub silent_ttl_ns: u64,
    /// The panic breaker.
    pub breaker: BreakerRule,
    /// Early refresh, unless it is off.
    pub xfetch: Option<XFetchRule>,
    /// Up to this age a value is served when its compute fails; zero for never.
    pub max_stale_if_error_ns: u64,
}

impl ReadPolicy {
    /// Decides a read. `entry` is the live entry, if there is one.
    pub(crate) fn decide(
        &self,
        entry: Option<&EntryView>,
        signals: &Signals,
        facts: MatchFacts,
        now: Now,
    ) -> Verdict {
        let panics = || {
            signals.signal.status() == Volatility::Panic && signals.level == BreakerLevel::Normal
        };
        let around = match signals.standing {
            _ if !signals.enabled => Some(Reason::Disabled),
            Standing::OverBound => Some(Reason::OverBound),
            Standing::Suspended => Some(Reason::Suspended),
            Standing::Open if signals.force_refresh => Some(Reason::Forced),
            Standing::Open if panics() => Some(Reason::Panic),
            Standing::Open => None,
        };
        let live = entry.filter(|e| !e.ended_by_kickoff(facts, now));
        match (around, live) {
            (Some(reason), _) => self.without_entry(reason, facts, now),
            (None, None) => self.without_entry(Reason::Miss, facts, now),
            (None, Some(entry)) => self.of_live_entry(entry, signals, facts, now),
        }
    }

    /// The cap on a TTL that volatility status, breaker level and silent feeds bring.
    pub(crate) fn cap_ns(&self, signals: &Signals) -> u64 {
        let status = signals.signal.status();
        let warning = if status == Volatility::Warning { self.warning_ttl_ns } else { u64::MAX };
        let is_silent = signals.watch.status == FeedStatus::Silent;
        let silence = if is_silent { self.silent_ttl_ns } else { u64::MAX };
        let cap = warning.min(silence);
        if signals.level == BreakerLevel::Normal {
            return cap;
        }
        cap.min(self.breaker.cap_ns(signals.level, status))
    }

    /// The age from which a live entry is too stale for a read.
    pub(crate) fn limit_ns(
        &self,
        entry: &EntryView,
        signals: &Signals,
        facts: MatchFacts,
        now: Now,
    ) -> u64 {
        let ttl_ns = self.freshness.zone_ttl(entry, facts, now).ttl_ns;
        self.limit_past(ttl_ns, entry, signals, facts, now)
    }

    /// The same, past a TTL that is known.
    fn limit_past(
        &self,
        ttl_ns: u64,
        entry: &EntryView,
        signals: &Signals,
        facts: MatchFacts,
        now: Now,
    ) -> u64 {
        match signals.watch.status {
            // Silence must not look like calm: nothing is served past its TTL, or once expired.
            FeedStatus::Silent if entry.expired => 0,
            FeedStatus::Silent => ttl_ns.min(self.cap_ns(signals)),
            FeedStatus::None | FeedStatus::Alive => {
                self.freshness.limit_ns(entry, ttl_ns, facts, now)
            }
        }
    }

    /// Whether a later read could be served this entry without a compute that succeeds.
    pub(crate) fn servable(&self, entry: &EntryView, facts: MatchFacts, now: Now) -> bool {
        let ttl_ns = self.freshness.zone_ttl(entry, facts, now).ttl_ns;
        let limit_ns = || self.freshness.limit_ns(entry, ttl_ns, facts, now);
        let in_time = entry.state(now, ttl_ns, limit_ns) != Freshness::TooStale;
        !entry.ended_by_kickoff(facts, now) && (in_time || self.allowed_if_error(entry, now))
    }

    /// Whether fail-safe allows an entry that the rules otherwise call too stale.
    pub(crate) fn allowed_if_error(&self, entry: &EntryView, now: Now) -> bool {
        self.max_stale_if_error_ns > 0 && entry.age_ns(now) <= self.max_stale_if_error_ns
    }

    /// Whether a fresh entry is refreshed early. `draw` returns a number from (0, 1], and is called
    /// only if the number could matter.
    pub(crate) fn refreshes_early(
        &self,
        entry: &EntryView,
        signals: &Signals,
        facts: MatchFacts,
        now: Now,
        draw: impl FnOnce() -> f64,
    ) -> bool {
        self.may_refresh_early(entry, signals, facts, now).is_some_and(|(xfetch, fresh_until)| {
            now.mono >= xfetch.instant(fresh_until, entry.compute_ns, draw())
        })
    }

    /// The rule by which a fresh entry is refreshed early, and when it stops being fresh, if a draw could say yes.
    pub(crate) fn may_refresh_early(
        &self,
        entry: &EntryView,
        signals: &Signals,
        facts: MatchFacts,
        now: Now,
    ) -> Option<(XFetchRule, MonoNs)> {
        let xfetch = self.xfetch.filter(|_| entry.compute_ns > 0)?;
        let fresh_until = self.freshness.fresh_until(entry, facts, now, self.cap_ns(signals));
        (now.mono >= xfetch.horizon(fresh_until, entry.compute_ns)).then_some((xfetch, fresh_until))
    }

    fn without_entry(&self, reason: Reason, facts: MatchFacts, now: Now) -> Verdict {
        let ZoneTtl { zone, ttl_ns } = self.freshness.golden_hour.at(facts, now.wall);
        Verdict { reason, zone, ttl_ns, age_ns: 0, freshness: 0.0 }
    }

    fn of_live_entry(
        &self,
        entry: &EntryView,
        signals: &Signals,
        facts: MatchFacts,
        now: Now,
    ) -> Verdict {
        let base = self.freshness.zone_ttl(entry, facts, now);
        let ttl_ns = base.ttl_ns.min(self.cap_ns(signals));
        let age_ns = entry.age_ns(now);
        let reason = if signals.max_age_ns.is_some_and(|max| age_ns > max) {
            Reason::TooStale
        } else {
            let limit_ns = || self.limit_past(base.ttl_ns, entry, signals, facts, now);
            match entry.state(now, ttl_ns, limit_ns) {
                Freshness::Fresh => Reason::Fresh,
                Freshness::Stale => Reason::Stale,
                Freshness::TooStale => Reason::TooStale,
            }
        };
        let freshness = if entry.expired { 0.0 } else { freshness(age_ns, ttl_ns) };
        Verdict { reason, zone: base.zone, ttl_ns, age_ns, freshness }
    }
}

/// `max(0, 1 - age / ttl)`.
pub(crate) fn freshness(age_ns: u64, ttl_ns: u64) -> f64 {
    if age_ns >= ttl_ns { 0.0 } else { 1.0 - age_ns as f64 / ttl_ns as f64 }
}

#[cfg(test)]
mod tests;
