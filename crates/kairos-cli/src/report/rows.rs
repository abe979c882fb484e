// The sections and rows of a report: which number stands where, and its label.
// Never knows: how the numbers were measured, or how they are written.
// Read next: `run.rs` for the numbers, `table.rs` for the types.

use super::run::{EngineRun, Run, STRATEGIES};
use super::spread::{Samples, Spread};
use super::table::{Body, Cell, Fact, Report, Row, Section};

/// A label, and the count of an engine in its row.
type Count = (&'static str, fn(&EngineRun) -> u64);

const COMPUTES: &[Count] = &[
    ("computes coalesced", |engine| engine.coalesced_computes),
    ("bypasses coalesced", |engine| engine.coalesced_bypasses),
    ("bypasses queued", |engine| engine.queued_bypasses),
    ("refreshes", |engine| engine.refreshes),
    ("refreshes failed", |engine| engine.refresh_errors),
    ("refreshes skipped", |engine| engine.refreshes_skipped),
    ("computes queued at the gate", |engine| engine.computes_queued),
    ("computes refused by it", |engine| engine.computes_refused),
    ("computes failed", |engine| engine.compute_errors),
    ("entries evicted", |engine| engine.evictions),
];

const MARKET: &[Count] = &[
    ("reads in panic", |engine| engine.panics),
    ("reads in warning", |engine| engine.warnings),
    ("reads bypassed for panic", |engine| engine.panic_bypasses),
    ("breaker steps, up or down", |engine| engine.breaker_steps),
    ("reads while suspended", |engine| engine.suspended_reads),
    ("prices refused", |engine| engine.prices_refused),
    ("reads of matches over the bound", |engine| engine.reads_over_bound),
    ("operations on them refused", |engine| engine.over_bound),
    ("events", |engine| engine.events),
    ("entries that died by them", |engine| engine.markets_invalidated),
];

impl Report {
    /// The report of `runs` on the same operations, with the `facts` that hold for all of them.
    pub(crate) fn of(title: impl Into<String>, facts: Vec<Fact>, runs: &[Run]) -> Report {
        let sections = vec![
            Section { title: "Reads".into(), body: Body::Rows(reads(runs)) },
            Section {
                title: "Stale-price exposure, mean |ln(price now / price then)|".into(),
                body: Body::Rows(exposure(runs)),
            },
            Section { title: "Strategies".into(), body: Body::Rows(strategies(runs)) },
            Section { title: "Computes".into(), body: Body::Rows(counts(runs, COMPUTES)) },
            Section { title: "Volatility and events".into(), body: Body::Rows(market(runs)) },
            Section { title: "Latency, virtual ms".into(), body: Body::Spreads(latency(runs)) },
        ];
        let columns = runs.iter().map(|run| run.name.clone()).collect();
        Report { title: title.into(), facts, columns, sections }
    }
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

fn exposure(runs: &[Run]) -> Vec<Row<Cell>> {
    let spreads: Vec<_> = runs.iter().map(|run| run.exposure.spread()).collect();
    let row = |label: &str, of: fn(&Spread) -> Cell| Row {
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
    let mut rows = counts(runs, MARKET);
    rows.push(engine(runs, "CPU saved, mean", |engine| {
        engine.cpu_saved_pct.map_or(Cell::Missing, Cell::Percent)
    }));
    rows
}

fn latency(runs: &[Run]) -> Vec<Row<Option<Spread>>> {
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

fn counts(runs: &[Run], counts: &[Count]) -> Vec<Row<Cell>> {
    let row = |(label, of): &Count| engine(runs, label, |engine| Cell::count(of(engine)));
    counts.iter().map(row).collect()
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
