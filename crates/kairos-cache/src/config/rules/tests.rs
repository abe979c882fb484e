// The claims of `rules.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `../rules.rs`.

use std::time::Duration;

use super::*;
use crate::config::{ZoneConfig, ZoneName};

fn check(change: impl FnOnce(&mut Config), expected: &str) {
    let mut config = Config::default();
    change(&mut config);
    match Rules::new(&config) {
        Err(Error::Config { field, .. }) => assert_eq!(field, expected),
        other => panic!("expected {expected} to be refused, got {:?}", other.map(|_| ())),
    }
}

#[test]
fn every_range_is_refused_by_the_name_of_its_field() {
    let ms = Duration::from_millis;
    check(|c| c.cache.max_capacity = 0, "cache.max_capacity");
    check(|c| c.cache.default_ttl = Duration::ZERO, "cache.default_ttl");
    check(|c| c.golden_hour.zones[1].ttl = ms(29_999), "golden_hour.zones.ttl");
    check(|c| c.golden_hour.zones[0].ttl = Duration::ZERO, "golden_hour.zones.ttl");
    check(|c| c.golden_hour.zones[0].below = Duration::ZERO, "golden_hour.zones.below");
    check(|c| c.golden_hour.zones.swap(0, 1), "golden_hour.zones.below");
    check(|c| c.golden_hour.zones[1].name = ZoneName::Warmup, "golden_hour.zones.name");
    check(|c| c.golden_hour.standard_ttl = ms(1), "golden_hour.standard_ttl");
    check(|c| c.golden_hour.lineup_multiplier = f64::NAN, "golden_hour.lineup_multiplier");
    check(|c| c.golden_hour.lineup_multiplier = 0.5, "golden_hour.lineup_multiplier");
    check(|c| c.golden_hour.lineup_cap = ms(1), "golden_hour.lineup_cap");
    check(|c| c.volatility.warning_sigma = 0.0, "volatility.warning_sigma");
    check(|c| c.volatility.panic_sigma = 1.5, "volatility.panic_sigma");
    check(|c| c.volatility.panic_sigma = f64::INFINITY, "volatility.panic_sigma");
    check(|c| c.volatility.min_relative_sigma = -0.1, "volatility.min_relative_sigma");
    check(|c| c.volatility.min_samples = 1, "volatility.min_samples");
    check(|c| c.volatility.max_samples = 2, "volatility.max_samples");
    check(|c| c.volatility.window = Duration::ZERO, "volatility.window");
    check(|c| c.volatility.warning_ttl = Duration::ZERO, "volatility.warning_ttl");
    check(|c| c.swr.stale_multiplier = 0.99, "swr.stale_multiplier");
    check(|c| c.swr.refresh_timeout = Duration::ZERO, "swr.refresh_timeout");
    check(|c| c.cache.jitter = 1.0, "cache.jitter");
    check(|c| c.cache.jitter = f64::NAN, "cache.jitter");
    check(|c| c.breaker.high_exit = 0.5, "breaker.high_exit");
    check(|c| c.breaker.open_exit = 0.8, "breaker.open_exit");
    check(|c| c.breaker.open_enter = 1.1, "breaker.open_enter");
    check(|c| c.breaker.high_enter = f64::NAN, "breaker.high_enter");
    check(|c| c.breaker.window = ms(999), "breaker.window");
    check(|c| c.breaker.min_reads = 0, "breaker.min_reads");
    check(|c| c.breaker.open_normal_ttl = Duration::ZERO, "breaker.open_normal_ttl");
    check(|c| c.xfetch.beta = 0.0, "xfetch.beta");
    check(|c| c.computes.hard_timeout = Duration::ZERO, "computes.hard_timeout");
    check(|c| c.bounds.matches = 0, "bounds.matches");
    check(|c| c.bounds.markets = 0, "bounds.markets");
    check(|c| c.bounds.tags = 0, "bounds.tags");
    check(|c| c.bounds.flights = 0, "bounds.flights");
}

#[test]
fn toml_mirrors_the_fields_and_refuses_unknown_ones() {
    let text = r#"
        [golden_hour]
        evaluate = "insert"
        zones = [{ name = "golden", below = "1h", ttl = "90s" }]
        [volatility]
        window = "6h"
        [swr]
        max_concurrent_refreshes = 1
    "#;
    let config = Config::from_toml(text).expect("valid");
    assert_eq!(config.volatility.window, Duration::from_secs(6 * 3600));
    assert_eq!(config.swr.max_concurrent_refreshes, 1);
    let zone =
        ZoneConfig::new(ZoneName::Golden, Duration::from_secs(3600), Duration::from_secs(90));
    assert_eq!(config.golden_hour.zones, [zone]);
    let unknown = Config::from_toml("[swr]\nmax_concurent_refreshes = 1").expect_err("a typo");
    assert!(unknown.to_string().contains("max_concurent_refreshes"), "{unknown}");
}
