// A report as plain data: sentences, facts, sections of rows with one value per column, reads, hints.
// Never measures or writes anything.
// Read next: `text.rs` and `json.rs`, which write it.

use super::meta::Meta;
use super::spread::Spread;
use super::worst::Incident;
use crate::advice::Advice;

/// The report of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// What the run was made by and of.
    pub(crate) meta: Meta,
    /// What was passed over of the scenario, one sentence for each thing.
    pub(crate) warnings: Vec<String>,
    /// One sentence for each engine: what it saves, and what that costs.
    pub(crate) summary: Vec<String>,
    /// The scenario, or the matchday.
    pub(crate) title: String,
    /// The values that hold for all columns.
    pub(crate) facts: Vec<Fact>,
    /// The names of the columns; a report without columns has only facts.
    pub(crate) columns: Vec<String>,
    /// The sections, from the most to the least important.
    pub(crate) sections: Vec<Section>,
    /// The incidents with the reads whose prices had moved most, the worst first.
    pub(crate) worst: Vec<OfColumn<Incident>>,
    /// What of a configuration does not fit what was run.
    pub(crate) hints: Vec<OfColumn<Advice>>,
}

/// What only the engine of one column has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OfColumn<T> {
    /// The name of the column.
    pub(crate) column: String,
    /// At least one.
    pub(crate) items: Vec<T>,
}

/// One value that holds for all columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    /// The name for programs, which stays the same whatever the label becomes.
    pub(crate) id: &'static str,
    /// The name for people; two leading spaces mark a part of the fact above.
    pub(crate) label: &'static str,
    /// The unit of the value.
    pub(crate) unit: &'static str,
    /// The value.
    pub(crate) value: Cell,
}

/// Rows under a common title.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    /// The name for programs.
    pub(crate) id: &'static str,
    /// The title.
    pub(crate) title: &'static str,
    /// The rows.
    pub(crate) body: Body,
}

/// The rows of a section.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// One value for each column.
    Rows(Vec<Row<Cell>>),
    /// One distribution for each column, in the unit that the title names.
    Spreads(Vec<Row<Option<Spread>>>),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row<T> {
    /// The name for programs, once in its section.
    pub(crate) id: &'static str,
    /// The name for people; two leading spaces mark a part of the row above.
    pub(crate) label: &'static str,
    /// The unit of the values.
    pub(crate) unit: &'static str,
    /// One value for each column of the report.
    pub(crate) values: Vec<T>,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell {
    /// A count.
    Count(i64),
    /// A share in percent.
    Percent(f64),
    /// A ratio or a sum of ratios, with six decimals.
    Ratio(f64),
    /// A length of time in hours.
    Hours(f64),
    /// An instant, in ms since the Unix epoch.
    Instant(i64),
    /// No value: the column does not have this one.
    Missing,
}

impl Cell {
    /// A count; values of 2⁶³ and more become 2⁶³ − 1.
    pub(crate) fn count(n: u64) -> Self {
        Self::Count(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// `part` of `whole` in percent; missing if `whole` is 0.
    pub(crate) fn share(part: u64, whole: u64) -> Self {
        if whole == 0 { Self::Missing } else { Self::Percent(100.0 * part as f64 / whole as f64) }
    }
}

impl Fact {
    /// A count of `unit`.
    pub(crate) fn count(id: &'static str, label: &'static str, unit: &'static str, n: u64) -> Self {
        Self { id, label, unit, value: Cell::count(n) }
    }
}
