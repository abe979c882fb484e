// The counters, each moved by its name when the contract says that it moves.
// Never knows: how the cache counts.
// Read next: `../drive/mod.rs`, which compares them.

use std::collections::BTreeMap;

use kairos_cache::{Category, Reason, Strategy, Volatility, Zone};

use super::odds::Signal;

const LATENCY: [&str; 3] = ["max_latency_ms", "min_latency_ms", "avg_latency_ms"];

/// Everything counted, and what of it was counted before its category was reset.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    total: BTreeMap<&'static str, f64>,
    before: BTreeMap<&'static str, f64>,
    latencies: Vec<u64>,
}

/// Every raw name with its category; latencies are kept one by one.
const NAMES: [(&str, Category); 29] = [
    ("cache_hit_fresh", Category::Base),
    ("cache_hit_stale", Category::Base),
    ("cache_miss", Category::Base),
    ("cache_errors", Category::Base),
    ("vix_panic_detected", Category::Volatility),
    ("vix_warning_detected", Category::Volatility),
    ("vix_normal", Category::Volatility),
    ("cache_bypass_vix", Category::Volatility),
    ("golden_hour_warmup", Category::GoldenHour),
    ("golden_hour_golden", Category::GoldenHour),
    ("golden_hour_active", Category::GoldenHour),
    ("golden_hour_prematch", Category::GoldenHour),
    ("golden_hour_standard", Category::GoldenHour),
    ("swr_served_stale", Category::Swr),
    ("swr_served_fresh", Category::Swr),
    ("swr_too_stale", Category::Swr),
    ("swr_background_success", Category::Swr),
    ("swr_background_error", Category::Swr),
    ("surgical_invalidation", Category::Tags),
    ("full_invalidation", Category::Tags),
    ("markets_invalidated", Category::Tags),
    ("markets_preserved", Category::Tags),
    ("cpu_saved_total", Category::Tags),
    ("cpu_saved_count", Category::Tags),
    ("strategy_bypass", Category::Strategy),
    ("strategy_compute", Category::Strategy),
    ("strategy_serve_stale", Category::Strategy),
    ("strategy_serve_fresh", Category::Strategy),
    ("total_requests", Category::Performance),
];

impl Counts {
    pub(crate) fn add(&mut self, name: &'static str, by: f64) {
        debug_assert!(NAMES.iter().any(|(known, _)| *known == name), "{name}");
        *self.total.entry(name).or_default() += by;
    }

    fn one(&mut self, name: &'static str) {
        self.add(name, 1.0);
    }

    /// A finished read.
    pub(super) fn read(&mut self, reason: Reason, signal: Signal, took: u64) {
        self.one("total_requests");
        self.latencies.push(took);
        match reason.strategy() {
            Strategy::ServeFresh => {
                self.one("strategy_serve_fresh");
                self.one("cache_hit_fresh");
                self.one("swr_served_fresh");
            }
            Strategy::ServeStale => {
                self.one("strategy_serve_stale");
                self.one("cache_hit_stale");
                self.one("swr_served_stale");
            }
            Strategy::Compute => {
                self.one("strategy_compute");
                if reason != Reason::Disabled {
                    self.one("cache_miss");
                }
            }
            Strategy::Bypass => self.one("strategy_bypass"),
        }
        if matches!(reason, Reason::TooStale | Reason::StaleIfError | Reason::SoftTimeout) {
            self.one("swr_too_stale");
        }
        if reason == Reason::Panic {
            self.one("cache_bypass_vix");
        }
        if signal.scored {
            self.one(match signal.status {
                Volatility::Panic => "vix_panic_detected",
                Volatility::Warning => "vix_warning_detected",
                Volatility::Normal => "vix_normal",
            });
        }
    }

    /// A result that a read's compute stored.
    pub(super) fn stored(&mut self, zone: Zone) {
        match zone {
            Zone::Warmup => self.one("golden_hour_warmup"),
            Zone::Golden => self.one("golden_hour_golden"),
            Zone::Active => self.one("golden_hour_active"),
            Zone::Prematch => self.one("golden_hour_prematch"),
            Zone::Standard => self.one("golden_hour_standard"),
            Zone::MatchStarted | Zone::Unknown => {}
        }
    }

    pub(super) fn reset(&mut self, category: Option<Category>) {
        for (name, of) in NAMES {
            if category.is_none_or(|category| category == of) {
                let total = self.total.get(name).copied().unwrap_or(0.0);
                self.before.insert(name, total);
            }
        }
        if category.is_none_or(|category| category == Category::Performance) {
            self.latencies.clear();
        }
    }

    fn since(&self, name: &str) -> f64 {
        let of = |counts: &BTreeMap<&'static str, f64>| counts.get(name).copied().unwrap_or(0.0);
        of(&self.total) - of(&self.before)
    }

    /// The 34 keys.
    pub(crate) fn keys(&self) -> BTreeMap<&'static str, f64> {
        let mut keys: BTreeMap<&'static str, f64> = NAMES
            .into_iter()
            .filter(|(name, _)| !name.starts_with("cpu_saved"))
            .map(|(name, _)| (name, self.since(name)))
            .collect();
        let of = |name: &str| self.since(name);
        let zones = ["warmup", "golden", "active", "prematch", "standard"];
        let hits = of("cache_hit_fresh") + of("cache_hit_stale");
        let scored = of("vix_panic_detected") + of("vix_warning_detected") + of("vix_normal");
        let latency = |nanoseconds: f64| round(nanoseconds / 1e6);
        let sum: u64 = self.latencies.iter().sum();
        let most = self.latencies.iter().max().copied().unwrap_or(0);
        let least = self.latencies.iter().min().copied().unwrap_or(0);
        keys.insert("hit_rate_pct", ratio(100.0 * hits, hits + of("cache_miss")));
        keys.insert("vix_panic_rate_pct", ratio(100.0 * of("vix_panic_detected"), scored));
        keys.insert(
            "golden_hour_total",
            zones.iter().map(|zone| of(&format!("golden_hour_{zone}"))).sum(),
        );
        keys.insert("avg_cpu_saved_pct", ratio(of("cpu_saved_total"), of("cpu_saved_count")));
        keys.insert("max_latency_ms", latency(most as f64));
        keys.insert("min_latency_ms", latency(least as f64));
        keys.insert(
            "avg_latency_ms",
            latency(if sum == 0 { 0.0 } else { sum as f64 / self.latencies.len() as f64 }),
        );
        keys
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { round(part / whole) }
}

fn round(x: f64) -> f64 {
    format!("{x:.2}").parse().expect("a formatted number is a number")
}

/// How far the cache's number may lie from the model's: latencies go through buckets of two
/// significant digits, sums of percentages through two roundings.
pub(crate) fn tolerance(name: &str, value: f64) -> f64 {
    if LATENCY.contains(&name) {
        0.011 + 0.02 * value
    } else if name.ends_with("_pct") {
        0.011
    } else {
        0.0
    }
}
