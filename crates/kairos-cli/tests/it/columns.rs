// Claims about caches side by side: each alone on the same operations, and the plain ones beside them.
// Never look behind the command line.
// Read next: `../../src/columns/mod.rs`.

use crate::stage::{Report, Scratch, refused, told};
use serde_json::json;

const DAY: &str = "matchday --fixtures 2 --seed 5 --read-rate 0.1";

fn short_lived(name: &str) -> Scratch {
    Scratch::holding(
        name,
        "[golden_hour]\nstandard_ttl = \"1h\"\nzones = [{ name = \"golden\", below = \"24h\", ttl = \"1s\" }]\n",
    )
}

#[test]
fn a_column_says_the_same_beside_others_as_alone() {
    let a = Scratch::holding("column-a.toml", "");
    let b = short_lived("column-b.toml");
    let (day_a, day_b) = (Scratch::new("a.decisions"), Scratch::new("b.decisions"));
    let both = Report::of(&format!(
        "{DAY} --config {} --config {} --decisions {} --decisions {}",
        a.path(),
        b.path(),
        day_a.path(),
        day_b.path()
    ));
    let (name_a, name_b) = (a.path().to_string(), b.path().to_string());
    assert_eq!(both.columns(), [&*name_a, &*name_b, "TTL 60 s", "TTL 1 h"]);
    for (at, (config, decisions)) in [(&a, &day_a), (&b, &day_b)].into_iter().enumerate() {
        let own = Scratch::new("alone.decisions");
        let alone =
            Report::of(&format!("{DAY} --config {} --decisions {}", config.path(), own.path()));
        assert_eq!(alone.columns(), [&*config.path().to_string(), "TTL 60 s", "TTL 1 h"]);
        assert!(own.bytes() == decisions.bytes(), "decisions of column {at}");
        for (section, label) in [
            ("Reads", "reads"),
            ("Reads", "hit rate"),
            ("Reads", "computes"),
            ("Stale-price", "sum"),
            ("Stale-price", "p99"),
            ("Strategies", "serve_stale"),
            ("Computes", "refreshes"),
            ("Latency", "compute"),
        ] {
            let (side, own) = (both.row(section, label), alone.row(section, label));
            assert_eq!(side[at], own[0], "{label} of column {at}");
            assert_eq!(side[2..], own[1..], "{label} of the plain caches");
        }
    }
    assert_ne!(both.row("Reads", "computes")[0], both.row("Reads", "computes")[1]);
}

#[test]
fn plain_caches_have_hit_rate_computes_and_exposure_of_the_same_reads() {
    let report = Report::of(DAY);
    assert_eq!(report.columns(), ["default", "desk", "TTL 60 s", "TTL 1 h"]);
    // The fewer reads wait, the fewer are cancelled; all the others finish.
    let asked = report.fact("get").unwrap();
    for (at, reads) in report.row("Reads", "reads").iter().enumerate() {
        let missing = asked - reads.as_i64().unwrap();
        assert!((0..asked / 100).contains(&missing), "column {at}: {missing} of {asked}");
    }
    for (section, label) in [
        ("Reads", "hit rate"),
        ("Reads", "computes"),
        ("Stale-price", "mean"),
        ("Stale-price", "p99"),
        ("Stale-price", "worst"),
    ] {
        let row = report.row(section, label);
        let [short, long] = [2, 3].map(|at| row[at].as_f64().unwrap());
        // The longer a value lives, the more it is hit and the older it gets.
        if label == "computes" { assert!(short > long) } else { assert!(short <= long, "{label}") }
    }
    assert_eq!(report.row("Strategies", "bypass")[2..], [json!(null), json!(null)]);
}

