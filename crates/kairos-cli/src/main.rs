// The binary: it calls the library's one function.
// Never contains logic: the library does.
// Read next: `command/mod.rs`.
//! The command `kairos`.

use std::process::ExitCode;

fn main() -> ExitCode {
    kairos_cli::run()
}
