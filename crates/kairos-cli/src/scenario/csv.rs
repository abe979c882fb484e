// A CSV odds feed as operations: prices, the status changes between them, and news.
// Never reorders rows or infers a status from a price. Never knows: the readers.
// Read next: `csv/header.rs` for the columns, `load.rs`, which adds reads to the feed.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use foldhash::fast::FixedState;
use kairos_cache::TradingStatus;

use super::names::{Name, Names};
use super::op::{Op, OpKind};
use super::source::{Ends, Lines};
use crate::error::{Error, Reason};

mod cells;
mod days;
mod header;
mod options;
mod order;
mod prices;
mod record;
mod times;
mod words;

use self::header::Header;
use self::order::Order;
use self::prices::Prices;
use self::record::Record;
use self::words::{Meaning, Words, separator_line};

pub(crate) use self::header::Column;
pub(crate) use self::options::{BesidePrice, Cut, Dialect, FeedCounts};
pub(crate) use self::prices::OddsFormat;
pub(crate) use self::times::{TimeFormat, of_option as time_of_option};
pub(crate) use self::words::{ambiguous, named_status};

/// An operation of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The operation: odds, a status or an event.
    pub(crate) op: Op,
    /// The match's number, counted from 0 in the order of first appearance.
    pub(crate) match_index: Option<usize>,
    /// The newest kickoff given for the match up to this row, in ms since the Unix epoch.
    pub(crate) kickoff_ms: Option<i64>,
}

/// The rows of a feed that are operations, in the order of the file.
///
/// A row without a price is a status row or news, and only a status row changes a status, unless
/// [`Dialect::beside_price`] says that one beside a price does. A price that arrives for a suspended match remains a price;
/// [`FeedCounts::priced_while_barred`] counts them, and [`FeedCounts::not_applied`] the statuses that were passed over. A row
/// with a price and news, or a status that is applied, is two operations, the price second.
///
/// Prices and statuses before the beginning of the cut are operations too, so that whoever applies them knows what was
/// known then; news before it is not.
///
/// A bad row is an error item, after which the next row follows; an error of the reader ends the iteration.
#[derive(Debug)]
pub(crate) struct Feed<R> {
    lines: Lines<R>,
    record: Record,
    file: Arc<Path>,
    cut: Cut,
    dialect: Dialect,
    order: Order,
    prices: Prices,
    words: Words,
    names: Names,
    scratch: String,
    index: HashMap<Name, usize, FixedState>,
    matches: Vec<MatchState>,
    counts: FeedCounts,
    /// The price of a row whose news or status has been handed out.
    pending: Option<Row>,
    ended: bool,
}

#[derive(Debug)]
struct MatchState {
    kickoff_ms: Option<i64>,
    status: TradingStatus,
}

impl<R: BufRead> Feed<R> {
    /// The rows of `input` that `cut` keeps, written as `dialect` says; `file` is its name in messages.
    ///
    /// # Errors
    /// [`Error::Line`] for the header if it lacks a column that every feed needs, one that `dialect` or the cut names,
    /// or has one twice; [`Error::Read`] if the header cannot be read.
    pub(crate) fn new(file: &Path, input: R, cut: Cut, dialect: Dialect) -> Result<Self, Error> {
        let file: Arc<Path> = Arc::from(file);
        let mut lines = Lines::new(input, Ends::FeedsAndReturns);
        let advance = |lines: &mut Lines<R>| {
            lines.advance().map_err(|source| Error::Read { file: file.to_path_buf(), source })
        };
        let mut separator = dialect.separator;
        if advance(&mut lines)?
            && let Some(said) = separator_line(lines.line())
        {
            separator = separator.or(Some(said));
            advance(&mut lines)?;
        }
        let needed = cut.field.is_some().then_some(Column::Field);
        let read = Header::read(lines.line(), separator, &dialect.columns, needed);
        let lines_read = lines.number();
        let read = read.map_err(|reason| Error::line(&file, lines_read.max(1), reason))?;
        Ok(Self {
            lines,
            record: Record::new(read),
            order: Order::new(dialect.time, &file, lines_read),
            file,
            cut,
            words: Words::of(&dialect),
            prices: Prices::new(dialect.odds),
            dialect,
            names: Names::new(),
            scratch: String::new(),
            index: HashMap::default(),
            matches: Vec::new(),
            counts: FeedCounts::default(),
            pending: None,
            ended: false,
        })
    }

