// Golden Hour: the zone and the TTL as a function of the time to kickoff.
// Never knows: entries, ages, or when anything was stored.
// Read next: `freshness.rs`, which compares an age with this TTL.

use super::{MatchFacts, WallNs};

/// The zone of a match, by the time to its kickoff.
///
/// ```
/// use kairos_cache::Zone;
///
/// assert_eq!((Zone::MatchStarted.name(), "golden".parse()), ("match_started", Ok(Zone::Golden)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Zone {
    /// Kickoff has passed.
    MatchStarted,
    /// The last minutes before kickoff.
    Warmup,
    /// The last hour before kickoff.
    Golden,
    /// The hours before kickoff.
    Active,
    /// The day before kickoff.
    Prematch,
    /// Kickoff is further away than every configured zone.
    Standard,
    /// No kickoff is known.
    Unknown,
}

impl Zone {
    /// Every zone, in order of distance to kickoff.
    pub const ALL: [Zone; 7] = [
        Zone::MatchStarted,
        Zone::Warmup,
        Zone::Golden,
        Zone::Active,
        Zone::Prematch,
        Zone::Standard,
        Zone::Unknown,
    ];

    /// Returns the zone's name in metrics, receipts and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Zone::MatchStarted => "match_started",
            Zone::Warmup => "warmup",
            Zone::Golden => "golden",
            Zone::Active => "active",
            Zone::Prematch => "prematch",
            Zone::Standard => "standard",
            Zone::Unknown => "unknown",
        }
    }

    /// Whether a confirmed line-up lengthens the TTL of this zone.
    const fn takes_lineup_bonus(self) -> bool {
        matches!(self, Zone::Active | Zone::Prematch | Zone::Standard)
    }
}

/// One row of the table: the zone holds while the time to kickoff is below `below_ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ZoneRule {
    /// The zone that the row names.
    pub zone: Zone,
    /// Exclusive upper bound of the time to kickoff.
    pub below_ns: u64,
    /// Time to live within the zone.
    pub ttl_ns: u64,
    /// The same while the match is watched; zero for none of its own.
    pub quiet_ttl_ns: u64,
}

/// A zone and the TTL in force there, before jitter and before any cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ZoneTtl {
    /// The zone.
    pub zone: Zone,
    /// Time to live.
    pub ttl_ns: u64,
}

/// The validated table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GoldenHour {
    /// Rows by increasing distance to kickoff, TTLs never growing towards kickoff.
    pub rules: Vec<ZoneRule>,
    /// TTL beyond the last row.
    pub standard_ttl_ns: u64,
    /// The same while the match is watched; zero for none of its own.
    pub standard_quiet_ttl_ns: u64,
    /// TTL where no kickoff is known.
    pub default_ttl_ns: u64,
    /// TTL once kickoff has passed; zero stores nothing.
    pub in_play_ttl_ns: u64,
    /// The same while the match is watched; zero for none of its own.
    pub in_play_quiet_ttl_ns: u64,
    /// Factor for a confirmed line-up.
    pub lineup_multiplier: f64,
    /// Upper bound of a TTL lengthened by the line-up.
    pub lineup_cap_ns: u64,
}

impl GoldenHour {
    /// The zone and TTL in force at `wall` for a match.
    pub(crate) fn at(&self, facts: MatchFacts, wall: WallNs) -> ZoneTtl {
        let Some(kickoff) = facts.kickoff else {
            return ZoneTtl { zone: Zone::Unknown, ttl_ns: self.default_ttl_ns };
        };
        let to_kickoff = kickoff.saturating_sub(wall);
        if to_kickoff < 0 {
            return ZoneTtl { zone: Zone::MatchStarted, ttl_ns: self.in_play(facts.is_watched) };
        }
        let distance = to_kickoff.unsigned_abs();
        match self.rules.iter().find(|rule| distance < rule.below_ns) {
            Some(rule) => ZoneTtl { zone: rule.zone, ttl_ns: self.ttl_of(rule, facts) },
            None => ZoneTtl { zone: Zone::Standard, ttl_ns: self.ttl_of(&self.standard(), facts) },
        }
    }

    /// The TTL after kickoff.
    pub(crate) fn in_play(&self, is_watched: bool) -> u64 {
        let quiet_ns = if is_watched { self.in_play_quiet_ttl_ns } else { 0 };
        self.in_play_ttl_ns.max(quiet_ns)
    }

    /// What holds beyond the last row, as a row.
    fn standard(&self) -> ZoneRule {
        ZoneRule {
            zone: Zone::Standard,
            below_ns: u64::MAX,
            ttl_ns: self.standard_ttl_ns,
            quiet_ttl_ns: self.standard_quiet_ttl_ns,
        }
    }

    /// The TTL of a row for a match: the zone's, lengthened by its line-up, or the quiet one if that
    /// is longer.
    fn ttl_of(&self, rule: &ZoneRule, facts: MatchFacts) -> u64 {
        let plain_ns = self.with_lineup(rule.zone, rule.ttl_ns, facts.lineup_confirmed);
        plain_ns.max(if facts.is_watched { rule.quiet_ttl_ns } else { 0 })
    }

    /// Every stretch before kickoff, nearest first: the distance at which it begins, and its TTL.
    ///
    /// The farthest stretch has no beginning (`None`): it has always been in force.
    pub(crate) fn stretches(
        &self,
        facts: MatchFacts,
    ) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        let near = self.rules.iter().map(move |r| (Some(r.below_ns), self.ttl_of(r, facts)));
        near.chain(std::iter::once((None, self.ttl_of(&self.standard(), facts))))
    }

    fn with_lineup(&self, zone: Zone, ttl_ns: u64, lineup_confirmed: bool) -> u64 {
        if lineup_confirmed && zone.takes_lineup_bonus() {
            // `as` saturates: an absurd multiplier ends at the cap.
            ((ttl_ns as f64 * self.lineup_multiplier) as u64).min(self.lineup_cap_ns)
        } else {
            ttl_ns
        }
    }
}

#[cfg(test)]
mod tests;
