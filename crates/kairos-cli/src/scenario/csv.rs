// A CSV odds feed as operations: prices, and the status changes between them.
// Never reorders rows or infers a status from a price. Never knows: the readers.
// Read next: `load.rs`, which adds reads to the feed.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use foldhash::fast::FixedState;

use super::names::{Name, Names};
use super::op::{LAST_MS, MarketStatus, Op, OpKind};
use crate::error::{Error, Reason};

/// Which rows of a feed are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The only price kind (column `field`) to keep; status rows stay whatever their kind.
    pub(crate) field: Option<String>,
    /// The first instant, in ms since the Unix epoch.
    pub(crate) from_ms: Option<i64>,
    /// The end, exclusive, in ms since the Unix epoch.
    pub(crate) to_ms: Option<i64>,
}

/// Counts of a feed beside its operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FeedCounts {
    /// Prices that were dropped because they were 1.0 or less, or not finite.
    pub(crate) prices_dropped: u64,
    /// Prices that were left out because they were of another kind than [`Cut::field`].
    pub(crate) other_fields: u64,
    /// Prices that were kept although their match was suspended or closed.
    pub(crate) priced_while_barred: u64,
    /// Matches in the rows read so far.
    pub(crate) matches: usize,
}

/// One row that became an operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The operation: odds or a status.
    pub(crate) op: Op,
    /// The match's number, counted from 0 in the order of first appearance.
    pub(crate) match_index: usize,
    /// The newest kickoff given for the match up to this row, in ms since the Unix epoch.
    pub(crate) kickoff_ms: Option<i64>,
}

/// The rows of a feed that are operations, in the order of the file.
///
/// A row without a price is a status row, and only a status row changes a status: a price that arrives for a suspended
/// match remains a price, whatever its `event` column says. [`FeedCounts::priced_while_barred`] counts such prices.
///
/// A bad row is an error item, after which the next row follows; an error of the reader ends the iteration.
#[derive(Debug)]
pub(crate) struct Feed<R> {
    reader: Reader<R>,
    file: Arc<Path>,
    columns: Columns,
    cut: Cut,
    record: ByteRecord,
    names: Names,
    scratch: String,
    index: HashMap<Name, usize, FixedState>,
    matches: Vec<MatchState>,
    counts: FeedCounts,
    newest_ms: i64,
    ended: bool,
}

#[derive(Debug)]
struct MatchState {
    kickoff_ms: Option<i64>,
    status: MarketStatus,
}

/// The indices of the columns, which the header may have in any order and among others.
#[derive(Debug)]
struct Columns {
    ts_ms: usize,
    market_id: usize,
    runner: usize,
    price: usize,
    kickoff_ms: Option<usize>,
    event: Option<usize>,
    point: Option<usize>,
    field: Option<usize>,
}

impl<R: Read> Feed<R> {
    /// The rows of `input` that `cut` keeps; `file` is its name in messages.
    ///
    /// # Errors
    /// [`Error::Line`] for line 1 if the header has no `ts_ms`, `market_id`, `runner` or `price`, or no `field` while
    /// the cut names one; [`Error::Read`] if the header cannot be read.
    pub(crate) fn new(file: &Path, input: R, cut: Cut) -> Result<Self, Error> {
        let file: Arc<Path> = Arc::from(file);
        let mut reader = ReaderBuilder::new().from_reader(input);
        let header = match reader.byte_headers() {
            Ok(header) => header,
            Err(error) => return Err(failed(&file, error)),
        };
        let missing = |reason| Error::line(&file, 1, reason);
        let columns = Columns::of(header).map_err(missing)?;
        if cut.field.is_some() && columns.field.is_none() {
            return Err(missing(Reason::MissingColumn("field")));
        }
        Ok(Self {
            reader,
            file,
            columns,
            cut,
            record: ByteRecord::new(),
            names: Names::new(),
            scratch: String::new(),
            index: HashMap::default(),
            matches: Vec::new(),
            counts: FeedCounts::default(),
            newest_ms: 0,
            ended: false,
        })
    }

