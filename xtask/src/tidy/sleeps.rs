//! Tests do not sleep: a pause that waits for another thread hides a race or wastes a second.
//! Never knows: production code, where `clocks.rs` looks.
//! Read next: `clocks.rs`.

use super::Finding;
use super::file::File;
use super::tree::Tree;

/// Test code names no sleep, except tokio's in a file whose tests pause its clock.
pub(crate) fn check(file: &File, _: &Tree) -> Vec<Finding> {
    let paused = file
        .rust()
        .is_some_and(|rust| rust.tokens.iter().any(|token| token.text == "start_paused"));
    file.paths()
        .into_iter()
        .filter(|path| file.is_test_line(path.line))
        .filter(|path| {
            path.ends_with(&["thread", "sleep"]) || (!paused && path.ends_with(&["time", "sleep"]))
        })
        .map(|path| Finding::new(path.line, format!("a test sleeps: `{}`", path.text())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let found = super::check(&File::new(path, text), &Tree::default());
        found.into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_sleep_in_a_test_is_found() {
        assert_eq!(lines("crates/a/tests/x.rs", "\nfn f() { std::thread::sleep(d) }"), [2]);
        assert_eq!(lines("loom-tests/tests/x.rs", "use tokio::time::sleep;"), [1]);
        let inline =
            "#[cfg(test)]\nmod tests {\n use std::thread;\n fn f() { thread::sleep(d) }\n}";
        assert_eq!(lines("crates/a/src/x.rs", inline), [4]);
        let paused = "#[tokio::test(start_paused = true)] async fn f() { thread::sleep(d) }";
        assert_eq!(lines("crates/a/tests/x.rs", paused), [1]);
    }

    #[test]
    fn paused_time_and_production_code_are_not() {
        let paused = "#[tokio::test(start_paused = true)] async fn f() { tokio::time::sleep(d) }";
        assert_eq!(lines("crates/a/tests/x.rs", paused), [0; 0]);
        assert_eq!(lines("crates/a/src/x.rs", "fn f() { std::thread::sleep(d) }"), [0; 0]);
        assert_eq!(lines("crates/a/tests/x.rs", "// thread::sleep\nfn f() { x.sleep() }"), [0; 0]);
    }
}
