// The claims of `freshness.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `freshness.rs`.

use proptest::prelude::*;

use super::super::golden_hour::Zone;
use super::*;
use crate::config::{Config, EvaluateAt, Rules};

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
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

fn policy(evaluate: EvaluateAt) -> FreshnessPolicy {
    let mut config = Config::default();
    config.golden_hour.evaluate = evaluate;
    config.golden_hour.in_play_ttl = std::time::Duration::from_secs(5);
    Rules::new(&config).expect("in range").read.freshness
}

fn entry(policy: &FreshnessPolicy, facts: MatchFacts, stored: Now) -> EntryView {
    let at_insert = policy.golden_hour.at(facts, stored.wall);
    let (stored_at, stored_wall) = (stored.mono, stored.wall);
    EntryView { stored_at, stored_wall, at_insert, expired: false, ..VIEW }
}

fn state_at(policy: &FreshnessPolicy, entry: &EntryView, facts: MatchFacts, now: Now) -> Freshness {
    let base = policy.zone_ttl(entry, facts, now);
    entry.state(now, base.ttl_ns, || policy.limit_ns(entry, base.ttl_ns, facts, now))
}

/// An entry stored at T-61 min is fresh, stale, and too stale at the instants between its zones.
#[test]
fn the_ttl_follows_the_clock_not_the_insertion() {
    let policy = policy(EvaluateAt::Read);
    let kickoff = i64::try_from(100 * HOUR).expect("small");
    let facts = MatchFacts { kickoff: Some(kickoff), lineup_confirmed: false, is_watched: false };
    let before = |ns: u64| Now { mono: 100 * HOUR - ns, wall: kickoff - ns as i64 };
    let entry = entry(&policy, facts, before(61 * MINUTE));
    let check = |at: u64, expected| {
        assert_eq!(state_at(&policy, &entry, facts, before(at)), expected, "at T-{at} ns");
    };
    check(60 * MINUTE, Freshness::Fresh);
    check(60 * MINUTE - 1, Freshness::Stale);
    check(59 * MINUTE + 1, Freshness::Stale);
    check(59 * MINUTE, Freshness::TooStale);
    let until = policy.fresh_until(&entry, facts, before(61 * MINUTE), u64::MAX);
    assert_eq!(until, 100 * HOUR - 60 * MINUTE + 1);
}

#[test]
fn a_value_stored_in_play_ends_with_a_kickoff_that_was_put_off() {
    let policy = policy(EvaluateAt::Read);
    let hour = i64::try_from(HOUR).expect("small");
    let facts =
        |kickoff| MatchFacts { kickoff: Some(kickoff), lineup_confirmed: false, is_watched: false };
    let at =
        |hours: u64| Now { mono: hours * HOUR, wall: i64::try_from(hours).expect("small") * hour };
    // Kickoff at hour 1, stored at hour 2, kickoff put off to hour 4.
    let entry = entry(&policy, facts(hour), at(2));
    assert!(!entry.ended_by_kickoff(facts(hour), at(3)));
    assert!(!entry.ended_by_kickoff(facts(4 * hour), at(3)));
    assert!(entry.ended_by_kickoff(facts(4 * hour), at(5)));
    assert_eq!(policy.fresh_until(&entry, facts(4 * hour), at(5), u64::MAX), 0);
}

#[test]
fn a_step_of_the_wall_clock_makes_no_value_one_of_the_match_in_play() {
    let policy = policy(EvaluateAt::Read);
    let hour = i64::try_from(HOUR).expect("small");
    let facts = MatchFacts { kickoff: Some(2 * hour), lineup_confirmed: false, is_watched: false };
    let early = entry(&policy, facts, Now { mono: HOUR, wall: hour });
    assert!(early.ended_by_kickoff(facts, Now { mono: HOUR + 1, wall: 9 * hour }), "forward");
    let late = entry(&policy, facts, Now { mono: HOUR, wall: 9 * hour });
    let back = Now { mono: 3 * HOUR, wall: 3 * hour };
    assert!(late.ended_by_kickoff(facts, back), "back: it was really stored before kickoff");
}

#[test]
fn a_zone_fixed_at_insertion_keeps_its_ttl() {
    let policy = policy(EvaluateAt::Insert);
    let kickoff = i64::try_from(100 * HOUR).expect("small");
    let facts = MatchFacts { kickoff: Some(kickoff), lineup_confirmed: false, is_watched: false };
    let before = |ns: u64| Now { mono: 100 * HOUR - ns, wall: kickoff - ns as i64 };
    let entry = entry(&policy, facts, before(61 * MINUTE));
    assert_eq!(state_at(&policy, &entry, facts, before(47 * MINUTE)), Freshness::Fresh);
    assert_eq!(state_at(&policy, &entry, facts, before(46 * MINUTE)), Freshness::Stale);
}

