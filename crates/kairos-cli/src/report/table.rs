// A report as plain data: facts, and sections of rows with one value per column.
// Never measures or writes anything.
// Read next: `text.rs` and `json.rs`, which write it.

use super::spread::Spread;

/// What a run has to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// What was run.
    pub(crate) title: String,
    /// What holds for all columns.
    pub(crate) facts: Vec<Fact>,
    /// The names of the columns; without any there are only facts.
    pub(crate) columns: Vec<String>,
    /// The sections, from the most to the least important.
    pub(crate) sections: Vec<Section>,
}

/// One value that holds for all columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    /// What it is; two leading spaces make it a part of the fact above.
    pub(crate) label: String,
    /// How much.
    pub(crate) value: Cell,
}

/// Rows that belong together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    /// What they have in common.
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
    /// What it is; two leading spaces make it a part of the row above.
    pub(crate) label: String,
    /// One value for each column of the report.
    pub(crate) values: Vec<T>,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell {
    /// A number of things.
    Count(i64),
    /// A share in percent.
    Percent(f64),
    /// A ratio or a sum of ratios, with six decimals.
    Ratio(f64),
    /// An instant, in ms since the Unix epoch.
    Instant(i64),
    /// Nothing: the column has no such value.
    Missing,
}

impl Cell {
    /// A number of things; beyond 2⁶³ it stays there.
    pub(crate) fn count(n: u64) -> Self {
        Self::Count(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// `part` of `whole` in percent, or nothing where there is no whole.
    pub(crate) fn share(part: u64, whole: u64) -> Self {
        if whole == 0 { Self::Missing } else { Self::Percent(100.0 * part as f64 / whole as f64) }
    }
}

impl Fact {
    /// A fact of this label and value.
    pub(crate) fn new(label: impl Into<String>, value: Cell) -> Self {
        Self { label: label.into(), value }
    }
}
