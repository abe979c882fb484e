//! The binary `kairos`: reads the command line, does one thing, reports, and says by its exit code how it went.
//! Must never hold logic of its own; the library beside it does.
//! Read next: `args.rs` for what can be asked, `lib.rs` for who answers.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use kairos_cli::Error;
use kairos_cli::command::args::{Cli, Command, ReportFormat};
use kairos_cli::command::{config, matchday, replay};
use kairos_cli::report::{Paint, Report};

fn main() -> ExitCode {
    let Cli { command, report: format } = Cli::parse();
    let done = match command {
        Command::Matchday(args) => matchday::matchday(&args).map(|report| render(&report, format)),
        Command::Replay(args) => replay::replay(&args).map(|report| render(&report, format)),
        Command::Config(args) => config::answer(&args),
    };
    match done.and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even that can be written the exit code still says it.
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
