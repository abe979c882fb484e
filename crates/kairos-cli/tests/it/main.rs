//! Claims about the binary: what it writes, what it says, how it exits.
//! Must never look behind the command line.
//! Read next: `stage.rs`, then the claims at hand.

mod columns;
mod config;
mod gate;
mod inputs;
mod scenarios;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use kairos_cli::matchday::{Day, Shape};
use kairos_cli::scenario::op::Op;
use kairos_cli::scenario::{Options, Scenario};

use crate::stage::kairos;

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
    let scenario = Scenario::open(file, Options::default(), |file, _| file).unwrap();
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
        assert!(text.contains("\nReads\n"), "{text}");
        assert!(!text.contains('\x1b'), "{text}");
        assert_eq!(read(&file), expected, "{name}");
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_matchday_replayed_from_its_file_decides_the_same() {
    let (direct, replayed) = (scratch("direct.decisions"), scratch("replayed.decisions"));
    let file = scratch("same.jsonl.gz");
    let day = "--fixtures 2 --seed 5 --read-rate 0.1";
    let (file_name, direct_name) = (file.display(), direct.display());
    let made = kairos(&format!("matchday {day} --emit {file_name} --decisions {direct_name}"));
    assert!(made.status.success(), "{made:?}");
    let again = kairos(&format!("replay {file_name} --seed 5 --decisions {}", replayed.display()));
    assert!(again.status.success(), "{again:?}");
    let decisions = fs::read(&direct).unwrap();
    assert!(decisions.len() > 100_000);
    assert_eq!(decisions, fs::read(&replayed).unwrap());
    for file in [file, direct, replayed] {
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn what_a_scenario_or_configuration_says_wrong_is_named_by_file_and_line() {
    let check = |name: &str, text: &str, options: &str, message: &str| {
        let file = scratch(name);
        fs::write(&file, text).unwrap();
        let output = kairos(&format!("replay {} {options}", file.display()));
        let found = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {found}");
        assert_eq!(found.trim_end(), format!("{}{message}", file.display()));
        fs::remove_file(file).unwrap();
    };
    check("op.jsonl", "{\"t\":1,\"op\":\"put\"}\n", "", ":1: unknown operation \"put\"");
    check(
        "event.jsonl",
        "{\"t\":1,\"op\":\"metrics\"}\n{\"t\":1,\"op\":\"event\",\"match\":\"m\",\"event\":\"fog\"}\n",
        "",
        ":2: unknown event \"fog\"",
    );
    check(
        "market.jsonl",
        "{\"t\":1,\"op\":\"get\",\"key\":\"k\",\"match\":\"m\",\"market\":\"fog\"}\n",
        "",
        ":1: unknown market \"fog\"",
    );
    check(
        "cancel.jsonl",
        "{\"t\":1,\"op\":\"cancel\",\"id\":\"g9\"}\n",
        "",
        ":1: no read before has the id \"g9\"",
    );
    let config = scratch("bad.toml");
    fs::write(&config, "[volatility]\npanic_sigma = 1.0\n").unwrap();
    let output = kairos(&format!("matchday --fixtures 1 --config {}", config.display()));
    assert_eq!(output.status.code(), Some(2));
    let found = String::from_utf8(output.stderr).unwrap();
    assert!(found.contains("volatility.panic_sigma must be"), "{found}");
    fs::remove_file(config).unwrap();
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
    check("matchday --fixtures 0", "a matchday has 1 to 1000 fixtures");
    check("matchday --read-rate NaN", "the read rate must be above 0 a second");
    check("matchday --seed x", "invalid value 'x'");
    check("replay", "<SCENARIO>");
    check("replay day.xml", "day.xml");
    check("replay no-such-day.jsonl", "no-such-day.jsonl: ");
}

#[test]
fn an_output_that_cannot_be_written_exits_with_1_and_is_named() {
    let file = scratch("no/such/folder/day.jsonl");
    let output = kairos(&format!("matchday --fixtures 1 --emit {}", file.display()));
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with(&format!("{}: ", file.display())), "{message}");
}
