// Claims about the command itself: its version, its manual, completions, and where a report goes.
// Never look behind the command line.
// Read next: `../../src/command/mod.rs`.

use std::fs;
use std::process::Command;

use crate::stage::{Folder, kairos, refused, told};

const READ: &str = "{\"t\":0,\"op\":\"get\",\"id\":\"a\",\"key\":\"k\"}\n";

/// What git says in this folder, if it can be asked.
fn git(line: &str) -> Option<String> {
    let output = Command::new("git").args(line.split(' ')).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn the_version_has_the_commit_where_there_is_one() {
    let version = env!("CARGO_PKG_VERSION");
    let tracked = git("ls-files --error-unmatch build.rs");
    let expected = match tracked.and_then(|_| git("rev-parse --short=7 HEAD")) {
        Some(commit) => format!("kairos {version} ({commit})\n"),
        None => format!("kairos {version}\n"),
    };
    assert_eq!(told("--version"), expected);
}

#[test]
fn every_shell_gets_a_script_with_the_options() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = told(&format!("completions {shell}"));
        assert!(script.contains("kairos") && script.contains("decisions"), "{shell}: {script}");
    }
    let (code, message) = refused("completions csh");
    assert_eq!((code, message.contains("bash, elvish, fish, powershell, zsh")), (2, true));
}

#[test]
fn the_manual_has_a_page_for_each_subcommand() {
    let page = told("man");
    assert!(page.contains(".TH kairos 1") && page.contains("kairos\\-replay(1)"), "{page}");
    let folder = Folder::new("manual");
    let pages = folder.at("new/man1");
    assert_eq!(told(&format!("man {}", pages.display())), "");
    let subcommands = ["completions", "config", "man", "matchday", "replay"];
    let read = |name: &str| fs::read_to_string(pages.join(name)).unwrap();
    for name in subcommands {
        let page = read(&format!("kairos-{name}.1"));
        assert!(page.contains(&format!(".TH kairos-{name} 1")), "{page}");
    }
    assert_eq!(fs::read_dir(&pages).unwrap().count(), 1 + subcommands.len());
    assert_eq!(read("kairos.1"), page);
    let replay = read("kairos-replay.1");
    assert!(replay.contains("\\-\\-lenient"), "{replay}");
    let (code, message) = refused(&format!("man {}", pages.join("kairos.1").display()));
    assert_eq!((code, message.contains("kairos.1: ")), (1, true), "{message}");
}

#[test]
fn a_report_goes_to_the_file_that_is_named_and_is_the_same() {
    let folder = Folder::new("report-output");
    folder.hold("day.jsonl", READ);
    let replay = format!("replay {}", folder.at("day.jsonl").display());
    let matchday = "matchday --fixtures 1 --read-rate 0.01";
    for (name, line) in [("replay", &*replay), ("matchday", matchday)] {
        for format in ["text", "json"] {
            let out = folder.at(name);
            let line = format!("{line} --report {format}");
            assert_eq!(told(&format!("{line} --output {}", out.display())), "");
            assert_eq!(fs::read_to_string(&out).unwrap(), told(&line), "{line}");
        }
    }
    assert_eq!(told(&format!("{replay} --output -")), told(&replay));
}

#[test]
fn a_report_is_written_over_no_input_and_no_other_output() {
    let folder = Folder::new("report-apart");
    folder.hold("day.jsonl", READ);
    let day = folder.at("day.jsonl");
    let replay = format!("replay {}", day.display());
    let (code, message) = refused(&format!("{replay} --output {}", day.display()));
    let expected = format!("{0}: --output would overwrite the input {0}\n", day.display());
    assert_eq!((code, message), (2, expected));
    let both = folder.at("both");
    for line in [&*replay, "matchday --fixtures 1"] {
        let line = format!("{line} --output {0} --decisions {0}", both.display());
        let (code, message) = refused(&line);
        let expected = format!("--output names the same file as the output {}", both.display());
        assert_eq!((code, message.contains(&expected)), (2, true), "{message}");
    }
    // One that cannot be written ends the run before it begins.
    let (code, _) = refused(&format!(
        "{replay} --decisions {} --output {}",
        folder.at("decisions").display(),
        folder.at("no/folder").display()
    ));
    assert_eq!((code, folder.names()), (1, vec!["day.jsonl".to_owned()]));
}

#[test]
fn a_quiet_run_writes_its_files_and_nothing_else() {
    let folder = Folder::new("report-quiet");
    folder.hold("feed.csv", "ts_ms,market_id,runner,price\n0,m,A,1.5\n60000,m,A,1.6\n");
    let feed = folder.at("feed.csv");
    let line = format!("replay {} --quiet", feed.display());
    let silent = |line: &str| {
        let output = kairos(line);
        assert!(output.status.success(), "{output:?}");
        assert_eq!((&*output.stdout, &*output.stderr), (&b""[..], &b""[..]), "{line}");
    };
    silent(&line);
    silent(&format!("{line} --output {}", folder.at("report").display()));
    assert!(fs::read_to_string(folder.at("report")).unwrap().contains("\nReads\n"));
    silent("matchday --fixtures 1 --read-rate 0.01 -q");
    // What is wrong is told all the same.
    let (code, message) = refused("replay no-such-day.jsonl --quiet");
    assert_eq!((code, message.contains("no-such-day.jsonl: ")), (2, true), "{message}");
}
