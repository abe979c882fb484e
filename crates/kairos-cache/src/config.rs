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
    /// The panic breaker.
    pub breaker: BreakerConfig,
    /// Stale-while-revalidate.
    pub swr: SwrConfig,
    /// Early refresh.
    pub xfetch: XFetchConfig,
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
    /// How long it is remembered that there is nothing for a key; zero for not at all.
    #[serde(with = "humantime_serde")]
    pub negative_ttl: Duration,
    /// By up to this share a TTL is shortened at random; 0 for not at all.
    pub jitter: f64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        CacheConfig {
            enabled: true,
            max_capacity: 10_000,
            default_ttl: HOUR,
            negative_ttl: Duration::ZERO,
            jitter: 0.0,
        }
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

/// `[breaker]`: ratios are of panicking to scored reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// Whether lasting panic opens the breaker.
    pub enabled: bool,
    /// How long a read counts.
    #[serde(with = "humantime_serde")]
    pub window: Duration,
    /// Fewer scored reads within the window open nothing.
    pub min_reads: u64,
    /// Above this ratio: normal to high volatility.
    pub high_enter: f64,
    /// Below this ratio: high volatility to normal.
    pub high_exit: f64,
    /// Above this ratio: high volatility to circuit open.
    pub open_enter: f64,
    /// Below this ratio: circuit open to high volatility.
    pub open_exit: f64,
    /// Cap on a panicking read's TTL in high volatility.
    #[serde(with = "humantime_serde")]
    pub high_panic_ttl: Duration,
    /// Cap on a warned read's TTL in high volatility.
    #[serde(with = "humantime_serde")]
    pub high_warning_ttl: Duration,
    /// Cap on a panicking read's TTL while the circuit is open.
    #[serde(with = "humantime_serde")]
    pub open_panic_ttl: Duration,
    /// Cap on a warned read's TTL while the circuit is open.
    #[serde(with = "humantime_serde")]
    pub open_warning_ttl: Duration,
    /// Cap on a calm read's TTL while the circuit is open.
    #[serde(with = "humantime_serde")]
    pub open_normal_ttl: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        BreakerConfig {
            enabled: true,
            window: 30 * MINUTE,
            min_reads: 60,
            high_enter: 0.5,
            high_exit: 0.3,
            open_enter: 0.8,
            open_exit: 0.6,
            high_panic_ttl: 5 * SECOND,
            high_warning_ttl: 10 * SECOND,
            open_panic_ttl: 10 * SECOND,
            open_warning_ttl: 30 * SECOND,
            open_normal_ttl: MINUTE,
        }
    }
}

/// `[xfetch]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XFetchConfig {
    /// Whether fresh values are refreshed early, at random, the sooner the longer they take.
    pub enabled: bool,
    /// How eagerly; 1 is the optimum.
    pub beta: f64,
}

impl Default for XFetchConfig {
    fn default() -> Self {
        XFetchConfig { enabled: true, beta: 1.0 }
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
    /// How long a read with an old value at hand waits before it takes that; zero for to the end.
    #[serde(with = "humantime_serde")]
    pub soft_timeout: Duration,
    /// How long a compute may take before it is aborted.
    #[serde(with = "humantime_serde")]
    pub hard_timeout: Duration,
    /// How many computes run at once, refreshes included; 0 for any number.
    pub max_concurrent: usize,
    /// How many may wait for that; beyond it reads get `Error::Overloaded`.
    pub queue: usize,
}

impl Default for ComputesConfig {
    fn default() -> Self {
        ComputesConfig {
            soft_timeout: Duration::ZERO,
            hard_timeout: 30 * SECOND,
            max_concurrent: 0,
            queue: 1000,
        }
    }
}

/// `[fail_safe]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FailSafeConfig {
    /// Up to this age an old value is served when its compute fails; zero for never.
    #[serde(with = "humantime_serde")]
    pub max_stale_if_error: Duration,
    /// How long the next refresh waits after a failure.
    #[serde(with = "humantime_serde")]
    pub throttle: Duration,
}

impl Default for FailSafeConfig {
    fn default() -> Self {
        FailSafeConfig { max_stale_if_error: Duration::ZERO, throttle: 5 * SECOND }
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
