// What a field of `[golden_hour]` may say: when a zone is looked up, and the rows of the zone table.
// Never knows: what is built from it.
// Read next: `rules.rs`, which validates it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
