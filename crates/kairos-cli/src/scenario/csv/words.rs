// The words of a feed that are not data: statuses and news of the column `event`, and the separator that a spreadsheet says.
// Never knows: what a status does.
// Read next: `../csv.rs`, which reads them.

use kairos_cache::TradingStatus;

use super::super::names::Name;
use super::options::Dialect;
use crate::error::Reason;

/// The words of every feed.
const STATUSES: [(TradingStatus, &[&str]); 3] = [
    (TradingStatus::Open, &["OPEN", "PRE", "INPLAY"]),
    (TradingStatus::Suspended, &["SUSPENDED", "SUSPENDED_INPLAY"]),
    (TradingStatus::Closed, &["CLOSED"]),
];

/// The words of one feed.
#[derive(Debug)]
pub(super) struct Words {
    /// What this feed says for a status beside the words of every feed.
    own: Vec<(TradingStatus, String)>,
    news: Vec<Name>,
    /// The first word beside a price that is neither.
    first_unknown: Option<String>,
}

impl Words {
    /// The words of a dialect.
    pub(super) fn of(dialect: &Dialect) -> Self {
        Self { own: dialect.statuses.clone(), news: dialect.news.clone(), first_unknown: None }
    }

    /// The status of a word, in any case; this feed's own words go first.
    pub(super) fn status(&self, word: &str) -> Option<TradingStatus> {
        let own = self.own.iter().find(|(_, other)| is_same(other, word));
        let of_all = || {
            let is_one = |words: &[&str]| words.iter().any(|other| is_same(other, word));
            STATUSES.iter().find(|(_, words)| is_one(words)).map(|(status, _)| *status)
        };
        own.map(|(status, _)| *status).or_else(of_all)
    }

    /// The event of the event graph with this name, which is no status.
    pub(super) fn news(&self, word: &str) -> Option<Name> {
        if self.status(word).is_some() {
            return None;
        }
        self.news.iter().find(|event| event.eq_ignore_ascii_case(word)).cloned()
    }

    /// What a word beside a price is; the first one that is nothing is remembered.
    pub(super) fn beside_price(&mut self, word: &str) -> Meaning {
        if let Some(status) = self.status(word) {
            Meaning::Status(status)
        } else if let Some(event) = self.news(word) {
            Meaning::News(event)
        } else {
            self.first_unknown.get_or_insert_with(|| word.to_owned());
            Meaning::Unknown
        }
    }

    /// The first word beside a price that was neither a status nor news.
    pub(super) fn first_unknown(&self) -> Option<&str> {
        self.first_unknown.as_deref()
    }

    /// Why a word is refused that stands without a price and is neither.
    pub(super) fn unknown(&self, word: &str) -> Reason {
        let of_all = STATUSES.iter().flat_map(|(_, words)| *words).copied();
        let words: Vec<&str> = of_all.chain(self.own.iter().map(|(_, word)| &**word)).collect();
        Reason::UnknownStatus { expected: words.join(", "), found: word.to_owned() }
    }
}

/// What a word of the column `event` is.
#[derive(Debug)]
pub(super) enum Meaning {
    /// A status.
    Status(TradingStatus),
    /// An event of the event graph.
    News(Name),
    /// Neither.
    Unknown,
}

/// A status and a word for it, from `status=WORD`.
///
/// # Errors
/// The statuses that there are.
pub(crate) fn named_status(text: &str) -> Result<(TradingStatus, String), String> {
    let found = text.split_once('=').and_then(|(status, word)| {
        let status = status.trim().to_ascii_lowercase().parse().ok()?;
        Some((status, word.trim().to_owned())).filter(|(_, word)| !word.is_empty())
    });
    found.ok_or_else(|| {
        let names = TradingStatus::ALL.map(TradingStatus::name).join(", ");
        format!("a word is given as STATUS=WORD, where STATUS is one of {names}")
    })
}

/// The first word that is given for two statuses.
pub(crate) fn ambiguous(statuses: &[(TradingStatus, String)]) -> Option<&str> {
    let is_other = |(status, word): &(TradingStatus, String)| {
        statuses.iter().any(|(other, same)| other != status && is_same(same, word))
    };
    statuses.iter().find(|given| is_other(given)).map(|(_, word)| &**word)
}

/// Whether two words differ in their case at most.
fn is_same(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
        || (!word.is_ascii() && word.to_lowercase() == other.to_lowercase())
}

/// The separator that a first line such as `sep=;` says, which spreadsheets write before the header.
pub(super) fn separator_line(line: &[u8]) -> Option<u8> {
    match line.trim_ascii_start() {
        [
            b's' | b'S',
            b'e' | b'E',
            b'p' | b'P',
            b'=',
            separator @ (b',' | b';' | b'\t'),
            rest @ ..,
        ] if rest.trim_ascii().is_empty() => Some(*separator),
        _ => None,
    }
}
