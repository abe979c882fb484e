// `kairos replay`: runs a scenario file or an odds feed and reports.
// Never knows: what a cache would do, or how a report is laid out.
// Read next: `../columns/mod.rs`, which applies each operation to every cache.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::args::{ReplayArgs, ReportFormat};
use super::destination::Destination;
use super::progress::Progress;
use crate::columns::{Columns, Refused, files_of};
use crate::error::{Error, Reason};
use crate::report::{Report, facts_of};
use crate::scenario::{Counts, Scenario, Strictness, check_apart, name_of};

/// Runs a scenario file through one engine per configuration, and reports in `format`.
///
/// # Errors
/// A wrong scenario, configuration or operation, with file and line; a scenario without an operation; an output that
/// cannot be written.
pub(super) fn run(args: &ReplayArgs, format: ReportFormat) -> Result<(), Error> {
    let mut inputs = files_of(&args.config);
    inputs.push(args.scenario.clone());
    let decided = args.decisions.iter().map(|file| ("--decisions", file.as_path()));
    let reported = args.report.output.iter().map(|file| ("--output", file.as_path()));
    let outputs: Vec<_> = decided.chain(reported).collect();
    check_apart(&inputs, &outputs)?;
    let mut columns = Columns::new(&args.config, args.seed, &args.decisions)?;
    let options = args.options(columns.news(), || columns.markets())?;
    let cut = options.cut.clone();
    let mut passed_over = PassedOver { strictness: options.strictness, lines: 0, first: None };
    let destination = Destination::create(&args.report, format)?;
    let progress = Progress::bytes(args.report.quiet);
    let watched = |file, bytes| progress.reading(file, bytes);
    let mut scenario = Scenario::open(&args.scenario, options, watched)?;
    let file: Arc<Path> = Arc::from(name_of(&args.scenario));
    for op in scenario.by_ref() {
        let op = op?;
        let applied =
            if cut.is_before(op.t_ms) { columns.prepare(&op) } else { columns.apply(&op) };
        match applied {
            Ok(()) => {}
            Err(Refused::Operation(reason)) => passed_over.line(&file, op.line, reason)?,
            Err(Refused::Run(error)) => return Err(error),
        }
    }
    progress.finish();
    let mut counts = scenario.counts();
    passed_over.add_to(&mut counts);
    if columns.operations() == 0 {
        return Err(nothing_in(name_of(&args.scenario), &counts));
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
    destination.deliver(&Report::of(name_of(&args.scenario).display().to_string(), facts, &runs))
}

/// The operations that a lenient replay skips because an engine refuses them.
struct PassedOver {
    strictness: Strictness,
    lines: u64,
    first: Option<String>,
}

impl PassedOver {
    fn line(&mut self, file: &Arc<Path>, line: u64, reason: Reason) -> Result<(), Error> {
        let error = Error::line(file, line, reason);
        if self.strictness == Strictness::Strict {
            return Err(error);
        }
        self.lines += 1;
        self.first.get_or_insert_with(|| error.to_string());
        Ok(())
    }

    fn add_to(self, counts: &mut Counts) {
        counts.skipped += self.lines;
        counts.first_skipped = counts.first_skipped.take().or(self.first);
    }
}

/// The error of a scenario without operations, whose report would show zeros as if they had been measured.
fn nothing_in(file: &Path, counts: &Counts) -> Error {
    let file = file.display();
    Error::Usage(if let Some(first) = &counts.first_skipped {
        let lines = counts.skipped;
        format!("{file}: no valid operation; {lines} lines skipped, the first: {first}")
    } else if counts.feed.is_some() {
        format!("{file}: no operation left by --field, --from and --to")
    } else {
        format!("{file}: no operation")
    })
}
