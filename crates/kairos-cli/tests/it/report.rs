// Claims about what a report says of a run: by what it was made, what was served worst, how long matches were in panic.
// Never look behind the command line.
// Read next: `../../src/report/rows.rs`.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::stage::{Report, Scratch, kairos_reading, told};

/// A price that doubles under a value, a panic by it, and its end.
const JUMP: &str = r#"{"t":0,"op":"odds","match":"m","market":"home","price":2.0}
{"t":1000,"op":"odds","match":"m","market":"home","price":2.0}
{"t":2000,"op":"odds","match":"m","market":"home","price":2.0}
{"t":3000,"op":"get","key":"m:btts","match":"m","market":"btts","kickoff":7200000}
{"t":4000,"op":"odds","match":"m","market":"home","price":4.0}
{"t":4000,"op":"get","key":"m:btts","match":"m","market":"btts"}
{"t":36000,"op":"get","key":"m:score","match":"m","market":"over_under_25"}
{"t":100000,"op":"odds","match":"m","market":"home","price":4.0}
{"t":100000,"op":"get","key":"m:score","match":"m","market":"over_under_25"}
"#;

fn replayed(name: &str, text: &str, options: &str) -> Value {
    let file = Scratch::holding(name, text);
    let line = format!("replay {} --report json {options}", file.path());
    serde_json::from_str(&told(&line)).unwrap()
}

#[test]
fn the_worst_reads_are_told_with_what_had_moved_and_why_they_were_served() {
    let calm = Scratch::holding("calm.toml", "[volatility]\nenabled = false\n");
    let report = replayed("jump-worst.jsonl", JUMP, &format!("--config {}", calm.path()));
    let expected = json!([{
        "exposure": 2.0_f64.ln(), "match": "m", "market": "btts", "key": "m:btts", "served": 4000, "age_ms": 1000,
        "strategy": "serve_fresh", "reason": "fresh", "moved": {"market": "home", "then": 2.0, "now": 4.0, "since": 4000},
        "count": 1, "first": 4000, "last": 4000,
    }]);
    assert_eq!(report["worst_reads"][0]["reads"], expected);
    // What bypasses the cache is never wrong.
    assert_eq!(replayed("jump-bypass.jsonl", JUMP, "")["worst_reads"], json!([]));
}

#[test]
fn reads_that_missed_one_change_are_one_incident_of_the_worst_reads() {
    let mut text = String::from(
        r#"{"t":0,"op":"odds","match":"m","market":"home","price":2.0}
{"t":0,"op":"odds","match":"m","market":"away","price":4.0}
"#,
    );
    let get = |t: u32, key: &str| {
        format!("{{\"t\":{t},\"op\":\"get\",\"key\":\"{key}\",\"match\":\"m\"}}\n")
    };
    let odds = |t: u32, price: f64| {
        format!(
            "{{\"t\":{t},\"op\":\"odds\",\"match\":\"m\",\"market\":\"home\",\"price\":{price}}}\n"
        )
    };
    text += &(get(1000, "a") + &get(1000, "b") + &odds(5000, 3.0));
    (0..20).for_each(|n| text += &get(6000 + 1000 * n, if n % 2 == 0 { "a" } else { "b" }));
    text += &(odds(27_000, 2.5) + &get(28_000, "b"));
    let calm = Scratch::holding("calm-incidents.toml", "[volatility]\nenabled = false\n");
    let report = replayed("incidents.jsonl", &text, &format!("--config {}", calm.path()));
    let reads = report["worst_reads"][0]["reads"].as_array().unwrap();
    let told: Vec<_> = reads
        .iter()
        .map(|of| ["count", "first", "last", "served", "key"].map(|name| of[name].clone()))
        .collect();
    let expected = [
        [json!(20), json!(6000), json!(25_000), json!(6000), json!("a")],
        [json!(1), json!(28_000), json!(28_000), json!(28_000), json!("b")],
    ];
    assert_eq!(told, expected);
}

