// The whole check: a table of steps run in order, each with its time and its share at the end.
// Never knows: what a step checks, or the machine it runs on.
// Read next: `../tidy/mod.rs`, and `loom.rs` as one of the steps that are more than a line.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{clocks, examples, features, loom, packages, property, prose};
use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;
use crate::{scrape, tidy};

/// What a step runs.
#[derive(Clone, Copy)]
enum Run {
    /// A command line.
    Line(&'static str),
    /// A command of this program, without arguments.
    Own(fn(&Path, &[String]) -> Result<(), Failure>),
}

/// The steps that take seconds come first, so that most mistakes are reported at once.
///
/// All but loom share the main target folder and its dev profile. Clippy, test, examples, property, scrape and
/// doc have the same features too, so that a dependency is checked once and built once. The property
/// test runs a few sequences as one of the tests and all of them as a step of its own, which prints
/// what they reached. Loom has flags of its own and therefore a folder of its own: see `loom.rs`.
const STEPS: &[(&str, Run)] = &[
    ("fmt", Run::Line("cargo fmt --all --check")),
    ("tidy", Run::Own(tidy::run)),
    ("packages", Run::Own(packages::run)),
    ("spelling", Run::Own(prose::spelling)),
    ("links", Run::Own(prose::links)),
    (
        "clippy",
        Run::Line(
            "cargo clippy --workspace --exclude benches --all-targets --all-features -- -Dwarnings",
        ),
    ),
    ("test", Run::Line("cargo test --workspace --exclude benches --all-features")),
    ("examples", Run::Own(examples::run)),
    ("property", Run::Own(property::run)),
    ("features", Run::Own(features::run)),
    ("scrape", Run::Own(scrape::run)),
    ("clocks", Run::Own(clocks::run)),
    (
        "doc",
        Run::Line(
            "RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --exclude benches --no-deps --all-features",
        ),
    ),
    ("loom", Run::Own(loom::run)),
];

/// Runs every step; takes no arguments, so that every machine checks the same.
///
/// # Errors
///
/// The first step that fails, by its name; the steps after it are not run.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("ci", args)?;
    let times = run_steps(root, STEPS)?;
    println!("\n{}", table(&times));
    Ok(())
}

/// Runs `steps` until one fails; returns the time of each.
#[expect(clippy::disallowed_methods, reason = "it measures how long a step takes")]
fn run_steps(
    root: &Path,
    steps: &[(&'static str, Run)],
) -> Result<Vec<(&'static str, Duration)>, Failure> {
    let mut times = Vec::with_capacity(steps.len());
    for (number, (name, run)) in (1..).zip(steps) {
        println!("\n== {number}/{} {name}", steps.len());
        let start = Instant::now();
        let result = match run {
            Run::Line(line) => Invocation::words(line).run(root),
            Run::Own(command) => command(root, &[]),
        };
        let time = start.elapsed();
        match result {
            Ok(()) => println!("== {name} passed in {}", seconds(time)),
            Err(failure) => {
                return Err(Failure::Failed(format!(
                    "ci stopped at step `{name}` after {}: {}",
                    seconds(time),
                    failure.into_reason()
                )));
            }
        }
        times.push((*name, time));
    }
    Ok(times)
}

/// Each step with its time and its share of the whole.
fn table(times: &[(&str, Duration)]) -> String {
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    let mut text = String::new();
    for (name, time) in times.iter().copied().chain([("total", total)]) {
        let percent = 100.0 * time.as_secs_f64() / total.as_secs_f64().max(f64::MIN_POSITIVE);
        // Writing into a `String` cannot fail.
        let _ = writeln!(text, "{name:8}{:>10}{percent:>7.1} %", seconds(time));
    }
    text.trim_end().to_owned()
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_stops_the_run_and_is_named() {
        let broken = |_: &Path, _: &[String]| Err(Failure::Failed("it broke".into()));
        let unreached = |_: &Path, _: &[String]| panic!("the step before it has failed");
        let steps =
            [("one", Run::Line("true")), ("two", Run::Own(broken)), ("three", Run::Own(unreached))];
        let Err(Failure::Failed(reason)) = run_steps(Path::new("."), &steps) else {
            panic!("step two fails")
        };
        assert!(reason.contains("`two`") && reason.ends_with("it broke"), "{reason}");
        let names = run_steps(Path::new("."), &steps[..1]).expect("step one passes");
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn the_steps_that_take_seconds_come_before_what_compiles() {
        let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "fmt", "tidy", "packages", "spelling", "links", "clippy", "test", "examples",
                "property", "features", "scrape", "clocks", "doc", "loom"
            ]
        );
    }

    #[test]
    fn the_table_shows_each_share_and_adds_the_times_up() {
        let text = table(&[("fmt", Duration::from_millis(500)), ("test", Duration::from_secs(2))]);
        assert_eq!(
            text,
            "fmt          0.5 s   20.0 %\ntest         2.0 s   80.0 %\ntotal        2.5 s  100.0 %"
        );
        assert!(table(&[]).ends_with("0.0 %"));
    }
}
