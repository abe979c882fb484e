//! The developer commands of this workspace, as one table: name, usage, function.
//! Never knows: what a command does, or which tools it starts.
//! Read next: `check/ci.rs`, which strings the other commands together.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its user")]

mod bench;
mod check;
mod failure;
mod frontier;
mod invocation;
mod scrape;
mod target;
mod tidy;
mod tools;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use failure::Failure;

/// One row of the command table.
struct Command {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(&Path, &[String]) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        usage: "ci",
        about: "every check, in order; the first failure ends it",
        run: check::ci,
    },
    Command {
        name: "tidy",
        usage: "tidy",
        about: "the house rules: rooms, circles, purity, length, headers, orderings, words",
        run: tidy::run,
    },
    Command {
        name: "packages",
        usage: "packages",
        about: "licences, sources, order, use and Rust versions of the dependencies",
        run: check::packages,
    },
    Command {
        name: "spelling",
        usage: "spelling",
        about: "how every file is spelt, by typos",
        run: check::spelling,
    },
    Command {
        name: "links",
        usage: "links",
        about: "where the links in Markdown lead, by rumdl",
        run: check::links,
    },
    Command {
        name: "loom",
        usage: "loom [--deep | --preemptions N] [-- TEST ARGS]",
        about: "the models in loom-tests/ under `--cfg kairos_loom`",
        run: check::loom,
    },
    Command {
        name: "examples",
        usage: "examples",
        about: "every example of the cache runs, and programs print what the README quotes of them",
        run: check::examples,
    },
    Command {
        name: "property",
        usage: "property [SEQUENCES [SEED]]",
        about: "drawn sequences of operations on the cache against the model of its contract",
        run: check::property,
    },
    Command {
        name: "features",
        usage: "features",
        about: "each feature alone, and the default features with their tests",
        run: check::features,
    },
    Command {
        name: "scrape",
        usage: "scrape",
        about: "a real Prometheus reads the service example, and promtool judges what is exposed",
        run: scrape::run,
    },
    Command {
        name: "clocks",
        usage: "clocks",
        about: "the metrics crate without a counter, and for aarch64 where that target is installed",
        run: check::clocks,
    },
    Command {
        name: "asan",
        usage: "asan",
        about: "the tests that hold on to values under AddressSanitizer, on nightly",
        run: check::asan,
    },
    Command {
        name: "tsan",
        usage: "tsan",
        about: "stress programs and concurrent tests under ThreadSanitizer, on nightly",
        run: check::tsan,
    },
    Command {
        name: "flood",
        usage: "flood [NAME]",
        about: "floods of made-up names at full size, with the memory they take, all or one",
        run: check::flood,
    },
    Command {
        name: "bench",
        usage: "bench [GROUP...] [--quick] [--check] [--write | --page] [--no-peers] [--traces DIR]",
        about: "the benchmarks in benches/ against their peers, and docs/performance.md",
        run: bench::run,
    },
    Command {
        name: "frontier",
        usage: "frontier WORLDCUP NBA HORSES",
        about: "what caches compute and risk on three recorded feeds: a table, and docs/frontier.svg",
        run: frontier::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match workspace_root().and_then(|root| dispatch(&root, &args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(reason)) => {
            eprintln!("error: {reason}");
            ExitCode::from(1)
        }
        Err(Failure::Usage(reason)) => {
            eprintln!("error: {reason}\n\n{}", help());
            ExitCode::from(2)
        }
    }
}

fn dispatch(root: &Path, args: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = args.split_first() else {
        return Err(Failure::Usage("no command given".into()));
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        println!("{}", help());
        return Ok(());
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(root, rest),
        None => Err(Failure::Usage(format!("unknown command `{name}`"))),
    }
}

fn help() -> String {
    let width = COMMANDS.iter().map(|command| command.usage.len()).max().unwrap_or(0);
    let mut text = String::from("usage: cargo xtask COMMAND\n");
    for command in COMMANDS {
        // Writing into a `String` cannot fail.
        let _ = write!(text, "\n  {:width$}  {}", command.usage, command.about);
    }
    text
}

/// The folder with the lock file, at or above the package that cargo runs or the current folder.
fn workspace_root() -> Result<PathBuf, Failure> {
    let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => PathBuf::from(package),
        None => std::env::current_dir()
            .map_err(|error| Failure::Failed(format!("no current folder: {error}")))?,
    };
    start
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::Failed("no Cargo.lock here or above: not in the workspace".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn unknown_or_missing_commands_are_usage_errors() {
        for line in [
            "",
            "deploy",
            "CI",
            "ci --fast",
            "tidy --deny",
            "loom --deep 3",
            "bench moon",
            "flood rain",
            "examples x",
            "property x",
            "scrape now",
            "packages x",
            "features x",
            "spelling x",
            "links x",
            "clocks x",
            "tsan x",
            "asan x",
            "frontier a.csv b.csv",
        ] {
            let result = dispatch(Path::new("."), &words(line));
            assert!(matches!(result, Err(Failure::Usage(_))), "`{line}` gave {result:?}");
        }
    }

    #[test]
    fn help_names_every_command() {
        let text = help();
        for command in COMMANDS {
            assert!(text.contains(command.usage) && text.contains(command.about), "{text}");
            assert!(command.usage.starts_with(command.name));
        }
    }
}
