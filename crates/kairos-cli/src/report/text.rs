// A report as text: labels on the left, numbers aligned right, rows without any value left out.
// Never checks whether it writes to a terminal: the caller says so by `Paint`.
// Read next: `tests.rs`, which shows the result.

use std::fmt::Write;

use super::instant;
use super::spread::Spread;
use super::table::{Body, Cell, OfColumn, Report, Row};
use super::worst::Incident;
use crate::advice::Advice;

/// Whether titles are printed in bold by terminal codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Plain text.
    Plain,
    /// Bold titles.
    Bold,
}

/// Longer labels are truncated; the longest label of the command has 37 characters.
const LABEL: usize = 38;

/// Longer names of columns are truncated at the front, because paths differ at their ends.
const NAME: usize = 16;

/// The width of a terminal that shows every line whole.
const WIDTH: usize = 100;

const GAP: usize = 2;

const INDENT: usize = 2;

impl Report {
    /// The report as text for a terminal of 100 columns; wider only with more than five columns.
    pub(crate) fn to_text(&self, paint: Paint) -> String {
        render(self, paint)
    }
}

/// The report as lines, each with its newline.
fn render(report: &Report, paint: Paint) -> String {
    let mut page = Page { text: String::new(), paint };
    for sentence in report.warnings.iter().chain(&report.summary) {
        page.wrapped("", sentence);
    }
    if !(report.warnings.is_empty() && report.summary.is_empty()) {
        page.line("");
    }
    page.title(&report.title);
    let facts: Vec<(&str, Vec<String>)> =
        report.facts.iter().map(|fact| (fact.label, vec![cell(&fact.value)])).collect();
    page.grid(&[], &facts);
    let names: Vec<String> = report.columns.iter().map(|name| cut_front(name, NAME)).collect();
    // The name of a single column adds nothing to the title.
    let heads = if names.len() > 1 { names.as_slice() } else { &[] };
    for section in &report.sections {
        match &section.body {
            Body::Rows(rows) => {
                let told = |row: &&Row<Cell>| row.values.iter().any(|v| *v != Cell::Missing);
                let mut rows: Vec<Row<Cell>> = rows.iter().filter(told).cloned().collect();
                if !rows.is_empty() {
                    page.section(section.title);
                    let heads = without_empty_columns(heads, &mut rows);
                    page.table(&heads, &rows);
                }
            }
            Body::Spreads(rows) => {
                if rows.iter().any(|row| row.values.iter().any(Option::is_some)) {
                    page.section(section.title);
                    page.spreads(heads, rows);
                }
            }
        }
    }
    page.worst(&report.worst);
    page.hints(&report.hints);
    page.text
}

struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    fn title(&mut self, title: &str) {
        match self.paint {
            Paint::Plain => self.line(title),
            Paint::Bold => self.line(&format!("\x1b[1m{title}\x1b[0m")),
        }
    }

    fn section(&mut self, title: &str) {
        self.text.push('\n');
        self.title(title);
    }

    fn table(&mut self, heads: &[String], rows: &[Row<Cell>]) {
        let cells: Vec<(&str, Vec<String>)> =
            rows.iter().map(|row| (row.label, row.values.iter().map(cell).collect())).collect();
        self.grid(heads, &cells);
    }

    /// Writes two lines for each incident: its worst read, and what had moved under how many.
    fn worst(&mut self, columns: &[OfColumn<Incident>]) {
        if !columns.is_empty() {
            self.section("Worst reads, by the change of a price that they missed");
        }
        for OfColumn { column, items } in columns {
            self.column(column, columns.len());
            for incident in items {
                let read = &incident.worst;
                let market = read.market.as_deref().unwrap_or(&read.key);
                let of = format!("{} {}", cut_front(&read.match_id, NAME), cut_front(market, NAME));
                let (at, age) = (instant::utc(read.served_ms), duration(read.age_ms));
                self.line(&format!(
                    "{:INDENT$}{:.6}  {of} at {at}, {age} old: {}, {}",
                    "", read.exposure, read.strategy, read.reason
                ));
                let moved = &read.moved;
                let (odds, then, now) = (cut_front(&moved.market, LABEL), moved.then, moved.now);
                let reads = match incident.reads {
                    1 => "1 read".to_owned(),
                    n => {
                        let span = duration(incident.last_ms - incident.first_ms);
                        format!("{} reads within {span}", grouped(n as i64))
                    }
                };
                self.line(&format!("{:INDENT$}          {odds} {then:.2} → {now:.2}: {reads}", ""));
            }
        }
    }

    fn hints(&mut self, columns: &[OfColumn<Advice>]) {
        if !columns.is_empty() {
            self.section("Hints");
        }
        for OfColumn { column, items } in columns {
            self.column(column, columns.len());
            for hint in items {
                self.wrapped("  ", &hint.to_string());
            }
        }
    }

    /// Names the column of what follows, unless there is no other.
    fn column(&mut self, name: &str, columns: usize) {
        if columns > 1 {
            self.line(&format!("{:INDENT$}{}", "", cut_front(name, LABEL)));
        }
    }

    /// Writes a text in lines of at most [`WIDTH`]; the further ones are indented once more.
    fn wrapped(&mut self, indent: &str, text: &str) {
        let mut line = indent.to_owned();
        // A sign of percent stays with its number.
        let text = text.replace(" %", "\u{a0}%");
        for word in text.split(' ') {
            let word = word.replace('\u{a0}', " ");
            if width(&line) + 1 + width(&word) > WIDTH && line.trim() != "" {
                self.line(&line);
                line = format!("{indent}{:INDENT$}", "");
            }
            if line.trim() != "" {
                line.push(' ');
            }
            line.push_str(&word);
        }
        self.line(&line);
    }

    /// Writes percentiles from left to right, one block for each column that has any.
    fn spreads(&mut self, names: &[String], rows: &[Row<Option<Spread>>]) {
        let heads = ["reads", "mean", "min", "p50", "p90", "p99", "p99.9", "max"].map(String::from);
        let columns = rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
        let at = |row: &Row<Option<Spread>>, column| row.values.get(column).copied().flatten();
        let told: Vec<usize> =
            (0..columns).filter(|c| rows.iter().any(|row| at(row, *c).is_some())).collect();
        for column in told.iter().copied() {
            let at = |row: &Row<Option<Spread>>| at(row, column);
            if let Some(name) = names.get(column).filter(|_| told.len() > 1) {
                self.line(&format!("{:INDENT$}{name}", ""));
            }
            let cells: Vec<(&str, Vec<String>)> =
                rows.iter().map(|row| (row.label, percentiles(at(row)))).collect();
            self.grid(&heads, &cells);
        }
    }

    /// Writes lines of a label and cells under heads; each column is as wide as its widest cell.
    fn grid(&mut self, heads: &[String], rows: &[(&str, Vec<String>)]) {
        let label_width = rows.iter().map(|(label, _)| width(label)).max().unwrap_or(0).min(LABEL);
        let columns = rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = rows.iter().filter_map(|(_, cells)| cells.get(column));
                cells.chain(heads.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect();
        let head = (!heads.is_empty()).then_some(("", heads));
        for (label, cells) in head.into_iter().chain(rows.iter().map(|(l, c)| (*l, c.as_slice()))) {
            let label = cut_front(label, LABEL);
            let mut line = format!("{:INDENT$}{label:label_width$}", "");
            for (cell, width) in cells.iter().zip(&widths) {
                // Writing to a string cannot fail.
                let _ = write!(line, "{:GAP$}{cell:>width$}", "");
            }
            self.line(&line);
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// Removes the columns that are missing in every row, and returns the heads of the others: none if a single column is
/// left, which needs no name.
fn without_empty_columns(heads: &[String], rows: &mut [Row<Cell>]) -> Vec<String> {
    let columns = rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
    let told: Vec<bool> = (0..columns)
        .map(|column| rows.iter().any(|row| row.values.get(column) != Some(&Cell::Missing)))
        .collect();
    for row in rows {
        let mut column = told.iter();
        row.values.retain(|_| column.next() == Some(&true));
    }
    let left: Vec<String> =
        heads.iter().zip(&told).filter(|(_, told)| **told).map(|(head, _)| head.clone()).collect();
    if left.len() > 1 { left } else { Vec::new() }
}

fn percentiles(spread: Option<Spread>) -> Vec<String> {
    match spread {
        None => vec!["0".into()],
        Some(s) => {
            let values = [s.mean, s.min, s.p50, s.p90, s.p99, s.p99_9, s.max].map(short);
            std::iter::once(grouped(s.count as i64)).chain(values).collect()
        }
    }
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Count(n) => grouped(*n),
        Cell::Percent(x) => format!("{x:.2} %"),
        Cell::Ratio(x) => format!("{x:.6}"),
        Cell::Hours(x) => format!("{} h", tenths(*x)),
        Cell::Instant(t_ms) => instant::utc(*t_ms),
        Cell::Missing => "-".into(),
    }
}

/// A value with two decimals, or without decimals if it is a whole number.
fn short(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { grouped(x as i64) } else { format!("{x:.2}") }
}

/// A number with one decimal, and a comma between thousands.
fn tenths(x: f64) -> String {
    let tenths = (x * 10.0).round() as i64;
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

/// A length of time in its two largest units.
fn duration(ms: i64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    match ms {
        ..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 => format!("{minutes} min {seconds} s"),
        _ => format!("{} h {minutes} min", grouped(hours)),
    }
}

/// A number with a comma between thousands.
pub(super) fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// `text`, or an ellipsis and its last characters if it has more than `most`.
fn cut_front(text: &str, most: usize) -> String {
    match width(text).checked_sub(most) {
        None | Some(0) => text.to_owned(),
        Some(excess) => std::iter::once('…').chain(text.chars().skip(excess + 1)).collect(),
    }
}
