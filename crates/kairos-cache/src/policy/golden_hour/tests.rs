// The claims of `golden_hour.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `golden_hour.rs`.

use super::*;
use crate::config::{Config, Rules};

const SECOND: i64 = 1_000_000_000;

fn table() -> GoldenHour {
    Rules::new(&Config::default()).expect("defaults are in range").read.freshness.golden_hour
}

fn check(to_kickoff_s: i64, lineup_confirmed: bool, expected: (Zone, u64)) {
    let now = 1_000 * SECOND;
    let facts = MatchFacts {
        kickoff: Some(now + to_kickoff_s * SECOND),
        lineup_confirmed,
        is_watched: false,
    };
    let ZoneTtl { zone, ttl_ns } = table().at(facts, now);
    assert_eq!((zone, ttl_ns / 1_000_000_000), expected, "{to_kickoff_s} s before kickoff");
}

#[test]
fn each_zone_begins_and_ends_where_the_table_says() {
    check(-1, false, (Zone::MatchStarted, 0));
    check(0, false, (Zone::Warmup, 30));
    check(15 * 60 - 1, true, (Zone::Warmup, 30));
    check(15 * 60, true, (Zone::Golden, 60));
    check(3600 - 1, true, (Zone::Golden, 60));
    check(3600, false, (Zone::Active, 900));
    check(3600, true, (Zone::Active, 1800));
    check(6 * 3600, false, (Zone::Prematch, 3600));
    check(24 * 3600 - 1, true, (Zone::Prematch, 7200));
    check(24 * 3600, false, (Zone::Standard, 21_600));
    check(24 * 3600, true, (Zone::Standard, 43_200));
}

#[test]
fn no_kickoff_is_unknown_and_gets_the_default() {
    let ZoneTtl { zone, ttl_ns } = table().at(MatchFacts::default(), 0);
    assert_eq!((zone, ttl_ns), (Zone::Unknown, 3_600_000_000_000));
}

#[test]
fn the_line_up_never_lengthens_beyond_the_cap() {
    let mut table = table();
    table.lineup_multiplier = 1e300;
    let facts = MatchFacts { kickoff: Some(i64::MAX), lineup_confirmed: true, is_watched: false };
    assert_eq!(table.at(facts, 0).ttl_ns, 24 * 3600 * 1_000_000_000);
}

#[test]
fn a_kickoff_at_the_ends_of_time_overflows_nothing() {
    for (kickoff, wall, zone) in [
        (i64::MIN + 1, i64::MAX, Zone::MatchStarted),
        (i64::MAX, i64::MIN, Zone::Standard),
        (0, i64::MAX, Zone::MatchStarted),
    ] {
        let facts =
            MatchFacts { kickoff: Some(kickoff), lineup_confirmed: false, is_watched: false };
        assert_eq!(table().at(facts, wall).zone, zone);
    }
}
