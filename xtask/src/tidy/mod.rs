//! The text rules of this workspace: a table of pure functions from a file to its violations.
//! Never knows: what a rule looks for, or how a Rust file is taken apart.
//! Read next: `layers.rs`, the tables that say who may import whom.

mod clocks;
mod file;
mod header;
mod imports;
mod layers;
mod length;
mod links;
mod orderings;
mod paths;
mod rust;
mod sleeps;
mod tree;
mod words;

use std::path::Path;

use crate::failure::Failure;
use file::File;
use tree::Tree;

/// What a rule found: a line, counted from one, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    line: usize,
    message: String,
}

impl Finding {
    fn new(line: usize, message: impl Into<String>) -> Finding {
        Finding { line, message: message.into() }
    }
}

/// Whether a finding fails the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Violation,
    Warning,
}

/// A rule: a pure function over one file, and the list of all files where it needs to know what
/// else exists.
struct Rule {
    name: &'static str,
    severity: Severity,
    check: fn(&File, &Tree) -> Vec<Finding>,
}

const fn rule(name: &'static str, check: fn(&File, &Tree) -> Vec<Finding>) -> Rule {
    Rule { name, severity: Severity::Violation, check }
}

const RULES: &[Rule] = &[
    rule("crates", imports::crates),
    rule("layers", imports::layers),
    rule("narrow", imports::narrow),
    rule("policy", imports::policy),
    rule("shim", imports::shim),
    rule("modelled", imports::modelled),
    rule("fenced", imports::fenced),
    rule("clock", clocks::check),
    rule("word", words::check),
    rule("module-name", words::module_names),
    Rule { name: "length", severity: Severity::Warning, check: length::check },
    rule("header", header::check),
    rule("ordering", orderings::check),
    rule("link", links::check),
    rule("sleep", sleeps::check),
];

/// Checks every tracked file and every untracked one that is not ignored.
///
/// # Errors
///
/// [`Failure::Failed`] if a rule is broken or the files cannot be listed. Warnings are printed and
/// pass, unless `--deny-long` is given.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let deny_warnings = match words[..] {
        [] => false,
        ["--deny-long"] => true,
        _ => return Err(Failure::Usage(format!("`tidy` does not take `{}`", words.join(" ")))),
    };
    let tree = Tree::read(root)?;
    let report = report(&tree);
    for (severity, line) in &report {
        match severity {
            Severity::Violation => println!("{line}"),
            Severity::Warning => println!("warning: {line}"),
        }
    }
    let warnings = report.iter().filter(|(s, _)| *s == Severity::Warning).count();
    let violations = report.len() - warnings;
    println!(
        "tidy: {} files, {} rules, {violations} violations, {warnings} warnings",
        tree.files().len(),
        RULES.len()
    );
    if violations > 0 || (deny_warnings && warnings > 0) {
        return Err(Failure::Failed(format!(
            "tidy found {violations} violations and {warnings} warnings"
        )));
    }
    Ok(())
}

/// Every finding in every file as `path:line: [rule] message`, in the order of the files.
fn report(tree: &Tree) -> Vec<(Severity, String)> {
    let mut report = Vec::new();
    for file in tree.files() {
        let mut findings: Vec<(Finding, &Rule)> = RULES
            .iter()
            .flat_map(|rule| (rule.check)(file, tree).into_iter().map(move |f| (f, rule)))
            .collect();
        findings.sort_by(|a, b| a.0.cmp(&b.0));
        // The same name twice on a line is one thing to mend.
        findings.dedup_by(|a, b| a.0 == b.0);
        report.extend(findings.into_iter().map(|(Finding { line, message }, rule)| {
            (rule.severity, format!("{}:{line}: [{}] {message}", file.path(), rule.name))
        }));
    }
    report
}

#[cfg(test)]
mod tests;
