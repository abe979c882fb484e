// Values of `[golden_hour]`: when a zone is determined, and the rows of the zone table.
// Never knows: what is built from them.
// Read next: `rules.rs`, which validates them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::Evaluate;

/// When the zone of an entry is determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaluateAt {
    /// At every read: the TTL follows the time to kickoff.
    #[default]
    Read,
    /// Once, when the value is stored: the TTL stays as it was then.
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

/// A zone that a row of the zone table may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneName {
    /// The last minutes before kickoff.
    Warmup,
    /// The last hour before kickoff.
    Golden,
    /// The last hours before kickoff.
    Active,
    /// The last day before kickoff.
    Prematch,
}

/// A row of the zone table (`golden_hour.zones`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneConfig {
    /// Zone that the row describes.
    pub name: ZoneName,
    /// Time to kickoff below which the zone applies, unless a row before it does.
    #[serde(with = "humantime_serde")]
    pub below: Duration,
    /// TTL in the zone.
    #[serde(with = "humantime_serde")]
    pub ttl: Duration,
}