    /// The counts of the rows read so far.
    pub(crate) fn counts(&self) -> FeedCounts {
        FeedCounts { matches: self.matches.len(), ..self.counts }
    }

    /// The first of [`FeedCounts::unknown_words`].
    pub(crate) fn first_unknown_word(&self) -> Option<&str> {
        self.words.first_unknown()
    }

    /// The current line as a row, or nothing if the cut leaves it out, or the end of the cut.
    fn row(&mut self, line: u64) -> Result<Step, Reason> {
        if self.record.split(self.lines.line())?.is_blank() {
            return Ok(Step::Nothing);
        }
        let t_ms = self.order.time(&self.record)?;
        if self.cut.to_ms.is_some_and(|to_ms| t_ms >= to_ms) {
            return Ok(Step::End);
        }
        // A bad row must change nothing, and a row before the cut no count.
        let counts = self.counts;
        let parsed = match self.record.optional(Column::Price)? {
            Some(price) => {
                let price = self.prices.parse(price, line);
                let of = |reason| self.record.explain(Column::Price, reason);
                self.odds(price.map_err(of)?, t_ms)?
            }
            None => self.status_or_news(t_ms)?,
        };
        // Only now: the time of a bad row must not make the rows after it go back in time.
        self.order.advance(t_ms);
        if self.cut.is_before(t_ms) {
            self.counts = counts;
        } else {
            self.counts.rows += 1;
        }
        let Parsed { before, kind, match_index } = parsed;
        let kickoff_ms = match_index.and_then(|index| self.matches[index].kickoff_ms);
        let row = |kind| Row { op: Op::row(t_ms, line, kind), match_index, kickoff_ms };
        let is_told =
            |kind: &OpKind| !(matches!(kind, OpKind::Event { .. }) && self.cut.is_before(t_ms));
        let before = before.filter(is_told);
        self.pending = kind.map(row);
        Ok(before.map(row).or_else(|| self.pending.take()).map_or(Step::Nothing, Step::Row))
    }

    fn odds(&mut self, price: f64, t_ms: i64) -> Result<Parsed, Reason> {
        let runner = self.record.required(Column::Runner)?;
        let point = self.record.optional(Column::Point)?;
        let field = self.record.optional(Column::Field)?;
        // Each line (`point`) and each price kind (`field`) is a market of its own.
        self.scratch.clear();
        self.scratch.push_str(runner);
        for (mark, suffix) in [('@', point), ('#', field)] {
            if let Some(suffix) = suffix {
                self.scratch.push(mark);
                self.scratch.push_str(suffix);
            }
        }
        let is_wanted = self.cut.field.as_deref().is_none_or(|wanted| field == Some(wanted));
        let word = self.record.optional(Column::Event)?;
        let meaning = word.map(|word| self.words.beside_price(word));
        let (match_id, match_index) = self.sight_match(t_ms)?;
        let of = Arc::clone(&match_id);
        let before = match meaning {
            None => None,
            Some(Meaning::News(event)) => Some(OpKind::Event { match_id: of, event }),
            Some(Meaning::Status(status)) => self
                .status_beside_price(status, match_index)
                .map(|status| OpKind::Status { match_id: of, market: None, status }),
            Some(Meaning::Unknown) => {
                self.counts.unknown_words += 1;
                None
            }
        };
        let kind = if is_wanted {
            if price <= 1.0 {
                self.counts.prices_dropped += 1;
            } else if self.matches[match_index].status != TradingStatus::Open {
                self.counts.priced_while_barred += 1;
            }
            let market = self.names.intern(&self.scratch);
            Some(OpKind::Odds { match_id, market, price })
        } else {
            self.counts.other_fields += 1;
            Some(OpKind::Heartbeat)
        };
        Ok(Parsed { before, kind, match_index: Some(match_index) })
    }

