// One line of a feed split into cells, without the blanks around them.
// Never takes a line end for a part of a cell: a quote that is not closed would swallow the rows behind it.
// Read next: `header.rs`, which says what the cells are.

use std::ops::Range;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::error::Reason;

/// The cells of the line that was split last.
#[derive(Debug)]
pub(super) struct Cells {
    separator: u8,
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Where each cell stands in the text.
    places: Vec<Range<usize>>,
}

impl Cells {
    /// No cells yet; `separator` stands between those to come.
    pub(super) fn new(separator: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(separator).build();
        Self { separator, reader, text: vec![0; 256], ends: vec![0; 16], places: Vec::new() }
    }

    /// What stands between the cells.
    pub(super) fn separator(&self) -> u8 {
        self.separator
    }

    /// Splits a line, which has no line end.
    ///
    /// # Errors
    /// [`Reason::OpenQuote`] if a quoted cell does not end within the line.
    pub(super) fn split(&mut self, line: &[u8]) -> Result<(), Reason> {
        self.places.clear();
        if line.is_empty() {
            return Ok(());
        }
        let (mut length, mut count) = (0, 0);
        for mut input in [line, b"\n"] {
            while !input.is_empty() {
                let (text, ends) = (&mut self.text[length..], &mut self.ends[count..]);
                let (result, read, written, ended) = self.reader.read_record(input, text, ends);
                input = &input[read..];
                length += written;
                count += ended;
                match result {
                    ReadRecordResult::InputEmpty => {}
                    ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                    ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                    ReadRecordResult::Record | ReadRecordResult::End => {
                        let mut start = 0;
                        for end in &self.ends[..count] {
                            self.places.push(trimmed(&self.text, start..*end));
                            start = *end;
                        }
                        return Ok(());
                    }
                }
            }
        }
        // The line end has become a part of a quoted cell.
        self.reader.reset();
        Err(Reason::OpenQuote)
    }

    /// The number of cells.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// A cell by its number; empty if there are fewer.
    pub(super) fn get(&self, at: usize) -> &[u8] {
        self.places.get(at).map_or(&[], |cell| &self.text[cell.clone()])
    }

    /// All cells.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|cell| &self.text[cell.clone()])
    }
}

/// A cell without the blanks around it, and without the quotes around it that blanks before it have kept.
fn trimmed(text: &[u8], cell: Range<usize>) -> Range<usize> {
    let bytes = &text[cell.clone()];
    if let [first, .., last] = bytes
        && *first > b' '
        && *last > b' '
    {
        return cell;
    }
    let blanks = bytes.len() - bytes.trim_ascii_start().len();
    let start = cell.start + blanks;
    let cell = start..start + bytes.trim_ascii().len();
    match &text[cell.clone()] {
        [b'"', inside @ .., b'"'] if blanks > 0 && !inside.contains(&b'"') => {
            cell.start + 1..cell.end - 1
        }
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_and_an_open_quote_harms_only_its_own_line() {
        let mut cells = Cells::new(b',');
        let mut check = |line: &str, expected: Option<&[&str]>| {
            let found = cells.split(line.as_bytes()).ok().map(|()| {
                let text = |cell: &[u8]| String::from_utf8(cell.to_vec()).unwrap();
                cells.iter().map(text).collect::<Vec<_>>()
            });
            let expected = expected.map(|cells| cells.iter().map(ToString::to_string).collect());
            assert_eq!(found, expected, "{line}");
        };
        check("a,b", Some(&["a", "b"]));
        check("", Some(&[]));
        check(",", Some(&["", ""]));
        check(" a , \"b\" ,\"c,d\",\"e\"\"f\", g\"h ", Some(&["a", "b", "c,d", "e\"f", "g\"h"]));
        check("a,\"b,c", None);
        check("a,b", Some(&["a", "b"]));
        check("a,b\"", Some(&["a", "b\""]));
        check("\"", None);
        check("\" \" ", Some(&[""]));
        let long = "x".repeat(10_000);
        check(&long, Some(&[&long]));
        check(&",".repeat(99), Some(&[""; 100]));
    }
}
