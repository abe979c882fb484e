//! `[golden_hour]`: the zone table as configuration.
//! Never knows: what is built from it.
//! Read next: `../rules.rs`, which validates it.

use std::time::Duration;

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use super::{HOUR, MINUTE, SECOND};
use crate::policy::freshness::Evaluate;

/// When the zone of an entry is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaluateAt {
    /// At every read.
    #[default]
    Read,
    /// Once, when the value is stored.
    Insert,
}

impl From<EvaluateAt> for Evaluate {
    fn from(at: EvaluateAt) -> Self {
        match at {
            EvaluateAt::Read => Evaluate::Read,
            EvaluateAt::Insert => Evaluate::Insert,
        }
    }
}

/// A zone that a table row may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneName {
    /// The last minutes before kickoff.
    Warmup,
    /// The last hour.
    Golden,
    /// The hours before kickoff.
    Active,
    /// The day before kickoff.
    Prematch,
}

/// One row of the zone table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneConfig {
    /// The zone.
    pub name: ZoneName,
    /// The zone holds while the time to kickoff is below this.
    #[serde(with = "humantime_serde")]
    pub below: Duration,
    /// Its TTL.
    #[serde(with = "humantime_serde")]
    pub ttl: Duration,
}

/// `[golden_hour]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct GoldenHourConfig {
    /// When the zone of an entry is looked up.
    pub evaluate: EvaluateAt,
    /// The table, nearest to kickoff first; TTLs never grow towards kickoff.
    pub zones: Vec<ZoneConfig>,
    /// TTL beyond the last zone.
    #[serde(with = "humantime_serde")]
    pub standard_ttl: Duration,
    /// Factor for a confirmed line-up in active, prematch and standard.
    pub lineup_multiplier: f64,
    /// Upper bound of a TTL so lengthened.
    #[serde(with = "humantime_serde")]
    pub lineup_cap: Duration,
    /// TTL once kickoff has passed; zero stores nothing.
    #[serde(with = "humantime_serde")]
    pub in_play_ttl: Duration,
}

impl Default for GoldenHourConfig {
    fn default() -> Self {
        let zone = |name, below, ttl| ZoneConfig { name, below, ttl };
        GoldenHourConfig {
            evaluate: EvaluateAt::Read,
            zones: vec![
                zone(ZoneName::Warmup, 15 * MINUTE, 30 * SECOND),
                zone(ZoneName::Golden, HOUR, MINUTE),
                zone(ZoneName::Active, 6 * HOUR, 15 * MINUTE),
                zone(ZoneName::Prematch, 24 * HOUR, HOUR),
            ],
            standard_ttl: 6 * HOUR,
            lineup_multiplier: 2.0,
            lineup_cap: 24 * HOUR,
            in_play_ttl: Duration::ZERO,
        }
    }
}
