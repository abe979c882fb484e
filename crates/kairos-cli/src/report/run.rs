//! What a replay reports of one configuration, and several of them side by side.
//! Must never know how the numbers came about.
//! Read next: `../report.rs` for the shape that it takes.

use super::spread::Samples;
use super::{Body, Cell, Fact, Report, Row, Section};

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

/// The report of `runs` on one scenario, of which `facts` hold.
pub fn report(title: impl Into<String>, facts: Vec<Fact>, runs: &[Run]) -> Report {
    let sections = vec![
        Section { title: "Reads".into(), body: Body::Rows(reads(runs)) },
        Section {
            title: "Stale-price exposure, mean |ln(price now / price then)|".into(),
            body: Body::Rows(exposure(runs)),
        },
        Section { title: "Strategies".into(), body: Body::Rows(strategies(runs)) },
        Section { title: "Computes".into(), body: Body::Rows(computes(runs)) },
        Section { title: "Volatility and events".into(), body: Body::Rows(market(runs)) },
        Section { title: "Latency, virtual ms".into(), body: Body::Spreads(latency(runs)) },
    ];
    let columns = runs.iter().map(|run| run.name.clone()).collect();
    Report { title: title.into(), facts, columns, sections }
}

fn reads(runs: &[Run]) -> Vec<Row<Cell>> {
    vec![
        each(runs, "reads", |run| Cell::count(run.reads)),
        each(runs, "hit rate", |run| Cell::share(run.hits, run.hits + run.misses)),
        each(runs, "computes", |run| Cell::count(run.computes)),
        each(runs, "computes saved", |run| {
            Cell::Count(signed(run.reads).saturating_sub(signed(run.computes)))
        }),
        each(runs, "  of all reads", |run| {
            if run.reads == 0 {
                return Cell::Missing;
            }
            Cell::Percent(100.0 * (run.reads as f64 - run.computes as f64) / run.reads as f64)
        }),
        each(runs, "computes at once, at most", |run| Cell::count(run.most_running)),
    ]
}

fn strategies(runs: &[Run]) -> Vec<Row<Cell>> {
    let mut rows = Vec::new();
    for (at, strategy) in STRATEGIES.into_iter().enumerate() {
        rows.push(engine(runs, strategy, |engine| Cell::count(engine.latency_ms[at].count())));
        rows.push(engine(runs, "  of all reads", |engine| {
            let total = engine.latency_ms.iter().map(Samples::count).sum();
            Cell::share(engine.latency_ms[at].count(), total)
        }));
    }
    rows.push(engine(runs, "reads cancelled", |engine| Cell::count(engine.cancelled)));
    rows
}

fn computes(runs: &[Run]) -> Vec<Row<Cell>> {
    vec![
        engine(runs, "computes coalesced", |engine| Cell::count(engine.coalesced_computes)),
        engine(runs, "bypasses coalesced", |engine| Cell::count(engine.coalesced_bypasses)),
        engine(runs, "bypasses queued", |engine| Cell::count(engine.queued_bypasses)),
        engine(runs, "refreshes", |engine| Cell::count(engine.refreshes)),
        engine(runs, "refreshes failed", |engine| Cell::count(engine.refresh_errors)),
        engine(runs, "refreshes skipped", |engine| Cell::count(engine.refreshes_skipped)),
        engine(runs, "computes queued at the gate", |engine| Cell::count(engine.computes_queued)),
        engine(runs, "computes refused by it", |engine| Cell::count(engine.computes_refused)),
        engine(runs, "computes failed", |engine| Cell::count(engine.compute_errors)),
        engine(runs, "entries evicted", |engine| Cell::count(engine.evictions)),
    ]
}

fn exposure(runs: &[Run]) -> Vec<Row<Cell>> {
    let spreads: Vec<_> = runs.iter().map(|run| run.exposure.spread()).collect();
    let row = |label: &str, of: fn(&super::Spread) -> Cell| Row {
        label: label.into(),
        values: spreads.iter().map(|spread| spread.as_ref().map_or(Cell::Missing, of)).collect(),
    };
    vec![
        row("answered reads with prices", |spread| Cell::count(spread.count)),
        row("sum", |spread| Cell::Ratio(spread.sum)),
        row("mean", |spread| Cell::Ratio(spread.mean)),
        row("p99", |spread| Cell::Ratio(spread.p99)),
        row("worst", |spread| Cell::Ratio(spread.max)),
    ]
}

fn market(runs: &[Run]) -> Vec<Row<Cell>> {
    vec![
        engine(runs, "reads in panic", |engine| Cell::count(engine.panics)),
        engine(runs, "reads in warning", |engine| Cell::count(engine.warnings)),
        engine(runs, "reads bypassed for panic", |engine| Cell::count(engine.panic_bypasses)),
        engine(runs, "breaker steps, up or down", |engine| Cell::count(engine.breaker_steps)),
        engine(runs, "reads while suspended", |engine| Cell::count(engine.suspended_reads)),
        engine(runs, "prices refused", |engine| Cell::count(engine.prices_refused)),
        engine(runs, "events", |engine| Cell::count(engine.events)),
        engine(runs, "entries that died by them", |engine| Cell::count(engine.markets_invalidated)),
        engine(runs, "CPU saved, mean", |engine| {
            engine.cpu_saved_pct.map_or(Cell::Missing, Cell::Percent)
        }),
    ]
}

fn latency(runs: &[Run]) -> Vec<Row<Option<super::Spread>>> {
    let row = |(at, strategy): (usize, &str)| Row {
        label: strategy.into(),
        values: runs
            .iter()
            .map(|run| run.engine.as_ref().and_then(|engine| engine.latency_ms[at].spread()))
            .collect(),
    };
    STRATEGIES.into_iter().enumerate().map(row).collect()
}

fn each(runs: &[Run], label: &str, of: impl Fn(&Run) -> Cell) -> Row<Cell> {
    Row { label: label.into(), values: runs.iter().map(of).collect() }
}

fn engine(runs: &[Run], label: &str, of: impl Fn(&EngineRun) -> Cell) -> Row<Cell> {
    each(runs, label, |run| run.engine.as_ref().map_or(Cell::Missing, &of))
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
