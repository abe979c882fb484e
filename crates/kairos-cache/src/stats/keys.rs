// The 34 keys: derived from counts that were each read once, less what had been counted at a reset.
// Never knows: how counts are recorded.
// Why: `docs/decisions/0006-reads-are-counted-by-reason-and-volatility.md`.

use crate::policy::{Reason, Strategy, Zone};
use crate::stats::Stats;
use crate::stats::counts::{Category, Counts};
use kairos_metrics::HistogramSnapshot;

/// The cache's numbers at one moment: a flat object of 34 keys, which are fixed.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names are fixed; each is defined by its category")]
pub struct StatsSnapshot {
    pub cache_hit_fresh: u64,
    pub cache_hit_stale: u64,
    pub cache_miss: u64,
    pub cache_errors: u64,
    pub vix_panic_detected: u64,
    pub vix_warning_detected: u64,
    pub vix_normal: u64,
    pub cache_bypass_vix: u64,
    pub golden_hour_warmup: u64,
    pub golden_hour_golden: u64,
    pub golden_hour_active: u64,
    pub golden_hour_prematch: u64,
    pub golden_hour_standard: u64,
    pub swr_served_stale: u64,
    pub swr_served_fresh: u64,
    pub swr_too_stale: u64,
    pub swr_background_success: u64,
    pub swr_background_error: u64,
    pub surgical_invalidation: u64,
    pub full_invalidation: u64,
    pub markets_invalidated: u64,
    pub markets_preserved: u64,
    pub strategy_bypass: u64,
    pub strategy_compute: u64,
    pub strategy_serve_stale: u64,
    pub strategy_serve_fresh: u64,
    pub total_requests: u64,
    pub max_latency_ms: f64,
    pub min_latency_ms: f64,
    pub hit_rate_pct: f64,
    pub vix_panic_rate_pct: f64,
    pub golden_hour_total: u64,
    pub avg_cpu_saved_pct: f64,
    pub avg_latency_ms: f64,
}

impl Stats {
    /// The 34 keys, since the last reset of each category.
    pub(crate) fn since_reset(&self) -> StatsSnapshot {
        let baselines = self.baselines.lock();
        let counts = self.counts();
        let mut latency = self.all_latency();
        if let Some(before) = &baselines.latency {
            latency = latency.since(before);
        }
        derive(&counts, &baselines.counts, &latency)
    }

    /// The 34 keys since the cache was built, regardless of resets.
    pub(crate) fn lifetime(&self) -> StatsSnapshot {
        derive(&self.counts(), &Default::default(), &self.all_latency())
    }

    /// Resets all 34 keys.
    pub(crate) fn reset(&self) {
        let mut baselines = self.baselines.lock();
        let counts = self.counts();
        baselines.counts.fill(counts);
        baselines.latency = Some(self.all_latency());
    }

    /// Resets the keys of one category.
    pub(crate) fn reset_category(&self, category: Category) {
        let mut baselines = self.baselines.lock();
        baselines.counts[category as usize] = self.counts();
        if category == Category::Performance {
            baselines.latency = Some(self.all_latency());
        }
    }
}

fn derive(now: &Counts, before: &[Counts; 7], latency: &HistogramSnapshot) -> StatsSnapshot {
    let since = |category: Category, what: &dyn Fn(&Counts) -> u64| {
        what(now).saturating_sub(what(&before[category as usize]))
    };
    let strategy =
        |category, strategy: Strategy| since(category, &|counts| counts.strategy(strategy));
    let score = |index| since(Category::Volatility, &|counts| counts.scored(index));
    let zone = |zone| since(Category::GoldenHour, &|counts| counts.stored(zone));

    let hit_fresh = strategy(Category::Base, Strategy::ServeFresh);
    let hit_stale = strategy(Category::Base, Strategy::ServeStale);
    let miss = since(Category::Base, &|counts| {
        counts.of(|r| r.strategy() == Strategy::Compute && r != Reason::Disabled)
    });
    let (normal, warning, panic) = (score(1), score(2), score(3));
    let zones =
        [Zone::Warmup, Zone::Golden, Zone::Active, Zone::Prematch, Zone::Standard].map(zone);
    let events = since(Category::Tags, &|counts| counts.events.events);
    let cpu_saved_tenths = since(Category::Tags, &|counts| counts.events.cpu_saved_tenths);
    let timed = latency.count() > 0;
    StatsSnapshot {
        cache_hit_fresh: hit_fresh,
        cache_hit_stale: hit_stale,
        cache_miss: miss,
        cache_errors: since(Category::Base, &|counts| counts.failed),
        vix_panic_detected: panic,
        vix_warning_detected: warning,
        vix_normal: normal,
        cache_bypass_vix: since(Category::Volatility, &|counts| counts.of(|r| r == Reason::Panic)),
        golden_hour_warmup: zones[0],
        golden_hour_golden: zones[1],
        golden_hour_active: zones[2],
        golden_hour_prematch: zones[3],
        golden_hour_standard: zones[4],
        swr_served_stale: strategy(Category::Swr, Strategy::ServeStale),
        swr_served_fresh: strategy(Category::Swr, Strategy::ServeFresh),
        swr_too_stale: since(Category::Swr, &|counts| counts.of(Reason::found_too_stale)),
        swr_background_success: since(Category::Swr, &|counts| counts.refreshed),
        swr_background_error: since(Category::Swr, &|counts| counts.refresh_failed),
        surgical_invalidation: events,
        full_invalidation: since(Category::Tags, &|counts| counts.full),
        markets_invalidated: since(Category::Tags, &|counts| counts.markets_invalidated),
        markets_preserved: since(Category::Tags, &|counts| counts.events.markets_preserved),
        strategy_bypass: strategy(Category::Strategy, Strategy::Bypass),
        strategy_compute: strategy(Category::Strategy, Strategy::Compute),
        strategy_serve_stale: strategy(Category::Strategy, Strategy::ServeStale),
        strategy_serve_fresh: strategy(Category::Strategy, Strategy::ServeFresh),
        total_requests: since(Category::Performance, &|counts| counts.of(|_| true)),
        max_latency_ms: if timed { milliseconds(latency.max() as f64) } else { 0.0 },
        min_latency_ms: if timed { milliseconds(latency.min() as f64) } else { 0.0 },
        hit_rate_pct: percent(hit_fresh + hit_stale, hit_fresh + hit_stale + miss),
        vix_panic_rate_pct: percent(panic, panic + warning + normal),
        golden_hour_total: zones.iter().sum(),
        avg_cpu_saved_pct: average_tenths(cpu_saved_tenths, events),
        avg_latency_ms: if timed { milliseconds(latency.mean()) } else { 0.0 },
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { round2(part as f64 * 100.0 / whole as f64) }
}

/// The average of samples in percent, of which the sum is given in tenths.
fn average_tenths(sum: u64, samples: u64) -> f64 {
    if samples == 0 { 0.0 } else { round2(sum as f64 / 10.0 / samples as f64) }
}

fn milliseconds(ns: f64) -> f64 {
    round2(ns / 1e6)
}

/// Rounds to two decimals as the replaced system did: the exact binary value, halves to even.
/// Multiplying by 100 first would round twice.
fn round2(x: f64) -> f64 {
    format!("{x:.2}").parse().expect("a formatted number is a number")
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_once_with_halves_to_even() {
        for (x, expected) in [(3.125, "3.12"), (3.135, "3.13"), (0.375, "0.38"), (66.666, "66.67")]
        {
            assert_eq!(round2(x).to_string(), expected);
        }
    }
}
