// Claims about the plain cache, each as a short scenario.
// Never look at more than the column that results.
// Read next: `../plain_ttl.rs`.

use std::path::Path;

use super::*;
use crate::scenario::Jsonl;

/// The column of a TTL of 60 s after these lines.
fn run(lines: &[&str]) -> Run {
    let text = lines.join("\n");
    let mut cache = PlainTtl::new(60_000);
    for op in Jsonl::new(Path::new("test.jsonl"), text.as_bytes()) {
        cache.apply(&op.unwrap());
    }
    cache.finish("TTL 60 s")
}

/// Reads, hits, computes.
fn counts(lines: &[&str]) -> (u64, u64, u64) {
    let run = run(lines);
    assert_eq!(run.reads, run.hits + run.misses);
    (run.reads, run.hits, run.computes)
}

#[test]
fn a_value_is_fresh_for_the_ttl_from_the_end_of_its_compute() {
    let first = r#"{"t":0,"op":"get","key":"k","compute":{"ms":40}}"#;
    assert_eq!(counts(&[first, r#"{"t":60039,"op":"get","key":"k"}"#]), (2, 1, 1));
    assert_eq!(counts(&[first, r#"{"t":60040,"op":"get","key":"k"}"#]), (2, 0, 2));
}

#[test]
fn concurrent_misses_share_one_compute_and_are_misses() {
    let read = r#"{"t":0,"op":"get","key":"k","compute":{"ms":40}}"#;
    let during = r#"{"t":39,"op":"get","key":"k","compute":{"ms":40}}"#;
    let after = r#"{"t":40,"op":"get","key":"k","compute":{"ms":40}}"#;
    assert_eq!(counts(&[read, read, during, after]), (4, 1, 1));
    // A compute of no time ends within its own operation.
    let instant = r#"{"t":0,"op":"get","key":"k"}"#;
    assert_eq!(counts(&[instant, instant]), (2, 1, 1));
}

#[test]
fn what_only_the_engine_knows_changes_nothing() {
    let read = r#"{"t":0,"op":"get","key":"m:btts","match":"m","market":"btts","kickoff":1000}"#;
    for between in [
        r#"{"t":1,"op":"event","match":"m","event":"weather_rain"}"#,
        r#"{"t":1,"op":"status","match":"m","status":"suspended"}"#,
        r#"{"t":1,"op":"invalidate","match":"m"}"#,
        r#"{"t":1,"op":"invalidate","tag":"goals"}"#,
        r#"{"t":1,"op":"invalidate","all":true,"soft":true}"#,
        r#"{"t":1,"op":"invalidate","key":"m:btts","soft":true}"#,
        r#"{"t":1,"op":"odds","match":"m","market":"home","price":9.5}"#,
    ] {
        let later = r#"{"t":2000,"op":"get","key":"m:btts","match":"m","max_age_ms":0}"#;
        assert_eq!(counts(&[read, between, later]), (2, 1, 1), "{between}");
    }
}

#[test]
fn a_key_that_is_removed_or_forced_is_computed_again() {
    let read = r#"{"t":0,"op":"get","key":"k"}"#;
    let again = r#"{"t":2,"op":"get","key":"k"}"#;
    assert_eq!(counts(&[read, r#"{"t":1,"op":"invalidate","key":"k"}"#, again]), (2, 0, 2));
    assert_eq!(counts(&[read, r#"{"t":1,"op":"invalidate","all":true}"#, again]), (2, 0, 2));
    let forced = r#"{"t":2,"op":"get","key":"k","force_refresh":true}"#;
    assert_eq!(counts(&[read, forced, r#"{"t":3,"op":"get","key":"k"}"#]), (3, 1, 2));
}

#[test]
fn an_invalidation_during_a_compute_is_lost() {
    let read = r#"{"t":0,"op":"get","key":"k","compute":{"ms":40}}"#;
    let kill = r#"{"t":20,"op":"invalidate","key":"k"}"#;
    assert_eq!(counts(&[read, kill, r#"{"t":50,"op":"get","key":"k"}"#]), (2, 1, 1));
}

#[test]
fn a_failed_compute_answers_its_readers_and_stores_nothing() {
    for result in ["error", "panic", "none"] {
        let read =
            format!(r#"{{"t":0,"op":"get","key":"k","compute":{{"ms":40,"result":"{result}"}}}}"#);
        let later = r#"{"t":50,"op":"get","key":"k"}"#;
        assert_eq!(counts(&[&read, &read, later]), (3, 0, 2), "{result}");
    }
}

#[test]
fn a_compute_that_never_ends_is_given_up_after_thirty_seconds() {
    let hang = r#"{"t":0,"op":"get","key":"k","compute":{"result":"hang"}}"#;
    let before = r#"{"t":29999,"op":"get","key":"k"}"#;
    let after = r#"{"t":30000,"op":"get","key":"k"}"#;
    assert_eq!(counts(&[hang, before]), (2, 0, 1));
    assert_eq!(counts(&[hang, after]), (2, 0, 2));
}

#[test]
fn a_caller_that_goes_away_is_not_counted_and_stops_no_compute() {
    let read = r#"{"t":0,"op":"get","id":"a","key":"k","compute":{"ms":40}}"#;
    let cancel = r#"{"t":10,"op":"cancel","id":"a"}"#;
    assert_eq!(counts(&[read, cancel, r#"{"t":40,"op":"get","key":"k"}"#]), (1, 1, 1));
    // Beyond the end of its read a cancellation is nothing.
    assert_eq!(counts(&[read, r#"{"t":41,"op":"cancel","id":"a"}"#]), (1, 0, 1));
}

#[test]
fn computes_of_different_keys_run_at_once() {
    let read = |key: &str| format!(r#"{{"t":0,"op":"get","key":"{key}","compute":{{"ms":9}}}}"#);
    let lines = [read("a"), read("b"), read("b"), read("c")];
    assert_eq!(run(&lines.each_ref().map(String::as_str)).most_running, 3);
}

#[test]
fn exposure_is_that_of_the_prices_since_the_compute_ended() {
    let lines = [
        r#"{"t":0,"op":"odds","match":"m","market":"home","price":2.0}"#,
        r#"{"t":0,"op":"get","key":"k","match":"m","compute":{"ms":40}}"#,
        r#"{"t":10,"op":"odds","match":"m","market":"home","price":3.0}"#,
        r#"{"t":50,"op":"odds","match":"m","market":"home","price":6.0}"#,
        r#"{"t":60,"op":"get","key":"k","match":"m"}"#,
        r#"{"t":60,"op":"get","key":"k"}"#,
    ];
    let run = run(&lines);
    let spread = run.exposure.all.spread().unwrap();
    assert_eq!(spread.count, 2, "a read without a match has no prices");
    assert!((spread.sum - 2.0_f64.ln()).abs() < 1e-12, "{spread:?}");
}
