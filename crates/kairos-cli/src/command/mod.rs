// The command: parses the command line, runs one subcommand, sets the exit code.
// Never knows: how a cache answers, or how a report is laid out.
// Read next: `args.rs` for the options, then the subcommand's own file.

mod args;
mod config;
mod destination;
mod engines;
mod fingerprint;
mod matchday;
mod pages;
mod progress;
mod replay;
mod signals;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use self::args::{Cli, Command};

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
        Command::Matchday(args) => matchday::run(&args, format),
        Command::Replay(args) => replay::run(&args, format),
        Command::Config(args) => config::answer(&args),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { folder } => pages::man(folder.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error cannot be written either, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(error.exit_code())
        }
    }
}
