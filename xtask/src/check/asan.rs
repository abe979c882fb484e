// The tests that hold on to values while they are replaced and dropped, under `AddressSanitizer`, leaks too.
// Never knows: what the tests do; a report or a failed test ends the run.
// Read next: `tsan.rs`, which runs the concurrent tests under another sanitizer.

use std::path::Path;

use super::tsan::nightly_host;
use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;
use crate::target;

/// What is run: where memory is shared with crates that have `unsafe` code of their own, or handed from
/// thread to thread, or let go of as a thread ends. Behind `--` the tests of it.
const RUNS: &[&str] = &[
    "test -p kairos-metrics --lib --test it",
    "test -p kairos-cache --lib -- store:: truth:: flight::",
    "test -p kairos-cache --test it -- stress:: reads:: flights::cancellation:: operation::",
];

/// Runs them, on the nightly toolchain; std is used as it was compiled.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] without a nightly toolchain, and for the
/// first run with a report.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("asan", args)?;
    let host = nightly_host()?;
    for line in RUNS {
        invocation(root, &host, line).run(root)?;
    }
    Ok(())
}

/// The command line of one of the [`RUNS`].
fn invocation(root: &Path, host: &str, line: &str) -> Invocation {
    let (line, tests) = line.split_once(" -- ").unwrap_or((line, ""));
    Invocation::words(&format!("cargo +nightly {line} --release --target {host} --target-dir"))
        .args([target::shown(root, "asan"), "--".into()])
        .args(tests.split_whitespace())
        .var("RUSTFLAGS", "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer")
        .var("ASAN_OPTIONS", "detect_stack_use_after_return=1")
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
                "RUSTFLAGS='-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer' \
                 ASAN_OPTIONS=detect_stack_use_after_return=1 cargo +nightly test -p kairos-cache --lib \
                 --release --target x86_64-unknown-linux-gnu --target-dir "
            ),
            "{shown}"
        );
        assert!(shown.ends_with(" -- store:: truth:: flight::"), "{shown}");
    }
}
