// The sections and rows of a report: which number stands where, its name, its unit, its label.
// Never knows: how the numbers were measured, or how they are written.
// Read next: `run.rs` for the numbers, `table.rs` for the types.

use kairos_cache::Strategy;

use super::exposures::{Part, STRETCHES};
use super::meta::Meta;
use super::run::{EngineRun, Moves, Run, STRATEGIES};
use super::spread::{Samples, Spread};
use super::summary::sentences;
use super::table::{Body, Cell, Fact, OfColumn, Report, Row, Section};

/// The name of a count for programs, its label, its unit, and the count, of an engine unless something else is said.
type Count<Of = EngineRun> = (&'static str, &'static str, &'static str, fn(&Of) -> u64);

const COMPUTES: &[Count] = &[
    ("computes_coalesced", "computes coalesced", "reads", |engine| engine.coalesced_computes),
    ("bypasses_coalesced", "bypasses coalesced", "reads", |engine| engine.coalesced_bypasses),
    ("bypasses_queued", "bypasses queued", "reads", |engine| engine.queued_bypasses),
    ("refreshes", "refreshes", "computes", |engine| engine.refreshes),
    ("refreshes_failed", "refreshes failed", "computes", |engine| engine.refresh_errors),
    ("refreshes_skipped", "refreshes skipped", "computes", |engine| engine.refreshes_skipped),
    ("computes_queued", "computes queued at the gate", "computes", |engine| engine.computes_queued),
    ("computes_refused", "computes refused by it", "computes", |engine| engine.computes_refused),
    ("computes_failed", "computes failed", "computes", |engine| engine.compute_errors),
    ("entries_evicted", "entries evicted", "entries", |engine| engine.evictions),
];

const PANIC: &[Count] = &[
    ("reads_in_panic", "reads in panic", "reads", |engine| engine.panics),
    ("reads_in_warning", "reads in warning", "reads", |engine| engine.warnings),
    ("reads_bypassed_for_panic", "reads bypassed for panic", "reads", |engine| {
        engine.panic_bypasses
    }),
    ("breaker_steps", "breaker steps, up or down", "steps", |engine| engine.breaker_steps),
];

const MARKET: &[Count] = &[
    ("reads_while_suspended", "reads while suspended", "reads", |engine| engine.suspended_reads),
    ("prices_refused", "prices refused", "prices", |engine| engine.prices_refused),
    ("reads_over_bound", "reads of matches over the bound", "reads", |engine| {
        engine.reads_over_bound
    }),
    ("operations_over_bound", "operations on them refused", "operations", |engine| {
        engine.over_bound
    }),
    ("events", "events", "events", |engine| engine.events),
    ("entries_died", "entries that died by them", "entries", |engine| engine.markets_invalidated),
];

const MOVES: &[Count<Moves>] = &[
    ("moves_soft", "soft moves", "moves", |moves| moves.soft),
    ("moves_hard", "hard moves", "moves", |moves| moves.hard),
    ("died_by_moves", "entries that died by them", "entries", |moves| moves.died),
    ("feed_silences", "silences of feeds", "silences", |moves| moves.silences),
];

/// The unit of stale-price exposure.
const LN: &str = "|ln(price now / price then)|";

/// The names of the rows for the stretches of time to kickoff: label, sum, mean, reads.
const KICKOFF: [(&str, &str, &str, &str); STRETCHES] = [
    ("24 h and more before", "from_24_h_sum", "from_24_h_mean", "from_24_h_reads"),
    ("6 h to 24 h", "from_6_h_sum", "from_6_h_mean", "from_6_h_reads"),
    ("3 h to 6 h", "from_3_h_sum", "from_3_h_mean", "from_3_h_reads"),
    ("1 h to 3 h", "from_1_h_sum", "from_1_h_mean", "from_1_h_reads"),
    ("15 min to 1 h", "from_15_min_sum", "from_15_min_mean", "from_15_min_reads"),
    ("less than 15 min", "from_0_min_sum", "from_0_min_mean", "from_0_min_reads"),
    ("after kickoff", "after_kickoff_sum", "after_kickoff_mean", "after_kickoff_reads"),
    ("no kickoff known", "no_kickoff_sum", "no_kickoff_mean", "no_kickoff_reads"),
];

impl Report {
    /// The report of `runs` on the same operations, with the `facts` that hold for all of them.
    pub(crate) fn of(
        meta: Meta,
        title: impl Into<String>,
        facts: Vec<Fact>,
        runs: &[Run],
    ) -> Report {
        let section = |id, title, body| Section { id, title, body };
        let sections = vec![
            section("reads", "Reads", Body::Rows(reads(runs))),
            section(
                "exposure",
                "Stale-price exposure, |ln(price now / price then)|: 0.01 is about 1 %",
                Body::Rows(exposure(runs)),
            ),
            section(
                "exposure_by_kickoff",
                "Stale-price exposure by time to kickoff, sum and mean",
                Body::Rows(exposure_by_kickoff(runs)),
            ),
            section("strategies", "Strategies", Body::Rows(strategies(runs))),
            section("computes", "Computes", Body::Rows(counts(runs, COMPUTES))),
            section("market", "Volatility and events", Body::Rows(market(runs))),
            section("drift", "Drift", Body::Rows(drift(runs))),
            section("latency", "Latency, virtual ms", Body::Spreads(latency(runs))),
        ];
        Report {
            meta: meta.with_columns(runs),
            warnings: Vec::new(),
            summary: sentences(runs),
            title: title.into(),
            facts,
            columns: runs.iter().map(|run| run.name.clone()).collect(),
            sections,
            worst: of_engines(runs, |engine| &engine.worst),
            hints: of_engines(runs, |engine| &engine.hints),
        }
    }
}

fn reads(runs: &[Run]) -> Vec<Row<Cell>> {
    vec![
        each(runs, ("reads", "reads", "reads"), |run| Cell::count(run.reads)),
        each(runs, ("hit_rate", "hit rate", "%"), |run| {
            Cell::share(run.hits, run.hits + run.misses)
        }),
        each(runs, ("computes", "computes", "computes"), |run| Cell::count(run.computes)),
        each(runs, ("computes_saved", "computes saved", "computes"), |run| {
            Cell::Count(signed(run.reads).saturating_sub(signed(run.computes)))
        }),
        each(runs, ("computes_saved_share", "  of all reads", "%"), |run| {
            if run.reads == 0 {
                return Cell::Missing;
            }
            Cell::Percent(100.0 * (run.reads as f64 - run.computes as f64) / run.reads as f64)
        }),
        each(runs, ("computes_at_once_max", "computes at once, at most", "computes"), |run| {
            Cell::count(run.most_running)
        }),
    ]
}

fn strategies(runs: &[Run]) -> Vec<Row<Cell>> {
    let shares =
        ["serve_fresh_share", "serve_stale_share", "compute_share", "bypass_share"].into_iter();
    let mut rows = Vec::new();
    for (at, (strategy, share)) in STRATEGIES.into_iter().zip(shares).enumerate() {
        let name = strategy.name();
        rows.push(engine(runs, (name, name, "reads"), |engine| {
            Cell::count(engine.latency_ms[at].count())
        }));
        rows.push(engine(runs, (share, "  of all reads", "%"), |engine| {
            let total = engine.latency_ms.iter().map(Samples::count).sum();
            Cell::share(engine.latency_ms[at].count(), total)
        }));
    }
    rows.push(engine(runs, ("reads_cancelled", "reads cancelled", "reads"), |engine| {
        Cell::count(engine.cancelled)
    }));
    rows
}

fn exposure(runs: &[Run]) -> Vec<Row<Cell>> {
    let spreads: Vec<_> = runs.iter().map(|run| run.exposure.all.spread()).collect();
    let row = |id, label, unit, of: fn(&Spread) -> Cell| Row {
        id,
        label,
        unit,
        values: spreads.iter().map(|spread| spread.as_ref().map_or(Cell::Missing, of)).collect(),
    };
    vec![
        row("reads", "answered reads with prices", "reads", |spread| Cell::count(spread.count)),
        row("sum", "sum", LN, |spread| Cell::Ratio(spread.sum)),
        row("mean", "mean", LN, |spread| Cell::Ratio(spread.mean)),
        row("p99", "p99", LN, |spread| Cell::Ratio(spread.p99)),
        row("worst", "worst", LN, |spread| Cell::Ratio(spread.max)),
    ]
}

fn exposure_by_kickoff(runs: &[Run]) -> Vec<Row<Cell>> {
    let mut rows = Vec::new();
    for (at, (label, sum, mean, reads)) in KICKOFF.into_iter().enumerate() {
        let row = |id, label, unit, of: fn(&Part) -> Cell| {
            each(runs, (id, label, unit), |run| {
                let part = &run.exposure.by_stretch()[at];
                if part.reads == 0 { Cell::Missing } else { of(part) }
            })
        };
        rows.push(row(sum, label, LN, |part| Cell::Ratio(part.sum)));
        rows.push(row(mean, "  mean", LN, |part| Cell::Ratio(part.sum / part.reads as f64)));
        rows.push(row(reads, "  reads", "reads", |part| Cell::count(part.reads)));
    }
    rows
}

fn market(runs: &[Run]) -> Vec<Row<Cell>> {
    let mut rows = counts(runs, PANIC);
    let share = engine(runs, ("reads_in_panic_share", "  of scored reads", "%"), |engine| {
        Cell::share(engine.panics, engine.scored)
    });
    rows.insert(1, share);
    rows.push(engine(runs, ("time_watched", "time watched, all matches", "h"), |engine| {
        if engine.watched_ms == 0 {
            return Cell::Missing;
        }
        Cell::Hours(engine.watched_ms as f64 / 3_600_000.0)
    }));
    rows.push(engine(runs, ("time_in_panic_share", "  of it in panic", "%"), |engine| {
        Cell::share(engine.panic_ms, engine.watched_ms)
    }));
    rows.extend(counts(runs, MARKET));
    rows.push(engine(runs, ("cpu_saved_mean", "CPU saved, mean", "%"), |engine| {
        engine.cpu_saved_pct.map_or(Cell::Missing, Cell::Percent)
    }));
    rows
}

/// What drift has come to, in the columns where it is on.
fn drift(runs: &[Run]) -> Vec<Row<Cell>> {
    let row = |(id, label, unit, of): &Count<Moves>| {
        let value = |engine: &EngineRun| {
            engine.moves.as_ref().map_or(Cell::Missing, |moves| Cell::count(of(moves)))
        };
        engine(runs, (id, label, unit), value)
    };
    MOVES.iter().map(row).collect()
}

fn latency(runs: &[Run]) -> Vec<Row<Option<Spread>>> {
    let row = |(at, strategy): (usize, Strategy)| Row {
        id: strategy.name(),
        label: strategy.name(),
        unit: "ms",
        values: runs
            .iter()
            .map(|run| run.engine.as_ref().and_then(|engine| engine.latency_ms[at].spread()))
            .collect(),
    };
    STRATEGIES.into_iter().enumerate().map(row).collect()
}

/// The items of each engine that has any.
fn of_engines<T: Clone>(runs: &[Run], of: impl Fn(&EngineRun) -> &Vec<T>) -> Vec<OfColumn<T>> {
    runs.iter()
        .filter_map(|run| {
            let items = run.engine.as_ref().map(&of).filter(|items| !items.is_empty())?;
            Some(OfColumn { column: run.name.clone(), items: items.clone() })
        })
        .collect()
}

/// A row: its name for programs, its label and its unit; its value in each column.
fn each(
    runs: &[Run],
    (id, label, unit): (&'static str, &'static str, &'static str),
    of: impl Fn(&Run) -> Cell,
) -> Row<Cell> {
    Row { id, label, unit, values: runs.iter().map(of).collect() }
}

fn engine(
    runs: &[Run],
    names: (&'static str, &'static str, &'static str),
    of: impl Fn(&EngineRun) -> Cell,
) -> Row<Cell> {
    each(runs, names, |run| run.engine.as_ref().map_or(Cell::Missing, &of))
}

fn counts(runs: &[Run], counts: &[Count]) -> Vec<Row<Cell>> {
    let row = |(id, label, unit, of): &Count| {
        engine(runs, (id, label, unit), |engine| Cell::count(of(engine)))
    };
    counts.iter().map(row).collect()
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