/// To the last nanosecond before the instant that is said the zone is the same, and at it another.
#[test]
fn a_zone_is_the_same_until_the_instant_that_is_said() {
    let policy = policy(EvaluateAt::Read);
    let kickoff = i64::try_from(500 * HOUR).expect("small");
    // The monotonic clock has another beginning than the wall clock.
    let at = |mono: u64| Now { mono, wall: kickoff + (mono as i64 - 100 * HOUR as i64) };
    for (lineup_confirmed, is_watched) in
        [(false, false), (true, false), (false, true), (true, true)]
    {
        let facts = MatchFacts { kickoff: Some(kickoff), lineup_confirmed, is_watched };
        let zone = |now: Now| policy.golden_hour.at(facts, now.wall).zone;
        for (before, is, next) in [
            (40 * HOUR, Zone::Standard, Zone::Prematch),
            (24 * HOUR, Zone::Standard, Zone::Prematch),
            (24 * HOUR - 1, Zone::Prematch, Zone::Active),
            (6 * HOUR, Zone::Prematch, Zone::Active),
            (6 * HOUR - 1, Zone::Active, Zone::Golden),
            (HOUR, Zone::Active, Zone::Golden),
            (HOUR - 1, Zone::Golden, Zone::Warmup),
            (15 * MINUTE, Zone::Golden, Zone::Warmup),
            (15 * MINUTE - 1, Zone::Warmup, Zone::MatchStarted),
            (1, Zone::Warmup, Zone::MatchStarted),
            (0, Zone::Warmup, Zone::MatchStarted),
        ] {
            let now = at(100 * HOUR - before);
            let until = policy.same_zone_until(facts, now);
            assert!(now.mono < until, "T-{before}");
            let zones = [zone(now), zone(at(until - 1)), zone(at(until))];
            assert_eq!(zones, [is, is, next], "T-{before}, {facts:?}");
        }
    }
}

#[test]
fn a_zone_ends_by_nothing_without_a_kickoff_ahead_or_where_it_is_fixed() {
    let (read, insert) = (policy(EvaluateAt::Read), policy(EvaluateAt::Insert));
    let facts = |kickoff| MatchFacts { kickoff, lineup_confirmed: false, is_watched: false };
    let now = Now { mono: HOUR, wall: i64::try_from(9 * HOUR).expect("small") };
    for (policy, kickoff) in [
        (&read, None),
        (&read, Some(now.wall - 1)),
        (&read, Some(0)),
        (&insert, Some(now.wall + 1)),
        (&insert, Some(now.wall + i64::try_from(30 * HOUR).expect("small"))),
    ] {
        assert_eq!(policy.same_zone_until(facts(kickoff), now), MonoNs::MAX, "{kickoff:?}");
    }
}

#[test]
fn the_stale_limit_is_the_nearer_of_its_two_bounds() {
    let rule = StaleRule { multiplier: 2.0, max_stale_ns: HOUR };
    for (ttl, limit) in [
        (30 * SECOND, MINUTE),
        (HOUR, 2 * HOUR),
        (6 * HOUR, 7 * HOUR),
        (0, 0),
        (u64::MAX, u64::MAX),
    ] {
        assert_eq!(rule.limit_ns(ttl), limit, "ttl {ttl}");
    }
}

#[test]
fn an_expired_entry_is_stale_until_its_real_age_makes_it_too_stale() {
    let policy = policy(EvaluateAt::Read);
    let stored = Now { mono: 5, wall: 5 };
    let mut entry = entry(&policy, MatchFacts::default(), stored);
    entry.expired = true;
    let at = |age: u64| Now { mono: 5 + age, wall: 5 };
    assert_eq!(state_at(&policy, &entry, MatchFacts::default(), at(0)), Freshness::Stale);
    let limit = 2 * HOUR;
    assert_eq!(state_at(&policy, &entry, MatchFacts::default(), at(limit - 1)), Freshness::Stale);
    assert_eq!(state_at(&policy, &entry, MatchFacts::default(), at(limit)), Freshness::TooStale);
    assert_eq!(policy.fresh_until(&entry, MatchFacts::default(), stored, u64::MAX), 0);
}

