// What is summed up beside the cache: virtual latencies, exposure, time in panic, cancelled reads.
// Never counts what the cache itself counts.
// Read next: `../../report/run.rs`, which takes the sums.

use kairos_cache::{Activity, Answer, Cache, Config, Reason, Volatility};

use super::super::exposure::PriceHistory;
use crate::advice::Observed;
use crate::report::{EngineRun, Exposures, Moves, Run, STRATEGIES, Samples, Worst, WorstRead};
use crate::scenario::Name;

use super::caller::Pending;
use super::panics::PanicTime;
use super::quote::Quote;

/// The sums of a run.
pub(super) struct Tally {
    /// Whether a bound on drift is on.
    is_bound: bool,
    cancelled: u64,
    /// Prices, statuses and events of matches for which there was no room, and reads of such matches.
    over_bound: u64,
    reads_over_bound: u64,
    /// What the cache had counted before the time of the report.
    before: Before,
    prices: PriceHistory,
    panics: PanicTime,
    observed: Observed,
    exposure: Exposures,
    worst: Worst,
    latency_ms: [Samples; STRATEGIES.len()],
}

/// What a cache had counted before the time of the report, where only prices and statuses were applied.
#[derive(Default)]
struct Before {
    refused: u64,
    moves: Moves,
}

impl Before {
    fn of(activity: &Activity) -> Self {
        Self { refused: activity.observations_refused, moves: moves(activity) }
    }

    /// The moves since.
    fn moves_until(&self, activity: &Activity) -> Moves {
        let (before, now) = (&self.moves, moves(activity));
        Moves {
            soft: now.soft - before.soft,
            hard: now.hard - before.hard,
            died: now.died - before.died,
            silences: now.silences - before.silences,
        }
    }
}

fn moves(activity: &Activity) -> Moves {
    Moves {
        soft: activity.moves_soft,
        hard: activity.moves_hard,
        died: activity.died_by_moves,
        silences: activity.feed_silences,
    }
}

impl Tally {
    /// No sums of a cache with this configuration.
    pub(super) fn new(config: &Config) -> Self {
        let hold_ms = i64::try_from(config.volatility.status_hold.as_millis());
        Self {
            is_bound: config.drift.soft > 0.0 || config.drift.hard > 0.0,
            cancelled: 0,
            over_bound: 0,
            reads_over_bound: 0,
            before: Before::default(),
            prices: PriceHistory::new(),
            panics: PanicTime::new(hold_ms.unwrap_or(i64::MAX)),
            observed: Observed::default(),
            exposure: Exposures::default(),
            worst: Worst::default(),
            latency_ms: Default::default(),
        }
    }

    pub(super) fn cancelled(&mut self) {
        self.cancelled += 1;
    }

    /// Counts a price, a status or an event that was refused because there was no room for its match.
    pub(super) fn over_bound(&mut self) {
        self.over_bound += 1;
    }

    /// Begins the sums at `t_ms`: what was counted before it is left out, prices and panics that still hold are known.
    pub(super) fn begin(&mut self, t_ms: i64, cache: &Cache<Name, Quote>) {
        self.before = Before::of(&cache.activity());
        self.over_bound = 0;
        self.observed = Observed::default();
        self.panics.begin(t_ms);
    }

    /// Adds a price, with its status if the cache took it.
    pub(super) fn price(
        &mut self,
        match_id: &Name,
        market: &Name,
        (t_ms, price): (i64, f64),
        status: Option<Volatility>,
    ) {
        let tick = self.prices.observe(match_id, market, t_ms, price);
        let Some(status) = status else { return };
        self.observed.price(status);
        if let Some(tick) = tick {
            self.observed.tick(tick.gap_ms, tick.change);
        }
        if status == Volatility::Panic {
            self.panics.add(match_id, t_ms);
        }
    }

    /// Adds the score of a price that was a panic.
    pub(super) fn panic(&mut self, z: f64) {
        self.observed.panic(z);
    }

    /// Adds a finished read: its latency by strategy, and its exposure if a value was returned.
    pub(super) fn answer(&mut self, pending: &Pending, done_ms: i64, answer: &Answer<Quote>) {
        let receipt = &answer.receipt;
        self.reads_over_bound += u64::from(receipt.reason == Reason::OverBound);
        let strategy = receipt.strategy;
        if let Some(place) = STRATEGIES.iter().position(|other| *other == strategy) {
            self.latency_ms[place].add(done_ms.saturating_sub(pending.t_ms) as f64);
        }
        let Some(match_id) = &pending.match_id else { return };
        // No TTL decides what a read gets that trading bars.
        if receipt.reason != Reason::Suspended {
            self.observed.read(receipt.zone);
        }
        let Ok(quote) = &answer.outcome else { return };
        let span = (quote.computed_ms, done_ms);
        let Some(of) = self.prices.exposure(match_id, pending.kickoff_ms, span) else { return };
        self.exposure.add(of.moved, of.to_kickoff_ms);
        if of.moved > 0.0
            && let Some(moved) = self.prices.most_moved(match_id, span)
        {
            self.worst.add(WorstRead {
                exposure: of.moved,
                key: pending.key.clone(),
                match_id: match_id.clone(),
                market: pending.market.clone(),
                served_ms: done_ms,
                age_ms: i64::try_from(receipt.age.as_millis()).unwrap_or(i64::MAX),
                strategy: strategy.name(),
                reason: receipt.reason.name(),
                moved,
            });
        }
    }

    /// The sums as the column `name`, and what was seen of prices and zones up to `end_ms`.
    pub(super) fn sum_up(
        self,
        name: &str,
        cache: &Cache<Name, Quote>,
        most_running: u64,
        end_ms: i64,
    ) -> (Run, Observed) {
        let activity = cache.activity();
        let lifetime = cache.lifetime_stats();
        let (watched_ms, panic_ms) = self.panics.sum_up(self.prices.spans(), end_ms);
        let run = Run {
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
                scored: lifetime.vix_panic_detected
                    + lifetime.vix_warning_detected
                    + lifetime.vix_normal,
                panics: lifetime.vix_panic_detected,
                warnings: lifetime.vix_warning_detected,
                panic_bypasses: lifetime.cache_bypass_vix,
                watched_ms,
                panic_ms,
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
                prices_refused: activity.observations_refused - self.before.refused,
                moves: self.is_bound.then(|| self.before.moves_until(&activity)),
                events: lifetime.surgical_invalidation,
                markets_invalidated: lifetime.markets_invalidated,
                cpu_saved_pct: (lifetime.surgical_invalidation > 0)
                    .then_some(lifetime.avg_cpu_saved_pct),
                worst: self.worst.into_incidents(),
                hints: Vec::new(),
            }),
            ..Run::default()
        };
        (run, self.observed)
    }
}
