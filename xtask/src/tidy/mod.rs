// The house rules: a table of pure functions, each from a file, from a path that a file names, or from
// all files of a crate to what is wrong.
// Never knows: what a rule looks for, or how a Rust file is taken apart.
// Read next: `layers.rs`, the tables that say which room may name which.

mod code;
mod examples;
mod house;
mod layers;
mod rooms;
mod text;
mod tree;

use std::collections::BTreeSet;
use std::path::Path;

use crate::failure::{Failure, no_arguments};
use house::{House, Way};
use layers::Plan;
use tree::{Broken, File};

/// What a rule looks at, and what it returns: nothing where the rule is kept.
enum Rule {
    /// A text file; each line that breaks the rule, counted from one, with what is wrong.
    File(fn(&File) -> Vec<(usize, String)>),
    /// A path that a source file of a crate names.
    Way(fn(&House, &Way) -> Option<String>),
    /// A crate by its plan, and all files.
    Crate(fn(&Plan, &[File]) -> Vec<Broken>),
}

/// The rules by their names.
const RULES: &[(&str, Rule)] = &[
    ("layers", Rule::Way(rooms::layers)),
    ("circle", Rule::Way(rooms::circles)),
    ("modelled", Rule::Way(rooms::modelled)),
    ("fenced", Rule::Way(rooms::fenced)),
    ("purity", Rule::Way(rooms::purity)),
    ("private", Rule::File(rooms::private)),
    ("length", Rule::File(text::length)),
    ("header", Rule::File(text::header)),
    ("ordering", Rule::File(text::orderings)),
    ("word", Rule::File(text::words)),
    ("module-name", Rule::File(text::module_names)),
    ("example", Rule::Crate(examples::unshown)),
];

/// Checks every tracked file and every untracked one that is not ignored.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] if a rule is broken or a file cannot be read.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("tidy", args)?;
    let files = tree::read(root)?;
    let report = report(&files, layers::PLANS);
    for line in &report {
        println!("{line}");
    }
    let violations = report.len();
    println!("tidy: {} files, {} rules, {violations} violations", files.len(), RULES.len());
    if report.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(format!("tidy found {violations} violations")))
    }
}

/// Every violation once, as `path:line: [rule] message`, in the order of paths and lines.
fn report(files: &[File], plans: &[Plan]) -> Vec<String> {
    let houses: Vec<House> = plans.iter().map(|plan| House::of(plan, files)).collect();
    let mut found = BTreeSet::new();
    for (name, rule) in RULES {
        match rule {
            Rule::File(check) => found.extend(files.iter().flat_map(|file| {
                check(file)
                    .into_iter()
                    .map(move |(line, message)| (file.path.clone(), line, name, message))
            })),
            Rule::Way(check) => found.extend(houses.iter().flat_map(|house| {
                house.ways.iter().filter_map(move |way| {
                    Some((way.file.path.clone(), way.named.line, name, check(house, way)?))
                })
            })),
            Rule::Crate(check) => found.extend(plans.iter().flat_map(|plan| {
                check(plan, files)
                    .into_iter()
                    .map(move |(path, line, message)| (path, line, name, message))
            })),
        }
    }
    let line = |(path, line, rule, message)| format!("{path}:{line}: [{rule}] {message}");
    found.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests;
