// Words that stand in no file: unfinished marks, paths of one machine, hosts, praise, empty names.
// Never knows: whether a word is code, comment or prose; only the text counts.
// Read next: `../check/prose.rs`, for how words are spelt.

use super::finding::Finding;
use super::tree::File;

/// What is wrong with some words, whether any case and any ending counts, and the words, in small
/// letters where it does. A bar cuts each in two, so that this table does not break its own rule.
const WORDS: &[(&str, bool, &[&str])] = &[
    ("unfinished work", false, &["TO|DO", "FIX|ME", "XX|X"]),
    ("a test that is not run", true, &["#[|ignore"]),
    ("a path of one machine", true, &["/wo|rk/", "/ro|ot/", "/ho|me/"]),
    ("a registry's host", true, &["crates|.io", "pypi|.org", "npmjs|.org", "proxy|.golang.org"]),
    ("how the text was written", false, &["Cla|ude", "Anth|ropic", "Chat|GPT", "LL|M", "LL|Ms"]),
    ("how the text was written", true, &["ai ag|ent", "coding ag|ent"]),
    ("self-praise", true, &["bla|zing", "world|-class", "light|ning", "seam|less"]),
    ("self-praise", true, &["cutting|-edge", "state-of|-the-art"]),
];

/// Parts of a name that say nothing about what is in a module.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common"];

/// No file holds a forbidden word, except the lock file, which names its registry.
pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    let folded = file.text.to_ascii_lowercase();
    for (reason, is_start, words) in WORDS.iter().filter(|_| file.path != "Cargo.lock") {
        let text = if *is_start { &folded } else { &file.text };
        for word in words.iter().map(|word| word.replace('|', "")).filter(|w| text.contains(w)) {
            let lines = (1..).zip(text.lines()).filter(|(_, line)| is_in(line, &word, *is_start));
            findings.extend(
                lines.map(|(number, _)| file.finding(number, format!("`{word}`: {reason}"))),
            );
        }
    }
}

/// No module is called after nothing in particular.
pub(super) fn module_names(file: &File, findings: &mut Vec<Finding>) {
    let names = file.path.strip_suffix(".rs").unwrap_or_default().split('/');
    let empty = names.filter(|name| name.split(['_', '-']).any(|part| EMPTY_NAMES.contains(&part)));
    findings.extend(
        empty.map(|name| file.finding(1, format!("`{name}` says nothing as a module's name"))),
    );
}

fn is_in(line: &str, word: &str, is_start: bool) -> bool {
    let is_open = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        // Behind `.` or `-` a path is the middle of a relative one.
        let is_relative = word.starts_with('/') && before.is_some_and(|c| ".-".contains(c));
        let begins = word.starts_with('#') || (is_open(before) && !is_relative);
        begins && (is_start || is_open(line[at + word.len()..].chars().next()))
    })
}
