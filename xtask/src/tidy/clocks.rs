//! Time is injected: what reads or waits for the machine's clock stands in the clock's own files.
//! Never knows: what the time is used for.
//! Read next: `sleeps.rs`, the same question for tests.

use super::Finding;
use super::file::File;
use super::tree::Tree;

/// The ends of paths that read a clock or wait for one.
const CLOCKS: &[&[&str]] = &[
    &["Instant", "now"],
    &["SystemTime", "now"],
    &["time", "sleep"],
    &["time", "sleep_until"],
    &["time", "interval"],
    &["time", "interval_at"],
    &["time", "timeout"],
    &["time", "timeout_at"],
    &["thread", "sleep"],
];

/// Production code outside the clock and the runtime does not ask what time it is.
pub(crate) fn check(file: &File, _: &Tree) -> Vec<Finding> {
    let Some(rust) = file.rust() else { return Vec::new() };
    if may_tell_time(file) {
        return Vec::new();
    }
    let outside = |line: usize| !file.is_test_line(line);
    let mut findings: Vec<Finding> = file
        .paths()
        .into_iter()
        .filter(|path| outside(path.line) && CLOCKS.iter().any(|end| path.ends_with(end)))
        .map(|path| Finding::new(path.line, format!("`{}` outside the clock", path.text())))
        .collect();
    for (at, token) in rust.tokens.iter().enumerate() {
        // `self.elapsed()` is a clock's own method by that name: std's clocks are no `self` here.
        let own = at > 0 && rust.tokens[at - 1].text == "self";
        if rust.matches(at, &[".", "elapsed", "("]) && !own && outside(token.line) {
            findings.push(Finding::new(token.line, "`.elapsed()` outside the clock"));
        }
    }
    findings
}

fn may_tell_time(file: &File) -> bool {
    let measures = ["benches/", "xtask/"].iter().any(|folder| file.path().starts_with(folder));
    let clock = file.name() == "clock.rs" || file.folders().any(|f| f == "clock");
    let example = file.folders().any(|folder| matches!(folder, "examples" | "benches"));
    let runtime = file.path().starts_with("crates/kairos-cache/src/runtime");
    measures || clock || example || runtime
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let found = super::check(&File::new(path, text), &Tree::default());
        let messages: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, expected, "{path}: {text}");
    }

    const CACHE: &str = "crates/kairos-cache/src/cache.rs";

    #[test]
    fn production_code_does_not_read_the_clock() {
        check(CACHE, "let now = Instant::now();", &["`Instant::now` outside the clock"]);
        check(
            CACHE,
            "std::time::SystemTime::now",
            &["`std::time::SystemTime::now` outside the clock"],
        );
        check(CACHE, "start.elapsed()", &["`.elapsed()` outside the clock"]);
        check(CACHE, "use tokio::time::sleep;", &["`tokio::time::sleep` outside the clock"]);
        check(CACHE, "time::timeout(d, f)", &["`time::timeout` outside the clock"]);
        check(CACHE, "std::thread::sleep(d)", &["`std::thread::sleep` outside the clock"]);
    }

    #[test]
    fn clocks_runtimes_measurements_and_tests_do() {
        for path in [
            "crates/kairos-metrics/src/clock.rs",
            "crates/kairos-metrics/src/clock/tsc.rs",
            "crates/kairos-cache/src/runtime.rs",
            "crates/kairos-cache/src/runtime/tokio.rs",
            "crates/kairos-cache/examples/tour.rs",
            "crates/kairos-cache/tests/faults.rs",
            "benches/src/main.rs",
            "xtask/src/ci.rs",
        ] {
            check(path, "let now = Instant::now();", &[]);
        }
        check(CACHE, "#[cfg(test)]\nmod tests {\n fn f() { Instant::now(); }\n}", &[]);
        check(
            CACHE,
            "clock.now(); span.elapsed; self.elapsed(); // Instant::now()\nlet a = \"Instant::now\";",
            &[],
        );
    }
}