#[test]
fn most_reads_in_play_ask_for_a_ttl_in_play() {
    let mut text = String::from(
        "{\"t\":0,\"op\":\"odds\",\"match\":\"m\",\"market\":\"home\",\"price\":2.0}\n",
    );
    for n in 0..300_u32 {
        let get = "\"op\":\"get\",\"key\":\"a\",\"match\":\"m\",\"kickoff\":1000";
        writeln!(text, "{{\"t\":{},{get}}}", 2000 + n * 1000).unwrap();
    }
    let fields = |text: &str, options: &str| {
        let report = replayed("in-play.jsonl", text, options);
        let advice = report["hints"][0]["advice"].as_array().cloned().unwrap_or_default();
        advice.iter().map(|of| of["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(fields(&text, ""), ["golden_hour.in_play_ttl"]);
    let follows = Scratch::holding("in-play.toml", "[golden_hour]\nin_play_ttl = \"2s\"\n");
    assert_eq!(fields(&text, &format!("--config {}", follows.path())), [""; 0]);
    // While trading is suspended no TTL decides anything.
    let suspended =
        format!("{{\"t\":0,\"op\":\"status\",\"match\":\"m\",\"status\":\"suspended\"}}\n{text}");
    assert_eq!(fields(&suspended, ""), [""; 0]);
}

#[test]
fn the_share_of_time_in_panic_is_that_of_each_match_from_its_first_price_to_its_last() {
    let file = Scratch::holding("jump-panic.jsonl", JUMP);
    let report = Report::of(&format!("replay {}", file.path()));
    let close = |label: &str, expected: f64| {
        let found = report.row("Volatility", label)[0].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-9, "{label}: {found}");
    };
    close("time watched, all matches", 100.0 / 3600.0);
    // It holds for 30 s.
    close("of it in panic", 30.0);
    close("of scored reads", 25.0);
}

#[test]
fn moves_and_what_died_by_them_are_told_from_the_time_of_the_report_on() {
    let bounds = Scratch::holding(
        "bounds.toml",
        "[drift]\nsoft = 0.01\nhard = 0.1\n[volatility]\nenabled = false\n",
    );
    // The first price is a hard move, 2 to 2.02 a soft one, to 2.5 and 3 hard ones; two entries die by the last but one.
    let scenario = r#"{"t":0,"op":"odds","match":"m","market":"home","price":2.0}
{"t":1,"op":"odds","match":"m","market":"home","price":2.02}
{"t":2,"op":"get","key":"m:btts","match":"m","market":"btts","kickoff":7200000}
{"t":2,"op":"get","key":"m:penalty","match":"m","market":"penalty"}
{"t":3,"op":"odds","match":"m","market":"home","price":2.021}
{"t":4,"op":"odds","match":"m","market":"home","price":2.5}
{"t":5,"op":"odds","match":"m","market":"home","price":3.0}
"#;
    let report = replayed("moves.jsonl", scenario, &format!("--config {}", bounds.path()));
    let moves = |report: &Value| {
        let sections = report["sections"].as_array().unwrap();
        let drift = sections.iter().find(|section| section["id"] == "drift").unwrap();
        let rows = drift["rows"].as_array().unwrap().iter();
        rows.map(|row| row["values"][0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(moves(&report), [json!(1), json!(3), json!(2), json!(0)]);
    let default = replayed("moves-default.jsonl", scenario, "");
    assert_eq!(moves(&default), vec![Value::Null; 4]);
    let feed =
        "ts_ms,market_id,runner,price\n0,m,home,2.0\n1,m,home,2.02\n2,m,home,2.04\n3,m,home,3.0\n";
    let feed = Scratch::holding("moves.csv", feed);
    let line = format!("replay {} --readers 0 --from 2 --config {}", feed.path(), bounds.path());
    let report = serde_json::from_str(&told(&(line + " --report json"))).unwrap();
    assert_eq!(moves(&report), [json!(1), json!(1), json!(0), json!(0)]);
}

#[test]
fn exposure_is_told_by_the_time_to_kickoff() {
    let calm = Scratch::holding("calm-by-kickoff.toml", "[volatility]\nenabled = false\n");
    let file = Scratch::holding("jump-by-kickoff.jsonl", JUMP);
    let report = Report::of(&format!("replay {} --config {}", file.path(), calm.path()));
    let doubled = 2.0_f64.ln();
    // The kickoff that the first read gave holds for the others: it is two hours away.
    assert_eq!(report.row("Stale-price exposure by", "1 h to 3 h"), [doubled, doubled, doubled]);
}

#[test]
fn a_report_says_what_it_was_made_by_and_of() {
    let config = Scratch::holding("meta.toml", "[cache]\ndefault_ttl = \"5m\"\n");
    let feed =
        Scratch::holding("meta.csv", "ts_ms,market_id,runner,price\n0,m,A,1.5\n9000,m,A,1.6\n");
    let options = format!("--seed 9 --to 5000 --readers 3 --config {}", config.path());
    let line = format!("replay {} --report json {options}", feed.path());
    let report: Value = serde_json::from_str(&told(&line)).unwrap();
    let meta = &report["meta"];
    assert_eq!((&meta["command"], &meta["seed"]), (&json!("replay"), &json!(9)));
    assert_eq!(meta["version"], env!("CARGO_PKG_VERSION"));
    let expected = json!({
        "format": null, "lenient": false, "columns": {}, "odds": null, "time": null, "status": [],
        "status_beside_price": false, "field": null, "from": null,
        "to": 5000, "readers": 3, "read_rate": 1.0, "compute_ms": 40,
    });
    assert_eq!(meta["options"], expected);
    // The whole of it, although the run ended before.
    let name = feed.path().to_string();
    let hash = "1d9c8261fd4efab6";
    assert_eq!((&meta["feed"]["name"], &meta["feed"]["bytes"]), (&json!(name), &json!(52)));
    assert!(meta["feed"]["sha256"].as_str().unwrap().starts_with(hash), "{}", meta["feed"]);
    let columns = &meta["columns"];
    assert_eq!(columns[0]["configuration"]["cache"]["default_ttl"], "5m");
    assert_eq!(columns[0]["configuration"]["swr"]["stale_multiplier"], 2.0);
    assert_eq!(columns[1]["configuration"], json!({"ttl_ms": 60_000}));
    assert_eq!(told(&line), told(&line));
}

#[test]
fn a_matchday_is_of_no_feed_and_standard_input_has_a_fingerprint_if_it_was_read_whole() {
    let day: Value =
        serde_json::from_str(&told("matchday --fixtures 1 --read-rate 0.01 --report json"))
            .unwrap();
    assert_eq!((&day["meta"]["command"], &day["meta"]["feed"]), (&json!("matchday"), &Value::Null));
    assert_eq!(day["meta"]["options"]["fixtures"], 1);
    let of = |options: &str| {
        let line = format!("replay - --format csv --report json --readers 0 {options}");
        let feed = b"ts_ms,market_id,runner,price\n0,m,A,1.5\n9000,m,A,1.6\n";
        let report: Value = serde_json::from_slice(&kairos_reading(&line, feed).stdout).unwrap();
        report["meta"]["feed"].clone()
    };
    assert_eq!((&of("")["name"], &of("")["bytes"]), (&json!("standard input"), &json!(52)));
    assert_eq!(of("")["sha256"].as_str().unwrap().len(), 64);
}
