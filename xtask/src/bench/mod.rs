// Runs the benchmark programs of `benches/` and reports: verdicts, the page with its figures, a check.
// Never knows: what is measured, the targets, or the peers; the programs say.
// Read next: `outcome.rs`, what a program writes; `page.rs`, what becomes of it.

mod check;
mod figure;
mod machine;
mod outcome;
mod page;
mod table;

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::target;
use outcome::{BASELINE, GROUPS, Outcome};

/// What is done with what was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Then {
    /// The page is written if every group ran.
    #[default]
    Report,
    /// The page is written, also where only a part was measured.
    Write,
    /// It is compared with what the page was written from.
    Check,
    /// Nothing is measured: the page is written of what was measured before.
    Page,
}

/// What the command line asks for.
#[derive(Debug, Default, PartialEq)]
struct Wish {
    groups: Vec<&'static str>,
    are_all: bool,
    is_quick: bool,
    then: Then,
    without_peers: bool,
    traces: Option<String>,
    program_args: Vec<String>,
}

/// Runs groups or all of them, prints target, measured, spread and verdict, and writes the page when
/// all ran; or compares with what the page was written from.
///
/// # Errors
///
/// [`Failure::Usage`] for an unknown group or option; [`Failure::Failed`] at the first program that
/// fails, where a file cannot be written, and by `--check` for what has become slower.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    let wish = parse(args)?;
    let baseline = read(&root.join(BASELINE));
    if wish.then == Then::Page {
        return page::write(root, &baseline);
    }
    let peers = if wish.without_peers { "without" } else { "with" };
    println!("bench: {} programs, {peers} the feature `peers`", wish.groups.len());
    let mut programs = Map::new();
    for group in &wish.groups {
        let outcome = measured(root, group, &wish)?;
        programs.insert((*group).to_owned(), outcome);
    }
    let outcomes: Vec<(String, Outcome)> = outcome::outcomes(&programs);
    print!("\n{}", table::verdicts(&outcomes));
    if wish.then == Then::Check {
        return check::against(&outcome::outcomes(&known(&baseline)), &outcomes);
    }
    if !wish.are_all && wish.then != Then::Write {
        println!("\nThe page is left as it is: a part is written with `--write`.");
        return Ok(());
    }
    let mut all = known(&baseline);
    all.retain(|name, _| GROUPS.contains(&name.as_str()) && !wish.are_all);
    all.extend(programs);
    fs::write(root.join(BASELINE), lines(&all))
        .map_err(|error| Failure::Failed(format!("{BASELINE}: {error}")))?;
    page::write(root, &json!({ "programs": all }))
}

/// The baseline as JSON with a line for each program, so that a difference shows which have changed.
fn lines(programs: &Map<String, Value>) -> String {
    let lines: Vec<String> =
        programs.iter().map(|(name, outcome)| format!("{}: {outcome}", json!(name))).collect();
    format!("{{\"programs\": {{\n{}\n}}}}\n", lines.join(",\n"))
}

fn known(baseline: &Value) -> Map<String, Value> {
    baseline["programs"].as_object().cloned().unwrap_or_default()
}

fn read(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// What one program has measured, with the machine and the day.
fn measured(root: &Path, group: &str, wish: &Wish) -> Result<Value, Failure> {
    let file = target::folder(root).join(format!("kairos-bench-{group}.json"));
    let line = line(group, wish, &file.display().to_string());
    line.run(root)?;
    let mut outcome = read(&file);
    if outcome["rows"].is_null() {
        return Err(Failure::Failed(format!("`{line}` wrote no report")));
    }
    outcome["machine"] = machine::described(root).into();
    outcome["date"] = machine::today(root).into();
    outcome["quick"] = wish.is_quick.into();
    Ok(outcome)
}

fn line(group: &str, wish: &Wish, file: &str) -> Invocation {
    let features = if wish.without_peers { "" } else { "--features peers" };
    let mut line =
        Invocation::words(&format!("cargo bench -p benches {features} --bench {group} --"))
            .args(["--report", file]);
    if wish.is_quick {
        line = line.args(["--quick"]);
    }
    if let Some(traces) = &wish.traces {
        line = line.args(["--traces", traces]);
    }
    line.args(wish.program_args.iter().map(String::as_str))
}

fn parse(args: &[String]) -> Result<Wish, Failure> {
    let split = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let (own, program_args) = args.split_at(split);
    let program_args = program_args.iter().skip(1).cloned().collect();
    let mut wish = Wish { program_args, ..Wish::default() };
    let mut own = own.iter();
    while let Some(word) = own.next() {
        match word.as_str() {
            "--quick" => wish.is_quick = true,
            "--check" => wish.then = Then::Check,
            "--write" => wish.then = Then::Write,
            "--page" => wish.then = Then::Page,
            "--no-peers" => wish.without_peers = true,
            "--traces" => {
                let folder = own.next().and_then(|folder| fs::canonicalize(folder).ok());
                let Some(folder) = folder else {
                    return Err(Failure::Usage("`--traces` takes a folder of traces".into()));
                };
                wish.traces = Some(folder.display().to_string());
            }
            name => {
                let Some(group) = GROUPS.iter().find(|group| **group == name) else {
                    let known = GROUPS.join(", ");
                    return Err(Failure::Usage(format!(
                        "`bench` takes groups of {known}, --quick, --check, --write, --page, --no-peers \
                         and --traces; got `{name}`"
                    )));
                };
                wish.groups.push(group);
            }
        }
    }
    if wish.groups.is_empty() {
        wish.groups = GROUPS.to_vec();
        wish.are_all = true;
    }
    Ok(wish)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<Wish> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&args).ok()
    }

    #[test]
    fn no_group_means_every_group_and_names_mean_those() {
        let all = parsed("").expect("nothing is asked");
        assert!(all.are_all && all.groups == GROUPS);
        let two = parsed("hit counters --quick").expect("groups");
        assert_eq!((two.groups, two.is_quick, two.are_all), (vec!["hit", "counters"], true, false));
        assert_eq!(parsed("hit -- --x").expect("a group").program_args, ["--x"]);
        assert_eq!(parsed("moon"), None);
        assert_eq!(parsed("--traces"), None);
    }

    #[test]
    fn the_baseline_is_read_as_it_is_written() {
        let programs = json!({"hit": {"rows": [1, 2]}, "move": {"rows": []}});
        let programs = programs.as_object().expect("an object");
        let text = lines(programs);
        assert_eq!(text.lines().count(), 4);
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(&known(&value), programs);
    }

    #[test]
    fn the_line_shows_how_to_run_one_group_by_hand() {
        let wish = parsed("hit --quick -- --x").expect("a group");
        assert_eq!(
            line("hit", &wish, "f.json").to_string(),
            "cargo bench -p benches --features peers --bench hit -- --report f.json --quick --x"
        );
        let wish = parsed("hit --no-peers").expect("a group");
        assert_eq!(
            line("hit", &wish, "f.json").to_string(),
            "cargo bench -p benches --bench hit -- --report f.json"
        );
    }
}