#[test]
fn a_plain_cache_serves_what_the_engine_knows_to_be_wrong() {
    let scenario = Scratch::holding(
        "goal.jsonl",
        r#"{"t":0,"op":"odds","match":"m","market":"home","price":2.0}
{"t":0,"op":"get","key":"m:btts","match":"m","market":"btts"}
{"t":1000,"op":"status","match":"m","status":"suspended"}
{"t":2000,"op":"status","match":"m","status":"open"}
{"t":2000,"op":"odds","match":"m","market":"home","price":4.0}
{"t":3000,"op":"get","key":"m:btts","match":"m","market":"btts"}
"#,
    );
    let report = Report::of(&format!("replay {}", scenario.path()));
    assert_eq!(report.row("Reads", "computes"), [2, 1, 1]);
    assert_eq!(report.row("Reads", "hit rate"), [0.0, 50.0, 50.0]);
    assert_eq!(report.row("Stale-price", "answered reads with prices"), [2, 2, 2]);
    let doubled = 2.0_f64.ln();
    assert_eq!(report.row("Stale-price", "worst"), [0.0, doubled, doubled]);
    assert_eq!(report.row("Reads", "computes at once, at most"), [1, 1, 1]);
}

#[test]
fn columns_stand_side_by_side_in_text() {
    let (a, b) = (Scratch::holding("text-a.toml", ""), short_lived("text-b.toml"));
    let text = told(&format!("{DAY} --config {} --config {}", a.path(), b.path()));
    let head = text.lines().find(|line| line.contains("TTL 60 s")).unwrap();
    let order = ["text-a.toml", "text-b.toml", "TTL 60 s", "TTL 1 h"].map(|name| head.find(name));
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{head}");
    let hit_rate = text.lines().find(|line| line.trim_start().starts_with("hit rate")).unwrap();
    assert_eq!(hit_rate.matches('%').count(), 4, "{hit_rate}");
    let strategies = text.split("\nStrategies\n").nth(1).unwrap().lines().next().unwrap();
    assert!(strategies.contains("text-a.toml") && !strategies.contains("TTL"), "{strategies}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn decisions_go_to_one_file_for_each_configuration() {
    let a = Scratch::holding("decide.toml", "");
    let config = format!("{DAY} --config {0} --config {0}", a.path());
    let (code, message) = refused(&format!("{config} --decisions one.jsonl"));
    assert_eq!(code, 2);
    let expected =
        "--decisions must be given once per --config, in the same order (engines: 2, files: 1)";
    assert_eq!(message.trim_end(), expected);
    let (code, message) = refused(&format!("{config} --decisions one.jsonl --decisions one.jsonl"));
    assert_eq!((code, message.trim_end()), (2, "one.jsonl: given twice by --decisions"));
    let three =
        format!("{DAY} --decisions one.jsonl --decisions two.jsonl --decisions three.jsonl");
    let (code, message) = refused(&three);
    assert_eq!((code, message.contains("(engines: 2, files: 3)")), (2, true), "{message}");
    let one = format!("{DAY} --preset desk --config {} --decisions one.jsonl", a.path());
    let (code, message) = refused(&one);
    let expected = "once per --preset and --config, presets first, in the same order";
    assert_eq!((code, message.contains(expected)), (2, true), "{message}");
    // Of the two engines of a matchday, the first one's.
    let decisions = Scratch::new("first.decisions");
    told(&format!("{DAY} --decisions {}", decisions.path()));
    let default = Scratch::new("default.decisions");
    told(&format!("{DAY} --preset default --decisions {}", default.path()));
    assert!(!default.bytes().is_empty() && default.bytes() == decisions.bytes());
}

#[test]
fn a_preset_is_a_column_as_its_printed_configuration_is() {
    let printed = Scratch::holding("printed-desk.toml", told("config --preset desk"));
    let named = Scratch::holding("named-desk.toml", "preset = \"desk\"\n");
    let (printed_path, named_path) = (printed.path().to_string(), named.path().to_string());
    let report = Report::of(&format!(
        "{DAY} --config {printed_path} --preset desk --config {named_path} --preset default"
    ));
    let expected = ["desk", "default", &printed_path, &named_path, "TTL 60 s", "TTL 1 h"];
    assert_eq!(report.columns(), expected);
    for (section, label) in [
        ("Reads", "computes"),
        ("Reads", "hit rate"),
        ("Stale-price", "sum"),
        ("Drift", "hard moves"),
        ("Drift", "entries that died by them"),
    ] {
        let row = report.row(section, label);
        assert_eq!((&row[2], &row[3]), (&row[0], &row[0]), "{label}");
        assert_ne!(row[0], row[1], "{label}");
    }
    let alone = Report::of(DAY);
    let of_day = alone.row("Reads", "computes");
    let row = report.row("Reads", "computes");
    assert_eq!(
        [&row[1], &row[0], &row[4], &row[5]],
        [&of_day[0], &of_day[1], &of_day[2], &of_day[3]]
    );
}

#[test]
fn plain_caches_have_the_ttls_that_are_given() {
    let report = Report::of(&format!("{DAY} --preset desk --ttl 1s,90s --ttl 1m,15m,6h"));
    let expected = ["desk", "TTL 1 s", "TTL 90 s", "TTL 60 s", "TTL 15 min", "TTL 6 h"];
    assert_eq!(report.columns(), expected);
    let computes: Vec<_> =
        report.row("Reads", "computes").iter().map(|n| n.as_u64().unwrap()).collect();
    let in_order = [computes[1], computes[3], computes[2], computes[4], computes[5]];
    assert!(in_order.is_sorted_by(|longer, shorter| longer > shorter), "{computes:?}");
    let text = told(&format!("{DAY} --preset desk --ttl 5m"));
    assert!(text.lines().next().unwrap().contains(" a 5 min cache "), "{text}");
    for wrong in ["0s", "1us", "15"] {
        let (code, message) = refused(&format!("{DAY} --ttl {wrong}"));
        assert_eq!((code, message.contains("--ttl")), (2, true), "{message}");
    }
}

#[test]
fn an_operation_happens_in_every_column_or_in_none() {
    let football = Scratch::holding("football.toml", "");
    let tennis =
        Scratch::holding("tennis-only.toml", "[events]\nmarkets = { set_1 = [] }\nevents = {}\n");
    let scenario = Scratch::holding(
        "mixed.jsonl",
        r#"{"t":0,"op":"get","key":"a","match":"m","market":"btts"}
{"t":0,"op":"get","key":"b","match":"m","market":"set_1"}
{"t":0,"op":"get","key":"c","match":"m"}
"#,
    );
    let line = format!(
        "replay {} --config {} --config {}",
        scenario.path(),
        football.path(),
        tennis.path()
    );
    let (code, message) = refused(&line);
    let of = tennis.path();
    let expected = format!("{}:1: unknown market \"btts\" (configuration {of})", scenario.path());
    assert_eq!((code, message.trim_end()), (2, &*expected));
    let report = Report::of(&format!("{line} --lenient"));
    assert_eq!(report.row("Reads", "reads"), [1, 1, 1, 1]);
    assert_eq!(report.fact("lines skipped"), Some(2));
}

#[test]
fn a_load_reads_the_markets_of_the_graph_that_all_share() {
    let tennis =
        Scratch::holding("load-tennis.toml", "[events]\nmarkets = { set_1 = [] }\nevents = {}\n");
    let football = Scratch::holding("load-football.toml", "");
    let feed =
        Scratch::holding("load.csv", "ts_ms,market_id,runner,price\n0,m,A,1.5\n600000,m,A,1.6\n");
    let decisions = Scratch::new("load.decisions");
    let load = format!("replay {} --read-rate 0.1 --config {}", feed.path(), tennis.path());
    told(&format!("{load} --decisions {}", decisions.path()));
    let reads = decisions.objects();
    assert!(reads.len() > 30 && reads.iter().all(|read| read["key"] == "m:set_1"), "{reads:?}");
    let (code, message) = refused(&format!("{load} --config {}", football.path()));
    assert_eq!(code, 2);
    assert!(message.contains("configurations with the same markets"), "{message}");
}
