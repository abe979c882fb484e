// The page `docs/performance.md` and its figures, of what was measured and of the notes that explain it.
// Never knows: how anything was measured.
// Read next: `table.rs` and `figure.rs`, its parts; `benches/notes/`, the prose of each group.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::outcome::{BASELINE, GROUPS, Outcome, Point, outcomes};
use super::{figure, table};
use crate::failure::Failure;

const PAGE: &str = "docs/performance.md";

/// The group of the first table.
const FIRST: (&str, &str) = ("hit", "hit, String keys");

/// The contestants of the first table, and what each does besides finding a value.
const TODAY: [(&str, &str); 13] = [
    ("kairos", "checks match, tags, freshness; counts; times 1 in 16"),
    ("kairos, every read timed", "the same, each read timed"),
    ("kairos get_or_compute", "the same, ready to compute"),
    ("amalgam try_get", "checks expiry and tags"),
    ("amalgam get_or_set", "the same, ready to compute"),
    ("cachet", "checks expiry; a future"),
    ("cached", "checks expiry; counts"),
    ("moka + SWR by hand", "checks age; counts"),
    ("moka", "ranks; finds"),
    ("quick_cache", "ranks; finds"),
    ("foyer", "ranks; finds"),
    ("TinyUFO", "ranks; finds"),
    ("dashmap", "finds, bounded by nothing"),
];

/// The figures: name, file, title, what the axes measure.
const FIGURES: [(&str, &str, &str, &str, &str); 3] = [
    (
        "threads",
        "performance-threads.svg",
        "A fresh hit against threads, on 2 cores",
        "threads",
        "ns of a core",
    ),
    (
        "latency",
        "performance-latency.svg",
        "Hits beside a writer at 100 000 puts a second",
        "slowest 1 in",
        "ns",
    ),
    ("entries", "performance-entries.svg", "A fresh hit against entries", "entries", "ns"),
];

/// Writes the page and its figures from what was measured.
///
/// # Errors
///
/// [`Failure::Failed`] where there is nothing, or where a file cannot be read or written.
pub(super) fn write(root: &Path, measured: &Value) -> Result<(), Failure> {
    let programs = measured["programs"].as_object().cloned().unwrap_or_default();
    let outcomes = outcomes(&programs);
    if outcomes.is_empty() {
        return Err(Failure::Failed(format!("{BASELINE} has no measurements")));
    }
    let notes = |name: &str| {
        let file = root.join(format!("benches/notes/{name}.md"));
        // Links from the notes lead to the pages beside this one.
        fs::read_to_string(file).unwrap_or_default().replace("](../../docs/", "](")
    };
    let points: Vec<&Point> = outcomes.iter().flat_map(|(_, outcome)| &outcome.points).collect();
    let mut figures = Vec::new();
    for (name, file, title, x, y) in FIGURES {
        let own: Vec<&Point> =
            points.iter().copied().filter(|point| point.figure == name).collect();
        if !own.is_empty() {
            put(root, &format!("docs/{file}"), &figure::of(&own, title, x, y)?)?;
            figures.push((title, file));
        }
    }
    put(root, PAGE, &text(&outcomes, &figures, &notes))
}

fn put(root: &Path, file: &str, text: &str) -> Result<(), Failure> {
    fs::write(root.join(file), text)
        .map_err(|error| Failure::Failed(format!("{file}: {error}")))?;
    println!("{file}: written");
    Ok(())
}

fn text(
    outcomes: &[(String, Outcome)],
    figures: &[(&str, &str)],
    notes: &dyn Fn(&str) -> String,
) -> String {
    let mut page = String::from("# Performance\n\n");
    page += &notes("first");
    if let Some((_, outcome)) = outcomes.iter().find(|(name, _)| name == FIRST.0) {
        let _ = write!(page, "\n{}\n", table::today(FIRST.1, outcome, &TODAY));
        page += &origin(outcome);
    }
    page += &notes("peers");
    page += "\n## Targets\n\n";
    page += &notes("targets");
    page += "\n";
    let judged = outcomes.iter().flat_map(|(_, outcome)| &outcome.rows);
    let with_target = judged.filter(|row| row.at_most.is_some());
    let (reached, missed): (Vec<_>, Vec<_>) = with_target.partition(|row| row.verdict == "reached");
    let all = reached.len() + missed.len();
    let _ = writeln!(page, "{} of {all} rows reach their target.", reached.len());
    for (title, file) in figures {
        let _ = write!(page, "\n![{title}]({file})\n");
    }
    for name in GROUPS {
        let (notes, found) = (notes(name), outcomes.iter().find(|(other, _)| other == name));
        if notes.is_empty() && found.is_none() {
            continue;
        }
        let _ = write!(page, "\n## {}\n\n", title(name));
        if !notes.is_empty() {
            page += &notes;
            page += "\n";
        }
        let Some((_, outcome)) = found else {
            page += "Not measured.\n";
            continue;
        };
        if !outcome.rows.is_empty() {
            page += &table::targets(outcome);
            page += "\n";
        }
        page += &races(outcome);
        page += &origin(outcome);
    }
    page
}

fn title(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn races(outcome: &Outcome) -> String {
    let mut seen: Vec<(&str, u64)> = Vec::new();
    for measured in &outcome.measured {
        if !seen.contains(&(&measured.group, measured.threads)) {
            seen.push((&measured.group, measured.threads));
        }
    }
    let mut text = String::new();
    let mut last = "";
    for (group, threads) in seen {
        if group != last {
            let _ = write!(text, "### {}\n\n", title(group));
            last = group;
        }
        let _ = writeln!(text, "{}", table::race(group, threads, outcome));
    }
    text
}

/// Where and when it was measured, and by how many rounds.
fn origin(outcome: &Outcome) -> String {
    let Outcome { machine, date, is_quick, .. } = outcome;
    let quick = if *is_quick { ", by `--quick` with few rounds" } else { "" };
    format!("Measured {date} on {machine}{quick}.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_opens_with_what_a_reader_uses_and_holds_the_notes() {
        let value = serde_json::json!({"hit": {
            "measured": [
                {"group": "hit, String keys", "threads": 1, "name": "kairos", "ns": [1.0, 2.0, 3.0],
                 "against_ours": [1.0, 1.0, 1.0], "allocations": 0.0},
                {"group": "hit, String keys", "threads": 1, "name": "moka", "ns": [10.0, 20.0, 30.0],
                 "against_ours": [9.0, 10.0, 11.0], "allocations": 0.0},
            ],
            "rows": [{"group": "hit, String keys", "threads": 1, "name": "kairos", "peer": "moka",
                "unit": "x", "at_most": 0.15, "measured": [0.1, 0.1, 0.1], "verdict": "reached"}],
            "date": "2026-01-01", "machine": "a processor", "quick": true,
        }});
        let outcomes = outcomes(value.as_object().expect("an object"));
        let notes = |name: &str| format!("What is said of {name}.\n");
        let page = text(&outcomes, &[("A figure", "figure.svg")], &notes);
        let places = [
            "| moka | ranks; finds | 20.0 | 10.0 |",
            "What is said of targets.",
            "1 of 1 rows reach their target.",
            "![A figure](figure.svg)",
            "## Hit\n\nWhat is said of hit.\n",
            "| hit, String keys: kairos / moka | × 0.15 | × 0.10 | 0.10 to 0.10 | reached |",
            "Measured 2026-01-01 on a processor, by `--quick` with few rounds.",
        ];
        let mut rest = &*page;
        for place in places {
            let at = rest.find(place).unwrap_or_else(|| panic!("{place:?} in {rest}"));
            rest = &rest[at..];
        }
    }
}
