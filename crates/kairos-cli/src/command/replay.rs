// `kairos replay`: runs a scenario file or an odds feed and reports.
// Never knows: what a cache would do, or how a report is laid out.
// Read next: `../columns/mod.rs`, which applies each operation to every cache.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use kairos_cache::{Preset, TradingStatus};
use serde_json::{Map, Value, json};

use super::args::{ReplayArgs, ReportFormat};
use super::destination::Destination;
use super::fingerprint::Fingerprint;
use super::progress::Progress;
use crate::columns::{Columns, Refused};
use crate::error::Error;
use crate::report::{Meta, Report, facts_of, warnings_of};
use crate::scenario::{
    BesidePrice, Column, Counts, Cut, Options, Scenario, Skipped, Strictness, check_apart, name_of,
};

/// Runs a scenario file through one engine per configuration, and reports in `format`.
///
/// # Errors
/// A wrong scenario, configuration or operation, with file and line; a scenario without an operation; an output that
/// cannot be written.
pub(super) fn run(args: &ReplayArgs, format: ReportFormat) -> Result<(), Error> {
    let given = args.engines.given(&[Preset::Default]);
    let mut inputs = given.inputs();
    inputs.push(args.scenario.clone());
    let decided = given.decisions.iter().map(|file| ("--decisions", file.as_path()));
    let reported = args.report.output.iter().map(|file| ("--output", file.as_path()));
    let outputs: Vec<_> = decided.chain(reported).collect();
    check_apart(&inputs, &outputs)?;
    let mut columns = Columns::new(&given, args.seed)?;
    let options = args.options(columns.news(), || columns.markets())?;
    let cut = options.cut.clone();
    let described = describe(args, &options);
    let strictness = options.strictness;
    let mut passed_over = Skipped::default();
    let destination = Destination::create(&args.report, format)?;
    let progress = Progress::bytes(args.report.quiet);
    // Only a report for programs has the fingerprint, and whoever reads a text should not wait for it.
    let fingerprint = (format == ReportFormat::Json).then(Fingerprint::default);
    let watched = |file: Box<dyn Read>, bytes| {
        let taken: Box<dyn Read> = match &fingerprint {
            Some(fingerprint) => Box::new(fingerprint.of(file)),
            None => file,
        };
        progress.reading(taken, bytes)
    };
    let mut scenario = Scenario::open(&args.scenario, options, watched)?;
    let file: Arc<Path> = Arc::from(name_of(&args.scenario));
    for op in scenario.by_ref() {
        let op = op?;
        let applied =
            if cut.is_before(op.t_ms) { columns.prepare(&op) } else { columns.apply(&op) };
        match applied {
            Ok(()) => {}
            Err(Refused::Operation(reason)) => {
                let error = Error::line(&file, op.line, reason);
                if strictness == Strictness::Strict || !passed_over.add(&error) {
                    return Err(error);
                }
            }
            Err(Refused::Run(error)) => return Err(error),
        }
    }
    progress.finish();
    let mut counts = scenario.counts();
    counts.skipped.merge(passed_over);
    if columns.operations() == 0 {
        return Err(nothing_in(name_of(&args.scenario), &counts, &cut));
    }
    let (mut facts, runs) = columns.finish()?;
    facts.extend(facts_of(&counts));
    if args.has_default_load() && !args.report.quiet {
        // Beside the report, and not above an error. A terminal that is gone stops no replay.
        let _ = writeln!(
            io::stderr(),
            "no read load was given: --readers 50 --read-rate 0.5 --compute-ms 40 was used; --readers 0 replays the feed \
             alone"
        );
    }
    let source = fingerprint.map(|taken| taken.source(&args.scenario)).transpose()?;
    let meta = Meta::of("replay", args.seed, described, source);
    let title = name_of(&args.scenario).display().to_string();
    let mut report = Report::of(meta, title, facts, &runs);
    report.warnings = warnings_of(&counts, &runs);
    destination.deliver(&report)
}

/// The options that change what is run, with what stands where they are not given.
fn describe(args: &ReplayArgs, options: &Options) -> Value {
    fn word<T: ValueEnum>(value: Option<T>) -> Option<String> {
        value.and_then(|value| Some(value.to_possible_value()?.get_name().to_owned()))
    }
    let columns = |(column, name): &(Column, String)| (column.word().to_owned(), json!(name));
    let status = |(status, word): &(TradingStatus, String)| json!([status.name(), word]);
    let load = options.load.as_ref();
    json!({
        "format": word(args.format),
        "lenient": options.strictness == Strictness::Lenient,
        "columns": options.dialect.columns.iter().map(columns).collect::<Map<_, _>>(),
        "odds": word(options.dialect.odds),
        "time": word(options.dialect.time),
        "status": options.dialect.statuses.iter().map(status).collect::<Vec<_>>(),
        "status_beside_price": options.dialect.beside_price == BesidePrice::Applied,
        "field": options.cut.field,
        "from": options.cut.from_ms,
        "to": options.cut.to_ms,
        "readers": load.map_or(0, |load| load.readers),
        "read_rate": load.map(|load| load.reads_per_s),
        "compute_ms": load.map(|load| load.compute_ms),
    })
}

/// The error of a scenario without operations, whose report would show zeros as if they had been measured.
fn nothing_in(file: &Path, counts: &Counts, cut: &Cut) -> Error {
    let file = file.display();
    Error::Usage(if let Some(first) = counts.skipped.first() {
        let lines = counts.skipped.lines();
        format!("{file}: no valid operation; {lines} lines skipped, the first: {first}")
    } else if *cut != Cut::default() {
        format!("{file}: no operation left by --field, --from and --to")
    } else {
        format!("{file}: no operation")
    })
}
