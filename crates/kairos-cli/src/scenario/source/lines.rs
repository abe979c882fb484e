// Lines of a text, with their numbers; byte order marks, and texts that are not UTF-8 by their look.
// Never knows: the format of a line. Never holds more than one line.
// Read next: `../jsonl.rs` and `../csv.rs`, which read them.

use std::io::{self, BufRead, ErrorKind, Read};
use std::ops::Range;

/// The longest line in bytes: a text without line ends must not fill the memory.
const LONGEST: u64 = 1 << 24;

const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// A line feed, with or without a carriage return before it.
    Feeds,
    /// A carriage return by itself, too.
    FeedsAndReturns,
}

/// The lines of a text that are not blank.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    ends: Ends,
    buffer: Vec<u8>,
    /// The current line in the buffer.
    line: Range<usize>,
    /// Where the rest of the buffer begins, which holds further lines if anything.
    rest: usize,
    number: u64,
    has_begun: bool,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `input`.
    pub(crate) fn new(input: R, ends: Ends) -> Self {
        let buffer = Vec::new();
        Self { input, ends, buffer, line: 0..0, rest: 0, number: 0, has_begun: false }
    }

    /// Reads the next line that is not blank; returns false at the end.
    ///
    /// # Errors
    /// The error of the input; an error that says so if the text is UTF-16 or a line is longer than 16 MiB.
    pub(crate) fn advance(&mut self) -> io::Result<bool> {
        loop {
            if self.rest == self.buffer.len() && !self.fill()? {
                return Ok(false);
            }
            let rest = &self.buffer[self.rest..];
            // Few lines have one, and to look for one is faster than to look where it is.
            let end = (self.ends == Ends::FeedsAndReturns && rest.contains(&b'\r'))
                .then(|| rest.iter().position(|byte| *byte == b'\r'))
                .flatten();
            self.line = self.rest..self.rest + end.unwrap_or(rest.len());
            self.rest = self.line.end + usize::from(end.is_some());
            self.number += 1;
            if !self.line().trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The current line, without its end.
    pub(crate) fn line(&self) -> &[u8] {
        &self.buffer[self.line.clone()]
    }

    /// The current line's number, counted from 1; 0 before the first.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Reads up to the next line feed; returns false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        loop {
            self.buffer.clear();
            self.rest = 0;
            let read = self.input.by_ref().take(LONGEST + 1).read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(false);
            }
            if read as u64 > LONGEST {
                let text = format!("line {} is longer than 16 MiB", self.number + 1);
                return Err(io::Error::new(ErrorKind::InvalidData, text));
            }
            if !self.has_begun {
                self.has_begun = true;
                if let Some(encoding) = other_encoding(&self.buffer) {
                    let text = format!("the text is {encoding}: convert it to UTF-8");
                    return Err(io::Error::new(ErrorKind::InvalidData, text));
                }
                if self.buffer.starts_with(UTF8_MARK) {
                    self.buffer.drain(..UTF8_MARK.len());
                }
            }
            for end in *b"\n\r" {
                self.buffer.pop_if(|last| *last == end);
            }
            if !self.buffer.is_empty() {
                return Ok(true);
            }
            // A line without a byte is a line all the same.
            self.number += 1;
        }
    }
}

/// The name of an encoding that is not UTF-8, by the first bytes of a text: its mark, or a letter of two bytes.
fn other_encoding(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xff, 0xfe, 0, 0, ..] => Some("UTF-32, little-endian, by its byte order mark"),
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32, big-endian, by its byte order mark"),
        [0xff, 0xfe, ..] => Some("UTF-16, little-endian, by its byte order mark"),
        [0xfe, 0xff, ..] => Some("UTF-16, big-endian, by its byte order mark"),
        [1..=255, 0, 1..=255, 0, ..] => Some("UTF-16, little-endian, without a byte order mark"),
        [0, 1..=255, 0, 1..=255, ..] => Some("UTF-16, big-endian, without a byte order mark"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines with their numbers, or the error.
    fn lines(text: &[u8], ends: Ends) -> Result<Vec<(u64, String)>, String> {
        let mut lines = Lines::new(text, ends);
        let mut found = Vec::new();
        while lines.advance().map_err(|error| error.to_string())? {
            found.push((lines.number(), String::from_utf8(lines.line().to_vec()).unwrap()));
        }
        Ok(found)
    }

    fn check(text: &str, ends: Ends, expected: &[(u64, &str)]) {
        let expected = expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
        assert_eq!(lines(text.as_bytes(), ends), Ok(expected), "{text:?}");
    }

    #[test]
    fn every_line_that_is_not_blank_is_read_with_its_number() {
        for ends in [Ends::Feeds, Ends::FeedsAndReturns] {
            check("", ends, &[]);
            check("\n\r\n \n", ends, &[]);
            check("a\nb", ends, &[(1, "a"), (2, "b")]);
            check("a\r\n\r\n b\r\n", ends, &[(1, "a"), (3, " b")]);
            check("\u{feff}a\n", ends, &[(1, "a")]);
            check("\u{feff}", ends, &[]);
            check("\u{feff}\n\u{feff}b", ends, &[(2, "\u{feff}b")]);
        }
        check("a\rb\r\rc\nd", Ends::FeedsAndReturns, &[(1, "a"), (2, "b"), (4, "c"), (5, "d")]);
        check("a\rb\n", Ends::Feeds, &[(1, "a\rb")]);
    }

    #[test]
    fn another_encoding_is_named() {
        let check = |text: &[u8], expected: &str| {
            let error = lines(text, Ends::Feeds).unwrap_err();
            assert!(error.starts_with(&format!("the text is {expected}")), "{error}");
            assert!(error.ends_with(": convert it to UTF-8"), "{error}");
        };
        check(b"\xff\xfet\0s\0", "UTF-16, little-endian, by its byte order mark");
        check(b"\xfe\xff\0t\0s", "UTF-16, big-endian, by its byte order mark");
        check(b"\xff\xfe\0\0t\0\0\0", "UTF-32, little-endian, by its byte order mark");
        check(b"\0\0\xfe\xff\0\0\0t", "UTF-32, big-endian, by its byte order mark");
        check(b"t\0s\0", "UTF-16, little-endian, without a byte order mark");
        check(b"\0t\0s", "UTF-16, big-endian, without a byte order mark");
    }

    #[test]
    fn a_text_without_line_ends_does_not_fill_the_memory() {
        let endless = io::BufReader::new(io::repeat(b'x'));
        let error = Lines::new(endless, Ends::Feeds).advance().unwrap_err();
        assert_eq!(error.to_string(), "line 1 is longer than 16 MiB");
    }
}
