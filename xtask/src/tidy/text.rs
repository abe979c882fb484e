// What the text of a file says of it: how it opens, how long it is, which orderings have a reason.
// Never knows: whether a comment is true.
// Read next: `words.rs`, for the words themselves.

use super::finding::Finding;
use super::tree::File;

/// How many lines a Rust file may have, its tests not counted: a longer one has two jobs.
const MOST_LINES: usize = 350;

/// How many lines of comment a file opens with at least: what it is, what it never knows.
const HEADER_LINES: usize = 2;

/// Folders whose files open with plain comments and not with documentation.
const PLAIN: &[&str] = &["xtask/"];

/// How far above an ordering its comment may end.
const LINES_ABOVE: usize = 4;

const ORDERINGS: &[&str] = &["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// A Rust file without its tests is not long.
pub(super) fn length(file: &File, findings: &mut Vec<Finding>) {
    let Some(code) = &file.code else { return };
    let lines = file.text.lines().count() - code.test_lines;
    if lines > MOST_LINES {
        findings
            .push(file.finding(1, format!("{lines} lines without tests, more than {MOST_LINES}")));
    }
}

/// A source file opens with its header; only the root of a crate documents itself there.
pub(super) fn header(file: &File, findings: &mut Vec<Finding>) {
    let others = ["loom-tests/", "benches/"].iter().any(|folder| file.path.starts_with(folder));
    if file.path.strip_suffix(".rs").is_none() || (file.place.is_none() && !others) {
        return;
    }
    let is_root = file.place.as_ref().is_some_and(|(_, module)| module.is_empty());
    let is_plain = !is_root && PLAIN.iter().any(|folder| file.path.starts_with(folder));
    let opens = |line: &&str| line.starts_with("//") && !(is_plain && line.starts_with("//!"));
    let lines = file.text.lines().take_while(opens).count();
    if lines < HEADER_LINES {
        findings.push(
            file.finding(
                1,
                format!("opens with {lines} lines of comment, not with {HEADER_LINES}"),
            ),
        );
    }
}

/// A memory ordering in production code has its reason on its line or shortly above.
pub(super) fn orderings(file: &File, findings: &mut Vec<Finding>) {
    let is_comment = |line: &str| line.trim_start().starts_with("//") || line.contains(" // ");
    let commented: Vec<bool> = file.text.lines().map(is_comment).collect();
    let names = file.code.iter().flat_map(|code| &code.names).filter(|named| named.alias.is_none());
    for named in
        names.filter(|named| ORDERINGS.contains(&named.path[named.path.len() - 1].as_str()))
    {
        let above = named.line.saturating_sub(LINES_ABOVE + 1)..named.line;
        if !commented[above].contains(&true) {
            findings.push(
                file.finding(named.line, format!("`{}` without a reason", named.path.join("::"))),
            );
        }
    }
}
