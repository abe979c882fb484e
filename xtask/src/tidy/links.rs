//! Relative links in Markdown lead to a file or a folder of this workspace.
//! Never knows: addresses elsewhere, or the headings inside a page.
//! Read next: `tree.rs`, which knows what exists.

use super::Finding;
use super::file::File;
use super::tree::Tree;

/// Every relative link of a page resolves; code blocks and code spans hold no links.
pub(crate) fn check(file: &File, tree: &Tree) -> Vec<Finding> {
    if !matches!(file.extension(), "md" | "markdown") {
        return Vec::new();
    }
    let mut fence: Option<&str> = None;
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text().lines()) {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => findings.extend(
                targets(&without_spans(line))
                    .into_iter()
                    .filter(|target| !resolves(target, file, tree))
                    .map(|target| Finding::new(number, format!("`{target}` leads nowhere"))),
            ),
        }
    }
    findings
}

/// The targets of the links and of the reference definition on a line.
fn targets(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, opening) in line.match_indices("](") {
        let mut depth = 0_usize;
        let end = line[at + opening.len()..].find(|c| {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => return true,
                ')' => depth -= 1,
                _ => {}
            }
            false
        });
        if let Some(length) = end {
            found.push(target(&line[at + opening.len()..][..length]));
        }
    }
    if let Some((label, rest)) = line.trim_start().split_once("]:")
        && label.starts_with('[')
        && !label.starts_with("[^")
        && !label.contains("](")
    {
        found.push(target(rest));
    }
    found
}

/// The address in front of an optional title, without its angle brackets.
fn target(text: &str) -> String {
    let text = text.trim();
    match text.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((inside, _)) => inside.to_string(),
        None => text.split_whitespace().next().unwrap_or("").to_string(),
    }
}

/// The line without what stands between backticks.
fn without_spans(line: &str) -> String {
    let pieces: Vec<&str> = line.split('`').collect();
    // With an odd number of backticks the last one opens nothing on this line.
    let open_end = if pieces.len().is_multiple_of(2) { pieces.last() } else { None };
    pieces.iter().step_by(2).chain(open_end).copied().collect()
}

fn resolves(target: &str, file: &File, tree: &Tree) -> bool {
    let path = target.split(['#', '?']).next().unwrap_or("");
    let elsewhere = target.starts_with("//")
        || path.split_once(':').is_some_and(|(scheme, _)| {
            !scheme.is_empty()
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
        });
    if elsewhere || target.starts_with('#') {
        return true;
    }
    let mut parts: Vec<&str> = match path.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => {
            file.path().split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect()
        }
    };
    for part in path.split('/') {
        match part {
            ".." if parts.pop().is_none() => return false,
            "" | "." | ".." => {}
            name => parts.push(name),
        }
    }
    !path.is_empty() && tree.contains(&parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut tree = Tree::default();
        for path in ["README.md", "docs/guide.md", "docs/adr/0001 first.md", "docs/a(b).md"] {
            tree.insert(path.into(), b"text".to_vec());
        }
        let found = super::check(&File::new("docs/page.md", text), &tree);
        let messages: Vec<String> = found.into_iter().map(|finding| finding.message).collect();
        let expected: Vec<String> =
            expected.iter().map(|target| format!("`{target}` leads nowhere")).collect();
        assert_eq!(messages, expected, "{text}");
    }

    #[test]
    fn links_to_files_folders_and_elsewhere_resolve() {
        for text in [
            "[a](guide.md) ![b](./guide.md#part) [c](../README.md) [d](adr) [e](adr/) [f](..)",
            "[a](/README.md \"title\") [b](<adr/0001 first.md>) [c](a(b).md)",
            "[a](https://example.org/x) [b](mailto:x@example.org) [c](#part) [d](//example.org)",
            "[a]: guide.md\n[^1]: gone.md is a note",
            "```\n[a](gone.md)\n~~~\n[b](gone.md)\n```\n`[c](gone.md)` and one ` more",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn links_to_what_is_not_there_do_not() {
        check("[a](gone.md)", &["gone.md"]);
        check("[a](guide.md), ![b](img/gone.png)", &["img/gone.png"]);
        check("[a](../docs/gone.md#part)", &["../docs/gone.md#part"]);
        check("[a](../../guide.md)", &["../../guide.md"]);
        check("[a]: gone.md 'title'", &["gone.md"]);
        check("[a](guide) [b]()", &["guide", ""]);
        check("`one` [a](gone.md) `two`", &["gone.md"]);
        check("[![a](gone.png)](gone.md)", &["gone.png", "gone.md"]);
        check("```\n```\n[a](gone.md)", &["gone.md"]);
    }

    #[test]
    fn only_markdown_is_read() {
        let file = File::new("docs/page.txt", "[a](gone.md)");
        assert!(super::check(&file, &Tree::default()).is_empty());
    }
}
