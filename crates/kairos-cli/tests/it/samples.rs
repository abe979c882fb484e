// Claims about the samples of the repository: they are what the command writes, and a replay of them says something.
// Never look behind the command line.
// Read next: `../../src/matchday/mod.rs`; docs/replay.md has the commands.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::stage::{Report, Scratch, told};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

#[test]
fn the_samples_are_what_the_command_writes() {
    for (name, day) in [
        ("saturday.csv", "--fixtures 3 --seed 7 --read-rate 0.01"),
        ("match.jsonl", "--fixtures 1 --seed 7 --read-rate 0.02"),
    ] {
        let written = Scratch::new(&format!("sample-{name}"));
        told(&format!("matchday {day} --quiet --emit {}", written.path()));
        let packed = std::fs::read(sample(&format!("{name}.gz"))).unwrap();
        let mut text = Vec::new();
        GzDecoder::new(&*packed).read_to_end(&mut text).unwrap();
        assert!(written.bytes() == text, "{name}: not what `kairos matchday {day}` writes");
    }
}

#[test]
fn a_replay_of_the_samples_says_something() {
    let report = Report::of(&format!("replay {}", sample("saturday.csv.gz").display()));
    assert_eq!(report.fact("matches in the feed"), Some(3));
    for label in ["reads in panic", "reads while suspended", "events", "entries that died by them"]
    {
        assert!(report.count("Volatility", label) > 0, "{label}");
    }
    assert_eq!(report.count("Volatility", "prices refused"), 0);
    let [own, plain] = [0, 1].map(|at| report.row("Reads", "computes")[at].as_u64().unwrap());
    assert!(own < plain, "{own}, {plain}");
    let report = Report::of(&format!("replay {}", sample("match.jsonl.gz").display()));
    assert!(report.count("Reads", "reads") > 500);
}

#[test]
fn the_desk_for_a_recording_takes_its_quiet_hours_for_no_dead_feed() {
    let (feed, desk) = (sample("saturday.csv.gz"), sample("desk-recorded.toml"));
    told(&format!("config --check {}", desk.display()));
    let line = format!("replay {} --preset desk --config {}", feed.display(), desk.display());
    let report = Report::of(&line);
    let [moves, silences] =
        ["hard moves", "silences of feeds"].map(|label| report.row("Drift", label).to_vec());
    // The first price after a silence is a move; the recording falls silent when it has ended.
    assert!(moves[0].as_u64() > moves[1].as_u64(), "{moves:?}");
    assert!(silences[0].as_u64() > Some(1) && silences[1] == 1, "{silences:?}");
    let computes = report.row("Reads", "computes");
    assert!(computes[0].as_u64() > computes[1].as_u64(), "{computes:?}");
}
