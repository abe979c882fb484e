// A command line as a value: shown exactly as it can be typed, then run in a folder.
// Never knows: why it is run, or what its output means.
// Read next: `check/ci.rs`, which runs a list of these.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// A program, its arguments, and the variables set for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    program: String,
    args: Vec<String>,
    vars: Vec<(String, String)>,
}

impl Invocation {
    /// `program` with `args`.
    pub(crate) fn new<S: Into<String>>(
        program: impl Into<String>,
        args: impl IntoIterator<Item = S>,
    ) -> Invocation {
        let args = args.into_iter().map(Into::into).collect();
        Invocation { program: program.into(), args, vars: Vec::new() }
    }

    /// The words of `line`: variables as `NAME=value`, the program, its arguments.
    pub(crate) fn words(line: &str) -> Invocation {
        let mut words = line.split_whitespace().peekable();
        let mut vars = Vec::new();
        while let Some(var) = words.next_if(|word| word.contains('=')) {
            vars.extend(var.split_once('=').map(|(name, value)| (name.into(), value.into())));
        }
        let program = words.next().unwrap_or_default();
        Invocation { vars, ..Invocation::new(program, words) }
    }

    /// The same with the variable `name` set to `value`.
    pub(crate) fn var(mut self, name: &str, value: impl Into<String>) -> Invocation {
        self.vars.push((name.into(), value.into()));
        self
    }

    /// The same with further arguments.
    pub(crate) fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Invocation {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Prints it, then runs it in `folder` with this process's input and output.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] if it cannot be started or does not exit with zero.
    pub(crate) fn run(&self, folder: &Path) -> Result<(), Failure> {
        println!("{self}");
        let status = self
            .command(folder)
            .status()
            .map_err(|error| Failure::Failed(format!("cannot start `{self}`: {error}")))?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::Failed(format!("`{self}` ended with {status}")))
        }
    }

    /// Runs it in `folder` and returns what it prints; its errors are shown.
    ///
    /// # Errors
    ///
    /// As for [`run`](Invocation::run).
    pub(crate) fn output(&self, folder: &Path) -> Result<String, Failure> {
        let output = self
            .command(folder)
            .stderr(std::process::Stdio::inherit())
            .output()
            .map_err(|error| Failure::Failed(format!("cannot start `{self}`: {error}")))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(Failure::Failed(format!("`{self}` ended with {}", output.status)))
        }
    }

    fn command(&self, folder: &Path) -> Command {
        // The cargo that runs this program names itself, and the same toolchain is used throughout,
        // unless a line names another (`+nightly`), which only rustup's cargo finds.
        let named = self.args.first().is_some_and(|arg| arg.starts_with('+'));
        let own = std::env::var_os("CARGO").filter(|_| self.program == "cargo" && !named);
        let mut command = Command::new(own.unwrap_or_else(|| OsString::from(&self.program)));
        command.args(&self.args).current_dir(folder);
        if self.vars.iter().any(|(name, _)| name == "RUSTFLAGS") {
            // Cargo lets this one win over RUSTFLAGS, and the step would run without its flags.
            command.env_remove("CARGO_ENCODED_RUSTFLAGS");
        }
        command.envs(self.vars.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The line for a shell, variables first, quoted where a shell would split it.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.vars {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&quoted(&self.program))?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_line_as_a_shell_takes_it() {
        let doc = Invocation::words("A=b=c cargo doc --no-deps").var("RUSTFLAGS", "-D warnings");
        assert_eq!(doc.to_string(), "A=b=c RUSTFLAGS='-D warnings' cargo doc --no-deps");
        let odd = Invocation::new("/a tool", ["test"]).args(["it's", ""]);
        assert_eq!(odd.to_string(), r"'/a tool' test 'it'\''s' ''");
    }

    #[test]
    fn a_nonzero_exit_is_a_failure_that_shows_the_line() {
        let here = Path::new(".");
        assert_eq!(Invocation::words("true -q").run(here), Ok(()));
        let ended = Err(Failure::Failed("`false -q` ended with exit status: 1".into()));
        assert_eq!(Invocation::words("false -q").run(here), ended);
        let unknown = Invocation::words("no-such-program-anywhere -q").run(here);
        assert!(
            matches!(&unknown, Err(Failure::Failed(reason))
                if reason.starts_with("cannot start `no-such-program-anywhere -q`: ")),
            "{unknown:?}"
        );
    }

    #[test]
    fn what_a_program_prints_is_returned_unless_it_fails() {
        let here = Path::new(".");
        assert_eq!(Invocation::words("echo a b").output(here), Ok("a b\n".into()));
        assert!(Invocation::words("false").output(here).is_err());
    }
}
