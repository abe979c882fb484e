// The error of this crate: a bad line, an unreadable or unwritable file, a bad configuration, wrong options.
// Never prints or exits: `command/mod.rs` does both.
// Read next: `scenario/jsonl.rs` and `scenario/csv.rs`, which return most of them.

use std::io;
use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

/// The error of a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A line of an input file is wrong.
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
        /// The operating system's error.
        source: io::Error,
    },
    /// An output file cannot be created or written.
    #[error("{}: {source}", file.display())]
    Write {
        /// The file, as it was named on the command line.
        file: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// A configuration is wrong; the cache's error, which names the file.
    #[error(transparent)]
    Config(#[from] kairos_cache::Error),
    /// The options contradict each other or the input, or the input cannot be used.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// An error about line `line` of `file`.
    pub(crate) fn line(file: &Arc<Path>, line: u64, reason: Reason) -> Self {
        Self::Line { file: Arc::clone(file), line, reason }
    }

    /// Whether the reader of the output has closed it, which is no failure of the command.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code: 2 for a wrong input, configuration or command line, 1 for an output that cannot be written.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Line { .. } | Self::Read { .. } | Self::Config(_) | Self::Usage(_) => 2,
            Self::Write { .. } => 1,
        }
    }
}

/// The reason why a line is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    /// The line is not JSON; the parser's message.
    #[error("invalid JSON: {0}")]
    NotJson(String),
    /// The line is JSON, but not an object.
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
        /// The unknown field.
        field: String,
    },
    /// A field is given twice in one object.
    #[error("duplicate field {0:?}")]
    TwiceGiven(String),
    /// A field that the operation requires is missing.
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
        /// The expected type or range.
        expected: &'static str,
        /// The value found.
        found: String,
    },
    /// A field has none of the words that it takes.
    #[error("{field} must be one of {expected}, not {found:?}")]
    UnknownWord {
        /// The field.
        field: &'static str,
        /// The words that the field takes.
        expected: String,
        /// The word found.
        found: String,
    },
    /// A word of a feed that stands without a price is neither a status nor news.
    #[error(
        "event must be one of {expected} or an event of the event graph in a row without a price, not {found:?}; \
         --status suspended={found} or the like says which status it is"
    )]
    UnknownStatus {
        /// The words for statuses.
        expected: String,
        /// The word found.
        found: String,
    },
    /// A field that belongs to a match is given in a read without a match.
    #[error("{0} requires the field \"match\"")]
    NeedsMatch(&'static str),
    /// An invalidation names no target, or more than one.
    #[error("invalidate requires exactly one of key, tag, match and all")]
    NotOneTarget,
    /// Time goes back.
    #[error("time goes back from {} to {}: the lines must be sorted by time{}", instant(*previous), instant(*t), by(sort.as_deref()))]
    BackInTime {
        /// The time of this line, in ms since the Unix epoch.
        t: i64,
        /// The time of the line before it.
        previous: i64,
        /// The command that sorts the file.
        sort: Option<String>,
    },
    /// The header of a CSV feed lacks columns.
    #[error("{}", missing_columns(missing, found))]
    MissingColumns {
        /// The names of the columns, each with its word in `--columns`, unless the name was given there.
        missing: Vec<(String, Option<&'static str>)>,
        /// The columns of the header.
        found: Vec<String>,
    },
    /// The header of a CSV feed has a column more than once.
    #[error("the header has the column {name:?} more than once: columns {}", listed(places))]
    TwiceInHeader {
        /// The name of the column.
        name: String,
        /// The columns with this name, counted from 1.
        places: Vec<usize>,
    },
    /// Something is wrong with a column that has another name than its own.
    #[error("{reason} (column {name:?})")]
    InColumn {
        /// What is wrong.
        reason: Box<Reason>,
        /// The name of the column in the header.
        name: String,
    },
    /// A quoted cell of a CSV feed does not end in its line.
    #[error(
        "a quote is not closed before the end of the line; a field must not contain a line end"
    )]
    OpenQuote,
    /// A time has days, months and years in the order of people.
    #[error("{field} {found:?} looks like days, months and years: {ways} reads it as UTC")]
    LikeDays {
        /// The field.
        field: &'static str,
        /// The time found.
        found: String,
        /// The options that read it.
        ways: &'static str,
    },
    /// The times of a feed look like seconds.
    #[error("ts_ms {0} looks like seconds: --time s reads it so, --time ms as ms")]
    LikeSeconds(i64),
    /// The times of a feed look like a unit that no option reads.
    #[error("ts_ms {0} looks like {1}, which no option reads: write it in ms")]
    LikeFiner(i64, &'static str),
    /// A kickoff of a feed is where tables put what they do not know.
    #[error(
        "kickoff_ms {0} is in 1970 or before: leave it empty where it is unknown, or --time takes it as it is"
    )]
    NoKickoff(i64),
    /// A time and a kickoff are of different units.
    #[error(
        "ts_ms {t} and kickoff_ms {kickoff} differ by a factor of about 1000, as ms and seconds do: both must be of one \
         unit, and --time s or --time ms says which"
    )]
    UnitsDiffer {
        /// The time.
        t: i64,
        /// The kickoff.
        kickoff: i64,
    },
    /// A price is written as another kind of odds.
    #[error("price {price:?} is {kind}: --odds {kind} reads it")]
    OtherOdds {
        /// The price.
        price: String,
        /// The kind.
        kind: &'static str,
    },
    /// A price has a decimal comma where others have a point, or the other way round.
    #[error("price {price:?} has another decimal mark than that of line {line}")]
    OtherMark {
        /// The price.
        price: String,
        /// The line of the first decimal mark.
        line: u64,
    },
    /// A row of a CSV feed has another number of columns than its header.
    #[error("{found} columns, but the header has {expected}")]
    Columns {
        /// The number of columns of the header.
        expected: u64,
        /// The number of columns of the row.
        found: u64,
    },
    /// A column that the row requires is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// The event graph has no such market.
    #[error("unknown market {0:?}")]
    UnknownMarket(String),
    /// The event graph has no such event.
    #[error("unknown event {0:?}")]
    UnknownEvent(String),
    /// No earlier read has this id.
    #[error("no earlier read has the id {0:?}")]
    UnknownRead(String),
    /// Of several configurations, one refuses the operation.
    #[error("{reason} (configuration {of})")]
    OfConfig {
        /// The reason.
        reason: Box<Reason>,
        /// The configuration's file.
        of: String,
    },
    /// The text is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotUtf8(&'static str),
}

