// What a benchmark program writes down, read back.
// Never knows: what is made of it.
// Read next: `table.rs`, which shows it.

use serde_json::{Map, Value};

/// Every group, in the order in which they run when none is named: each is the bench of that name in
/// the `benches` package.
pub(super) const GROUPS: &[&str] = &[
    "hit",
    "pinned",
    "tail",
    "contention",
    "flat",
    "mixed",
    "miss",
    "insert",
    "flight",
    "invalidate",
    "observe",
    "move",
    "memory",
    "hit_ratio",
    "counters",
    "histograms",
    "requests",
    "families",
    "facade",
    "scrape",
];

/// What was measured when the page was written: the baseline of `--check`.
pub(super) const BASELINE: &str = "docs/performance.json";

/// A median with the tenth and ninetieth percentile beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spread {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

/// A contestant of a race.
pub(super) struct Measured {
    pub(super) group: String,
    pub(super) threads: u64,
    pub(super) name: String,
    pub(super) ns: Spread,
    /// How many times as long as this workspace's own contestant.
    pub(super) against_ours: Option<Spread>,
    pub(super) instructions: Option<f64>,
    pub(super) allocations: Option<f64>,
}

/// A row of the table of targets.
pub(super) struct Row {
    pub(super) group: String,
    pub(super) threads: u64,
    pub(super) name: String,
    pub(super) peer: String,
    pub(super) unit: String,
    pub(super) at_most: Option<f64>,
    pub(super) measured: Spread,
    /// Whether it reaches its target, as the program says.
    pub(super) verdict: String,
}

/// A point of a line in a figure.
pub(super) struct Point {
    pub(super) figure: String,
    pub(super) line: String,
    pub(super) x: f64,
    pub(super) y: Spread,
}

/// All that a program wrote, and where and when it did.
pub(super) struct Outcome {
    pub(super) measured: Vec<Measured>,
    pub(super) rows: Vec<Row>,
    pub(super) points: Vec<Point>,
    pub(super) machine: String,
    pub(super) date: String,
    pub(super) is_quick: bool,
}

impl Row {
    /// What the row compares, in words.
    pub(super) fn title(&self) -> String {
        let Row { group, threads, name, peer, .. } = self;
        if peer.is_empty() {
            return format!("{group}: {name}");
        }
        let threads = if *threads == 1 { String::new() } else { format!(", {threads} threads") };
        format!("{group}{threads}: {name} / {peer}")
    }
}

impl Outcome {
    pub(super) fn of(value: &Value) -> Outcome {
        let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
        Outcome {
            measured: list("measured").iter().map(measured).collect(),
            rows: list("rows").iter().map(row).collect(),
            points: list("points").iter().map(point).collect(),
            machine: text(&value["machine"]),
            date: text(&value["date"]),
            is_quick: value["quick"] == true,
        }
    }
}

/// The programs of a baseline, in the order in which they run.
pub(super) fn outcomes(programs: &Map<String, Value>) -> Vec<(String, Outcome)> {
    let known = GROUPS.iter().filter_map(|name| Some((*name, programs.get(*name)?)));
    known.map(|(name, value)| (name.to_owned(), Outcome::of(value))).collect()
}

fn measured(value: &Value) -> Measured {
    let is_compared = !value["against_ours"].is_null();
    Measured {
        group: text(&value["group"]),
        threads: value["threads"].as_u64().unwrap_or(1),
        name: text(&value["name"]),
        ns: spread(&value["ns"]),
        against_ours: is_compared.then(|| spread(&value["against_ours"])),
        instructions: value["instructions"].as_f64(),
        allocations: value["allocations"].as_f64(),
    }
}

fn row(value: &Value) -> Row {
    Row {
        group: text(&value["group"]),
        threads: value["threads"].as_u64().unwrap_or(1),
        name: text(&value["name"]),
        peer: text(&value["peer"]),
        unit: text(&value["unit"]),
        at_most: value["at_most"].as_f64(),
        measured: spread(&value["measured"]),
        verdict: text(&value["verdict"]),
    }
}

fn point(value: &Value) -> Point {
    Point {
        figure: text(&value["figure"]),
        line: text(&value["line"]),
        x: value["x"].as_f64().unwrap_or_default(),
        y: spread(&value["y"]),
    }
}

fn spread(value: &Value) -> Spread {
    let at = |n: usize| value[n].as_f64().unwrap_or_default();
    Spread { low: at(0), median: at(1), high: at(2) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_writes_is_read_back() {
        let value = serde_json::json!({
            "measured": [{"group": "hit", "threads": 2, "name": "moka", "ns": [1.0, 2.0, 3.0],
                "against_ours": null, "instructions": null, "allocations": 0.5}],
            "rows": [{"group": "hit", "threads": 2, "name": "kairos", "peer": "moka", "unit": "x",
                "at_most": 0.1, "measured": [0.1, 0.15, 0.2], "verdict": "missed"}],
            "points": [{"figure": "threads", "line": "moka", "x": 2.0, "y": [1.0, 2.0, 3.0]}],
            "machine": "a processor", "date": "2026-01-01", "quick": true,
        });
        let outcome = Outcome::of(&value);
        assert_eq!(outcome.measured[0].ns, Spread { low: 1.0, median: 2.0, high: 3.0 });
        assert!(outcome.measured[0].against_ours.is_none() && outcome.is_quick);
        assert_eq!(outcome.rows[0].title(), "hit, 2 threads: kairos / moka");
        assert_eq!(outcome.rows[0].verdict, "missed");
        assert_eq!(outcome.points[0].line, "moka");
    }
}
