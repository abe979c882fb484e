// Runs every example of the cache, and compares what the README quotes of one with what it prints.
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

/// How a quotation in the README begins: the line that prints what follows.
const PROMPT: &str = "$ cargo run -q -p kairos-cache --example ";

/// Builds and runs the examples.
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
    let built = target::folder(root).join("debug/examples");
    for name in names(root)? {
        println!("{name}");
        let program = built.join(&name).display().to_string();
        let printed = Invocation::new(program, [""; 0]).output(root)?;
        if let Some(fault) = fault(&readme, &name, &printed) {
            return Err(Failure::Failed(fault));
        }
    }
    Ok(())
}

/// With the features of the other steps, so that nothing is built twice.
fn build() -> Invocation {
    Invocation::words("cargo build --workspace --all-features --examples")
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

/// What is wrong with what `readme` says of the example `name`, which has printed `printed`.
fn fault(readme: &str, name: &str, printed: &str) -> Option<String> {
    if !readme.contains(&format!("`{name}`")) {
        return Some(format!("README.md does not name the example {name}"));
    }
    let quoted = quotation(readme, name)?;
    (!printed.contains(&quoted)).then(|| {
        format!(
            "README.md quotes what the example {name} does not print:\n{quoted}\nbut:\n{printed}"
        )
    })
}

/// The lines after the command that runs the example, up to the end of the block.
fn quotation(readme: &str, name: &str) -> Option<String> {
    let command = format!("{PROMPT}{name}");
    let lines = readme.lines().skip_while(|line| *line != command).skip(1);
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("```")).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
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
    fn the_examples_are_built_with_the_features_of_the_other_steps() {
        assert_eq!(build().to_string(), "cargo build --workspace --all-features --examples");
    }

    #[test]
    fn what_the_readme_quotes_is_what_the_example_prints() {
        let readme = format!("`a` `b`\n```console\n{PROMPT}a\none\ntwo\n```\nthree");
        assert_eq!(fault(&readme, "a", "zero\none\ntwo\nthree\n"), None);
        assert_eq!(fault(&readme, "b", "anything"), None);
        let altered = fault(&readme, "a", "one\n2\n").expect("two is not printed");
        assert!(
            altered.contains("the example a does not print:\none\ntwo\nbut:\none\n2"),
            "{altered}"
        );
        let unnamed = fault(&readme, "c", "").expect("nobody finds it");
        assert_eq!(unnamed, "README.md does not name the example c");
    }
}
