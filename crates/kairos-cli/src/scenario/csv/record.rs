// The current row of a feed: its cells by their columns.
// Never knows: what the cells mean.
// Read next: `header.rs` for the columns, `cells.rs` for the cells.

use super::cells::Cells;
use super::header::{Column, Header};
use crate::error::Reason;

/// A row of a feed.
#[derive(Debug)]
pub(super) struct Record {
    header: Header,
    cells: Cells,
}

impl Record {
    /// No row yet.
    pub(super) fn new((header, cells): (Header, Cells)) -> Self {
        Self { header, cells }
    }

    /// Makes a line the current row.
    ///
    /// # Errors
    /// An open quote, or another number of cells than the header has columns.
    pub(super) fn split(&mut self, line: &[u8]) -> Result<&Self, Reason> {
        self.cells.split(line)?;
        let (expected, found) = (self.header.len(), self.cells.len());
        if expected != found {
            return Err(Reason::Columns { expected: expected as u64, found: found as u64 });
        }
        Ok(self)
    }

    /// Whether the row has separators and nothing else, as tables write a row that is not used.
    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(<[u8]>::is_empty)
    }

    /// The text of a column; empty if the feed has no such column.
    ///
    /// # Errors
    /// A text that is not UTF-8.
    pub(super) fn text(&self, column: Column) -> Result<&str, Reason> {
        let cell = self.header.place(column).map_or(&[][..], |place| self.cells.get(place));
        str::from_utf8(cell).map_err(|_| self.explain(column, Reason::NotUtf8(column.name())))
    }

    /// The text of a column, if it is not empty.
    ///
    /// # Errors
    /// A text that is not UTF-8.
    pub(super) fn optional(&self, column: Column) -> Result<Option<&str>, Reason> {
        self.text(column).map(|text| Some(text).filter(|text| !text.is_empty()))
    }

    /// The text of a column, which must not be empty.
    ///
    /// # Errors
    /// No text, or one that is not UTF-8.
    pub(super) fn required(&self, column: Column) -> Result<&str, Reason> {
        let text = self.optional(column)?;
        text.ok_or_else(|| self.explain(column, Reason::Empty(column.name())))
    }

    /// The place of a column, from 0.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.header.place(column)
    }

    /// What stands between the cells.
    pub(super) fn separator(&self) -> u8 {
        self.cells.separator()
    }

    /// The reason, with the column's name in this feed if it is another.
    pub(super) fn explain(&self, column: Column, reason: Reason) -> Reason {
        self.header.explain(column, reason)
    }
}