    /// What a status beside a price changes: nothing where the match has it or where it is not to be applied.
    fn status_beside_price(
        &mut self,
        status: TradingStatus,
        match_index: usize,
    ) -> Option<TradingStatus> {
        let current = &mut self.matches[match_index].status;
        if *current == status {
            return None;
        }
        if self.dialect.beside_price == BesidePrice::Applied {
            *current = status;
            return Some(status);
        }
        self.counts.not_applied[status as usize] += 1;
        None
    }

    fn status_or_news(&mut self, t_ms: i64) -> Result<Parsed, Reason> {
        let Some(word) = self.record.optional(Column::Event)? else {
            return Err(self.record.explain(Column::Price, Reason::Empty(Column::Price.name())));
        };
        if word == HEARTBEAT && self.record.optional(Column::Runner)?.is_none() {
            let kind = Some(OpKind::Heartbeat);
            return Ok(Parsed { before: None, kind, match_index: None });
        }
        let Some(status) = self.words.status(word) else {
            let Some(event) = self.words.news(word) else {
                return Err(self.record.explain(Column::Event, self.words.unknown(word)));
            };
            let (match_id, match_index) = self.sight_match(t_ms)?;
            let before = Some(OpKind::Event { match_id, event });
            return Ok(Parsed { before, kind: None, match_index: Some(match_index) });
        };
        let (match_id, match_index) = self.sight_match(t_ms)?;
        self.matches[match_index].status = status;
        let kind = Some(OpKind::Status { match_id, market: None, status });
        Ok(Parsed { before: None, kind, match_index: Some(match_index) })
    }

    /// The match of the current row, whose kickoff it updates.
    fn sight_match(&mut self, t_ms: i64) -> Result<(Name, usize), Reason> {
        let kickoff_ms = self.record.optional(Column::Kickoff)?.map(|text| {
            let kickoff_ms = times::parse(text, self.dialect.time, "kickoff_ms")?;
            if self.dialect.time.is_none() {
                times::check_units(t_ms, kickoff_ms)?;
            }
            Ok(kickoff_ms)
        });
        let of = |reason| self.record.explain(Column::Kickoff, reason);
        let kickoff_ms = kickoff_ms.transpose().map_err(of)?;
        let name = self.record.required(Column::Match)?;
        let (match_id, match_index) = if let Some(known) = self.index.get_key_value(name) {
            (Arc::clone(known.0), *known.1)
        } else {
            let match_id: Name = Arc::from(name);
            self.index.insert(Arc::clone(&match_id), self.matches.len());
            self.matches.push(MatchState { kickoff_ms: None, status: TradingStatus::Open });
            (match_id, self.matches.len() - 1)
        };
        let state = &mut self.matches[match_index];
        state.kickoff_ms = kickoff_ms.or(state.kickoff_ms);
        Ok((match_id, match_index))
    }

    /// The end of the feed, or what is wrong with it as a whole.
    fn end(&mut self) -> Option<Error> {
        self.ended = true;
        self.prices.are_like_american().then(|| {
            Error::Usage(format!(
                "{}: every price is whole and at least 100, as American odds are: --odds american or --odds decimal \
                 must say what they are",
                self.file.display()
            ))
        })
    }
}

/// The event of a row that says only that the feed is alive.
pub(super) const HEARTBEAT: &str = "HEARTBEAT";

/// What a row is: news or a status that is applied before a price, and a price or a status.
struct Parsed {
    before: Option<OpKind>,
    kind: Option<OpKind>,
    match_index: Option<usize>,
}

enum Step {
    Row(Row),
    Nothing,
    End,
}

impl<R: BufRead> Iterator for Feed<R> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.pending.take() {
            return Some(Ok(row));
        }
        while !self.ended {
            match self.lines.advance() {
                Ok(true) => {}
                Ok(false) => return self.end().map(Err),
                Err(source) => {
                    self.ended = true;
                    return Some(Err(Error::Read { file: self.file.to_path_buf(), source }));
                }
            }
            let line = self.lines.number();
            match self.row(line) {
                Ok(Step::Row(row)) => return Some(Ok(row)),
                Ok(Step::Nothing) => {}
                Ok(Step::End) => return self.end().map(Err),
                Err(reason) => return Some(Err(Error::line(&self.file, line, reason))),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
