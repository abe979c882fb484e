// The error of this crate: a bad line, an unreadable or unwritable file, a bad configuration, wrong options.
// Never prints or exits: `command/mod.rs` does both.
// Read next: `scenario/jsonl.rs` and `scenario/csv.rs`, which return most of them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What ends a run of the command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A line of an input file says something wrong.
    #[error("{}:{line}: {reason}", file.display())]
    Line {
        /// The file, as it was named on the command line.
        file: Arc<Path>,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        reason: Reason,
    },
    /// An input file cannot be opened or read.
    #[error("{}: {source}", file.display())]
    Read {
        /// The file, as it was named on the command line.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An output file cannot be created or written.
    #[error("{}: {source}", file.display())]
    Write {
        /// The file, as it was named on the command line.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A configuration is wrong; the cache's words, which name the file.
    #[error(transparent)]
    Config(#[from] kairos_cache::Error),
    /// The options contradict each other or the input.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// An error about line `line` of `file`.
    pub(crate) fn line(file: &Arc<Path>, line: u64, reason: Reason) -> Self {
        Self::Line { file: Arc::clone(file), line, reason }
    }

    /// Whether one line is wrong and the lines after it can still be read.
    pub(crate) fn is_line(&self) -> bool {
        matches!(self, Self::Line { .. })
    }

    /// Whether the reader of the output went away, which is no failure of the command.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code: 2 for a wrong input or command, 1 where the output fails.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Line { .. } | Self::Read { .. } | Self::Config(_) | Self::Usage(_) => 2,
            Self::Write { .. } => 1,
        }
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    /// The line is no JSON; the parser's words.
    #[error("invalid JSON: {0}")]
    NotJson(String),
    /// The line is JSON, but no object.
    #[error("an operation must be a JSON object, not {0}")]
    NotAnObject(String),
    /// No operation has this name.
    #[error("unknown operation {0:?}")]
    UnknownOperation(String),
    /// The operation has no field of this name.
    #[error("{operation} has no field {field:?}")]
    UnknownField {
        /// The operation, or the object inside it.
        operation: &'static str,
        /// The field that it does not have.
        field: String,
    },
    /// The same field stands twice in one object.
    #[error("duplicate field {0:?}")]
    TwiceGiven(String),
    /// A field that the operation needs is missing.
    #[error("{operation} requires the field {field:?}")]
    MissingField {
        /// The operation.
        operation: &'static str,
        /// The field that is missing.
        field: &'static str,
    },
    /// A field holds a value of another type.
    #[error("{field} must be {expected}, not {found}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What the field takes.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A field takes one of a few words, and this is none of them.
    #[error("{field} must be one of {expected}, not {found:?}")]
    UnknownWord {
        /// The field.
        field: &'static str,
        /// The words that it takes.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A field of a read that belongs to a match stands in a read without one.
    #[error("{0} requires the field \"match\"")]
    NeedsMatch(&'static str),
    /// An invalidation that names nothing, or more than one thing.
    #[error("invalidate requires exactly one of key, tag, match and all")]
    NotOneTarget,
    /// Time goes back.
    #[error("time goes back from {previous} to {t}")]
    BackInTime {
        /// The time of this line, in ms since the Unix epoch.
        t: i64,
        /// The time of the line before it.
        previous: i64,
    },
    /// The header of a CSV feed lacks a column.
    #[error("the header has no column {0:?}")]
    MissingColumn(&'static str),
    /// A row of a CSV feed has another number of columns than its header.
    #[error("{found} columns, but the header has {expected}")]
    Columns {
        /// How many the header has.
        expected: u64,
        /// How many the row has.
        found: u64,
    },
    /// A column that the row needs is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// The event graph has no such market.
    #[error("unknown market {0:?}")]
    UnknownMarket(String),
    /// The event graph has no such event.
    #[error("unknown event {0:?}")]
    UnknownEvent(String),
    /// No read before has this id.
    #[error("no earlier read has the id {0:?}")]
    UnknownRead(String),
    /// Of several configurations, this one cannot take the operation.
    #[error("{reason} (configuration {of})")]
    OfConfig {
        /// What is wrong.
        reason: Box<Reason>,
        /// The configuration's file.
        of: String,
    },
    /// The text is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotUtf8(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_reads_as_file_line_reason() {
        let file: Arc<Path> = Arc::from(Path::new("day.jsonl"));
        let error = Error::line(&file, 12, Reason::BackInTime { t: 4, previous: 9 });
        assert_eq!(error.to_string(), "day.jsonl:12: time goes back from 9 to 4");
        assert!(error.is_line());
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_full_disk_is_not_a_wrong_input() {
        let full = Error::Write { file: "out".into(), source: io::ErrorKind::StorageFull.into() };
        assert_eq!(full.exit_code(), 1);
        assert!(!full.is_broken_pipe());
        let gone = Error::Write { file: "-".into(), source: io::ErrorKind::BrokenPipe.into() };
        assert!(gone.is_broken_pipe());
    }
}
