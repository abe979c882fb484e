// A report as plain data: facts, and sections of rows with one value per column.
// Never measures or writes anything.
// Read next: `text.rs` and `json.rs`, which write it.

use super::spread::Spread;

/// The report of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// The scenario, or the matchday.
    pub(crate) title: String,
    /// The values that hold for all columns.
    pub(crate) facts: Vec<Fact>,
    /// The names of the columns; a report without columns has only facts.
    pub(crate) columns: Vec<String>,
    /// The sections, from the most to the least important.
    pub(crate) sections: Vec<Section>,
}

/// One value that holds for all columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    /// The name of the value; two leading spaces mark a part of the fact above.
    pub(crate) label: String,
    /// The value.
    pub(crate) value: Cell,
}

/// Rows under a common title.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    /// The title.
    pub(crate) title: String,
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
    /// The name of the values; two leading spaces mark a part of the row above.
    pub(crate) label: String,
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
    /// A fact with this label and value.
    pub(crate) fn new(label: impl Into<String>, value: Cell) -> Self {
        Self { label: label.into(), value }
    }
}
