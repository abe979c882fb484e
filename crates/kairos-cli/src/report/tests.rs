// Claims about reports: their text, their width, their JSON, and the values derived for them.
// Never depend on a terminal.
// Read next: `text.rs` and `rows.rs`.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::run::{EngineRun, Run};
use super::table::Cell;
use super::*;
use crate::advice::{self, Observed};

fn report(title: &str, facts: Vec<Fact>, runs: &[Run]) -> Report {
    Report::of(Meta::of("replay", 7, json!({"lenient": false}), None), title, facts, runs)
}

fn samples(values: &[f64]) -> Samples {
    let mut samples = Samples::default();
    for value in values {
        samples.add(*value);
    }
    samples
}

/// The first of the exposures is one of 20 h before kickoff; the others come without one.
fn exposures(values: &[f64]) -> Exposures {
    let mut exposures = Exposures::default();
    for (at, value) in values.iter().enumerate() {
        exposures.add(*value, (at == 0).then_some(20 * 3_600_000));
    }
    exposures
}

fn worst() -> Incident {
    let worst = WorstRead {
        exposure: 0.405_465,
        key: "m001:btts".into(),
        match_id: "m001".into(),
        market: Some("btts".into()),
        served_ms: 1_763_186_400_000,
        age_ms: 65_000,
        strategy: "serve_stale",
        reason: "stale",
        moved: Moved {
            market: "home_win".into(),
            then: 2.0,
            now: 3.0,
            since_ms: 1_763_186_340_000,
        },
    };
    Incident { worst, reads: 1200, first_ms: 1_763_186_340_500, last_ms: 1_763_186_402_500 }
}

/// The advice of a run whose reads know no kickoff.
fn hints() -> Vec<advice::Advice> {
    let mut observed = Observed::default();
    (0..1000).for_each(|_| observed.read(kairos_cache::Zone::Unknown));
    advice::of_run(&kairos_cache::Config::default(), &observed)
}

fn engine_run(name: &str) -> Run {
    Run {
        name: name.into(),
        configuration: json!({"cache": {"enabled": true}}),
        reads: 1_234_567,
        hits: 900,
        misses: 100,
        computes: 150,
        most_running: 7,
        exposure: exposures(&[0.25, 0.0, 0.0, 0.5]),
        engine: Some(EngineRun {
            latency_ms: [
                samples(&[0.0; 6]),
                samples(&[0.0; 2]),
                samples(&[40.0, 41.5]),
                samples(&[]),
            ],
            scored: 40,
            panics: 3,
            watched_ms: 4_446_180_000,
            panic_ms: 44_461_800,
            events: 2,
            cpu_saved_pct: Some(66.666),
            worst: vec![worst()],
            hints: hints(),
            ..EngineRun::default()
        }),
    }
}

fn plain_run(name: &str) -> Run {
    Run {
        name: name.into(),
        reads: 10,
        hits: 4,
        misses: 6,
        computes: 6,
        most_running: 3,
        ..Run::default()
    }
}

#[test]
fn a_report_of_one_run_looks_like_this() {
    let facts = vec![
        Fact {
            id: "first_operation",
            label: "first operation (UTC)",
            unit: "ms since the Unix epoch",
            value: Cell::Instant(1_763_186_400_000),
        },
        Fact::count("operations", "operations", "operations", 1_300_000),
        Fact::count("operations_get", "  get", "operations", 1_234_567),
    ];
    let text = report("matchday", facts, &[engine_run("kairos.toml")]).to_text(Paint::Plain);
    let expected = "\
150 computes for 1,234,567 reads, at an exposure of 0.750.

matchday
  first operation (UTC)  2025-11-15 06:00:00.000
  operations                           1,300,000
    get                                1,234,567

Reads
  reads                      1,234,567
  hit rate                     90.00 %
  computes                         150
  computes saved             1,234,417
    of all reads               99.99 %
  computes at once, at most          7

Stale-price exposure, |ln(price now / price then)|: 0.01 is about 1 %
  answered reads with prices         4
  sum                         0.750000
  mean                        0.187500
  p99                         0.500000
  worst                       0.500000

Stale-price exposure by time to kickoff, sum and mean
  6 h to 24 h       0.250000
    mean            0.250000
    reads                  1
  no kickoff known  0.500000
    mean            0.166667
    reads                  3

Strategies
  serve_fresh            6
    of all reads   60.00 %
  serve_stale            2
    of all reads   20.00 %
  compute                2
    of all reads   20.00 %
  bypass                 0
    of all reads    0.00 %
  reads cancelled        0

Computes
  computes coalesced           0
  bypasses coalesced           0
  bypasses queued              0
  refreshes                    0
  refreshes failed             0
  refreshes skipped            0
  computes queued at the gate  0
  computes refused by it       0
  computes failed              0
  entries evicted              0

Volatility and events
  reads in panic                           3
    of scored reads                   7.50 %
  reads in warning                         0
  reads bypassed for panic                 0
  breaker steps, up or down                0
  time watched, all matches        1,235.1 h
    of it in panic                    1.00 %
  reads while suspended                    0
  prices refused                           0
  reads of matches over the bound          0
  operations on them refused               0
  events                                   2
  entries that died by them                0
  CPU saved, mean                    66.67 %

Latency, virtual ms
               reads   mean  min  p50    p90    p99  p99.9    max
  serve_fresh      6      0    0    0      0      0      0      0
  serve_stale      2      0    0    0      0      0      0      0
  compute          2  40.75   40   40  41.50  41.50  41.50  41.50
  bypass           0

Worst reads, by the change of a price that they missed
  0.405465  m001 btts at 2025-11-15 06:00:00.000, 1 min 5 s old: serve_stale, stale
            home_win 2.00 → 3.00: 1,200 reads within 1 min 2 s

Hints
  cache.default_ttl: 100 % of the reads of matches know no kickoff, so that their TTL is 1h whatever
    the time; a feed tells it in the column kickoff_ms, a read in its context
";
    assert_eq!(text, expected);
}

