// What the text of a file says of it: how it opens, how long it is, which orderings have a reason, and
// which words stand in it that stand in no file.
// Never knows: whether a comment is true, or how words are spelt.
// Read next: `../check/prose.rs`, for the spelling.

use super::tree::{File, is_rust};

/// How many lines a Rust file may have, its tests not counted: a longer one has two jobs.
const MOST_LINES: usize = 350;

/// How many lines of comment a file opens with at least: what it is, what it never knows.
const HEADER_LINES: usize = 2;

/// How far above an ordering its comment may end.
const LINES_ABOVE: usize = 4;

const ORDERINGS: &[&str] = &["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// What is wrong with some words, and the words: in any case if they are in small letters, and in a
/// longer word too. A bar cuts each in two, so that this table does not break its own rule.
const WORDS: &[(&str, &[&str])] = &[
    ("unfinished work", &["TO|DO", "FIX|ME", "XX|X"]),
    ("a test that is not run", &["#[|ignore"]),
    ("a path of one machine", &["/wo|rk/", "/ro|ot/", "/ho|me/"]),
    ("a registry's host", &["crates|.io", "pypi|.org", "npmjs|.org", "proxy|.golang.org"]),
    ("how the text was written", &["cla|ude", "anth|ropic", "chat|gpt", "LL|M", "ai ag|ent"]),
    ("how the text was written", &["coding ag|ent"]),
    ("self-praise", &["bla|zing", "world|-class", "light|ning", "seam|less"]),
    ("self-praise", &["cutting|-edge", "state-of|-the-art"]),
];

/// Parts of a name that say nothing about what is in a module.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common"];

/// A Rust file without its tests is not long.
pub(super) fn length(file: &File) -> Vec<(usize, String)> {
    let lines = file.code.iter().map(|code| file.text.lines().count() - code.test_lines);
    let long = lines.filter(|lines| *lines > MOST_LINES);
    long.map(|lines| (1, format!("{lines} lines without tests, more than {MOST_LINES}"))).collect()
}

/// A Rust file opens with its header.
pub(super) fn header(file: &File) -> Vec<(usize, String)> {
    let lines = file.text.lines().take_while(|line| line.starts_with("//")).count();
    if lines >= HEADER_LINES || !is_rust(&file.path) {
        return Vec::new();
    }
    vec![(1, format!("opens with {lines} lines of comment, not with {HEADER_LINES}"))]
}

/// A memory ordering in production code has its reason on its line or shortly above.
pub(super) fn orderings(file: &File) -> Vec<(usize, String)> {
    let is_comment = |line: &str| line.trim_start().starts_with("//") || line.contains(" // ");
    let commented: Vec<bool> = file.text.lines().map(is_comment).collect();
    let mut found = Vec::new();
    for named in file.code.iter().flat_map(|code| &code.names).filter(|n| n.alias.is_none()) {
        let is_ordering = named.path.rsplit("::").next().is_some_and(|n| ORDERINGS.contains(&n));
        let near = named.line.saturating_sub(LINES_ABOVE + 1)..named.line;
        if is_ordering && !commented[near].contains(&true) {
            found.push((named.line, format!("`{}` without a reason", named.path)));
        }
    }
    found
}

/// No file holds a forbidden word, except the lock file, which names its registry.
pub(super) fn words(file: &File) -> Vec<(usize, String)> {
    let folded = file.text.to_ascii_lowercase();
    let mut found = Vec::new();
    let words = WORDS.iter().flat_map(|(reason, words)| words.iter().map(move |w| (reason, w)));
    for (reason, word) in words.filter(|_| file.path != "Cargo.lock") {
        let word = word.replace('|', "");
        let is_exact = word.contains(char::is_uppercase);
        let text = if is_exact { &file.text } else { &folded };
        let lines = (1..).zip(text.lines()).filter(|(_, line)| line.contains(&word));
        found.extend(lines.map(|(line, _)| (line, format!("`{word}`: {reason}"))));
    }
    found
}

/// No module is called after nothing in particular.
pub(super) fn module_names(file: &File) -> Vec<(usize, String)> {
    let mut parts = file.path.strip_suffix(".rs").unwrap_or_default().split(['/', '_', '-']);
    let empty = parts.find(|part| EMPTY_NAMES.contains(part));
    empty.map(|part| (1, format!("`{part}` says nothing as a module's name"))).into_iter().collect()
}
