// A report as JSON, for programs.
// Never rounds: every value is written in full.
// Read next: `table.rs` for the data.

use serde_json::{Value, json};

use super::spread::Spread;
use super::table::{Body, Cell, OfColumn, Report, Row, Section};
use super::worst::{Incident, WorstRead};

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
        .map(|fact| {
            let value = cell(&fact.value);
            json!({"id": fact.id, "label": fact.label.trim_start(), "unit": fact.unit, "value": value})
        })
        .collect();
    let sections: Vec<Value> = report.sections.iter().map(section).collect();
    json!({
        "meta": report.meta,
        "warnings": report.warnings,
        "summary": report.summary,
        "title": report.title,
        "facts": facts,
        "columns": report.columns,
        "sections": sections,
        "worst_reads": of_columns("reads", &report.worst, worst),
        "hints": of_columns("advice", &report.hints, |hint| json!({"field": hint.field, "text": hint.text})),
    })
    .to_string()
}

fn section(section: &Section) -> Value {
    let rows: Vec<Value> = match &section.body {
        Body::Rows(rows) => rows.iter().map(|of| row(of, cell)).collect(),
        Body::Spreads(rows) => rows
            .iter()
            .map(|of| row(of, |value| value.as_ref().map_or(Value::Null, spread)))
            .collect(),
    };
    json!({"id": section.id, "title": section.title, "rows": rows})
}

fn row<T>(row: &Row<T>, value: impl Fn(&T) -> Value) -> Value {
    let values: Vec<Value> = row.values.iter().map(value).collect();
    json!({"id": row.id, "label": row.label.trim_start(), "unit": row.unit, "values": values})
}

fn of_columns<T>(name: &str, columns: &[OfColumn<T>], value: impl Fn(&T) -> Value) -> Value {
    let column = |of: &OfColumn<T>| {
        let items: Vec<Value> = of.items.iter().map(&value).collect();
        json!({"column": of.column, name: items})
    };
    columns.iter().map(column).collect()
}

fn worst(incident: &Incident) -> Value {
    let Incident { worst: read, reads, first_ms, last_ms } = incident;
    let WorstRead { exposure, served_ms, age_ms, strategy, reason, moved, .. } = read;
    json!({
        "exposure": exposure,
        "match": &*read.match_id,
        "market": read.market.as_deref(),
        "key": &*read.key,
        "served": served_ms,
        "age_ms": age_ms,
        "strategy": strategy,
        "reason": reason,
        "moved": {"market": &*moved.market, "then": moved.then, "now": moved.now, "since": moved.since_ms},
        "count": reads,
        "first": first_ms,
        "last": last_ms,
    })
}

fn cell(cell: &Cell) -> Value {
    match cell {
        Cell::Count(n) | Cell::Instant(n) => json!(n),
        Cell::Percent(x) | Cell::Ratio(x) | Cell::Hours(x) => json!(x),
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
