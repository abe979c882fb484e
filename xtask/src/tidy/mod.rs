// The house rules: a table of pure functions from the workspace's files to what breaks a rule.
// Never knows: what a rule looks for, or how a Rust file is taken apart.
// Read next: `layers.rs`, the tables that say which room may name which.

mod code;
mod finding;
mod house;
mod layers;
mod rooms;
mod shapes;
mod text;
mod tree;
mod words;

use std::path::Path;

use crate::failure::{Failure, no_arguments};
use finding::Finding;
use house::House;
use layers::Plan;
use tree::{File, Tree};

/// What a rule looks at.
#[derive(Clone, Copy)]
enum Rule {
    /// Each text file alone.
    File(fn(&File, &mut Vec<Finding>)),
    /// The crates, with every path that they name.
    Houses(fn(&[House], &mut Vec<Finding>)),
}

/// The rules by their names.
const RULES: &[(&str, Rule)] = &[
    ("layers", Rule::Houses(rooms::layers)),
    ("circle", Rule::Houses(rooms::circles)),
    ("private", Rule::Houses(rooms::private)),
    ("modelled", Rule::Houses(rooms::modelled)),
    ("fenced", Rule::Houses(rooms::fenced)),
    ("purity", Rule::Houses(rooms::purity)),
    ("shape", Rule::Houses(shapes::check)),
    ("length", Rule::File(text::length)),
    ("header", Rule::File(text::header)),
    ("ordering", Rule::File(text::orderings)),
    ("word", Rule::File(words::check)),
    ("module-name", Rule::File(words::module_names)),
];

/// Checks every tracked file and every untracked one that is not ignored.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] if a rule is broken or a file cannot be read.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("tidy", args)?;
    let tree = Tree::read(root)?;
    let report = report(&tree, layers::PLANS);
    for line in &report {
        println!("{line}");
    }
    println!(
        "tidy: {} files, {} rules, {} violations",
        tree.files.len(),
        RULES.len(),
        report.len()
    );
    if report.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(format!("tidy found {} violations", report.len())))
    }
}

/// Every finding as `path:line: [rule] message`, in the order of the files.
fn report(tree: &Tree, plans: &[Plan]) -> Vec<String> {
    let houses = house::houses(tree, plans);
    let mut report = Vec::new();
    for (name, rule) in RULES {
        let mut findings = Vec::new();
        match rule {
            Rule::File(check) => tree.files.iter().for_each(|file| check(file, &mut findings)),
            Rule::Houses(check) => check(&houses, &mut findings),
        }
        report.extend(findings.into_iter().map(|finding| (finding, name)));
    }
    report.sort();
    // The same name twice on a line is one thing to mend.
    report.dedup();
    let line =
        |(Finding { path, line, message }, rule)| format!("{path}:{line}: [{rule}] {message}");
    report.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests;
