// A report as JSON, for programs.
// Never rounds: every value is written in full.
// Read next: `table.rs` for the data.

use serde_json::{Value, json};

use super::spread::Spread;
use super::table::{Body, Cell, Report, Section};

impl Report {
    /// The report as one JSON object on one line, values as plain numbers.
    pub(crate) fn to_json(&self) -> String {
        render(self)
    }
}

fn render(report: &Report) -> String {
    let facts: Vec<Value> = report
        .facts
        .iter()
        .map(|fact| json!({"label": fact.label.trim_start(), "value": cell(&fact.value)}))
        .collect();
    let sections: Vec<Value> = report.sections.iter().map(section).collect();
    json!({
        "title": report.title,
        "facts": facts,
        "columns": report.columns,
        "sections": sections,
    })
    .to_string()
}

fn section(section: &Section) -> Value {
    let row =
        |label: &str, values: Vec<Value>| json!({"label": label.trim_start(), "values": values});
    let rows: Vec<Value> = match &section.body {
        Body::Rows(rows) => {
            rows.iter().map(|r| row(&r.label, r.values.iter().map(cell).collect())).collect()
        }
        Body::Spreads(rows) => {
            let values = |spreads: &[Option<Spread>]| {
                spreads.iter().map(|s| s.as_ref().map_or(Value::Null, spread)).collect()
            };
            rows.iter().map(|r| row(&r.label, values(&r.values))).collect()
        }
    };
    json!({"title": section.title, "rows": rows})
}

fn cell(cell: &Cell) -> Value {
    match cell {
        Cell::Count(n) | Cell::Instant(n) => json!(n),
        Cell::Percent(x) | Cell::Ratio(x) => json!(x),
        Cell::Missing => Value::Null,
    }
}

fn spread(spread: &Spread) -> Value {
    json!({
        "count": spread.count,
        "mean": spread.mean,
        "min": spread.min,
        "p50": spread.p50,
        "p90": spread.p90,
        "p99": spread.p99,
        "p99_9": spread.p99_9,
        "max": spread.max,
    })
}