#[test]
fn five_columns_fit_into_a_hundred() {
    let runs = [
        engine_run("configurations/strict.toml"),
        engine_run("configurations/loose.toml"),
        engine_run("c.toml"),
        plain_run("TTL 60 s"),
        plain_run("TTL 1 h"),
    ];
    let text = report("feed.csv.gz", Vec::new(), &runs).to_text(Paint::Plain);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(text.contains("…ons/strict.toml  …ions/loose.toml"), "{text}");
    // What a plain cache does not have is left open, and it has no latencies at all.
    assert!(text.contains("reads in panic"), "{text}");
    assert_eq!(text.matches("  serve_fresh").count(), 1 + 3);
    assert!(!text.contains("\n  TTL 60 s\n"), "{text}");
}

#[test]
fn beside_plain_caches_an_engine_needs_no_name_for_what_only_it_has() {
    let runs = [engine_run("default"), plain_run("TTL 60 s"), plain_run("TTL 1 h")];
    let text = report("feed.csv", Vec::new(), &runs).to_text(Paint::Plain);
    assert_eq!(text.matches("  default").count(), 1, "{text}");
    assert_eq!(text.matches("TTL 60 s").count(), 1, "{text}");
    let reads = "\
Reads
                               default  TTL 60 s  TTL 1 h
  reads                      1,234,567        10       10
";
    assert!(text.contains(reads), "{text}");
    assert!(text.contains("\nStrategies\n  serve_fresh            6\n"), "{text}");
    let latency = "\nLatency, virtual ms\n               reads   mean";
    assert!(text.contains(latency), "{text}");
}

#[test]
fn moves_are_told_of_the_columns_where_a_bound_is_on() {
    let mut desk = engine_run("desk");
    let moves = Moves { soft: 1234, hard: 56, died: 789, silences: 2 };
    desk.engine.as_mut().unwrap().moves = Some(moves);
    let report = report("t", Vec::new(), &[engine_run("default"), desk, plain_run("TTL 60 s")]);
    let expected = "\
Drift
  soft moves                 1,234
  hard moves                    56
  entries that died by them    789
  silences of feeds              2
";
    let text = report.to_text(Paint::Plain);
    assert!(text.contains(expected), "{text}");
    let json = parsed(&report);
    for (id, unit, value) in [
        ("moves_soft", "moves", 1234),
        ("moves_hard", "moves", 56),
        ("died_by_moves", "entries", 789),
        ("feed_silences", "silences", 2),
    ] {
        let row = row(&json, "drift", id);
        assert_eq!((&row["unit"], &row["values"]), (&json!(unit), &json!([null, value, null])));
    }
}

#[test]
fn a_run_that_computes_more_than_it_reads_says_so() {
    let run = Run { computes: 25, ..plain_run("a") };
    let text = report("t", Vec::new(), &[run]).to_text(Paint::Plain);
    assert!(
        text.contains(
            "computes saved                   -15\n    of all reads             -150.00 %\n"
        ),
        "{text}"
    );
}

#[test]
fn only_a_painted_report_has_terminal_codes() {
    let report = report("t", Vec::new(), &[plain_run("a")]);
    assert!(!report.to_text(Paint::Plain).contains('\x1b'));
    assert!(report.to_text(Paint::Bold).starts_with("\x1b[1mt\x1b[0m\n"));
}

#[test]
fn json_has_every_value_in_full() {
    let facts = vec![Fact::count("operations_get", "  get", "operations", 7)];
    let json = parsed(&report("t", facts, &[engine_run("a"), plain_run("b")]));
    let fact = json!({"id": "operations_get", "label": "get", "unit": "operations", "value": 7});
    assert_eq!(json["facts"][0], fact);
    assert_eq!(json["columns"], json!(["a", "b"]));
    assert_eq!(row(&json, "reads", "hit_rate")["values"], json!([90.0, 40.0]));
    assert_eq!(row(&json, "reads", "hit_rate")["unit"], "%");
    assert_eq!(row(&json, "market", "cpu_saved_mean")["values"], json!([66.666, null]));
    assert_eq!(row(&json, "market", "time_in_panic_share")["values"], json!([1.0, null]));
    assert_eq!(row(&json, "market", "reads_in_panic_share")["values"], json!([7.5, null]));
    assert_eq!(row(&json, "exposure_by_kickoff", "from_6_h_sum")["values"], json!([0.25, null]));
    let compute = &row(&json, "latency", "compute")["values"];
    assert_eq!(compute[0]["max"], 41.5);
    assert!(compute[1].is_null());
}

