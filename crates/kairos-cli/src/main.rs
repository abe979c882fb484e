//! The binary `kairos`.
//! Must never hold logic of its own; the library beside it does.
//! Read next: `command/mod.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    kairos_cli::run()
}
