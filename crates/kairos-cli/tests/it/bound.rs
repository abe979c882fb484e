// A replay of more matches than the engine has room for: it goes on, and says what was refused.
// Never look behind the command line.
// Read next: `../../src/columns/engine/world.rs`.

use std::fmt::Write;

use crate::stage::{Report, Scratch, told};

/// Room for one match, which `a` has from the first line on.
const ONE: &str = "[bounds]\nmatches = 1\n";

#[test]
fn a_match_beyond_the_bound_is_computed_and_what_is_told_of_it_is_counted() {
    let config = Scratch::holding("one-match.toml", ONE);
    let scenario = Scratch::holding(
        "two-matches.jsonl",
        r#"{"t":0,"op":"odds","match":"a","market":"home","price":2.0}
{"t":0,"op":"get","key":"a:btts","match":"a","market":"btts"}
{"t":0,"op":"odds","match":"b","market":"home","price":2.0}
{"t":0,"op":"status","match":"b","status":"suspended"}
{"t":0,"op":"event","match":"b","event":"weather_rain"}
{"t":1,"op":"invalidate","match":"b"}
{"t":1,"op":"get","key":"b:btts","match":"b","market":"btts"}
{"t":2,"op":"get","key":"b:btts","match":"b","market":"btts"}
{"t":2,"op":"get","key":"a:btts","match":"a","market":"btts"}
"#,
    );
    let decisions = Scratch::new("two-matches.decisions");
    let line = format!("replay {} --config {}", scenario.path(), config.path());
    let report = Report::of(&format!("{line} --decisions {}", decisions.path()));
    assert_eq!(report.count("Volatility", "reads of matches over the bound"), 2);
    assert_eq!(report.count("Volatility", "operations on them refused"), 3);
    assert_eq!(report.fact("operations"), Some(9));
    let warning = format!("Warning: {} refused 3 of the prices,", config.path());
    let text = told(&line).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.starts_with(&warning), "{text}");
    let lines = decisions.objects();
    let reasons: Vec<_> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons, ["miss", "over_bound", "over_bound", "fresh"]);
    // What was refused has done nothing, and writes nothing.
    let others: Vec<_> = lines.iter().filter_map(|line| line["op"].as_str()).collect();
    assert_eq!(others, ["invalidate"]);
}

#[test]
fn a_match_that_is_over_makes_room_for_the_next() {
    let config = Scratch::holding("one-at-a-time.toml", ONE);
    let day_ms = 86_400_000_u64;
    let mut scenario = String::new();
    for n in 0..5 {
        let t = 3 * n * day_ms;
        for read in [t, t + 1000] {
            let kickoff = t + day_ms;
            let get = format!("\"op\":\"get\",\"key\":\"m{n}\",\"match\":\"m{n}\"");
            writeln!(scenario, "{{\"t\":{read},{get},\"kickoff\":{kickoff}}}").unwrap();
        }
    }
    let scenario = Scratch::holding("one-at-a-time.jsonl", scenario);
    let report = Report::of(&format!("replay {} --config {}", scenario.path(), config.path()));
    assert_eq!(report.count("Volatility", "reads of matches over the bound"), 0);
    assert_eq!(report.row("Reads", "hit rate")[0], 50.0);
}