/// What two reasons have in common that differ in the values they name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(Discriminant<Reason>, &'static str);

impl Reason {
    /// Its kind, for a field or a column by its own name.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::InColumn { reason, .. } | Self::OfConfig { reason, .. } => reason.kind(),
            Self::MissingField { field, .. }
            | Self::WrongType { field, .. }
            | Self::UnknownWord { field, .. }
            | Self::LikeDays { field, .. }
            | Self::NeedsMatch(field)
            | Self::Empty(field)
            | Self::NotUtf8(field) => Kind(discriminant(self), field),
            _ => Kind(discriminant(self), ""),
        }
    }

    /// A field that holds a value of another type or range.
    pub(crate) fn wrong_type(field: &'static str, expected: &'static str, found: &str) -> Self {
        Self::WrongType { field, expected, found: found.to_owned() }
    }
}

fn missing_columns(missing: &[(String, Option<&str>)], found: &[String]) -> String {
    let quoted = |names: &mut dyn Iterator<Item = &String>| {
        names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
    };
    if found.is_empty() {
        return "there is no header: every line is blank".into();
    }
    let noun = if missing.len() == 1 { "column" } else { "columns" };
    let mut text =
        format!("the header has no {noun} {}", quoted(&mut missing.iter().map(|(name, _)| name)));
    text.push_str("; columns found: ");
    text.push_str(&quoted(&mut found.iter()));
    let words = missing.iter().filter_map(|(_, word)| *word);
    let words: Vec<String> = words.map(|word| format!("{word}=NAME")).collect();
    if !words.is_empty() {
        let which = if words.len() == 1 { "which one it is" } else { "which they are" };
        text.push_str("; --columns ");
        text.push_str(&words.join(","));
        text.push_str(" says ");
        text.push_str(which);
    }
    text
}

/// A time for people, and as it stands in a file.
fn instant(t_ms: i64) -> String {
    Timestamp::from_millisecond(t_ms)
        .map_or_else(|_| format!("{t_ms} ms"), |instant| format!("{instant} ({t_ms} ms)"))
}

/// The command that does it, where there is one.
fn by(command: Option<&str>) -> String {
    command.map_or_else(String::new, |command| format!(", as by: {command}"))
}

fn listed(places: &[usize]) -> String {
    places.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_reads_as_file_line_reason() {
        let file: Arc<Path> = Arc::from(Path::new("day.jsonl"));
        let error = Error::line(&file, 12, Reason::BackInTime { t: 4, previous: 9, sort: None });
        assert_eq!(
            error.to_string(),
            "day.jsonl:12: time goes back from 1970-01-01T00:00:00.009Z (9 ms) to 1970-01-01T00:00:00.004Z (4 ms): the \
             lines must be sorted by time"
        );
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
