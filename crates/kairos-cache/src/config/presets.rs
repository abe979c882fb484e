// The configurations to begin with, and why they differ from the default.
// Never knows: files, or how one configuration is laid over another.
// Read next: `text.rs`, which writes them and reads what is laid over them.

use std::time::Duration;

use super::golden_hour::{ZoneConfig, ZoneName};
use super::preset::Preset;
use super::sections::Config;

impl Config {
    /// Returns the configuration of a preset, which is valid.
    ///
    /// ```
    /// use kairos_cache::{Config, Preset};
    ///
    /// assert!(Config::preset(Preset::Desk).drift.hard > 0.0);
    /// assert_eq!(Config::preset(Preset::Default), Config::default());
    /// ```
    pub fn preset(preset: Preset) -> Config {
        match preset {
            Preset::Default => Config::default(),
            Preset::Desk => desk(),
        }
    }
}

/// Why fields of a preset have another value than their default, by path.
#[cfg(feature = "toml")]
pub(super) const fn reasons(preset: Preset) -> &'static [(&'static str, &'static str)] {
    match preset {
        Preset::Default => &[],
        Preset::Desk => DESK,
    }
}

fn desk() -> Config {
    let (seconds, minutes, hours) = (
        Duration::from_secs,
        |n: u64| Duration::from_secs(60 * n),
        |n: u64| Duration::from_secs(3600 * n),
    );
    let mut config = Config::default();
    let quiet = [
        (ZoneName::Warmup, minutes(5)),
        (ZoneName::Golden, minutes(15)),
        (ZoneName::Active, hours(2)),
        (ZoneName::Prematch, hours(6)),
    ];
    let golden_hour = &mut config.golden_hour;
    for row in &mut golden_hour.zones {
        let quiet_ttl = quiet.iter().find(|(name, _)| *name == row.name).map(|(_, ttl)| *ttl);
        *row = ZoneConfig { quiet_ttl: quiet_ttl.unwrap_or_default(), ..*row };
    }
    golden_hour.standard_quiet_ttl = hours(24);
    golden_hour.in_play_ttl = seconds(1);
    golden_hour.in_play_quiet_ttl = minutes(1);
    config.drift.hard = 0.002;
    config.feed.silence_after = seconds(30);
    config.volatility.min_samples = 12;
    config.volatility.warning_sigma = 4.0;
    config.volatility.panic_sigma = 6.0;
    config.volatility.min_relative_sigma = 0.02;
    config.computes.max_concurrent = 64;
    config.computes.queue = 10_000;
    config
}

#[cfg(feature = "toml")]
const DESK: &[(&str, &str)] = &[
    (
        "golden_hour.zones",
        "while the feed is alive and the prices stay, a value lives for `quiet_ttl`, which bounds\n\
         what the feed does not tell; without it the zones are those of the default.",
    ),
    ("golden_hour.standard_quiet_ttl", "days before kickoff only a move ends a value."),
    ("golden_hour.in_play_ttl", "values live in play too, since a move or a suspension ends them."),
    (
        "golden_hour.in_play_quiet_ttl",
        "what the feed does not tell is out of date for a minute at most.",
    ),
    (
        "volatility.min_samples",
        "moves keep values fresh, so that a panic is left for prices gone wild: few samples scatter.",
    ),
    ("volatility.warning_sigma", "a tick is no warning."),
    (
        "volatility.panic_sigma",
        "a panic sends every read to the backend; a move already computes anew.",
    ),
    ("volatility.min_relative_sigma", "in a flat market a panic is a jump of 12 %, and no tick."),
    (
        "computes.max_concurrent",
        "a move, a silence and its end kill many values at once: what the backend takes at once.",
    ),
    ("computes.queue", "as many as there are entries, so that a silence refuses no read."),
    (
        "drift.hard",
        "no answer is served once a price is 0.2 % from where it was when that was computed.",
    ),
    (
        "feed.silence_after",
        "some three heartbeats of a feed that beats every 10 s. For a recording of changes alone,\n\
         more than its longest gap.",
    ),
];

#[cfg(all(test, feature = "toml", not(kairos_loom)))]
mod tests {
    use toml::{Table, Value};

    use super::*;

    /// The paths of the fields that have another value than their default, in the order of the file.
    fn differing(config: &Config) -> Vec<String> {
        let table = |config: &Config| Table::try_from(config).expect("small numbers");
        let fields = |of: &Value| of.as_table().expect("a section").clone();
        let (default, own) = (table(&Config::default()), table(config));
        let sections = own.iter().flat_map(|(section, values)| {
            let default = fields(&default[section]);
            let differ = move |(field, value): &(String, Value)| default.get(field) != Some(value);
            let paths = fields(values).into_iter().filter(differ);
            paths.map(move |(field, _)| format!("{section}.{field}"))
        });
        sections.collect()
    }

    #[test]
    fn every_preset_is_valid_and_says_why_of_each_field_that_differs_and_of_no_other() {
        for preset in Preset::ALL {
            let config = Config::preset(*preset);
            config.validate().expect("a preset is valid");
            let explained: Vec<&str> = reasons(*preset).iter().map(|(path, _)| *path).collect();
            assert_eq!(differing(&config), explained, "{preset}");
        }
        assert_eq!(Config::preset(Preset::default()), Config::default());
    }

    #[test]
    fn a_desk_bounds_drift_hears_its_feed_and_every_zone_has_a_quiet_ttl() {
        let Config { golden_hour, drift, feed, computes, .. } = Config::preset(Preset::Desk);
        assert!(drift.hard > 0.0 && !feed.silence_after.is_zero() && computes.max_concurrent > 0);
        assert!(golden_hour.zones.iter().all(|row| row.quiet_ttl > row.ttl));
        assert!(golden_hour.standard_quiet_ttl > golden_hour.standard_ttl);
        assert!(golden_hour.in_play_quiet_ttl > golden_hour.in_play_ttl);
    }
}
