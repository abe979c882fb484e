// What was measured, as it is printed and as `cargo xtask bench` reads it.
// Never knows: how it was measured, or what became of it.
// Read next: `report.rs`, which fills it.

use std::fmt;

use serde_json::{Value, json};

use crate::race::Spread;

/// A contestant in a race, after it.
pub(crate) struct Measured {
    pub(crate) group: String,
    pub(crate) threads: usize,
    pub(crate) name: String,
    /// Nanoseconds an operation.
    pub(crate) ns: Spread,
    /// How many times as long as this workspace's own contestant, where there is one in the race.
    pub(crate) against_ours: Option<Spread>,
    /// Instructions an operation, where there is something that counts them.
    pub(crate) instructions: Option<f64>,
    /// Blocks that an operation allocates.
    pub(crate) allocations: Option<f64>,
}

/// A row of the table of targets.
struct Row {
    group: String,
    threads: usize,
    name: String,
    peer: String,
    unit: String,
    at_most: f64,
    measured: Spread,
}

/// All that a program has found.
#[derive(Default)]
pub(crate) struct Findings {
    measured: Vec<Measured>,
    rows: Vec<Row>,
    points: Vec<Value>,
}

impl Findings {
    pub(crate) fn measured(&mut self, measured: Measured) {
        self.measured.push(measured);
    }

    pub(crate) fn ratio(
        &mut self,
        group: &str,
        threads: usize,
        (name, peer): (&str, &str),
        at_most: f64,
        measured: Spread,
    ) {
        let (group, unit) = (group.to_owned(), "x".to_owned());
        let (name, peer) = (name.to_owned(), peer.to_owned());
        self.rows.push(Row { group, threads, name, peer, unit, at_most, measured });
    }

    pub(crate) fn value(
        &mut self,
        group: &str,
        name: &str,
        unit: &str,
        at_most: f64,
        measured: Spread,
    ) {
        let (group, unit) = (group.to_owned(), unit.to_owned());
        let (name, peer) = (name.to_owned(), String::new());
        self.rows.push(Row { group, threads: 1, name, peer, unit, at_most, measured });
    }

    pub(crate) fn point(&mut self, figure: &str, line: &str, x: f64, y: Spread) {
        self.points.push(json!({"figure": figure, "line": line, "x": x, "y": spread(y)}));
    }

    pub(crate) fn found(&self, group: &str, threads: usize, name: &str) -> Option<Spread> {
        let is_it = |m: &&Measured| (&*m.group, m.threads, &*m.name) == (group, threads, name);
        self.measured.iter().find(is_it).map(|measured| measured.ns)
    }

    pub(crate) fn allocations(&self, group: &str, name: &str) -> Option<f64> {
        let is_it = |m: &&Measured| (&*m.group, m.threads, &*m.name) == (group, 1, name);
        self.measured.iter().find(is_it)?.allocations
    }

    pub(crate) fn print_verdicts(&self) {
        if self.rows.is_empty() {
            return;
        }
        let (target, measured, spread) = ("target", "measured", "(p10 to p90)");
        println!("\n{target:<64} {:>8} {measured:>8} {spread:>20}  verdict", "at most");
        for row in &self.rows {
            println!("{row}");
        }
    }

    pub(crate) fn to_json(&self) -> String {
        let measured = self.measured.iter().map(|m| {
            json!({
                "group": m.group, "threads": m.threads, "name": m.name, "ns": spread(m.ns),
                "against_ours": m.against_ours.map(spread), "instructions": m.instructions,
                "allocations": m.allocations,
            })
        });
        let rows = self.rows.iter().map(|row| {
            json!({
                "group": row.group, "threads": row.threads, "name": row.name, "peer": row.peer,
                "unit": row.unit, "at_most": row.at_most.is_finite().then_some(row.at_most),
                "measured": spread(row.measured), "verdict": row.verdict(),
            })
        });
        let (measured, rows): (Vec<Value>, Vec<Value>) = (measured.collect(), rows.collect());
        json!({"measured": measured, "rows": rows, "points": self.points}).to_string()
    }
}

impl Row {
    /// Whether the median reaches the target, or misses it by at most half of it.
    fn verdict(&self) -> &'static str {
        let (median, at_most) = (self.measured.median, self.at_most);
        match median <= at_most {
            _ if !at_most.is_finite() => "no target",
            true => "reached",
            false if median <= 1.5 * at_most => "missed",
            false => "missed by more than half",
        }
    }
}

fn spread(Spread { low, median, high }: Spread) -> Value {
    json!([low, median, high])
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spread { low, median, high } = self.ns;
        write!(f, "  {:<30} {median:>10.2} ({low:.2} to {high:.2})", self.name)?;
        if let Some(instructions) = self.instructions {
            write!(f, "  {instructions:8.1} instructions")?;
        }
        match self.allocations {
            Some(blocks) if blocks > 0.0 => write!(f, "  {blocks:.2} allocations"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { group, threads, name, peer, unit, at_most, measured } = self;
        let name = match &*self.unit {
            "x" => format!("{group}, {threads}t: {name} / {peer}"),
            _ => format!("{group}: {name}, {unit}"),
        };
        let Spread { low, median, high } = *measured;
        let verdict = self.verdict();
        let spread = format!("({low:.3} to {high:.3})");
        write!(f, "{name:<64} {at_most:>8.2} {median:>8.3} {spread:>20}  {verdict}")
    }
}
