//! The numbers of one column: a configuration of the engine, or a plain cache on the same reads.
//! Must never know how the numbers came about.
//! Read next: `rows.rs`, which lays them out.

use super::spread::Samples;

/// One column: a configuration of the engine, or a plain cache on the same reads.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The column's name.
    pub name: String,
    /// Reads that finished.
    pub reads: u64,
    /// Reads served from the cache, fresh or stale.
    pub hits: u64,
    /// Reads that found nothing to serve; bypasses are neither hits nor misses.
    pub misses: u64,
    /// Computes that were started, whatever for.
    pub computes: u64,
    /// Computes that ran at the same time at most.
    pub most_running: u64,
    /// The stale-price exposure of each served read.
    pub exposure: Samples,
    /// What only the engine has.
    pub engine: Option<EngineRun>,
}

/// What the engine tells beyond a plain cache.
#[derive(Clone, Debug, Default)]
pub struct EngineRun {
    /// Virtual latencies in ms by strategy, in the order of [`STRATEGIES`]; their counts are the
    /// distribution of strategies.
    pub latency_ms: [Samples; STRATEGIES.len()],
    /// Scored reads that met a panic.
    pub panics: u64,
    /// Scored reads that met a warning.
    pub warnings: u64,
    /// Reads that a panic sent past the cache.
    pub panic_bypasses: u64,
    /// Background refreshes that succeeded.
    pub refreshes: u64,
    /// Background refreshes that failed, panicked or took too long.
    pub refresh_errors: u64,
    /// Computes that failed, panicked or took too long.
    pub compute_errors: u64,
    /// Reads whose caller went away.
    pub cancelled: u64,
    /// Computes that had to wait because too many were running.
    pub computes_queued: u64,
    /// Computes refused because too many were waiting.
    pub computes_refused: u64,
    /// Refreshes not started because too many were running.
    pub refreshes_skipped: u64,
    /// Misses and too-stale reads answered by another caller's compute.
    pub coalesced_computes: u64,
    /// Bypasses answered by another caller's compute.
    pub coalesced_bypasses: u64,
    /// Bypasses that arrived while a compute of their key ran, and waited for the next one.
    pub queued_bypasses: u64,
    /// Steps of the panic breaker, up or down.
    pub breaker_steps: u64,
    /// Reads of suspended or closed markets.
    pub suspended_reads: u64,
    /// Live entries evicted to make room.
    pub evictions: u64,
    /// Prices that the engine refused.
    pub prices_refused: u64,
    /// Events.
    pub events: u64,
    /// Live entries that died by events.
    pub markets_invalidated: u64,
    /// CPU saved by events that spared markets, in percent on average; nothing without events.
    pub cpu_saved_pct: Option<f64>,
}

/// The strategies, in the order of the report.
pub const STRATEGIES: [&str; 4] = ["serve_fresh", "serve_stale", "compute", "bypass"];