    /// The counts of the rows read so far.
    pub(crate) fn counts(&self) -> FeedCounts {
        FeedCounts { matches: self.matches.len(), ..self.counts }
    }

    /// The current record as a row, or nothing if the cut leaves it out, or the end of the cut.
    fn row(&mut self, line: u64) -> Result<Step, Reason> {
        let t_ms = integer(cell(&self.record, self.columns.ts_ms), "ts_ms")?;
        if !(0..=LAST_MS).contains(&t_ms) {
            let expected = "a whole number from 0 to 9000000000000";
            return Err(wrong("ts_ms", expected, &t_ms.to_string()));
        }
        if t_ms < self.newest_ms {
            return Err(Reason::BackInTime { t: t_ms, previous: self.newest_ms });
        }
        if self.cut.to_ms.is_some_and(|to_ms| t_ms >= to_ms) {
            return Ok(Step::End);
        }
        if self.cut.from_ms.is_some_and(|from_ms| t_ms < from_ms) {
            self.newest_ms = t_ms;
            return Ok(Step::Nothing);
        }
        let (kind, match_index) = match optional(&self.record, Some(self.columns.price)) {
            Some(price) => self.odds(price_of(price)?)?,
            None => self.status()?,
        };
        // Only now: the time of a bad row must not make the rows after it go back in time.
        self.newest_ms = t_ms;
        let kickoff_ms = self.matches[match_index].kickoff_ms;
        Ok(match kind {
            Some(kind) => Step::Row(Row { op: Op { t_ms, line, kind }, match_index, kickoff_ms }),
            None => Step::Nothing,
        })
    }

    fn odds(&mut self, price: f64) -> Result<(Option<OpKind>, usize), Reason> {
        let runner = utf8(cell(&self.record, self.columns.runner), "runner")?;
        if runner.is_empty() {
            return Err(Reason::Empty("runner"));
        }
        let point = optional(&self.record, self.columns.point);
        let point = point.map(|text| utf8(text, "point")).transpose()?;
        let field = optional(&self.record, self.columns.field);
        let field = field.map(|text| utf8(text, "field")).transpose()?;
        // Each line (`point`) and each price kind (`field`) is a market of its own.
        self.scratch.clear();
        self.scratch.push_str(runner);
        for (mark, suffix) in [('@', point), ('#', field)] {
            if let Some(suffix) = suffix {
                self.scratch.push(mark);
                self.scratch.push_str(suffix);
            }
        }
        let wanted = self.cut.field.as_deref().is_none_or(|wanted| field == Some(wanted));
        let (match_id, match_index) = self.sight_match()?;
        if !wanted {
            self.counts.other_fields += 1;
            return Ok((None, match_index));
        }
        if !(price.is_finite() && price > 1.0) {
            self.counts.prices_dropped += 1;
            return Ok((None, match_index));
        }
        if self.matches[match_index].status != MarketStatus::Open {
            self.counts.priced_while_barred += 1;
        }
        let market = self.names.intern(&self.scratch);
        Ok((Some(OpKind::Odds { match_id, market, price }), match_index))
    }

    fn status(&mut self) -> Result<(Option<OpKind>, usize), Reason> {
        let event = optional(&self.record, self.columns.event).ok_or(Reason::Empty("price"))?;
        let status = match event {
            b"OPEN" | b"PRE" | b"INPLAY" => MarketStatus::Open,
            b"SUSPENDED" | b"SUSPENDED_INPLAY" => MarketStatus::Suspended,
            b"CLOSED" => MarketStatus::Closed,
            other => {
                return Err(Reason::UnknownWord {
                    field: "event",
                    expected: "OPEN, PRE, INPLAY, SUSPENDED, SUSPENDED_INPLAY, CLOSED in a row without a price",
                    found: String::from_utf8_lossy(other).into_owned(),
                });
            }
        };
        let (match_id, match_index) = self.sight_match()?;
        self.matches[match_index].status = status;
        Ok((Some(OpKind::Status { match_id, market: None, status }), match_index))
    }

