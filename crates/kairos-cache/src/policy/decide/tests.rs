// The claims of `decide.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `decide.rs`.

use super::*;
use crate::config::{Config, Rules};

const SECOND: u64 = 1_000_000_000;

/// An entry without jitter, limit or early refresh.
const VIEW: EntryView = EntryView {
    stored_at: 0,
    stored_wall: 0,
    at_insert: ZoneTtl { zone: Zone::Unknown, ttl_ns: 0 },
    expired: false,
    ttl_factor: 1.0,
    ttl_limit_ns: u64::MAX,
    names_ttl: false,
    compute_ns: 0,
    took_ns: 0,
    kickoff_at_begin: None,
    is_nothing: false,
};

fn policy() -> ReadPolicy {
    Rules::new(&Config::default()).expect("defaults are in range").read
}

const CALM: Signals = Signals {
    enabled: true,
    standing: Standing::Open,
    force_refresh: false,
    max_age_ns: None,
    signal: Signal::Unscored,
    level: BreakerLevel::Normal,
    watch: Watch { status: FeedStatus::None, is_watched: false },
};

/// An entry in the golden zone (TTL 60 s), 30 minutes before kickoff.
fn check(age_s: u64, signals: Signals, expected: Reason) -> Verdict {
    let now = Now { mono: 10_000 * SECOND, wall: 0 };
    let facts = MatchFacts {
        kickoff: Some(i64::try_from(1800 * SECOND).expect("small")),
        lineup_confirmed: false,
        is_watched: false,
    };
    let policy = policy();
    let entry = EntryView {
        stored_at: now.mono - age_s * SECOND,
        at_insert: policy.freshness.golden_hour.at(facts, now.wall),
        expired: false,
        ..VIEW
    };
    let verdict = policy.decide(Some(&entry), &signals, facts, now);
    assert_eq!(verdict.reason, expected, "age {age_s} s, {signals:?}");
    verdict
}

fn scored(status: Volatility) -> Signal {
    Signal::Scored(status, 1.7)
}

#[test]
fn age_alone_decides_in_calm() {
    check(0, CALM, Reason::Fresh);
    check(59, CALM, Reason::Fresh);
    check(60, CALM, Reason::Stale);
    check(119, CALM, Reason::Stale);
    check(120, CALM, Reason::TooStale);
}

#[test]
fn each_signal_comes_before_those_below_it() {
    let panic = scored(Volatility::Panic);
    let all = Signals { force_refresh: true, signal: panic, ..CALM };
    for standing in [Standing::Open, Standing::OverBound, Standing::Suspended] {
        check(0, Signals { enabled: false, standing, ..all }, Reason::Disabled);
    }
    check(0, Signals { standing: Standing::OverBound, ..all }, Reason::OverBound);
    check(0, Signals { standing: Standing::Suspended, ..all }, Reason::Suspended);
    check(0, all, Reason::Forced);
    check(0, Signals { signal: panic, ..CALM }, Reason::Panic);
}

#[test]
fn max_age_comes_before_freshness() {
    let signals = Signals { max_age_ns: Some(10 * SECOND), ..CALM };
    check(10, signals, Reason::Fresh);
    check(11, signals, Reason::TooStale);
}

#[test]
fn a_warning_shortens_freshness_but_not_the_stale_limit() {
    let mut policy = policy();
    policy.warning_ttl_ns = 20 * SECOND;
    let signals = Signals { signal: scored(Volatility::Warning), ..CALM };
    let now = Now { mono: 10_000 * SECOND, wall: 0 };
    let facts = MatchFacts {
        kickoff: Some(i64::try_from(1800 * SECOND).expect("small")),
        lineup_confirmed: false,
        is_watched: false,
    };
    for (age_s, expected) in
        [(19, Reason::Fresh), (20, Reason::Stale), (119, Reason::Stale), (120, Reason::TooStale)]
    {
        let entry = EntryView {
            stored_at: now.mono - age_s * SECOND,
            at_insert: policy.freshness.golden_hour.at(facts, now.wall),
            expired: false,
            ..VIEW
        };
        let verdict = policy.decide(Some(&entry), &signals, facts, now);
        assert_eq!(verdict.reason, expected, "age {age_s} s");
        assert_eq!(verdict.ttl_ns, 20 * SECOND);
    }
}

#[test]
fn the_score_falls_from_one_to_zero_over_the_ttl() {
    for (age_s, expected) in [(0, 1.0), (15, 0.75), (30, 0.5), (60, 0.0), (100, 0.0)] {
        let reason = if age_s < 60 { Reason::Fresh } else { Reason::Stale };
        let verdict = check(age_s, CALM, reason);
        assert!((verdict.freshness - expected).abs() < 1e-12, "age {age_s} s");
    }
}

#[test]
fn an_entry_from_before_kickoff_is_no_entry_after_it() {
    let policy = policy();
    let facts = MatchFacts { kickoff: Some(0), lineup_confirmed: false, is_watched: false };
    let entry = EntryView {
        stored_at: 0,
        at_insert: policy.freshness.golden_hour.at(facts, -1),
        expired: false,
        ..VIEW
    };
    let at = |wall| policy.decide(Some(&entry), &CALM, facts, Now { mono: 1, wall }).reason;
    assert_eq!(at(0), Reason::Fresh);
    assert_eq!(at(1), Reason::Miss);
}

#[test]
fn an_open_breaker_serves_panicking_reads_for_seconds() {
    let panic = Signals { signal: scored(Volatility::Panic), ..CALM };
    check(0, Signals { level: BreakerLevel::HighVolatility, ..panic }, Reason::Fresh);
    check(5, Signals { level: BreakerLevel::HighVolatility, ..panic }, Reason::Stale);
    check(9, Signals { level: BreakerLevel::CircuitOpen, ..panic }, Reason::Fresh);
    check(10, Signals { level: BreakerLevel::CircuitOpen, ..panic }, Reason::Stale);
    // The stale limit is the golden zone's own, 120 s.
    check(119, Signals { level: BreakerLevel::CircuitOpen, ..panic }, Reason::Stale);
    check(120, Signals { level: BreakerLevel::CircuitOpen, ..panic }, Reason::TooStale);
    check(59, Signals { level: BreakerLevel::CircuitOpen, ..CALM }, Reason::Fresh);
}
