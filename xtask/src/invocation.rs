//! A command line as a value: shown exactly as it can be typed, then run in the workspace root.
//! Never knows: why it is run, or what its output means.
//! Read next: `check/ci.rs`, which runs a list of these.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// A `cargo` command line with the variables set for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    toolchain: Option<&'static str>,
    args: Vec<String>,
    vars: Vec<(&'static str, String)>,
}

impl Invocation {
    /// `cargo` with `args`.
    pub(crate) fn cargo<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Invocation {
        let args = args.into_iter().map(Into::into).collect();
        Invocation { toolchain: None, args, vars: Vec::new() }
    }

    /// The same with another toolchain of rustup than the one that runs this program.
    pub(crate) fn toolchain(mut self, name: &'static str) -> Invocation {
        self.toolchain = Some(name);
        self
    }

    /// The same with the variable `name` set to `value`.
    pub(crate) fn var(mut self, name: &'static str, value: impl Into<String>) -> Invocation {
        self.vars.push((name, value.into()));
        self
    }

    /// The same with further arguments.
    pub(crate) fn args(mut self, args: &[String]) -> Invocation {
        self.args.extend_from_slice(args);
        self
    }

    /// Runs it in `root` with this process's input and output.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] if it cannot be started or does not exit with zero.
    pub(crate) fn run(&self, root: &Path) -> Result<(), Failure> {
        // The cargo that runs this program names itself: the same toolchain is used throughout,
        // unless another is named, which only rustup's cargo can find.
        let own = std::env::var_os("CARGO").filter(|_| self.toolchain.is_none());
        let cargo = own.unwrap_or_else(|| "cargo".into());
        self.run_as(&cargo, root)
    }

    fn run_as(&self, program: &OsStr, root: &Path) -> Result<(), Failure> {
        let mut command = Command::new(program);
        command.args(self.toolchain.map(|name| format!("+{name}")));
        command.args(&self.args).current_dir(root);
        if self.vars.iter().any(|(name, _)| *name == "RUSTFLAGS") {
            // Cargo lets this one win over RUSTFLAGS, and the step would run without its flags.
            command.env_remove("CARGO_ENCODED_RUSTFLAGS");
        }
        command.envs(self.vars.iter().map(|(name, value)| (name, value)));
        let status = command
            .status()
            .map_err(|error| Failure::Failed(format!("cannot start `{self}`: {error}")))?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::Failed(format!("`{self}` ended with {status}")))
        }
    }
}

/// The line for a shell, variables first, quoted where a shell would split it.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.vars {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str("cargo")?;
        if let Some(name) = self.toolchain {
            write!(f, " +{name}")?;
        }
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
        let doc = Invocation::cargo(["doc", "--no-deps"]).var("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(doc.to_string(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
        let odd = Invocation::cargo(["test"]).args(&["it's".to_string(), String::new()]);
        assert_eq!(odd.to_string(), r"cargo test 'it'\''s' ''");
    }

    #[test]
    fn a_nonzero_exit_is_a_failure_that_shows_the_line() {
        let reason = |program: &str| {
            let result = Invocation::cargo(["test", "-q"]).run_as(program.as_ref(), Path::new("."));
            result.map_err(|failure| match failure {
                Failure::Failed(reason) | Failure::Usage(reason) => reason,
            })
        };
        assert_eq!(reason("true"), Ok(()));
        assert_eq!(reason("false"), Err("`cargo test -q` ended with exit status: 1".into()));
        let unknown = reason("no-such-program-anywhere").expect_err("it is not there");
        assert!(unknown.starts_with("cannot start `cargo test -q`: "), "{unknown}");
    }
}
