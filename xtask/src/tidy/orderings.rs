//! Every memory ordering has its reason written beside it.
//! Never knows: whether the reason is right; the models do.
//! Read next: `imports.rs`, which keeps atomics behind the shim.

use super::Finding;
use super::file::File;
use super::tree::Tree;

const ORDERINGS: &[&str] = &["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// How far above an ordering its comment may end.
const LINES_ABOVE: usize = 4;

/// An ordering in production code has a comment on its line or shortly above.
pub(crate) fn check(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(rust) = file.rust() else { return Vec::new() };
    let is_ordering = |name: &str| ORDERINGS.contains(&name);
    let argued = |line: usize| {
        rust.commented[line.saturating_sub(LINES_ABOVE + 1)..line].iter().any(|comment| *comment)
    };
    let imports: Vec<usize> = file.paths().iter().filter(|p| p.imported).map(|p| p.line).collect();
    rust.tokens
        .iter()
        .filter(|token| is_ordering(&token.text) && !file.is_test_line(token.line))
        .filter(|token| !imports.contains(&token.line) && !argued(token.line))
        .map(|token| Finding::new(token.line, format!("`{}` without a reason", token.text)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[usize]) {
        let found = super::check(&File::new("crates/a/src/cell.rs", text), &Tree::default());
        let lines: Vec<usize> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, expected, "{text}");
    }

    #[test]
    fn a_bare_ordering_is_found() {
        check("a.load(Ordering::Acquire);", &[1]);
        check("\na.load(Relaxed);", &[2]);
        check("// Why.\n\n\n\n\na.store(1, Release);", &[6]);
        check("a.compare_exchange(0, 1,\n AcqRel,\n Relaxed) // Why.", &[2]);
    }

    #[test]
    fn a_reason_beside_it_imports_tests_and_text_pass() {
        check("// Why.\n\n\n\na.store(1, Release);", &[]);
        check("a.load(Acquire); // Why.", &[]);
        check("/* Why,\n at length. */\na.load(Acquire);", &[]);
        check("use std::sync::atomic::{AtomicU64,\n Ordering::{self, Relaxed,\n SeqCst}};", &[]);
        check("#[cfg(test)]\nmod tests {\n fn f() { a.load(SeqCst); }\n}", &[]);
        check("\n\n\n\n\nlet text = \"Relaxed\"; Released; NotRelaxed", &[]);
    }
}
