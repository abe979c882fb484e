//! Configuration as data: every field with its default, mirrored by the builder and by TOML.
//! Never knows: what is built from it.
//! Read next: `rules.rs`, which validates it into what a read uses.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

pub(crate) mod file;
mod golden_hour;
pub(crate) mod locate;
pub(crate) mod rules;
mod text;

pub(crate) use text::parse;

pub use golden_hour::{EvaluateAt, GoldenHourConfig, ZoneConfig, ZoneName};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Everything that can be configured. Unknown fields are errors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, DocumentedFields)]
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
    /// The cache's own numbers.
    pub metrics: MetricsConfig,
    /// How much is kept besides entries.
    pub bounds: BoundsConfig,
    /// The event graph.
    pub events: EventsConfig,
}

/// `[cache]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// Whether the cache is switched on.
    pub enabled: bool,
    /// How many entries are kept.
    pub max_capacity: u64,
    /// How much the entries may weigh together, by the builder's weigher; bounds them in place of
    /// `max_capacity`. 0 without a weigher.
    pub max_weight: u64,
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
            max_weight: 0,
            default_ttl: HOUR,
            negative_ttl: Duration::ZERO,
            jitter: 0.0,
        }
    }
}

/// `[volatility]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
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

/// `[metrics]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// One in so many served reads is timed; reads that wait for a compute always are. Thins the
    /// latency histograms, never the counters.
    pub latency_sampling: u32,
    /// Precision of the latency histograms: 1, 2 or 3 significant digits.
    pub significant_digits: u8,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        MetricsConfig { latency_sampling: 1, significant_digits: 2 }
    }
}

/// `[bounds]`: how much is kept besides entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct BoundsConfig {
    /// How many matches have a state of their own; those beyond it share one.
    pub matches: usize,
    /// How many odds markets of a match have a window; observations beyond it are refused.
    pub markets: usize,
    /// How many tags have a mark of their own; those beyond it share one.
    pub tags: usize,
    /// How many keys may have a compute running, waiting or held; beyond it `Error::Overloaded`.
    pub flights: usize,
}

impl Default for BoundsConfig {
    fn default() -> Self {
        BoundsConfig { matches: 10_000, markets: 64, tags: 100_000, flights: 100_000 }
    }
}

/// `[events]`: both tables, a file that holds them, or nothing for the football graph.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct EventsConfig {
    /// A TOML file with the tables `markets` and `events`, relative to the configuration's file;
    /// instead of the two tables here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph: Option<PathBuf>,
    /// Market name to its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markets: Option<BTreeMap<String, Vec<String>>>,
    /// Event name to its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<BTreeMap<String, Vec<String>>>,
}
