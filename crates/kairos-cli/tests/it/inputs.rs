// Claims about scenarios and feeds as files: compressed, empty, truncated, malformed, and cut by options.
// Never look behind the command line.
// Read next: `../../src/scenario/mod.rs`.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::json;

use crate::stage::{Report, Scratch, refused, told, untitled};

const READS: &str = "{\"t\":0,\"op\":\"get\",\"id\":\"a\",\"key\":\"k\",\"compute\":{\"ms\":40}}\n\
                     {\"t\":50,\"op\":\"get\",\"id\":\"b\",\"key\":\"k\"}\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Exit code 2, and a message that begins with the file and goes on so.
fn check_refused(name: &str, bytes: impl AsRef<[u8]>, options: &str, message: &str) {
    let file = Scratch::holding(name, bytes);
    let (code, found) = refused(&format!("replay {} {options}", file.path()));
    assert_eq!(code, 2, "{name}: {found}");
    let rest = found.strip_prefix(&file.path().to_string());
    let rest = rest.unwrap_or_else(|| panic!("{name} is not named: {found}"));
    assert!(rest.starts_with(message), "{name}: {found}");
    assert_eq!(found.trim_end().lines().count(), 1, "{name}: {found}");
}

#[test]
fn a_scenario_says_the_same_however_it_is_packed() {
    let mut reports = ["pack.jsonl", "pack.jsonl.gz", "pack.jsonl.zst"].map(|name| {
        let bytes = match name.rsplit_once('.').unwrap().1 {
            "gz" => gzip(READS),
            "zst" => compress_to_vec(READS.as_bytes(), CompressionLevel::Fastest),
            _ => READS.into(),
        };
        let file = Scratch::holding(name, bytes);
        let text = told(&format!("replay {}", file.path()));
        untitled(&text)
    });
    assert!(reports[0].contains("serve_fresh"), "{}", reports[0]);
    reports.sort();
    assert_eq!(reports[0], reports[2]);
}

