//! Every file opens with two lines: what it is, what it must never know.
//! Never knows: whether the lines are true.
//! Read next: `length.rs`.

use super::Finding;
use super::file::File;
use super::tree::Tree;

/// How many lines of comment a file opens with at least.
const HEADER_LINES: usize = 2;

/// A source file opens with its header.
pub(crate) fn check(file: &File, _: &Tree) -> Vec<Finding> {
    let source = file.place().is_some()
        || ["loom-tests/", "benches/", "xtask/"].iter().any(|f| file.path().starts_with(f));
    if !file.is_rust() || !source {
        return Vec::new();
    }
    let lines = file.text().lines().take_while(|line| line.starts_with("//")).count();
    if lines >= HEADER_LINES {
        return Vec::new();
    }
    vec![Finding::new(1, format!("opens with {lines} lines of comment, not with {HEADER_LINES}"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_open_a_source_file() {
        let check = |path: &str, text: &str, expected: usize| {
            let found = super::check(&File::new(path, text), &Tree::default());
            assert_eq!(found.len(), expected, "{path}: {text}");
        };
        let header = "//! What.\n//! Never.\n//! Next.\n";
        check("crates/a/src/x.rs", header, 0);
        check("loom-tests/tests/x.rs", &format!("{header}//!\n//! More.\nfn f() {{}}"), 0);
        for path in ["crates/a/src/x.rs", "loom-tests/tests/x.rs", "benches/src/x.rs", "xtask/a.rs"]
        {
            check(path, "//! What.\nfn f() {}", 1);
            check(path, "", 1);
        }
        check("crates/a/src/x.rs", &format!("\n{header}"), 1);
        check("crates/a/src/x.rs", "// What.\n// Never.\n", 0);
        check("crates/a/examples/x.rs", "fn main() {}", 0);
        check("benches/Cargo.toml", "", 0);
    }
}
