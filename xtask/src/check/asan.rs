// The tests that hold on to values while they are replaced and dropped, under `AddressSanitizer`, leaks too.
// Never knows: what the tests do; a report or a failed test ends the run.
// Read next: `tsan.rs`, which runs the concurrent tests under another sanitizer.

use std::path::Path;

use super::tsan::nightly_host;
use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;
use crate::target;

/// What is run: where memory is shared with crates that have `unsafe` code of their own, or handed from
/// thread to thread, or let go of as a thread ends. By the part of the command line that tells it from the
/// others, and behind `--` the tests of it.
const RUNS: &[(Leaks, &str)] = &[
    (Leaks::Meant, "test -p kairos-metrics --lib --test it"),
    (Leaks::Told, "test -p kairos-cache --lib -- store:: truth:: flight::"),
    (
        Leaks::Told,
        "test -p kairos-cache --test it -- stress:: reads::pins:: reads::near:: reads::handles:: faults::drops:: \
     faults::readers::",
    ),
];

/// What is done about memory that nothing points to at the end.
#[derive(Clone, Copy)]
enum Leaks {
    /// It ends the run.
    Told,
    /// What counts lasts as long as the process; tests make some and forget it.
    Meant,
}

/// Runs them, on the nightly toolchain; std is used as it was compiled.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] without a nightly toolchain, and for the
/// first run with a report.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("asan", args)?;
    let host = nightly_host()?;
    for (leaks, line) in RUNS {
        invocation(root, &host, *leaks, line).run(root)?;
    }
    Ok(())
}

/// The command line of one of the [`RUNS`].
fn invocation(root: &Path, host: &str, leaks: Leaks, line: &str) -> Invocation {
    let options = match leaks {
        Leaks::Told => "detect_stack_use_after_return=1",
        Leaks::Meant => "detect_stack_use_after_return=1:detect_leaks=0",
    };
    let (line, tests) = line.split_once(" -- ").unwrap_or((line, ""));
    Invocation::words(&format!("cargo +nightly {line} --release --target {host} --target-dir"))
        .args([target::shown(root, "asan"), "--".into()])
        .args(tests.split_whitespace())
        .var("RUSTFLAGS", "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer")
        .var("ASAN_OPTIONS", options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_compiled_with_the_sanitizer_for_a_named_platform() {
        let (leaks, line) = RUNS[1];
        let root = Path::new("/kairos");
        let shown = invocation(root, "x86_64-unknown-linux-gnu", leaks, line).to_string();
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
