// The times of a feed's rows: in range, of one unit, never going back; and the command that sorts a feed which is not.
// Never sorts: a feed is a stream.
// Read next: `times.rs`, which reads a cell.

use std::path::{Path, PathBuf};

use super::header::Column;
use super::record::Record;
use super::times::{self, TimeFormat};
use crate::error::Reason;

/// The order of the rows in time.
#[derive(Debug)]
pub(super) struct Order {
    format: Option<TimeFormat>,
    newest_ms: Option<i64>,
    file: PathBuf,
    /// The lines up to the header.
    head: u64,
}

impl Order {
    /// No row yet of `file`, whose header is line `head`.
    pub(super) fn new(format: Option<TimeFormat>, file: &Path, head: u64) -> Self {
        Self { format, newest_ms: None, file: file.to_path_buf(), head }
    }

    /// The time of the current row.
    ///
    /// # Errors
    /// What is no time, is out of range, looks like another unit, or goes back.
    pub(super) fn time(&self, record: &Record) -> Result<i64, Reason> {
        let of = |reason| record.explain(Column::Time, reason);
        let text = record.text(Column::Time)?;
        let t_ms = times::parse(text, self.format, Column::Time.name()).map_err(of)?;
        if self.newest_ms.is_none() && self.format.is_none() {
            times::check_first(t_ms).map_err(of)?;
        }
        times::check_range(t_ms).map_err(of)?;
        match self.newest_ms {
            Some(previous) if t_ms < previous => {
                let sort = self.sort(record, text);
                Err(Reason::BackInTime { t: t_ms, previous, sort })
            }
            _ => Ok(t_ms),
        }
    }

    /// Takes the time of a row that was good, which no row after it may go back from.
    pub(super) fn advance(&mut self, t_ms: i64) {
        self.newest_ms = Some(t_ms);
    }

    /// The shell command that sorts the feed by time, where the times sort as numbers or as text.
    fn sort(&self, record: &Record, text: &str) -> Option<String> {
        let kind = match self.format {
            Some(TimeFormat::Dmy | TimeFormat::Mdy) => return None,
            // Text of different offsets sorts by the clocks of different places.
            _ if text.contains('T') || text.contains(':') => {
                let is_utc = text.ends_with('Z') || !text.get(10..)?.contains(['+', '-']);
                is_utc.then_some("")?
            }
            _ => "n",
        };
        let column = record.place(Column::Time)? + 1;
        let separator = match record.separator() {
            b'\t' => "\"$(printf '\\t')\"".to_owned(),
            other => format!("'{}'", char::from(other)),
        };
        let (file, ending) = (quoted(&self.file), self.file.extension());
        let packing = ending.and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let read = match packing.as_deref() {
            Some("gz") => "zcat",
            Some("zst") => "zstdcat",
            _ => "cat",
        };
        let (head, rest) = (self.head, self.head + 1);
        Some(format!(
            "{{ {read} {file} | head -n {head}; {read} {file} | tail -n +{rest} | LC_ALL=C sort -s -t {separator} -k \
             {column},{column}{kind}; }} > sorted.csv"
        ))
    }
}

/// A file's name as a shell takes it.
fn quoted(file: &Path) -> String {
    let name = file.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/+=:,@".contains(letter);
    if name.chars().all(is_plain) { name } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_of_a_shell() {
        for (name, expected) in
            [("a/b-1.csv", "a/b-1.csv"), ("my feed.csv", "'my feed.csv'"), ("it's", "'it'\\''s'")]
        {
            assert_eq!(quoted(Path::new(name)), expected);
        }
    }
}