#[test]
fn a_clock_that_steps_back_makes_no_negative_age() {
    let policy = policy(EvaluateAt::Read);
    let entry = entry(&policy, MatchFacts::default(), Now { mono: 100, wall: 100 });
    assert_eq!(entry.age_ns(Now { mono: 50, wall: -1 }), 0);
}

/// A TTL that the compute named is the most that a zone may add to, and stands where there is no zone.
#[test]
fn an_own_ttl_bounds_that_of_a_zone_and_replaces_that_of_no_zone() {
    let zone_ttl = |zone, ttl_ns, entry: EntryView| entry.own(ZoneTtl { zone, ttl_ns }).ttl_ns;
    let named = |ttl_limit_ns| EntryView { ttl_limit_ns, names_ttl: true, ..VIEW };
    let negative = EntryView { ttl_limit_ns: 3 * HOUR, ..VIEW };
    for (zone, ttl_ns, entry, expected) in [
        (Zone::Golden, MINUTE, named(30 * SECOND), 30 * SECOND),
        (Zone::Golden, MINUTE, named(HOUR), MINUTE),
        (Zone::Unknown, HOUR, named(MINUTE), MINUTE),
        (Zone::Unknown, HOUR, named(3 * HOUR), 3 * HOUR),
        (Zone::Unknown, HOUR, named(0), 0),
        // What is remembered of a key without a value is a bound everywhere.
        (Zone::Unknown, HOUR, negative, HOUR),
        // Jitter comes after it.
        (Zone::Unknown, HOUR, EntryView { ttl_factor: 0.5, ..named(MINUTE) }, 30 * SECOND),
        (Zone::Golden, MINUTE, EntryView { ttl_factor: 0.5, ..named(40 * SECOND) }, 20 * SECOND),
    ] {
        assert_eq!(zone_ttl(zone, ttl_ns, entry), expected, "{zone:?} {ttl_ns} {entry:?}");
    }
}

proptest! {
    /// The one precomputed instant agrees with the rules at every instant before and at it.
    #[test]
    fn fresh_until_is_the_first_instant_that_is_not_fresh(
        stored_before in -2 * HOUR as i64..30 * HOUR as i64,
        read_after in 0..8 * HOUR,
        lineup_confirmed: bool,
        insert: bool,
        cap in prop_oneof![Just(u64::MAX), Just(MINUTE)],
        ttl_factor in prop_oneof![Just(1.0), 0.1f64..1.0],
        ttl_limit_ns in prop_oneof![Just(u64::MAX), Just(20 * SECOND)],
    ) {
        let policy = policy(if insert { EvaluateAt::Insert } else { EvaluateAt::Read });
        let kickoff = i64::try_from(1000 * HOUR).expect("small");
        let facts = MatchFacts { kickoff: Some(kickoff), lineup_confirmed, is_watched: false };
        let stored_mono = 1000 * HOUR - u64::try_from(stored_before + 2 * HOUR as i64).expect("positive");
        let stored = Now { mono: stored_mono, wall: kickoff - stored_before };
        let mut entry = entry(&policy, facts, stored);
        (entry.ttl_factor, entry.ttl_limit_ns) = (ttl_factor, ttl_limit_ns);
        entry.at_insert = entry.own(entry.at_insert);
        let at = |mono: u64| Now { mono, wall: stored.wall + (mono - stored.mono) as i64 };
        let fresh = |now: Now| {
            let base = policy.zone_ttl(&entry, facts, now);
            !entry.ended_by_kickoff(facts, now)
                && entry.state(now, base.ttl_ns.min(cap), || u64::MAX) == Freshness::Fresh
        };
        let now = at(stored.mono + read_after);
        let until = policy.fresh_until(&entry, facts, now, cap);
        prop_assert_eq!(fresh(now), now.mono < until);
        if now.mono < until {
            prop_assert!(fresh(at(until - 1)));
            prop_assert!(!fresh(at(until)));
        }
    }
}

#[test]
fn early_refresh_follows_the_draw_and_never_before_its_horizon() {
    let rule = XFetchRule { beta: 1.0 };
    let (fresh_until, compute_ns) = (1_000 * SECOND, SECOND);
    let instant = |u| rule.instant(fresh_until, compute_ns, u);
    // -ln(e^-1) is 1: exactly one compute time ahead.
    assert!(instant((-1.0f64).exp()).abs_diff(999 * SECOND) <= 2);
    assert_eq!(instant(1.0), fresh_until);
    let smallest = 1.0 / (1u64 << 53) as f64;
    let horizon = rule.horizon(fresh_until, compute_ns);
    assert!(instant(smallest) >= horizon);
    assert!(horizon > 963 * SECOND && horizon < 964 * SECOND);
}
