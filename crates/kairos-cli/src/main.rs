//! The binary `kairos`: reads the command line, does one thing, reports, and says by its exit code how it went.
//! Must never hold logic of its own; the library beside it does.
//! Read next: `args.rs` for what can be asked, `lib.rs` for who answers.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use kairos_cli::Error;
use kairos_cli::args::{Cli, Command, MatchdayArgs};
use kairos_cli::matchday::Day;
use kairos_cli::progress::Progress;
use kairos_cli::report::operations::Operations;
use kairos_cli::report::{Paint, Report};
use kairos_cli::scenario::emit::Sink;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Matchday(args) => matchday(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even that can be written the exit code still says it.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn matchday(args: &MatchdayArgs) -> Result<(), Error> {
    let shape = args.day.shape();
    let day = Day::new(&shape)?;
    let mut sink = Sink::create(&args.emit)?;
    let progress = Progress::operations(day.about());
    let mut operations = Operations::new();
    for op in day {
        sink.write(&op)?;
        operations.count(&op);
        progress.advance(1);
    }
    sink.finish()?;
    progress.finish();
    if args.emit == Path::new("-") {
        return Ok(());
    }
    let title = format!("matchday of {} matches, seed {}", shape.fixtures, shape.seed);
    print(&Report { title, facts: operations.facts(), ..Report::default() })
}

fn print(report: &Report) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    let paint = if stdout.is_terminal() { Paint::Bold } else { Paint::Plain };
    let text = report.to_text(paint);
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed.map_err(|source| Error::Write { file: "standard output".into(), source })
}
