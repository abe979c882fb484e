// The files of the workspace, as git lists them: tracked, and new ones that are not ignored.
// Never knows: a rule.
// Read next: `code.rs`, what is seen of a Rust file.

use std::path::Path;

use super::code::Code;
use super::finding::Finding;
use crate::failure::Failure;
use crate::invocation::Invocation;

/// The text files of a checkout, sorted by path.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

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

impl Tree {
    /// Reads the checkout at `root`.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] if git cannot list it, or a file cannot be read or parsed.
    pub(super) fn read(root: &Path) -> Result<Tree, Failure> {
        let line = "git ls-files -z --cached --others --exclude-standard";
        let listed = Invocation::words(line).output(root)?;
        let mut paths: Vec<&str> = listed.split_terminator('\0').collect();
        paths.sort_unstable();
        paths.dedup();
        let mut texts = Vec::new();
        // Listed and not there: deleted, and not yet so in the index.
        for path in paths.into_iter().filter(|path| root.join(path).is_file()) {
            let bytes = std::fs::read(root.join(path))
                .map_err(|error| Failure::Failed(format!("cannot read {path}: {error}")))?;
            // What is not text is not read.
            texts.extend(String::from_utf8(bytes).ok().map(|text| (path.to_owned(), text)));
        }
        Tree::of(texts)
    }

    /// The files with these paths and texts.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] if one of them cannot be parsed.
    pub(super) fn of(texts: Vec<(String, String)>) -> Result<Tree, Failure> {
        let file = |(path, text): (String, String)| {
            let code = is_production(&path).then(|| Code::parse(&text)).transpose();
            let code = code.map_err(|reason| Failure::Failed(format!("{path}: {reason}")))?;
            Ok(File { place: place(&path), path, text, code })
        };
        Ok(Tree { files: texts.into_iter().map(file).collect::<Result<_, Failure>>()? })
    }
}

/// Whether a file is Rust and no test: in no folder of tests, no model, not named for tests.
fn is_production(path: &str) -> bool {
    let mut parts = path.split('/');
    let name = parts.next_back().unwrap_or_default();
    name.strip_suffix(".rs").is_some()
        && name != "tests.rs"
        && !path.starts_with("loom-tests/")
        && parts.all(|folder| folder != "tests")
}

impl File {
    /// What is wrong with it on this line.
    pub(super) fn finding(&self, line: usize, message: String) -> Finding {
        Finding { path: self.path.clone(), line, message }
    }
}

fn place(path: &str) -> Option<(String, String)> {
    let (folder, module) = path.split_once("/src/")?;
    let package = folder.strip_prefix("crates/").or((folder == "xtask").then_some(folder))?;
    let module = module.strip_suffix(".rs")?;
    let module = module.strip_suffix("/mod").unwrap_or(module);
    let is_root = matches!(module, "lib" | "main") || module.starts_with("bin/");
    Some((package.into(), if is_root { String::new() } else { module.replace('/', "::") }))
}
