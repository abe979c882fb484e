// Where a report goes: to standard output, to a file, or nowhere.
// Never knows: what a report says.
// Read next: `args.rs` for the options, `../scenario/emit/output.rs` for files.

use std::io::{self, IsTerminal, Write};

use super::args::{ReportArgs, ReportFormat};
use crate::error::Error;
use crate::report::{Paint, Report};
use crate::scenario::Output;

/// Where a report goes, decided before the run, so that a file that cannot be written ends no run of hours.
pub(super) struct Destination {
    output: Option<Output>,
    format: ReportFormat,
    is_quiet: bool,
}

impl Destination {
    /// The destination that the options name.
    ///
    /// # Errors
    /// [`Error::Write`] if the file cannot be created.
    pub(super) fn create(args: &ReportArgs, format: ReportFormat) -> Result<Self, Error> {
        let output = args.output.as_deref().map(Output::create).transpose()?;
        Ok(Self { output, format, is_quiet: args.quiet })
    }

    /// Writes the report, and gives its file its name.
    ///
    /// # Errors
    /// [`Error::Write`] with the operating system's error.
    pub(super) fn deliver(self, report: &Report) -> Result<(), Error> {
        let text = |paint| match self.format {
            ReportFormat::Text => report.to_text(paint),
            ReportFormat::Json => report.to_json() + "\n",
        };
        let Some(mut output) = self.output else {
            let paint = if io::stdout().is_terminal() { Paint::Bold } else { Paint::Plain };
            return if self.is_quiet { Ok(()) } else { print(text(paint).as_bytes()) };
        };
        let written = output.write_all(text(Paint::Plain).as_bytes());
        written.map_err(|source| Error::Write { file: output.file().into(), source })?;
        output.keep()
    }
}

/// Writes to standard output.
///
/// # Errors
/// [`Error::Write`] with the operating system's error.
pub(super) fn print(bytes: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(bytes).and_then(|()| stdout.flush());
    printed.map_err(|source| Error::Write { file: "standard output".into(), source })
}
