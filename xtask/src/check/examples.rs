// Runs every example of the cache, and compares what the README quotes of a program with what it prints.
// Never knows: what an example shows; one that does not find what it claims ends with an error.
// Read next: `flood.rs`, for the example that takes minutes.

use std::fs;
use std::path::Path;

use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;
use crate::target;

/// Where the examples are, each a file.
const FOLDER: &str = "crates/kairos-cache/examples";

/// Those that are run by a command of their own.
const ELSEWHERE: &[&str] = &["flood"];

/// How a quotation in the README begins, but for the name: with the line that prints what follows.
const PROMPT: &str = "$ cargo run -q -p kairos-cache --example ";

/// What else the README quotes: the line, the program that is built, and its argument.
const COMMAND: (&str, &str, &str) = ("$ cargo run --release -- matchday", "kairos", "matchday");

/// Builds and runs the examples, and the command that the README quotes.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] at the first example that fails, that the
/// README does not name, or that prints something else than the README quotes.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("examples", args)?;
    build().run(root)?;
    let path = root.join("README.md");
    let readme = fs::read_to_string(&path)
        .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
    let built = target::folder(root).join("debug");
    let output = |program: &Path, args: &[&str]| {
        let program = Invocation::new(program.display().to_string(), args.iter().copied());
        println!("{program}");
        program.output(root)
    };
    for name in names(root)? {
        let printed = output(&built.join("examples").join(&name), &[])?;
        if !readme.contains(&format!("`{name}`")) {
            return Err(Failure::Failed(format!("README.md does not name the example {name}")));
        }
        compare(&readme, &format!("{PROMPT}{name}"), &printed)?;
    }
    let (command, program, arg) = COMMAND;
    compare(&readme, command, &output(&built.join(program), &[arg])?)
}

/// With the features of the other steps, so that nothing is built twice.
fn build() -> Invocation {
    Invocation::words("cargo build --workspace --exclude benches --all-features --bins --examples")
}

/// The examples that are run here, sorted.
fn names(root: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(root.join(FOLDER))
        .map_err(|error| Failure::Failed(format!("{FOLDER}: {error}")))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().strip_suffix(".rs")?.to_owned();
        (!ELSEWHERE.contains(&name.as_str())).then_some(name)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

/// Fails where the readme quotes what the command has not printed.
fn compare(readme: &str, command: &str, printed: &str) -> Result<(), Failure> {
    let quoted = quotation(readme, command);
    if printed.contains(&quoted) {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "README.md quotes of `{command}`:\n{quoted}\nIt prints:\n{printed}"
    )))
}

/// The lines after the command, up to the end of the block; none where the readme does not quote it.
fn quotation(readme: &str, command: &str) -> String {
    let lines = readme.lines().skip_while(|line| *line != command).skip(1);
    lines.take_while(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_those_of_the_folder_but_what_has_its_own_command() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let names = names(&root).expect("the folder is there");
        assert!(names.is_sorted() && names.len() > 10, "{names:?}");
        assert!(names.contains(&"tour".into()) && !names.contains(&"flood".into()), "{names:?}");
        assert!(super::names(Path::new("no such folder")).is_err());
    }

    #[test]
    fn the_programs_are_built_with_the_features_of_the_other_steps() {
        assert_eq!(
            build().to_string(),
            "cargo build --workspace --exclude benches --all-features --bins --examples"
        );
    }

    #[test]
    fn what_the_readme_quotes_is_what_the_program_prints() {
        let readme = "```console\n$ a\none\ntwo\n```\nthree";
        assert_eq!(compare(readme, "$ a", "zero\none\ntwo\nthree\n"), Ok(()));
        assert_eq!(compare(readme, "$ b", "anything"), Ok(()));
        let altered = compare(readme, "$ a", "one\n2\n");
        let Err(Failure::Failed(reason)) = altered else { panic!("two is not printed") };
        assert_eq!(reason, "README.md quotes of `$ a`:\none\ntwo\nIt prints:\none\n2\n");
    }

    #[test]
    fn the_readme_quotes_the_command_that_is_run_here() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let readme = fs::read_to_string(root.join("README.md")).expect("it is there");
        assert!(!quotation(&readme, COMMAND.0).is_empty());
        assert!(!quotation(&readme, &format!("{PROMPT}read_through")).is_empty());
    }
}
