// What is written, code and pages: its spelling by typos, its links by rumdl.
// Never knows: a word or a link; `typos.toml` and `.rumdl.toml` say what passes.
// Read next: `../tools.rs`, where both programs come from.

use std::path::Path;

use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;
use crate::target;
use crate::tools::{self, Tool};

/// Every file that git does not ignore is spelt as `typos.toml` wants it.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] for a misspelling, and where typos is
/// missing and cannot be fetched.
pub(crate) fn spelling(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("spelling", args)?;
    run(root, &tools::TYPOS, "--format brief")
}

/// Every relative link of a Markdown page leads to a file and a heading that exist.
///
/// # Errors
///
/// As for [`spelling`], with rumdl.
pub(crate) fn links(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("links", args)?;
    run(root, &tools::RUMDL, "check --no-cache .")
}

fn run(root: &Path, tool: &Tool<1>, args: &str) -> Result<(), Failure> {
    let [program] = tools::find(&target::folder(root), tool)?;
    Invocation::new(program.display().to_string(), args.split_whitespace()).run(root)
}
