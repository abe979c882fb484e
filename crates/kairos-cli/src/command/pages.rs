// `kairos completions` and `kairos man`: what a shell and a reader of manuals are told of the command line.
// Never knows: an option; the command line describes itself.
// Read next: `args.rs`, which is described.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Cli;
use super::destination::print;
use crate::error::Error;
use crate::scenario::Output;

/// Prints the script that completes the command line in a shell.
///
/// # Errors
/// [`Error::Write`] if standard output cannot be written.
pub(super) fn completions(shell: Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kairos", &mut script);
    print(&script)
}

/// Writes the manual, one page for the command and one for each subcommand, into a folder, which is created if it is
/// not there; without a folder, prints the page of the command.
///
/// # Errors
/// [`Error::Write`] if the folder, a page or standard output cannot be written.
pub(super) fn man(folder: Option<&Path>) -> Result<(), Error> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = folder else { return print(&page(command.clone()).1) };
    let failed = |source| Error::Write { file: folder.into(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let subcommands = command.get_subcommands().cloned().collect::<Vec<_>>();
    for command in [command].into_iter().chain(subcommands) {
        let (name, text) = page(command);
        let mut output = Output::create(&folder.join(name))?;
        output.write_all(&text).map_err(failed)?;
        output.keep()?;
    }
    Ok(())
}

/// The file name and the text of a page.
fn page(command: Command) -> (String, Vec<u8>) {
    let page = Man::new(command).source(format!("kairos {}", env!("KAIROS_VERSION")));
    let mut text = Vec::new();
    page.render(&mut text).expect("a vector takes every byte");
    (page.get_filename(), text)
}
