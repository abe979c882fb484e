//! Words that stand in no file: unfinished marks, machine paths, hosts, praise, empty names.
//! Never knows: whether a word is code, comment or prose; only the text counts.
//! Read next: `mod.rs`, the table of rules.

use super::Finding;
use super::file::File;
use super::tree::Tree;

/// A forbidden word, how much of it must match, and what is wrong with it.
struct Word {
    text: &'static str,
    fit: Fit,
    reason: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// As written, between characters that are not part of a word.
    Whole,
    /// In any case, and with any ending.
    Start,
}

const fn whole(text: &'static str, reason: &'static str) -> Word {
    Word { text, fit: Fit::Whole, reason }
}

const fn start(text: &'static str, reason: &'static str) -> Word {
    Word { text, fit: Fit::Start, reason }
}

const UNFINISHED: &str = "unfinished work";
const MACHINE: &str = "a path of one machine";
const REGISTRY: &str = "a registry's host";
const AUTHOR: &str = "how the text was written";
const PRAISE: &str = "self-praise";

/// Every word is cut in two, so that this table does not break its own rule.
const WORDS: &[Word] = &[
    whole(concat!("TO", "DO"), UNFINISHED),
    whole(concat!("FIX", "ME"), UNFINISHED),
    whole(concat!("XX", "X"), UNFINISHED),
    whole(concat!("unimpl", "emented!"), UNFINISHED),
    whole(concat!("to", "do!"), UNFINISHED),
    whole(concat!("#[ig", "nore"), UNFINISHED),
    whole(concat!("db", "g!"), UNFINISHED),
    start(concat!("/wo", "rk/"), MACHINE),
    start(concat!("/ro", "ot/"), MACHINE),
    start(concat!("/ho", "me/"), MACHINE),
    start(concat!("crates", ".io"), REGISTRY),
    start(concat!("pypi", ".org"), REGISTRY),
    start(concat!("npmjs", ".org"), REGISTRY),
    start(concat!("proxy.gol", "ang.org"), REGISTRY),
    whole(concat!("Cla", "ude"), AUTHOR),
    whole(concat!("Anth", "ropic"), AUTHOR),
    start(concat!("Chat", "GPT"), AUTHOR),
    whole(concat!("LL", "M"), AUTHOR),
    whole(concat!("LL", "Ms"), AUTHOR),
    start(concat!("AI ag", "ent"), AUTHOR),
    start(concat!("coding ag", "ent"), AUTHOR),
    start(concat!("bla", "zing"), PRAISE),
    start(concat!("world", "-class"), PRAISE),
    start(concat!("light", "ning"), PRAISE),
    start(concat!("seam", "less"), PRAISE),
    start(concat!("cutting", "-edge"), PRAISE),
    start(concat!("state-of", "-the-art"), PRAISE),
];

/// Parts of a name that say nothing about what is in a module.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common"];

/// No text file contains a forbidden word, except the lock file, which names its registry.
pub(crate) fn check(file: &File, _: &Tree) -> Vec<Finding> {
    if file.name() == "Cargo.lock" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text().lines()) {
        for word in WORDS.iter().filter(|word| word.is_in(line)) {
            findings.push(Finding::new(number, format!("`{}`: {}", word.text, word.reason)));
        }
    }
    findings
}

/// No module is called after nothing in particular.
pub(crate) fn module_names(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(rust) = file.rust() else { return Vec::new() };
    let file_name = file.name().trim_end_matches(".rs");
    let own = file.folders().chain([file_name]).map(|name| (1, name));
    let inline = (0..rust.tokens.len())
        .filter(|at| rust.matches(*at, &["mod"]) && rust.matches(at + 2, &["{"]))
        .map(|at| (rust.tokens[at].line, rust.tokens[at + 1].text.as_str()));
    own.chain(inline)
        .filter(|(_, name)| name.split(['_', '-']).any(|part| EMPTY_NAMES.contains(&part)))
        .map(|(line, name)| Finding::new(line, format!("`{name}` says nothing as a module's name")))
        .collect()
}

impl Word {
    fn is_in(&self, line: &str) -> bool {
        let folded = line.to_ascii_lowercase();
        let (line, text) = match self.fit {
            Fit::Whole => (line, self.text.to_string()),
            Fit::Start => (folded.as_str(), self.text.to_ascii_lowercase()),
        };
        line.match_indices(&text).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + text.len()..].chars().next();
            let open = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let begun = match text.chars().next() {
                Some('#') => true,
                // Behind `.` or `-` it is the middle of a relative path.
                Some('/') => open(before) && before.is_none_or(|c| !".-".contains(c)),
                _ => open(before),
            };
            begun && (self.fit == Fit::Start || text.ends_with('!') || open(after))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        let findings = check(&File::new(path, text), &Tree::default());
        findings.into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_word_of_the_table_is_found_in_prose_and_in_code() {
        for Word { text, .. } in WORDS {
            assert_eq!(found("docs/guide.md", &format!("fine\nSee {text} here")), [2], "{text}");
            assert_eq!(found("crates/a/src/x.rs", text), [1], "{text}");
            assert_eq!(found("Cargo.lock", text), [0; 0], "{text}");
        }
    }

    #[test]
    fn words_that_only_look_alike_pass() {
        for text in [
            concat!("mastodon, LLMNR, todo = \"deny\", dbg_macro, XX", "XL"),
            concat!("frame", "work/x ./ho", "me/x ../ro", "ot/x a/wo", "rk/b"),
            "[patch.crates-io]",
            "the user agent of a session",
            "unseamed enlightning",
        ] {
            assert_eq!(found("docs/guide.md", text), [0; 0], "{text}");
        }
    }

    #[test]
    fn praise_is_found_in_any_case_and_with_any_ending() {
        let praise = concat!("Bla", "zingly fast, SEAM", "LESSLY so");
        assert_eq!(found("README.md", praise), [1, 1]);
    }

    #[test]
    fn a_module_is_named_for_what_it_holds() {
        let lines = |path: &str, text: &str| {
            let findings = module_names(&File::new(path, text), &Tree::default());
            findings.into_iter().map(|finding| finding.line).collect::<Vec<_>>()
        };
        assert_eq!(lines("crates/a/src/utils.rs", ""), [1]);
        assert_eq!(lines("crates/a/tests/common/mod.rs", ""), [1]);
        assert_eq!(lines("crates/a/src/string_helpers.rs", ""), [1]);
        assert_eq!(lines("crates/a/src/x.rs", "\nmod time_util { }"), [2]);
        assert_eq!(lines("crates/a/src/commons.rs", "mod utility { } // mod utils {"), [0; 0]);
        assert_eq!(lines("docs/common.md", ""), [0; 0]);
    }
}
