//! Claims about the binary: what it writes, what it says, how it exits.
//! Must never look behind the command line.
//! Read next: `../src/main.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kairos_cli::matchday::{Day, Shape};
use kairos_cli::progress::Progress;
use kairos_cli::scenario::op::Op;
use kairos_cli::scenario::{Options, Scenario};

fn kairos(line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kairos")).args(line.split_whitespace()).output().unwrap()
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn emit(name: &str) -> (PathBuf, Output) {
    let file = scratch(name);
    let line = format!("matchday --fixtures 2 --seed 5 --read-rate 0.1 --emit {}", file.display());
    (file, kairos(&line))
}

fn shape() -> Shape {
    Shape { fixtures: 2, seed: 5, reads_per_s: 0.1, ..Shape::default() }
}

fn read(file: &Path) -> Vec<Op> {
    let scenario = Scenario::open(file, Options::default(), &Progress::hidden()).unwrap();
    scenario.map(Result::unwrap).collect()
}

#[test]
fn an_emitted_matchday_is_the_scenario_that_was_made() {
    let expected: Vec<Op> = Day::new(&shape()).unwrap().collect();
    for name in ["plain.jsonl", "packed.jsonl.gz"] {
        let (file, output) = emit(name);
        assert!(output.status.success(), "{output:?}");
        assert!(output.stderr.is_empty(), "no bar where there is no terminal");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("matchday of 2 matches, seed 5\n"), "{text}");
        assert!(!text.contains('\x1b'), "{text}");
        assert_eq!(read(&file), expected, "{name}");
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn standard_output_takes_the_operations_and_nothing_else() {
    let output = kairos("matchday --fixtures 2 --seed 5 --read-rate 0.1 --emit -");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), Day::new(&shape()).unwrap().count());
    assert!(lines.lines().all(|line| line.starts_with("{\"t\":") && line.ends_with('}')));
}

#[test]
fn what_cannot_be_asked_exits_with_2() {
    let check = |line: &str, message: &str| {
        let output = kairos(line);
        let found = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}: {found}");
        assert!(found.contains(message), "{line}: {found}");
    };
    check("", "Usage: kairos");
    check("matchday", "--emit <FILE>");
    check("matchday --emit - --fixtures 0", "a matchday has 1 to 1000 fixtures");
    check("matchday --emit - --read-rate NaN", "the read rate must be above 0 a second");
    check("matchday --emit - --seed x", "invalid value 'x'");
    check("replay day.jsonl", "unrecognized subcommand 'replay'");
}

#[test]
fn an_output_that_cannot_be_written_exits_with_1_and_is_named() {
    let file = scratch("no/such/folder/day.jsonl");
    let output = kairos(&format!("matchday --fixtures 1 --emit {}", file.display()));
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with(&format!("{}: ", file.display())), "{message}");
}
