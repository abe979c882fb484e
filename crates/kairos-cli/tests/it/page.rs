// Claims about docs/replay.md: it has every option of a replay, and every name that a report has for programs.
// Never look behind the command line.
// Read next: `../../../../docs/replay.md`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::stage::{Scratch, told};

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/replay.md");
    fs::read_to_string(page).unwrap()
}

/// A name as the page has it: whole, or in two parts where a table has the second once for all.
fn is_told(page: &str, name: &str) -> bool {
    let has = |name: &str| page.contains(&format!("`{name}`"));
    let ends = ["_sum", "_mean", "_reads", "_share"];
    let parts = ends.iter().find_map(|end| Some((name.strip_suffix(end)?, *end)));
    has(name) || parts.is_some_and(|(name, end)| has(name) && has(&format!("…{end}")))
}

#[test]
fn the_page_has_every_option_of_a_replay() {
    let (page, help) = (page(), told("replay --help"));
    let options = help.split_whitespace().filter(|word| word.starts_with("--"));
    let named = options.map(|word| word.trim_end_matches([',', ';', ']', ')', '.']));
    for option in named.filter(|option| !["--help", "--version"].contains(option)) {
        assert!(page.contains(&format!("`{option}`")), "{option}");
    }
}

#[test]
fn the_page_has_every_name_of_a_report() {
    let page = page();
    let feed =
        Scratch::holding("page.csv", "ts_ms,market_id,runner,price\n0,m,A,1.5\n9000,m,A,1.6\n");
    let report = told(&format!("replay {} --report json", feed.path()));
    let report: Value = serde_json::from_str(&report).unwrap();
    let keys = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut names = [keys(&report), keys(&report["meta"]), keys(&report["meta"]["feed"])].concat();
    for section in report["sections"].as_array().unwrap() {
        let rows = section["rows"].as_array().unwrap();
        names.extend(
            [section].into_iter().chain(rows).map(|of| of["id"].as_str().unwrap().to_owned()),
        );
    }
    for name in names {
        assert!(is_told(&page, &name), "{name}");
    }
}
