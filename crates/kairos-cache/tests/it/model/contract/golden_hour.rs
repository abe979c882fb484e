// Zones and their TTLs, as the table of the contract has them.
// Never knows: entries.
// Read next: `decide.rs`.

use kairos_cache::Zone;

use crate::model::operation::{HOUR, MINUTE, SECOND};
use crate::model::setup::Setup;

/// How long before kickoff a zone ends and the next begins.
pub(super) const BOUNDS: [u64; 5] = [24 * HOUR, 6 * HOUR, HOUR, 15 * MINUTE, 0];

/// The zone so many nanoseconds before kickoff.
pub(super) fn zone(to_kickoff: Option<i64>) -> Zone {
    let Some(to_kickoff) = to_kickoff else { return Zone::Unknown };
    if to_kickoff < 0 {
        return Zone::MatchStarted;
    }
    let rows = [
        (15 * MINUTE, Zone::Warmup),
        (HOUR, Zone::Golden),
        (6 * HOUR, Zone::Active),
        (24 * HOUR, Zone::Prematch),
    ];
    let row = rows.into_iter().find(|(below, _)| to_kickoff < below.cast_signed());
    row.map_or(Zone::Standard, |(_, zone)| zone)
}

/// The TTL of a zone while its match is watched, if that is longer.
pub(super) fn quiet(setup: &Setup, zone: Zone) -> u64 {
    let [in_play, warmup, golden, active, prematch, standard] = setup.quiet;
    match zone {
        Zone::MatchStarted => in_play,
        Zone::Warmup => warmup,
        Zone::Golden => golden,
        Zone::Active => active,
        Zone::Prematch => prematch,
        Zone::Standard => standard,
        Zone::Unknown => 0,
    }
}

/// The TTL of a zone, the line-up counted in, before any cap.
pub(super) fn ttl(setup: &Setup, zone: Zone, lineup: bool) -> u64 {
    let doubled = |ttl: u64| if lineup { (ttl * 2).min(24 * HOUR) } else { ttl };
    match zone {
        Zone::MatchStarted => setup.in_play_ttl,
        Zone::Warmup => 30 * SECOND,
        Zone::Golden => 60 * SECOND,
        Zone::Active => doubled(15 * MINUTE),
        Zone::Prematch => doubled(HOUR),
        Zone::Standard => doubled(6 * HOUR),
        Zone::Unknown => setup.default_ttl,
    }
}
