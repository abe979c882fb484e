//! Configuration as data: every field with its default, mirrored by the builder and by TOML.
//! Never knows: what is built from it.
//! Read next: `rules.rs`, which validates it into what a read uses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::policy::freshness::Evaluate;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Everything that can be configured. Unknown fields are errors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Capacity and default TTL.
    pub cache: CacheConfig,
    /// TTL by time to kickoff.
    pub golden_hour: GoldenHourConfig,
    /// Odds windows and thresholds.
    pub volatility: VolatilityConfig,
    /// Stale-while-revalidate.
    pub swr: SwrConfig,
    /// Computes.
    pub computes: ComputesConfig,
    /// What happens after a failure.
    pub fail_safe: FailSafeConfig,
    /// The event graph.
    pub events: EventsConfig,
}

impl Config {
    /// Reads a configuration from TOML; absent fields have their defaults.
    ///
    /// # Errors
    /// [`Error::ConfigSyntax`] with the line and field. Ranges are checked when a cache is built.
    pub fn from_toml(text: &str) -> Result<Config, Error> {
        toml::from_str(text).map_err(|e| Error::ConfigSyntax(Arc::from(e.to_string())))
    }
}

/// `[cache]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// Whether the cache is switched on.
    pub enabled: bool,
    /// How many entries are kept.
    pub max_capacity: u64,
    /// TTL where no kickoff is known.
    #[serde(with = "humantime_serde")]
    pub default_ttl: Duration,
}

impl Default for CacheConfig {
    fn default() -> Self {
        CacheConfig { enabled: true, max_capacity: 10_000, default_ttl: HOUR }
    }
}

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// `[volatility]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VolatilityConfig {
    /// Whether prices are scored at all.
    pub enabled: bool,
    /// How long a sample counts.
    #[serde(with = "humantime_serde")]
    pub window: Duration,
    /// How many samples count at most.
    pub max_samples: usize,
    /// Fewer samples score nothing.
    pub min_samples: u32,
    /// z from which a price is a warning.
    pub warning_sigma: f64,
    /// z from which a price is a panic.
    pub panic_sigma: f64,
    /// Cap on the TTL while a warning lasts.
    #[serde(with = "humantime_serde")]
    pub warning_ttl: Duration,
    /// Floor of the standard deviation, relative to the mean.
    pub min_relative_sigma: f64,
    /// How long the status of an observation holds.
    #[serde(with = "humantime_serde")]
    pub status_hold: Duration,
}

impl Default for VolatilityConfig {
    fn default() -> Self {
        VolatilityConfig {
            enabled: true,
            window: 30 * MINUTE,
            max_samples: 100,
            min_samples: 3,
            warning_sigma: 1.5,
            panic_sigma: 2.0,
            warning_ttl: MINUTE,
            min_relative_sigma: 0.005,
            status_hold: 30 * SECOND,
        }
    }
}

/// `[swr]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwrConfig {
    /// The stale limit as a multiple of the TTL.
    pub stale_multiplier: f64,
    /// At most this long past the TTL.
    #[serde(with = "humantime_serde")]
    pub max_stale: Duration,
    /// How many refreshes run at once; beyond it they are skipped.
    pub max_concurrent_refreshes: usize,
    /// How long a refresh may take before it is aborted.
    #[serde(with = "humantime_serde")]
    pub refresh_timeout: Duration,
}

impl Default for SwrConfig {
    fn default() -> Self {
        SwrConfig {
            stale_multiplier: 2.0,
            max_stale: HOUR,
            max_concurrent_refreshes: 5,
            refresh_timeout: 10 * SECOND,
        }
    }
}

/// `[computes]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComputesConfig {
    /// How long a compute may take before it is aborted.
    #[serde(with = "humantime_serde")]
    pub hard_timeout: Duration,
}

impl Default for ComputesConfig {
    fn default() -> Self {
        ComputesConfig { hard_timeout: 30 * SECOND }
    }
}

/// `[fail_safe]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FailSafeConfig {
    /// How long the next refresh waits after a failure.
    #[serde(with = "humantime_serde")]
    pub throttle: Duration,
}

impl Default for FailSafeConfig {
    fn default() -> Self {
        FailSafeConfig { throttle: 5 * SECOND }
    }
}

/// `[events]`: both tables, or none for the football graph.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventsConfig {
    /// Market name to its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markets: Option<BTreeMap<String, Vec<String>>>,
    /// Event name to its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<BTreeMap<String, Vec<String>>>,
}
