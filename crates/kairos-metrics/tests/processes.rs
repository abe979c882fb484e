//! Claim: a snapshot kept from another process is no base for this one's differences.
// Never knows: how a series is told from one of another process.
// Read next: `../src/snapshot/snapshot.rs`; `fork.rs` for a forked child.
#![cfg(not(kairos_loom))]
#![allow(clippy::print_stdout)]

use std::process::Command;

use kairos_metrics::{Precision, Registry, Snapshot};

const CHILD: &str = "KAIROS_TEST_CHILD";
const MARK: &str = "snapshot: ";

fn run(count: u64) -> Snapshot {
    let registry = Registry::new();
    registry.counter("hits", "Hits").unwrap().add(count);
    registry.histogram("latency", "Latency", Precision::two_digits()).unwrap().record_n(7, count);
    registry.snapshot()
}

#[test]
fn a_process_that_starts_again_counts_from_zero() {
    if std::env::var_os(CHILD).is_some() {
        println!("{MARK}{}", serde_json::to_string(&run(100)).unwrap());
        return;
    }
    // The same program, as it ran before.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "a_process_that_starts_again_counts_from_zero"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let earlier = text.lines().find_map(|line| Some(line.split_once(MARK)?.1)).expect(&text);
    let earlier: Snapshot = serde_json::from_str(earlier).unwrap();
    assert_eq!(earlier.counter("hits"), 100);
    let delta = run(7).since(&earlier);
    assert_eq!((delta.counter("hits"), delta.histogram("latency").count()), (7, 7));
}
