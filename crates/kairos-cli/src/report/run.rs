// The numbers of one column: an engine, or a plain cache on the same reads.
// Never knows: how the numbers were measured.
// Read next: `rows.rs`, which lays them out.

use kairos_cache::Strategy;
use serde_json::Value;

use super::exposures::Exposures;
use super::spread::Samples;
use super::worst::Incident;
use crate::advice::Advice;

/// One column: an engine, or a plain cache on the same reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// The column's name.
    pub(crate) name: String,
    /// What it was configured to do, every field of it.
    pub(crate) configuration: Value,
    /// Reads that finished.
    pub(crate) reads: u64,
    /// Reads served from the cache, fresh or stale.
    pub(crate) hits: u64,
    /// Reads that found nothing to serve; bypasses are neither hits nor misses.
    pub(crate) misses: u64,
    /// Computes that were started, for any reason.
    pub(crate) computes: u64,
    /// The largest number of computes that ran at the same time.
    pub(crate) most_running: u64,
    /// The stale-price exposure of each answered read.
    pub(crate) exposure: Exposures,
    /// The numbers that only an engine has.
    pub(crate) engine: Option<EngineRun>,
}

/// The numbers of an engine that a plain cache does not have.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineRun {
    /// Virtual latencies in ms by strategy, in the order of [`STRATEGIES`]; their counts are the reads by strategy.
    pub(crate) latency_ms: [Samples; STRATEGIES.len()],
    /// Reads that were scored.
    pub(crate) scored: u64,
    /// Scored reads during a panic.
    pub(crate) panics: u64,
    /// Scored reads during a warning.
    pub(crate) warnings: u64,
    /// Reads that bypassed the cache because of a panic.
    pub(crate) panic_bypasses: u64,
    /// The time for which each match was watched, from its first price on, all together.
    pub(crate) watched_ms: u64,
    /// The part of it in which the match was in panic.
    pub(crate) panic_ms: u64,
    /// Background refreshes that succeeded.
    pub(crate) refreshes: u64,
    /// Background refreshes that failed, panicked or timed out.
    pub(crate) refresh_errors: u64,
    /// Computes that failed, panicked or timed out.
    pub(crate) compute_errors: u64,
    /// Reads that were cancelled.
    pub(crate) cancelled: u64,
    /// Computes that waited because too many were running.
    pub(crate) computes_queued: u64,
    /// Computes refused because too many were waiting.
    pub(crate) computes_refused: u64,
    /// Refreshes not started because too many were running.
    pub(crate) refreshes_skipped: u64,
    /// Misses and too-stale reads answered by another caller's compute.
    pub(crate) coalesced_computes: u64,
    /// Bypasses answered by another caller's compute.
    pub(crate) coalesced_bypasses: u64,
    /// Bypasses that arrived during a compute of their key and waited for the next one.
    pub(crate) queued_bypasses: u64,
    /// Steps of the panic breaker, up or down.
    pub(crate) breaker_steps: u64,
    /// Reads of suspended or closed markets.
    pub(crate) suspended_reads: u64,
    /// Live entries evicted to make room.
    pub(crate) evictions: u64,
    /// Reads of matches for which there was no room, which compute and store nothing.
    pub(crate) reads_over_bound: u64,
    /// Prices, statuses and events that were refused because there was no room for their match.
    pub(crate) over_bound: u64,
    /// Prices that the engine refused.
    pub(crate) prices_refused: u64,
    /// Events.
    pub(crate) events: u64,
    /// Moves of prices beyond a bound on drift; `None` where no bound is on.
    pub(crate) moves: Option<Moves>,
    /// Live entries that died by events.
    pub(crate) markets_invalidated: u64,
    /// The average CPU saved by events that spared markets, in percent; `None` without events.
    pub(crate) cpu_saved_pct: Option<f64>,
    /// The incidents with the reads whose prices had moved most, the worst first.
    pub(crate) worst: Vec<Incident>,
    /// What of its configuration does not fit what was run.
    pub(crate) hints: Vec<Advice>,
}

/// What drift has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moves {
    /// Moves beyond the soft bound and not the hard one, which expired the entries of a match.
    pub(crate) soft: u64,
    /// Moves beyond the hard bound, which killed the entries of a match.
    pub(crate) hard: u64,
    /// Live entries that died by moves.
    pub(crate) died: u64,
    /// Times that a feed has fallen silent.
    pub(crate) silences: u64,
}

/// The strategies, in the order of the report.
pub(crate) const STRATEGIES: [Strategy; 4] =
    [Strategy::ServeFresh, Strategy::ServeStale, Strategy::Compute, Strategy::Bypass];