#[test]
fn json_says_what_the_run_was_made_by_and_of() {
    let source = Source { name: "feed.csv".into(), bytes: Some(5), sha256: Some("ab".into()) };
    let meta = Meta::of("replay", 7, json!({"lenient": false}), Some(source));
    let json =
        parsed(&Report::of(meta, "t", Vec::new(), &[engine_run("a"), plain_run("TTL 60 s")]));
    let meta = &json["meta"];
    assert_eq!(meta["version"], env!("CARGO_PKG_VERSION"));
    let commit = Some(env!("KAIROS_COMMIT")).filter(|commit| !commit.is_empty());
    assert_eq!(meta["commit"], json!(commit));
    assert_eq!((&meta["command"], &meta["seed"]), (&json!("replay"), &json!(7)));
    assert_eq!(meta["options"], json!({"lenient": false}));
    assert_eq!(meta["feed"], json!({"name": "feed.csv", "bytes": 5, "sha256": "ab"}));
    let engine =
        json!({"name": "a", "kind": "kairos", "configuration": {"cache": {"enabled": true}}});
    assert_eq!(meta["columns"][0], engine);
    assert_eq!(meta["columns"][1]["kind"], "plain_ttl");
    assert_eq!(json["title"], "t");
    let summary = "25 times the computes of a 60 s cache without a price to measure exposure by.";
    assert_eq!(json["summary"], json!([summary]));
}

#[test]
fn every_row_has_a_name_of_its_own_that_a_program_can_keep() {
    let json = parsed(&report("t", Vec::new(), &[engine_run("a"), plain_run("b")]));
    let is_name =
        |id: &str| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let mut seen = HashSet::new();
    for section in json["sections"].as_array().unwrap() {
        for row in section["rows"].as_array().unwrap() {
            let (section, id) = (section["id"].as_str().unwrap(), row["id"].as_str().unwrap());
            assert!(is_name(section) && is_name(id) && !id.is_empty(), "{section}, {id}");
            assert!(seen.insert((section, id)), "{section}, {id}: twice");
            assert_ne!(row["unit"], "", "{section}, {id}");
        }
    }
}

#[test]
fn worst_reads_and_hints_belong_to_their_column() {
    let runs = [engine_run("a"), engine_run("b"), plain_run("c")];
    let json = parsed(&report("t", Vec::new(), &runs));
    let names = |of: &str| {
        json[of].as_array().unwrap().iter().map(|of| of["column"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("worst_reads"), ["a", "b"]);
    assert_eq!(names("hints"), ["a", "b"]);
    let expected = json!({
        "exposure": 0.405_465, "match": "m001", "market": "btts", "key": "m001:btts",
        "served": 1_763_186_400_000_i64, "age_ms": 65_000, "strategy": "serve_stale", "reason": "stale",
        "moved": {"market": "home_win", "then": 2.0, "now": 3.0, "since": 1_763_186_340_000_i64},
        "count": 1200, "first": 1_763_186_340_500_i64, "last": 1_763_186_402_500_i64,
    });
    assert_eq!(json["worst_reads"][1]["reads"], json!([expected]));
    assert_eq!(json["hints"][0]["advice"][0]["field"], "cache.default_ttl");
    let text = report("t", Vec::new(), &runs).to_text(Paint::Plain);
    assert!(text.contains("\nWorst reads, by the change of a price that they missed\n  a\n  0.405465  m001 btts at"), "{text}");
    assert!(text.contains("\nHints\n  a\n  cache.default_ttl: "), "{text}");
}

fn parsed(report: &Report) -> Value {
    serde_json::from_str(&report.to_json()).unwrap()
}

/// A row of a report by the names for programs.
fn row<'a>(report: &'a Value, section: &str, row: &str) -> &'a Value {
    let of =
        |of: &'a Value, id: &str| of.as_array().unwrap().iter().find(|of| of["id"] == id).unwrap();
    of(&of(&report["sections"], section)["rows"], row)
}

#[test]
fn what_no_column_has_is_not_shown() {
    let text = report("t", Vec::new(), &[plain_run("a")]).to_text(Paint::Plain);
    let expected = "\
t

Reads
  reads                           10
  hit rate                   40.00 %
  computes                         6
  computes saved                   4
    of all reads             40.00 %
  computes at once, at most        3
";
    assert_eq!(text, expected);
}

#[test]
fn an_empty_run_divides_by_nothing() {
    let text = report("t", Vec::new(), &[Run::default()]).to_text(Paint::Plain);
    assert!(text.contains("computes saved             0") && !text.contains("hit rate"), "{text}");
}
