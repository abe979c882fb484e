// Values of `[golden_hour]`: when a zone is determined, and the rows of the zone table.
// Never knows: what is built from them.
// Read next: `rules.rs`, which validates them.

use std::time::Duration;

use crate::policy::{Evaluate, Zone};

/// When the zone of an entry is determined.
///
/// ```
/// use kairos_cache::EvaluateAt;
///
/// assert_eq!((EvaluateAt::Insert.name(), "read".parse()), ("insert", Ok(EvaluateAt::Read)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EvaluateAt {
    /// At every read: the TTL follows the time to kickoff.
    #[default]
    Read,
    /// Once, when the value is stored: the TTL stays as it was then.
    Insert,
}

impl EvaluateAt {
    /// Every moment.
    pub const ALL: &'static [EvaluateAt] = &[EvaluateAt::Read, EvaluateAt::Insert];

    /// Returns the moment's name in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            EvaluateAt::Read => "read",
            EvaluateAt::Insert => "insert",
        }
    }
}

impl From<EvaluateAt> for Evaluate {
    fn from(at: EvaluateAt) -> Self {
        match at {
            EvaluateAt::Read => Evaluate::Read,
            EvaluateAt::Insert => Evaluate::Insert,
        }
    }
}

/// A zone that a row of the zone table may name: those of [`Zone`] that end at a distance to kickoff.
///
/// ```
/// use kairos_cache::{Zone, ZoneName};
///
/// assert_eq!((ZoneName::Golden.zone(), ZoneName::Golden.name()), (Zone::Golden, "golden"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

impl ZoneName {
    /// Every zone that may be named, nearest to kickoff first.
    pub const ALL: [ZoneName; 4] =
        [ZoneName::Warmup, ZoneName::Golden, ZoneName::Active, ZoneName::Prematch];

    /// Returns the zone itself.
    pub const fn zone(self) -> Zone {
        match self {
            ZoneName::Warmup => Zone::Warmup,
            ZoneName::Golden => Zone::Golden,
            ZoneName::Active => Zone::Active,
            ZoneName::Prematch => Zone::Prematch,
        }
    }

    /// Returns the zone's name in configuration, which is the [zone's own](Zone::name).
    pub const fn name(self) -> &'static str {
        self.zone().name()
    }
}

/// A row of the zone table (`golden_hour.zones`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ZoneConfig {
    /// Zone that the row describes.
    pub name: ZoneName,
    /// Time to kickoff below which the zone applies, unless a row before it does.
    #[cfg_attr(feature = "serde", serde(with = "humantime_serde"))]
    pub below: Duration,
    /// TTL in the zone.
    #[cfg_attr(feature = "serde", serde(with = "humantime_serde"))]
    pub ttl: Duration,
    /// TTL in the zone while the match is watched (`golden_hour.standard_quiet_ttl`), if that is longer;
    /// 0s: no longer.
    #[cfg_attr(
        feature = "serde",
        serde(default, with = "humantime_serde", skip_serializing_if = "Duration::is_zero")
    )]
    pub quiet_ttl: Duration,
}

impl ZoneConfig {
    /// Returns a row: while kickoff is nearer than `below`, the zone is `name` and the TTL `ttl`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use kairos_cache::{Cache, ZoneConfig, ZoneName};
    ///
    /// let last_minutes = Duration::from_secs(10 * 60);
    /// let zones = vec![ZoneConfig::new(ZoneName::Warmup, last_minutes, Duration::from_secs(20))];
    /// let cache: Cache<String, f64> = Cache::builder().zones(zones).build()?;
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub const fn new(name: ZoneName, below: Duration, ttl: Duration) -> ZoneConfig {
        ZoneConfig { name, below, ttl, quiet_ttl: Duration::ZERO }
    }

    /// Returns the row with a TTL for while the match is watched.
    ///
    /// ```
    /// use std::time::Duration;
    /// use kairos_cache::{ZoneConfig, ZoneName};
    ///
    /// let (day, minute) = (Duration::from_secs(86_400), Duration::from_secs(60));
    /// let row = ZoneConfig::new(ZoneName::Prematch, day, 60 * minute).quiet(day);
    /// assert_eq!((row.ttl, row.quiet_ttl), (60 * minute, day));
    /// ```
    #[must_use]
    pub const fn quiet(self, quiet_ttl: Duration) -> ZoneConfig {
        ZoneConfig { quiet_ttl, ..self }
    }
}