#[test]
fn nothing_to_replay_is_an_error_and_not_a_report_of_zeros() {
    let header = "ts_ms,market_id,runner,price\n";
    let row = format!("{header}5,m,A,2.0\n");
    check_refused("empty.jsonl", "", "", ": no operation\n");
    check_refused("blank.jsonl", "\n\n", "", ": no operation\n");
    check_refused("empty.jsonl.gz", gzip(""), "", ": no operation\n");
    check_refused("empty.csv", "", "", ":1: there is no header: every line is blank\n");
    check_refused("header.csv", header, "", ": no operation\n");
    check_refused("cut.csv", &row, "--from 6", ": no operation left by --field, --from and --to\n");
    check_refused(
        "cut-to.csv",
        &row,
        "--to 5",
        ": no operation left by --field, --from and --to\n",
    );
    check_refused(
        "bad.jsonl",
        "{}\n[]\n",
        "--lenient",
        ": no valid operation; 2 lines skipped, the first: ",
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    let long = "{\"t\":0,\"op\":\"metrics\"}\n".repeat(1000);
    let packed = gzip(&long);
    check_refused(
        "cut.jsonl.gz",
        &packed[..packed.len() / 2],
        "",
        ": the gzip data is corrupt or truncated (",
    );
    check_refused(
        "plain.jsonl.gz",
        READS,
        "",
        ": the gzip data is corrupt or truncated (invalid gzip header)\n",
    );
    let packed = compress_to_vec(long.as_bytes(), CompressionLevel::Fastest);
    check_refused(
        "cut.jsonl.zst",
        &packed[..packed.len() / 2],
        "",
        ": the Zstandard data is corrupt or truncated (",
    );
    check_refused(
        "utf8.jsonl",
        b"{\"t\":0,\"op\":\"metrics\"}\n\xff\xfe\n",
        "",
        ":2: the line is not UTF-8\n",
    );
    check_refused(
        "utf8.csv",
        b"ts_ms,market_id,runner,price\n0,m,\xff,2.0\n",
        "",
        ":2: runner is not UTF-8\n",
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("folder.jsonl");
    fs::create_dir_all(&folder).unwrap();
    let (code, message) = refused(&format!("replay {}", folder.display()));
    assert_eq!(code, 2);
    let expected = format!("{}: Is a directory", folder.display());
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn time_that_goes_back_is_an_error_with_its_line() {
    let lines = "{\"t\":9,\"op\":\"metrics\"}\n\n{\"t\":8,\"op\":\"metrics\"}\n";
    let back = ":3: time goes back from 1970-01-01T00:00:00.009Z (9 ms) to 1970-01-01T00:00:00.008Z (8 ms): the lines must be \
                sorted by time";
    check_refused("back.jsonl", lines, "", &format!("{back}\n"));
    let rows = "ts_ms,market_id,runner,price\n9,m,A,2.0\n8,m,A,2.0\n";
    check_refused("back.csv", rows, "", &format!("{back}, as by: "));
    let file =
        Scratch::holding("lenient.jsonl", format!("{lines}{{\"t\":9,\"op\":\"metrics\"}}\n"));
    let report = Report::of(&format!("replay {} --lenient", file.path()));
    assert_eq!(report.fact("lines skipped"), Some(1));
    assert_eq!(report.fact("metrics"), Some(2));
}

#[test]
fn the_same_run_gives_the_same_bytes_and_another_seed_other_reads() {
    let row = |n: u32| format!("{},m{},A,{}", n * 5000, n % 3, 2 + n % 2);
    let feed = (0..200).map(row).collect::<Vec<_>>().join("\n");
    let feed = Scratch::holding("seed.csv", format!("ts_ms,market_id,runner,price\n{feed}\n"));
    let run = |seed: u32| {
        let out = Scratch::new("seed.decisions");
        let line = format!(
            "replay {} --read-rate 2 --seed {seed} --decisions {}",
            feed.path(),
            out.path()
        );
        (told(&line), out.bytes())
    };
    let (first, again, other) = (run(1), run(1), run(2));
    assert!(first == again);
    assert!(first.1 != other.1);
}

#[test]
fn a_feed_is_cut_by_time_and_price_kind() {
    let rows = "ts_ms,market_id,runner,price,field\n\
                1,m,A,2.0,ltp\n2,m,A,2.2,back\n3,m,A,1.0,ltp\n4,m,A,2.4,ltp\n";
    let feed = Scratch::holding("field.csv", rows);
    let facts = |options: &str| {
        let report = Report::of(&format!("replay {} {options}", feed.path()));
        let fact = |label: &str| report.fact(label).unwrap_or(0);
        let labels = ["odds", "prices of other fields left out", "prices dropped (1.0 or less)"];
        (labels.map(fact), report.fact("first operation (UTC)"))
    };
    assert_eq!(facts(""), ([3, 0, 1], Some(1)));
    assert_eq!(facts("--field ltp"), ([2, 1, 1], Some(1)));
    assert_eq!(facts("--from 2 --to 4"), ([1, 0, 1], Some(2)));
    let plain = Scratch::holding("no-field.csv", "ts_ms,market_id,runner,price\n1,m,A,2.0\n");
    let (code, message) = refused(&format!("replay {} --field ltp", plain.path()));
    assert_eq!((code, message.contains(":1: the header has no column \"field\"")), (2, true));
}

#[test]
fn options_of_a_feed_do_not_apply_to_a_scenario() {
    for options in
        ["--from 1", "--to 1", "--field ltp", "--readers 5", "--read-rate 1", "--compute-ms 1"]
    {
        check_refused(
            "feed-only.jsonl",
            READS,
            options,
            ": --field, --from, --to, --readers, --read-rate and --compute-ms apply only to CSV feeds\n",
        );
    }
}

#[test]
fn metrics_and_resets_stand_among_the_decisions() {
    let lines = [
        "{\"t\":0,\"op\":\"get\",\"key\":\"k\"}",
        "{\"t\":1,\"op\":\"get\",\"key\":\"k\"}",
        "{\"t\":2,\"op\":\"reset\",\"category\":\"strategy\"}",
        "{\"t\":2,\"op\":\"metrics\"}",
        "{\"t\":3,\"op\":\"reset\"}",
        "{\"t\":3,\"op\":\"metrics\"}",
    ];
    let (file, out) =
        (Scratch::holding("reset.jsonl", lines.join("\n")), Scratch::new("reset.decisions"));
    let report = Report::of(&format!("replay {} --decisions {}", file.path(), out.path()));
    let snapshots: Vec<_> =
        out.objects().into_iter().filter(|line| line["op"] == "metrics").collect();
    assert_eq!(snapshots.len(), 2);
    for snapshot in &snapshots {
        assert_eq!(snapshot["snapshot"].as_object().unwrap().len(), 34);
    }
    let of = |at: usize, key: &str| snapshots[at]["snapshot"][key].clone();
    assert_eq!((of(0, "strategy_compute"), of(0, "cache_miss")), (json!(0), json!(1)));
    assert_eq!((of(1, "cache_miss"), of(1, "total_requests")), (json!(0), json!(0)));
    // The report counts since the beginning, whatever has been reset.
    assert_eq!(report.count("Reads", "reads"), 2);
    assert_eq!(report.fact("reset"), Some(2));
}

#[test]
fn a_report_tells_latency_exposure_suspension_panic_and_events() {
    let mut lines = Vec::new();
    for (at, price) in [2.0, 2.01, 2.0, 2.01, 2.0].iter().enumerate() {
        lines.push(format!(
            "{{\"t\":{at},\"op\":\"odds\",\"match\":\"m\",\"market\":\"home\",\"price\":{price}}}"
        ));
    }
    let get = |t: u32| {
        format!(
            "{{\"t\":{t},\"op\":\"get\",\"key\":\"m:btts\",\"match\":\"m\",\"market\":\"btts\",\"compute\":{{\"ms\":40}}}}"
        )
    };
    lines.push(get(100));
    lines.push(
        "{\"t\":200,\"op\":\"odds\",\"match\":\"m\",\"market\":\"home\",\"price\":2.005}".into(),
    );
    lines.push(get(300));
    lines.push(
        "{\"t\":400,\"op\":\"event\",\"match\":\"m\",\"event\":\"goalkeeper_change\"}".into(),
    );
    lines.push("{\"t\":500,\"op\":\"status\",\"match\":\"m\",\"status\":\"suspended\"}".into());
    lines.push(get(600));
    lines.push("{\"t\":700,\"op\":\"status\",\"match\":\"m\",\"status\":\"open\"}".into());
    lines.push(
        "{\"t\":800,\"op\":\"odds\",\"match\":\"m\",\"market\":\"home\",\"price\":3.0}".into(),
    );
    lines.push(get(900));
    let file = Scratch::holding("whole.jsonl", lines.join("\n"));
    let report = Report::of(&format!("replay {}", file.path()));
    let count = |section, label| report.count(section, label);
    assert_eq!(count("Reads", "reads"), 4);
    assert_eq!(count("Reads", "computes"), 3);
    assert_eq!(count("Reads", "computes saved"), 1);
    assert_eq!(
        ["serve_fresh", "serve_stale", "compute", "bypass"].map(|s| count("Strategies", s)),
        [1, 0, 1, 2]
    );
    assert_eq!(count("Volatility", "reads while suspended"), 1);
    assert_eq!(count("Volatility", "reads in panic"), 1);
    assert_eq!(count("Volatility", "reads bypassed for panic"), 1);
    assert_eq!(count("Volatility", "events"), 1);
    assert_eq!(count("Volatility", "entries that died by them"), 1);
    assert!(report.row("Volatility", "CPU saved, mean")[0].as_f64().unwrap() > 0.0);
    let latency = &report.row("Latency", "compute")[0];
    assert_eq!(
        (&latency["p50"], &latency["p99_9"], &latency["count"]),
        (&json!(40.0), &json!(40.0), &json!(1))
    );
    assert_eq!(report.row("Latency", "serve_fresh")[0]["max"], 0.0);
    let exposure = |label| report.row("Stale-price", label)[0].as_f64().unwrap();
    let moved = (2.005_f64 / 2.0).ln();
    for (label, expected) in
        [("sum", moved), ("mean", moved / 4.0), ("p99", moved), ("worst", moved)]
    {
        assert!((exposure(label) - expected).abs() < 1e-12, "{label}: {}", exposure(label));
    }
}

#[test]
fn steps_of_the_breaker_are_told() {
    let mut lines = Vec::new();
    for second in 0..120 {
        let t = second * 1000;
        // A price that grows by the same factor stays far above the mean of what came before.
        let price = 2.0 * 1.1_f64.powi(second);
        let op = "\"op\":\"odds\",\"match\":\"m\",\"market\":\"home\"";
        lines.push(format!("{{\"t\":{t},{op},\"price\":{price}}}"));
        lines.push(format!("{{\"t\":{t},\"op\":\"get\",\"key\":\"k\",\"match\":\"m\"}}"));
    }
    let file = Scratch::holding("breaker.jsonl", lines.join("\n"));
    let config = Scratch::holding("breaker.toml", "[breaker]\nmin_reads = 10\n");
    let report = Report::of(&format!("replay {} --config {}", file.path(), config.path()));
    assert_eq!(report.count("Volatility", "breaker steps, up or down"), 2);
}
