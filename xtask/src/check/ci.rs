//! The whole check: a table of steps run in order, each with its command line and its time.
//! Never knows: what a step checks, or the machine it runs on.
//! Read next: `../tidy/` and `loom.rs`, the two steps that are not plain cargo.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{clocks, loom, property};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::{scrape, tidy};

/// Runs every step; nothing is taken as an argument, so that every machine checks the same.
///
/// # Errors
///
/// The first step that fails, by its name; the steps after it are not run.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    if let [unknown, ..] = args {
        return Err(Failure::Usage(format!("`ci` takes no arguments, got `{unknown}`")));
    }
    let times = run_steps(steps(root))?;
    println!("\n{}", table(&times));
    Ok(())
}

/// One row of the check.
struct Step<'a> {
    name: &'static str,
    command: String,
    action: Box<dyn FnOnce() -> Result<(), Failure> + 'a>,
}

/// Clippy, test and doc share the main target folder and its dev profile, with the same features,
/// so that a dependency is checked once and built once. The property test runs a few sequences as
/// one of the tests and all of them as a step of its own, which prints what they reached. Loom has
/// flags of its own and therefore a folder of its own: see `loom.rs`.
fn steps(root: &Path) -> Vec<Step<'_>> {
    let cargo = |name, invocation: Invocation| Step {
        name,
        command: invocation.to_string(),
        action: Box::new(move || invocation.run(root)),
    };
    let own = |name: &'static str, run: fn(&Path, &[String]) -> Result<(), Failure>| Step {
        name,
        command: format!("cargo xtask {name}"),
        action: Box::new(move || run(root, &[])),
    };
    let words = |line: &str| Invocation::cargo(line.split_whitespace());
    vec![
        cargo("fmt", words("fmt --all --check")),
        cargo("clippy", words("clippy --workspace --all-targets --all-features -- -D warnings")),
        cargo("test", words("test --workspace --all-features")),
        cargo("property", property::invocation(property::SEQUENCES, 0)),
        own("scrape", scrape::run),
        own("clocks", clocks::run),
        cargo(
            "doc",
            words("doc --workspace --no-deps --all-features").var("RUSTDOCFLAGS", "-D warnings"),
        ),
        own("tidy", tidy::run),
        cargo("loom", loom::invocation(root, loom::PREEMPTIONS, &[])),
    ]
}

/// Runs `steps` until one fails; gives the time of each.
fn run_steps(steps: Vec<Step<'_>>) -> Result<Vec<(&'static str, Duration)>, Failure> {
    let count = steps.len();
    let mut times = Vec::with_capacity(count);
    for (index, Step { name, command, action }) in steps.into_iter().enumerate() {
        println!("\n== {}/{count} {name}: {command}", index + 1);
        let start = Instant::now();
        let result = action();
        let time = start.elapsed();
        match result {
            Ok(()) => println!("== {name} passed in {}", seconds(time)),
            Err(Failure::Failed(reason) | Failure::Usage(reason)) => {
                return Err(Failure::Failed(format!(
                    "ci stopped at step `{name}` after {}: {reason}",
                    seconds(time)
                )));
            }
        }
        times.push((name, time));
    }
    Ok(times)
}

fn table(times: &[(&'static str, Duration)]) -> String {
    let mut text = String::new();
    for (name, time) in times {
        // Writing into a `String` cannot fail.
        let _ = writeln!(text, "{name:8}{:>10}", seconds(*time));
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    text + &format!("{:8}{:>10}", "total", seconds(total))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_first_failure_stops_the_run_and_is_named() {
        let ran = &RefCell::new(Vec::new());
        let step = |name: &'static str, result: Result<(), Failure>| Step {
            name,
            command: format!("run {name}"),
            action: Box::new(move || {
                ran.borrow_mut().push(name);
                result
            }),
        };
        let result = run_steps(vec![
            step("one", Ok(())),
            step("two", Err(Failure::Failed("it broke".into()))),
            step("three", Ok(())),
        ]);
        let Err(Failure::Failed(reason)) = result else { panic!("{result:?}") };
        assert!(reason.contains("`two`") && reason.ends_with("it broke"), "{reason}");
        assert_eq!(*ran.borrow(), ["one", "two"]);
    }

    #[test]
    fn the_steps_are_the_documented_ones_in_order() {
        let shown: Vec<String> = steps(Path::new("."))
            .into_iter()
            .map(|step| format!("{}: {}", step.name, step.command))
            .collect();
        assert_eq!(
            shown[..8],
            [
                "fmt: cargo fmt --all --check",
                "clippy: cargo clippy --workspace --all-targets --all-features -- -D warnings",
                "test: cargo test --workspace --all-features",
                "property: KAIROS_MODEL_SEQUENCES=10000 KAIROS_MODEL_SEED=0 cargo test --workspace \
                 --all-features --test model -- --nocapture",
                "scrape: cargo xtask scrape",
                "clocks: cargo xtask clocks",
                "doc: RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --all-features",
                "tidy: cargo xtask tidy",
            ]
        );
        assert!(shown[8].starts_with("loom: RUSTFLAGS='--cfg kairos_loom'"), "{}", shown[8]);
        assert_eq!(shown.len(), 9);
    }

    #[test]
    fn the_table_adds_the_times_up() {
        let text = table(&[("fmt", Duration::from_millis(500)), ("test", Duration::from_secs(2))]);
        assert_eq!(text.lines().last(), Some("total        2.5 s"));
    }
}
