// How a command ends without doing its work.
// Never knows: which command it was.
// Read next: `main.rs`, which makes an exit code of it.

/// Why a command ended without doing its work.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The arguments make no sense; nothing was started. Exit code 2.
    Usage(String),
    /// The command ran and found something wrong. Exit code 1.
    Failed(String),
}

impl Failure {
    /// What went wrong, whichever kind it is.
    pub(crate) fn into_reason(self) -> String {
        let (Failure::Usage(reason) | Failure::Failed(reason)) = self;
        reason
    }
}

/// Refuses arguments to a command that takes none.
///
/// # Errors
///
/// [`Failure::Usage`] with the first of them.
pub(crate) fn no_arguments(command: &str, args: &[String]) -> Result<(), Failure> {
    match args {
        [] => Ok(()),
        [unknown, ..] => {
            Err(Failure::Usage(format!("`{command}` takes no arguments, got `{unknown}`")))
        }
    }
}
