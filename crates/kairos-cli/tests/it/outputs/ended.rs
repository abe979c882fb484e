// Claims about runs that a signal ends: the status, and what they leave.
// Never waits for a time: a child that has read what was written to it has its outputs open.
// Read next: `../../../src/command/signals.rs`.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use crate::stage::Folder;

/// A replay that has its outputs open and waits for more of its scenario.
fn waiting(folder: &Folder) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kairos"))
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

#[test]
fn a_run_that_is_ended_by_a_signal_leaves_nothing_and_exits_with_its_status() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let folder = Folder::new(&format!("outputs-ended-{signal}"));
        folder.hold("out.jsonl.zst", "before");
        let mut child = waiting(&folder);
        // Open until the end: the input does not end, the run does.
        let input = child.stdin.take();
        assert_eq!(folder.names().len(), 2, "{:?}", folder.names());
        // Every shell has it; not every machine has a program of this name.
        let kill = format!("kill -s {signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        drop(input);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        assert_eq!(folder.names(), ["out.jsonl.zst"]);
        assert_eq!(std::fs::read(folder.at("out.jsonl.zst")).unwrap(), b"before");
    }
}

#[test]
fn the_same_run_keeps_its_output_when_its_input_ends() {
    let folder = Folder::new("outputs-kept");
    let child = waiting(&folder);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(folder.names(), ["out.jsonl.zst"]);
    assert!(std::fs::read(folder.at("out.jsonl.zst")).unwrap().len() > 1000);
}
