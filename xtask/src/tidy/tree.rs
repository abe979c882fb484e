// The files of the workspace, as git lists them: tracked, and new ones that are not ignored.
// Never knows: a rule.
// Read next: `code.rs`, what is seen of a Rust file.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use super::code::Code;
use crate::failure::Failure;
use crate::invocation::Invocation;

/// A text file.
pub(super) struct File {
    /// From the workspace's root, with `/` between the parts.
    pub(super) path: String,
    pub(super) text: String,
    /// The package that it is a source of, and the module that it holds (`a::b`, empty for the root).
    pub(super) place: Option<(String, String)>,
    /// Nothing for a file that is not Rust, or is a test.
    pub(super) code: Option<Code>,
}

/// The path and line of a place that breaks a rule, and what is wrong there.
pub(super) type Broken = (String, usize, String);

/// Reads the text files of the checkout at `root`, sorted by path.
///
/// # Errors
///
/// [`Failure::Failed`] if git cannot list it, or a file cannot be read or parsed.
pub(super) fn read(root: &Path) -> Result<Vec<File>, Failure> {
    let line = "git ls-files -z --cached --others --exclude-standard";
    let listed = Invocation::words(line).output(root)?;
    let mut files = Vec::new();
    for path in listed.split_terminator('\0').collect::<BTreeSet<_>>() {
        match std::fs::read_to_string(root.join(path)) {
            Ok(text) => files.push(File::new(path.into(), text)?),
            Err(error) => match error.kind() {
                // Deleted and not yet so in the index, a checkout of its own, or no text.
                ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::InvalidData => {}
                _ => return Err(Failure::Failed(format!("cannot read {path}: {error}"))),
            },
        }
    }
    Ok(files)
}

impl File {
    /// The file with this path and text.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] if it is production code that cannot be parsed.
    pub(super) fn new(path: String, text: String) -> Result<File, Failure> {
        let is_test = |part| matches!(part, "tests" | "tests.rs" | "loom-tests");
        let is_production = is_rust(&path) && !path.split('/').any(is_test);
        let code = is_production.then(|| Code::parse(&text)).transpose();
        let code = code.map_err(|reason| Failure::Failed(format!("{path}: {reason}")))?;
        Ok(File { place: place(&path), path, text, code })
    }
}

pub(super) fn is_rust(path: &str) -> bool {
    path.strip_suffix(".rs").is_some()
}

fn place(path: &str) -> Option<(String, String)> {
    let (folder, module) = path.strip_suffix(".rs")?.split_once("/src/")?;
    let package = folder.rsplit('/').next()?;
    let module = module.strip_suffix("/mod").unwrap_or(module);
    let is_root = matches!(module, "lib" | "main") || module.starts_with("bin/");
    Some((package.into(), if is_root { String::new() } else { module.replace('/', "::") }))
}
