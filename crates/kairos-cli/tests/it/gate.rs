// The gate before the backend, driven by a scenario: everything is invalidated, every read is answered.
// Never look behind the command line.
// Read next: `../../src/columns/engine/quote.rs`, where running computes are counted.

use std::fmt::Write;

use crate::stage::{Report, Scratch};

const KEYS: u64 = 10_000;

#[test]
fn invalidate_all_over_ten_thousand_hot_keys_runs_sixteen_computes_at_once_and_answers_everybody() {
    let mut scenario = String::new();
    let read = |scenario: &mut String, t: u64, key: u64, ms: u64| {
        let compute = format!("{{\"ms\":{ms}}}");
        writeln!(scenario, "{{\"t\":{t},\"op\":\"get\",\"id\":\"t{t}-{key}\",\"key\":\"k{key}\",\"compute\":{compute}}}").unwrap();
    };
    for key in 0..KEYS {
        read(&mut scenario, 0, key, 0);
    }
    scenario.push_str("{\"t\":1000,\"op\":\"invalidate\",\"all\":true}\n");
    for key in 0..KEYS {
        read(&mut scenario, 1000, key, 40);
    }
    let scenario = Scratch::holding("hot.jsonl", scenario);
    // The last compute begins after 10 000 ⁄ 16 × 40 ms = 25 s; its time counts from there.
    let config = Scratch::holding(
        "gate.toml",
        "[cache]\nmax_capacity = 20000\n[computes]\nmax_concurrent = 16\nqueue = 10000\n",
    );
    let decisions = Scratch::new("hot.decisions");
    let report = Report::of(&format!(
        "replay {} --config {} --decisions {}",
        scenario.path(),
        config.path(),
        decisions.path()
    ));
    // The engine runs sixteen at once; a plain cache all of them.
    assert_eq!(report.row("Reads", "computes at once, at most"), [16, KEYS, KEYS]);
    assert_eq!(report.row("Reads", "computes"), [2 * KEYS, KEYS * 2, KEYS * 2]);
    assert_eq!(report.row("Reads", "reads"), [2 * KEYS, KEYS * 2, KEYS * 2]);
    assert_eq!(report.count("Computes", "computes queued at the gate"), KEYS - 16);
    assert_eq!(report.count("Computes", "computes refused by it"), 0);
    let reads: Vec<_> =
        decisions.objects().into_iter().filter(|line| !line["id"].is_null()).collect();
    assert_eq!(reads.len() as u64, 2 * KEYS);
    assert!(reads.iter().all(|read| read["outcome"] == "ok" && read["reason"] == "miss"));
    // First come, first served, sixteen every 40 ms.
    let again = reads.iter().filter(|read| read["t"] == 1000);
    for (place, read) in again.enumerate() {
        assert_eq!(read["done"], 1040 + 40 * (place as u64 / 16), "{read}");
        assert_eq!(read["key"], format!("k{place}"));
    }
}

#[test]
fn what_the_queue_does_not_hold_is_refused_and_counted() {
    let read = |key: u64| {
        format!(
            "{{\"t\":0,\"op\":\"get\",\"id\":\"{key}\",\"key\":\"{key}\",\"compute\":{{\"ms\":40}}}}\n"
        )
    };
    let scenario = Scratch::holding("full.jsonl", (0..10).map(read).collect::<String>());
    let config = Scratch::holding("full.toml", "[computes]\nmax_concurrent = 2\nqueue = 3\n");
    let decisions = Scratch::new("full.decisions");
    let report = Report::of(&format!(
        "replay {} --config {} --decisions {}",
        scenario.path(),
        config.path(),
        decisions.path()
    ));
    assert_eq!(report.count("Reads", "computes at once, at most"), 2);
    assert_eq!(report.count("Computes", "computes queued at the gate"), 3);
    assert_eq!(report.count("Computes", "computes refused by it"), 5);
    let outcomes: Vec<_> = decisions.objects().iter().map(|r| r["outcome"] == "ok").collect();
    assert_eq!(outcomes.iter().filter(|ok| **ok).count(), 5, "{outcomes:?}");
}
