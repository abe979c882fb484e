// The header of a feed: what separates the cells, and which column is which.
// Never knows: what stands in the rows.
// Read next: `../csv.rs`, which reads the rows.

use super::cells::Cells;
use crate::error::Reason;

/// A column that a feed may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// The time of the row.
    Time,
    /// The match.
    Match,
    /// The market within the match.
    Runner,
    /// The price.
    Price,
    /// The kickoff of the match.
    Kickoff,
    /// The status, or news.
    Event,
    /// The line of the market.
    Point,
    /// The kind of the price.
    Field,
}

const ALL: [Column; 8] = [
    Column::Time,
    Column::Match,
    Column::Runner,
    Column::Price,
    Column::Kickoff,
    Column::Event,
    Column::Point,
    Column::Field,
];

impl Column {
    /// The column's name in a header, unless another is given.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Time => "ts_ms",
            Self::Match => "market_id",
            Self::Runner => "runner",
            Self::Price => "price",
            Self::Kickoff => "kickoff_ms",
            Self::Event => "event",
            Self::Point => "point",
            Self::Field => "field",
        }
    }

    /// The column's word in `--columns`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Match => "match",
            Self::Runner => "market",
            Self::Kickoff => "kickoff",
            other => other.name(),
        }
    }

    /// A column and its name in a header, from `word=name`.
    ///
    /// # Errors
    /// The words that there are.
    pub(crate) fn named(text: &str) -> Result<(Self, String), String> {
        let found = text.split_once('=').and_then(|(word, name)| {
            let is_it = |column: &Self| {
                [column.word(), column.name()].into_iter().any(|name| is_same(name, word.trim()))
            };
            Some((ALL.into_iter().find(is_it)?, name.trim().to_owned()))
        });
        found.filter(|(_, name)| !name.is_empty()).ok_or_else(|| {
            let words: Vec<_> = ALL.into_iter().map(Self::word).collect();
            format!("a column is given as WORD=NAME, where WORD is one of {}", words.join(", "))
        })
    }

    fn is_required(self) -> bool {
        matches!(self, Self::Time | Self::Match | Self::Runner | Self::Price)
    }
}

/// Where the columns are, which a header may have in any order and among others.
#[derive(Debug)]
pub(super) struct Header {
    /// By the order of [`ALL`].
    places: [Option<usize>; ALL.len()],
    names: Vec<String>,
}

/// What is between cells, unless a feed says it.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

impl Header {
    /// Reads the header: its columns, and the cells of the rows to come, which are separated by `separator`, or by
    /// whatever of comma, semicolon and tab makes most of the wanted columns, and then most columns. `renamed` says under
    /// which names columns stand; `needed` is required beside those that every feed needs.
    ///
    /// # Errors
    /// A column that is missing or there twice, or an open quote.
    pub(super) fn read(
        line: &[u8],
        separator: Option<u8>,
        renamed: &[(Column, String)],
        needed: Option<Column>,
    ) -> Result<(Self, Cells), Reason> {
        let wanted = ALL.map(|column| {
            let given = renamed.iter().find(|(other, _)| *other == column);
            (column, given.map_or(column.name(), |(_, name)| name), given.is_some())
        });
        let mut has_open_quote = false;
        let mut best: Option<((usize, usize), Vec<String>, Cells)> = None;
        for separator in separator.map_or(SEPARATORS.to_vec(), |given| vec![given]) {
            let mut cells = Cells::new(separator);
            // A quote that is closed before one separator may be open before another.
            if cells.split(line).is_err() {
                has_open_quote = true;
                continue;
            }
            let names = cells.iter().map(|name| String::from_utf8_lossy(name).into_owned());
            let names: Vec<String> = names.collect();
            let is_there = |name: &str| names.iter().any(|other| is_same(other, name));
            let found = wanted.iter().filter(|(_, name, _)| is_there(name)).count();
            let worth = (found, names.len());
            if best.as_ref().is_none_or(|(other, ..)| *other < worth) {
                best = Some((worth, names, cells));
            }
        }
        let (_, names, cells) = best.ok_or(Reason::OpenQuote)?;
        let mut places = [None; ALL.len()];
        let mut missing = Vec::new();
        for (place, (column, name, is_given)) in places.iter_mut().zip(wanted) {
            *place = place_of(&names, name)?;
            if place.is_none() && (is_given || column.is_required() || needed == Some(column)) {
                missing.push((name.to_owned(), (!is_given).then_some(column.word())));
            }
        }
        if !missing.is_empty() {
            return Err(if has_open_quote {
                Reason::OpenQuote
            } else {
                Reason::MissingColumns { missing, found: names }
            });
        }
        Ok((Self { places, names }, cells))
    }

    /// The number of columns.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The place of a column.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places[column as usize]
    }

    /// The reason, with the column's name in this feed if it is another.
    pub(super) fn explain(&self, column: Column, reason: Reason) -> Reason {
        match self.place(column).and_then(|place| self.names.get(place)) {
            Some(name) if !is_same(name, column.name()) => {
                Reason::InColumn { reason: Box::new(reason), name: name.clone() }
            }
            _ => reason,
        }
    }
}

/// The place of the column `name`: by its spelling, else in any case.
fn place_of(names: &[String], name: &str) -> Result<Option<usize>, Reason> {
    let places = |is_it: &dyn Fn(&str) -> bool| {
        let found = names.iter().enumerate().filter(|(_, other)| is_it(other));
        found.map(|(place, _)| place).collect::<Vec<_>>()
    };
    let in_any_case = places(&|other| is_same(other, name));
    match (&*places(&|other| other == name), &*in_any_case) {
        (_, [place]) => Ok(Some(*place)),
        (_, []) => Ok(None),
        (_, all) => Err(Reason::TwiceInHeader {
            name: name.to_owned(),
            places: all.iter().map(|place| place + 1).collect(),
        }),
    }
}

fn is_same(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}
