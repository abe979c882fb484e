// Claims about reports: their text, their width, their JSON, and the values derived for them.
// Never depend on a terminal.
// Read next: `text.rs` and `rows.rs`.

use super::run::{EngineRun, Run};
use super::table::Cell;
use super::*;

fn samples(values: &[f64]) -> Samples {
    let mut samples = Samples::new();
    for value in values {
        samples.add(*value);
    }
    samples
}

fn engine_run(name: &str) -> Run {
    Run {
        name: name.into(),
        reads: 1_234_567,
        hits: 900,
        misses: 100,
        computes: 150,
        most_running: 7,
        exposure: samples(&[0.0, 0.0, 0.25, 0.5]),
        engine: Some(EngineRun {
            latency_ms: [
                samples(&[0.0; 6]),
                samples(&[0.0; 2]),
                samples(&[40.0, 41.5]),
                samples(&[]),
            ],
            panics: 3,
            events: 2,
            cpu_saved_pct: Some(66.666),
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
        Fact::new("first operation (UTC)", Cell::Instant(1_763_186_400_000)),
        Fact::new("operations", Cell::Count(1_300_000)),
        Fact::new("  get", Cell::Count(1_234_567)),
    ];
    let text = Report::of("matchday", facts, &[engine_run("kairos.toml")]).to_text(Paint::Plain);
    let expected = "\
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

Stale-price exposure, mean |ln(price now / price then)|
  answered reads with prices         4
  sum                         0.750000
  mean                        0.187500
  p99                         0.500000
  worst                       0.500000

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
  reads in panic                         3
  reads in warning                       0
  reads bypassed for panic               0
  breaker steps, up or down              0
  reads while suspended                  0
  prices refused                         0
  reads of matches over the bound        0
  operations on them refused             0
  events                                 2
  entries that died by them              0
  CPU saved, mean                  66.67 %

Latency, virtual ms
               reads   mean  min  p50    p90    p99  p99.9    max
  serve_fresh      6      0    0    0      0      0      0      0
  serve_stale      2      0    0    0      0      0      0      0
  compute          2  40.75   40   40  41.50  41.50  41.50  41.50
  bypass           0
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
    let text = Report::of("feed.csv.gz", Vec::new(), &runs).to_text(Paint::Plain);
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
    let text = Report::of("feed.csv", Vec::new(), &runs).to_text(Paint::Plain);
    assert_eq!(text.matches("default").count(), 1, "{text}");
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
fn a_run_that_computes_more_than_it_reads_says_so() {
    let run = Run { computes: 25, ..plain_run("a") };
    let text = Report::of("t", Vec::new(), &[run]).to_text(Paint::Plain);
    assert!(
        text.contains(
            "computes saved                   -15\n    of all reads             -150.00 %\n"
        ),
        "{text}"
    );
}

#[test]
fn only_a_painted_report_has_terminal_codes() {
    let report = Report::of("t", Vec::new(), &[plain_run("a")]);
    assert!(!report.to_text(Paint::Plain).contains('\x1b'));
    assert!(report.to_text(Paint::Bold).starts_with("\x1b[1mt\x1b[0m\n"));
}

#[test]
fn json_has_every_value_in_full() {
    let facts = vec![Fact::new("  get", Cell::Count(7))];
    let json = Report::of("t", facts, &[engine_run("a"), plain_run("b")]).to_json();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["facts"][0], serde_json::json!({"label": "get", "value": 7}));
    assert_eq!(json["columns"], serde_json::json!(["a", "b"]));
    assert_eq!(json["sections"][0]["rows"][1]["values"], serde_json::json!([90.0, 40.0]));
    assert_eq!(json["sections"][4]["rows"][10]["values"], serde_json::json!([66.666, null]));
    assert_eq!(json["sections"][5]["rows"][2]["values"][0]["max"], 41.5);
    assert!(json["sections"][5]["rows"][2]["values"][1].is_null());
}

#[test]
fn what_no_column_has_is_not_shown() {
    let text = Report::of("t", Vec::new(), &[plain_run("a")]).to_text(Paint::Plain);
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
    let text = Report::of("t", Vec::new(), &[Run::default()]).to_text(Paint::Plain);
    assert!(text.contains("computes saved             0") && !text.contains("hit rate"), "{text}");
}