    /// The match of the current record, whose kickoff it updates.
    fn sight_match(&mut self) -> Result<(Name, usize), Reason> {
        let kickoff_ms = optional(&self.record, self.columns.kickoff_ms)
            .map(|text| integer(text, "kickoff_ms"))
            .transpose()?;
        let text = utf8(cell(&self.record, self.columns.market_id), "market_id")?;
        if text.is_empty() {
            return Err(Reason::Empty("market_id"));
        }
        let match_id = self.names.intern(text);
        let match_index = if let Some(index) = self.index.get(text) {
            *index
        } else {
            self.index.insert(Arc::clone(&match_id), self.matches.len());
            self.matches.push(MatchState { kickoff_ms: None, status: MarketStatus::Open });
            self.matches.len() - 1
        };
        let state = &mut self.matches[match_index];
        state.kickoff_ms = kickoff_ms.or(state.kickoff_ms);
        Ok((match_id, match_index))
    }
}

enum Step {
    Row(Row),
    Nothing,
    End,
}

impl<R: Read> Iterator for Feed<R> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let error = failed(&self.file, error);
                    self.ended = !error.is_line();
                    return Some(Err(error));
                }
            }
            let line = self.record.position().map_or(0, csv::Position::line);
            match self.row(line) {
                Ok(Step::Row(row)) => return Some(Ok(row)),
                Ok(Step::Nothing) => {}
                Ok(Step::End) => break,
                Err(reason) => return Some(Err(Error::line(&self.file, line, reason))),
            }
        }
        self.ended = true;
        None
    }
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, Reason> {
        let find = |name: &str| header.iter().position(|column| column == name.as_bytes());
        let need = |name| find(name).ok_or(Reason::MissingColumn(name));
        Ok(Self {
            ts_ms: need("ts_ms")?,
            market_id: need("market_id")?,
            runner: need("runner")?,
            price: need("price")?,
            kickoff_ms: find("kickoff_ms"),
            event: find("event"),
            point: find("point"),
            field: find("field"),
        })
    }
}

/// The reader refuses rows of another width than the header, so every column exists.
fn cell(record: &ByteRecord, column: usize) -> &[u8] {
    record.get(column).unwrap_or_default()
}

fn optional(record: &ByteRecord, column: Option<usize>) -> Option<&[u8]> {
    column.map(|column| cell(record, column)).filter(|text| !text.is_empty())
}

fn utf8<'a>(text: &'a [u8], field: &'static str) -> Result<&'a str, Reason> {
    str::from_utf8(text).map_err(|_| Reason::NotUtf8(field))
}

fn integer(text: &[u8], field: &'static str) -> Result<i64, Reason> {
    let text = utf8(text, field)?;
    text.parse().map_err(|_| wrong(field, "a whole number", &format!("{text:?}")))
}

fn price_of(text: &[u8]) -> Result<f64, Reason> {
    let text = utf8(text, "price")?;
    text.parse().map_err(|_| wrong("price", "a number", &format!("{text:?}")))
}

fn wrong(field: &'static str, expected: &'static str, found: &str) -> Reason {
    Reason::WrongType { field, expected, found: found.to_owned() }
}

fn failed(file: &Arc<Path>, error: csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(source) => Error::Read { file: file.to_path_buf(), source },
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Error::line(file, line, Reason::Columns { expected: expected_len, found: len })
        }
        // The reader returns no other kind for byte records; a kind that the library adds is shown as it is.
        other => Error::Read {
            file: file.to_path_buf(),
            source: std::io::Error::other(format!("{other:?}")),
        },
    }
}

#[cfg(test)]
mod tests;
