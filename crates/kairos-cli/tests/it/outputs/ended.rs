// Claims about runs that a signal ends: the status, and what they leave.
// Never waits for a time: a child that has read what was written to it has its outputs open.
// Read next: `../../../src/command/signals.rs`.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

use crate::stage::Folder;

/// The script of a shell that becomes the command.
const KAIROS: &str = "exec \"$0\" \"$@\"";

/// A replay that has its outputs open and waits for more of its scenario, started by a shell.
fn waiting(folder: &Folder, script: &str) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_kairos")])
        .args(["replay", "-", "--format", "jsonl", "--decisions"])
        .arg(folder.at("out.jsonl.zst"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // More than a pipe holds: what is left of it when the write returns, the child has read.
    let reads = "{\"t\":0,\"op\":\"get\",\"key\":\"k\"}\n".repeat(40_000);
    child.stdin.as_mut().unwrap().write_all(reads.as_bytes()).unwrap();
    child
}

/// Sends a signal to a child, and then waits for its end.
fn end(child: Child, signals: &[&str]) -> Output {
    for signal in signals {
        // Every shell has it; not every machine has a program of this name.
        let kill = format!("kill -s {signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
    child.wait_with_output().unwrap()
}

/// Whether this process, and with it its children, was started with SIGHUP ignored.
fn outlives_its_terminal() -> bool {
    let told = Command::new("sh").args(["-c", "kill -s HUP $$"]).status().unwrap();
    told.success()
}

#[test]
fn a_run_that_is_ended_by_a_signal_leaves_nothing_and_exits_with_its_status() {
    for (signal, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        if signal == "HUP" && outlives_its_terminal() {
            continue;
        }
        let folder = Folder::new(&format!("outputs-ended-{signal}"));
        folder.hold("out.jsonl.zst", "before");
        let mut child = waiting(&folder, KAIROS);
        // Open until the end: the input does not end, the run does.
        let input = child.stdin.take();
        assert_eq!(folder.names().len(), 2, "{:?}", folder.names());
        let output = end(child, &[signal]);
        drop(input);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        assert_eq!(folder.names(), ["out.jsonl.zst"]);
        assert_eq!(std::fs::read(folder.at("out.jsonl.zst")).unwrap(), b"before");
    }
}

#[test]
fn a_run_that_was_started_to_outlive_its_terminal_goes_on_after_its_end() {
    let folder = Folder::new("outputs-nohup");
    let mut child = waiting(&folder, "trap '' HUP; exec \"$0\" \"$@\"");
    let input = child.stdin.take();
    let output = end(child, &["HUP", "TERM"]);
    drop(input);
    assert_eq!(output.status.code(), Some(143), "{output:?}");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn the_same_run_keeps_its_output_when_its_input_ends() {
    let folder = Folder::new("outputs-kept");
    let child = waiting(&folder, KAIROS);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(folder.names(), ["out.jsonl.zst"]);
    assert!(std::fs::read(folder.at("out.jsonl.zst")).unwrap().len() > 1000);
}
