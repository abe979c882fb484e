//! How a command ends without doing its work.
//! Never knows: which command it was.
//! Read next: `main.rs`, which makes an exit code of it.

/// Why a command ended without doing its work.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The arguments make no sense; nothing was started. Exit code 2.
    Usage(String),
    /// The command ran and found something wrong. Exit code 1.
    Failed(String),
}
