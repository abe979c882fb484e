//! A file that is too long has two jobs.
//! Never knows: where to cut it.
//! Read next: `header.rs`.

use super::Finding;
use super::file::File;
use super::tree::Tree;

/// How many lines a Rust file may have, its tests not counted.
const MOST_LINES: usize = 350;

/// A Rust file without its tests is not long.
pub(crate) fn check(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(rust) = file.rust() else { return Vec::new() };
    if file.is_test_file() {
        return Vec::new();
    }
    let lines = rust.test_only.iter().filter(|test| !**test).count();
    let message = format!("{lines} lines without tests, more than {MOST_LINES}");
    if lines > MOST_LINES { vec![Finding::new(1, message)] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_long(path: &str, text: &str) -> bool {
        !super::check(&File::new(path, text), &Tree::default()).is_empty()
    }

    #[test]
    fn only_lines_outside_tests_count() {
        let code = "fn f() {}\n".repeat(350);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn t() {}\n".repeat(400));
        assert!(!is_long("crates/a/src/x.rs", &code));
        assert!(!is_long("crates/a/src/x.rs", &(code.clone() + &tests)));
        assert!(is_long("crates/a/src/x.rs", &(tests + &code + "fn g() {}\n")));
        assert!(!is_long("crates/a/src/x/tests.rs", &(code.clone() + &code)));
        assert!(!is_long("docs/long.md", &(code.clone() + &code)));
    }
}
