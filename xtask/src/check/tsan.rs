// The stress programs and the concurrent tests under `ThreadSanitizer`, with nothing of std in between.
// Never knows: what the programs do; a report or a failed test ends the run.
// Read next: `crates/kairos-metrics/src/sync.rs`, for what `--cfg kairos_tsan` changes.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;
use crate::target;

/// What is run: tests that join their threads one by one, since the end of std's scopes is blank to
/// the sanitizer. By the part of the command line that tells it from the others, and behind `--` the
/// tests of it that are concurrent.
const RUNS: &[&str] = &[
    "test -p kairos-metrics --lib --test it --test fork",
    "run -p kairos-metrics --example churn",
    "test -p kairos-cache --test it -- stress:: flights::cancellation:: flights::coalescing:: \
     flights::refresh:: invalidation::on_the_way:: operation::runtimes:: reads::blocking:: \
     reads::executors:: reads::near:: reads::pins::",
];

/// Runs them, on the nightly toolchain; std is used as it was compiled.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] without a nightly toolchain, and for the
/// first run with a report.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("tsan", args)?;
    let host = nightly_host()?;
    for line in RUNS {
        invocation(root, &host, line).run(root)?;
    }
    Ok(())
}

/// The command line of one of the [`RUNS`]; tests one by one, since the harness's own threads share
/// what std synchronises.
fn invocation(root: &Path, host: &str, line: &str) -> Invocation {
    let suppressions = root.join("xtask/tsan.supp");
    // What the harness captures of panics stands behind a lock of std.
    let behind = if line.starts_with("test") { "--test-threads=1 --no-capture" } else { "30" };
    let (line, tests) = line.split_once(" -- ").unwrap_or((line, ""));
    let flags = "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg kairos_tsan";
    let options = format!("suppressions={} die_after_fork=0", suppressions.display());
    Invocation::words(&format!("cargo +nightly {line} --release --target {host} --target-dir"))
        .args([target::shown(root, "tsan"), "--".into()])
        .args(behind.split_whitespace())
        .args(tests.split_whitespace())
        .var("RUSTFLAGS", flags)
        .var("TSAN_OPTIONS", options)
}

/// The platform of the nightly toolchain: the sanitizer wants it named, or it would be applied to
/// build scripts too.
pub(super) fn nightly_host() -> Result<String, Failure> {
    let output = Command::new("rustc").args(["+nightly", "--version", "--verbose"]).output();
    let said = output.ok().filter(|output| output.status.success());
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let host = said.as_deref().and_then(|text| text.lines().find_map(|l| l.strip_prefix("host: ")));
    host.map(String::from).ok_or_else(|| {
        Failure::Failed("no nightly toolchain; `rustup toolchain install nightly` gets it".into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_compiled_with_the_sanitizer_for_a_named_platform() {
        let shown =
            invocation(Path::new("/kairos"), "x86_64-unknown-linux-gnu", RUNS[1]).to_string();
        assert!(
            shown.starts_with(
                "RUSTFLAGS='-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg kairos_tsan' \
                 TSAN_OPTIONS='suppressions=/kairos/xtask/tsan.supp die_after_fork=0' cargo +nightly run \
                 -p kairos-metrics --example churn --release --target x86_64-unknown-linux-gnu \
                 --target-dir "
            ),
            "{shown}"
        );
        assert!(shown.ends_with(" -- 30"), "{shown}");
    }
}
