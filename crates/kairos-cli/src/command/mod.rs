// The command: parses the command line, runs one subcommand, prints the result, sets the exit code.
// Never knows: how a cache answers, or how a report is laid out.
// Read next: `args.rs` for the options, then the subcommand's own file.

mod args;
mod config;
mod matchday;
mod progress;
mod replay;
mod signals;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::error::Error;
use crate::report::{Paint, Report};

use self::args::{Cli, Command, ReportFormat};

/// Runs the subcommand that the process's arguments name, and returns the exit code.
///
/// The code is 0 for success, 2 for a wrong input, configuration or command line, 1 for an output that cannot be
/// written.
///
/// The result goes to standard output, an error as one line to standard error. A wrong command line, `--help` and
/// `--version` end the process at once.
pub fn run() -> ExitCode {
    let Cli { command, report: format } = Cli::parse();
    signals::watch();
    let done = match command {
        Command::Matchday(args) => matchday::run(&args).map(|report| render(&report, format)),
        Command::Replay(args) => replay::run(&args).map(|report| render(&report, format)),
        Command::Config(args) => config::answer(&args),
    };
    match done.and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error cannot be written either, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn render(report: &Report, format: ReportFormat) -> String {
    let paint = if io::stdout().is_terminal() { Paint::Bold } else { Paint::Plain };
    match format {
        ReportFormat::Text => report.to_text(paint),
        ReportFormat::Json => report.to_json() + "\n",
    }
}

fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed.map_err(|source| Error::Write { file: "standard output".into(), source })
}
