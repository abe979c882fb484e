// A program in the background that ends with its owner, whatever ended that.
// Never knows: what the program does.
// Read next: `tools.rs`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use crate::failure::Failure;

/// A running program; dropped, it is killed by its process id and waited for.
pub(crate) struct Process {
    child: Child,
    /// Kept open, so that the program can print on.
    stdout: Option<BufReader<ChildStdout>>,
    shown: String,
}

impl Process {
    /// Starts it with its output taken and its errors shown.
    pub(crate) fn start(command: &mut Command) -> Result<Process, Failure> {
        let shown = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::Failed(format!("cannot start `{shown}`: {error}")))?;
        let stdout = child.stdout.take().map(BufReader::new);
        Ok(Process { child, stdout, shown })
    }

    /// The next line that it prints, empty at its end.
    pub(crate) fn next_line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if let Some(stdout) = &mut self.stdout {
            stdout
                .read_line(&mut line)
                .map_err(|error| Failure::Failed(format!("`{}`: {error}", self.shown)))?;
        }
        Ok(line)
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        self.child.try_wait().map_err(|error| Failure::Failed(format!("`{}`: {error}", self.shown)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_and_ends_with_its_owner() {
        let mut process =
            Process::start(Command::new("sh").args(["-c", "echo here; exec cat /dev/zero"]))
                .expect("there is a shell");
        assert_eq!(process.next_line(), Ok("here\n".into()));
        assert_eq!(process.ended(), Ok(None));
        drop(process);
        assert!(Process::start(&mut Command::new("no-such-program-anywhere")).is_err());
    }
}
