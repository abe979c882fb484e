// The metrics crate with other clocks than this machine's: for aarch64, or on the system's clock.
// Never knows: how a clock is read.
// Read next: `crates/kairos-metrics/src/clock.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;

const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// Runs the tests as on a machine without a counter that can be trusted, and checks the crate for
/// aarch64 where that target is installed; where it is not, says so.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] if the check or the tests fail.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("clocks", args)?;
    let mut invocations = vec![on_system_clock(root)];
    if is_installed() {
        invocations.push(for_aarch64());
    } else {
        println!(
            "target {AARCH64} is not installed and not checked (`rustup target add {AARCH64}`)"
        );
    }
    for invocation in invocations {
        invocation.run(root)?;
    }
    Ok(())
}

fn for_aarch64() -> Invocation {
    Invocation::words(&format!("cargo check -p kairos-metrics --all-features --target {AARCH64}"))
}

/// The flag is given to the packages of this workspace alone, which cargo then keeps beside those
/// without it: in `RUSTFLAGS` it would build every dependency a second time.
fn on_system_clock(root: &Path) -> Invocation {
    let wrapper = root.join("xtask/os-clock.sh").display().to_string();
    Invocation::words("cargo test -p kairos-metrics --all-features --lib --tests")
        .var("RUSTC_WORKSPACE_WRAPPER", wrapper)
}

/// Whether std is there for the target.
fn is_installed() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(rustc).args(["--print", "target-libdir", "--target", AARCH64]).output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout);
        output.status.success() && PathBuf::from(folder.trim()).is_dir()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_checked_and_the_system_clock_is_forced() {
        assert_eq!(
            for_aarch64().to_string(),
            "cargo check -p kairos-metrics --all-features --target aarch64-unknown-linux-gnu"
        );
        assert_eq!(
            on_system_clock(Path::new("/kairos")).to_string(),
            "RUSTC_WORKSPACE_WRAPPER=/kairos/xtask/os-clock.sh cargo test -p kairos-metrics \
             --all-features --lib --tests"
        );
    }
}
