// What is summed up beside the cache: virtual latencies, exposure, cancelled reads.
// Never counts what the cache itself counts.
// Read next: `../../report/run.rs`, which takes the sums.

use kairos_cache::{Answer, Cache, Reason};

use super::super::exposure::PriceHistory;
use crate::report::{EngineRun, Run, STRATEGIES, Samples};
use crate::scenario::Name;

use super::caller::Pending;
use super::quote::Quote;

/// The sums of a run.
#[derive(Default)]
pub(super) struct Tally {
    cancelled: u64,
    /// Prices, statuses and events of matches for which there was no room, and reads of such matches.
    over_bound: u64,
    reads_over_bound: u64,
    /// Prices that were refused before the time of the report.
    refused_before: u64,
    prices: PriceHistory,
    exposure: Samples,
    latency_ms: [Samples; STRATEGIES.len()],
}

impl Tally {
    pub(super) fn cancelled(&mut self) {
        self.cancelled += 1;
    }

    /// Counts a price, a status or an event that was refused because there was no room for its match.
    pub(super) fn over_bound(&mut self) {
        self.over_bound += 1;
    }

    /// Leaves what the cache has refused so far out of the sums.
    pub(super) fn refused_before(&mut self, cache: &Cache<Name, Quote>) {
        self.refused_before = cache.activity().observations_refused;
        self.over_bound = 0;
    }

    pub(super) fn price(&mut self, match_id: &Name, market: &Name, t_ms: i64, price: f64) {
        self.prices.observe(match_id, market, t_ms, price);
    }

    /// Adds a finished read: its latency by strategy, and its exposure if a value was returned.
    pub(super) fn answer(&mut self, pending: &Pending, done_ms: i64, answer: &Answer<Quote>) {
        self.reads_over_bound += u64::from(answer.receipt.reason == Reason::OverBound);
        let strategy = answer.receipt.strategy.name();
        if let Some(place) = STRATEGIES.iter().position(|name| *name == strategy) {
            self.latency_ms[place].add(done_ms.saturating_sub(pending.t_ms) as f64);
        }
        if let (Some(match_id), Ok(quote)) = (&pending.match_id, &answer.outcome)
            && let Some(moved) = self.prices.exposure(match_id, quote.computed_ms, done_ms)
        {
            self.exposure.add(moved);
        }
    }

    pub(super) fn sum_up(self, name: &str, cache: &Cache<Name, Quote>, most_running: u64) -> Run {
        let activity = cache.activity();
        let lifetime = cache.lifetime_stats();
        Run {
            name: name.to_owned(),
            reads: lifetime.total_requests,
            hits: lifetime.cache_hit_fresh + lifetime.cache_hit_stale,
            misses: lifetime.cache_miss,
            computes: activity.computes_for_misses
                + activity.computes_for_bypasses
                + activity.computes_for_refreshes,
            most_running,
            exposure: self.exposure,
            engine: Some(EngineRun {
                latency_ms: self.latency_ms,
                panics: lifetime.vix_panic_detected,
                warnings: lifetime.vix_warning_detected,
                panic_bypasses: lifetime.cache_bypass_vix,
                refreshes: lifetime.swr_background_success,
                refresh_errors: lifetime.swr_background_error,
                compute_errors: lifetime.cache_errors,
                cancelled: self.cancelled,
                computes_queued: activity.computes_queued,
                computes_refused: activity.computes_refused,
                refreshes_skipped: activity.refreshes_skipped,
                coalesced_computes: activity.coalesced_computes,
                coalesced_bypasses: activity.coalesced_bypasses,
                queued_bypasses: activity.queued_bypasses,
                breaker_steps: activity.breaker_steps,
                suspended_reads: activity.suspended_reads,
                evictions: activity.evictions,
                reads_over_bound: self.reads_over_bound,
                over_bound: self.over_bound,
                prices_refused: activity.observations_refused - self.refused_before,
                events: lifetime.surgical_invalidation,
                markets_invalidated: lifetime.markets_invalidated,
                cpu_saved_pct: (lifetime.surgical_invalidation > 0)
                    .then_some(lifetime.avg_cpu_saved_pct),
            }),
        }
    }
}
