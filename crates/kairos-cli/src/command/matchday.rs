// `kairos matchday`: runs a seeded matchday and reports.
// Never knows: what a cache would do, or how a report is laid out.
// Read next: `../matchday/mod.rs`, which makes the operations.

use super::args::MatchdayArgs;
use super::progress::Progress;
use crate::columns::{Columns, Refused};
use crate::error::Error;
use crate::matchday::Day;
use crate::report::Report;
use crate::scenario::Sink;

/// Makes a matchday, runs it through one engine per configuration, and returns the report; writes the operations to a
/// file if `--emit` is given.
///
/// # Errors
/// A shape or configuration that is out of range; an output that cannot be written.
pub(crate) fn run(args: &MatchdayArgs) -> Result<Report, Error> {
    let shape = args.day.shape();
    let day = Day::new(&shape)?;
    let mut columns = Columns::new(&args.config, shape.seed, &args.decisions)?;
    let mut sink = args.emit.as_deref().map(Sink::create).transpose()?;
    let progress = Progress::operations(day.about());
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
    if let Some(sink) = sink {
        sink.finish()?;
    }
    progress.finish();
    let (facts, runs) = columns.finish()?;
    let title = format!("matchday of {} matches, seed {}", shape.fixtures, shape.seed);
    Ok(Report::of(title, facts, &runs))
}
