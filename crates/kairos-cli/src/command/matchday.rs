// `kairos matchday`: runs a seeded matchday and reports.
// Never knows: what a cache would do, or how a report is laid out.
// Read next: `../matchday/mod.rs`, which makes the operations.

use kairos_cache::Preset;
use serde_json::json;

use super::args::{MatchdayArgs, ReportFormat};
use super::destination::Destination;
use super::progress::Progress;
use crate::columns::{Columns, Refused};
use crate::error::Error;
use crate::matchday::Day;
use crate::report::{Meta, Report};
use crate::scenario::{Sink, check_apart};

/// Makes a matchday, runs it through one engine per configuration, or through the default one and that of a desk, and
/// reports in `format`; writes the operations to a
/// file if `--emit` is given.
///
/// # Errors
/// A shape or configuration that is out of range; an output that cannot be written.
pub(super) fn run(args: &MatchdayArgs, format: ReportFormat) -> Result<(), Error> {
    let shape = args.day.shape();
    let day = Day::new(&shape)?;
    let emitted = args.emit.iter().map(|file| ("--emit", file.as_path()));
    let given = args.engines.given(&[Preset::Default, Preset::Desk]);
    let decided = given.decisions.iter().map(|file| ("--decisions", file.as_path()));
    let reported = args.report.output.iter().map(|file| ("--output", file.as_path()));
    let outputs: Vec<_> = emitted.chain(decided).chain(reported).collect();
    check_apart(&given.inputs(), &outputs)?;
    let mut columns = Columns::new(&given, shape.seed)?;
    let mut sink =
        args.emit.as_deref().map(|file| Sink::create(file, day.kickoffs())).transpose()?;
    let destination = Destination::create(&args.report, format)?;
    let progress = Progress::operations(day.about(), args.report.quiet);
    for op in day {
        if let Some(sink) = &mut sink {
            sink.write(&op)?;
        }
        columns.apply(&op).map_err(|refused| match refused {
            Refused::Operation(reason) => Error::Usage(format!("the matchday: {reason}")),
            Refused::Run(error) => error,
        })?;
        progress.advance(1);
    }
    progress.finish();
    let (facts, runs) = columns.finish()?;
    if let Some(sink) = sink {
        sink.into_output().keep()?;
    }
    let title = format!("matchday of {} matches, seed {}", shape.fixtures, shape.seed);
    let options = json!({
        "fixtures": shape.fixtures,
        "readers": shape.readers,
        "read_rate": shape.reads_per_s,
        "compute_ms": shape.compute_ms,
    });
    let meta = Meta::of("matchday", shape.seed, options, None);
    destination.deliver(&Report::of(meta, title, facts, &runs))
}
