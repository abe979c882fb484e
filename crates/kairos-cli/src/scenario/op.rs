// The operations of a scenario as plain typed data.
// Never knows: how they were written down, what an engine makes of them, or the current time.
// Read next: `jsonl.rs` and `csv.rs` read them, `emit.rs` writes them.

use std::fmt;

use kairos_cache::{Category, TradingStatus};

use super::names::Name;

/// The last instant of a scenario, in ms since the Unix epoch, in the year 2255: the clock counts nanoseconds from the
/// same origin in 64 bits.
pub(crate) const LAST_MS: i64 = 9_000_000_000_000;

/// One operation at one instant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Op {
    /// The time, in ms since the Unix epoch; never negative, never decreasing within a scenario.
    pub(crate) t_ms: i64,
    /// The line of the scenario, counted from 1; 0 if the operation comes from no line.
    pub(crate) line: u64,
    /// The operation itself.
    pub(crate) kind: OpKind,
    /// The feed that tells it, if that is not the default one.
    pub(crate) feed: Option<Name>,
    /// It is a row of a feed: whatever becomes of it, the default feed has spoken.
    pub(crate) is_row: bool,
}

impl Op {
    /// An operation that no feed tells.
    pub(crate) fn new(t_ms: i64, line: u64, kind: OpKind) -> Self {
        Self { t_ms, line, kind, feed: None, is_row: false }
    }

    /// Whether it is a row of a feed that says nothing but that the feed is alive, as far as it can be told
    /// without a cache: a price that is none, or one of a kind that is left out.
    pub(crate) fn is_word_only(&self) -> bool {
        match self.kind {
            OpKind::Odds { price, .. } => self.is_row && price <= 1.0,
            OpKind::Heartbeat => self.is_row,
            _ => false,
        }
    }

    /// A row of a feed.
    pub(crate) fn row(t_ms: i64, line: u64, kind: OpKind) -> Self {
        Self { is_row: true, ..Self::new(t_ms, line, kind) }
    }
}

/// The kinds of operations.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OpKind {
    /// A price arrives.
    Odds {
        /// The match.
        match_id: Name,
        /// The market within the match.
        market: Name,
        /// The decimal price as it was sent; the engine validates it.
        price: f64,
    },
    /// A key is read.
    Get(Box<Get>),
    /// An event happens to a match.
    Event {
        /// The match.
        match_id: Name,
        /// The event's name in the event graph.
        event: Name,
    },
    /// Entries are killed, or expired.
    Invalidate {
        /// Which entries.
        target: Target,
        /// Whether they die or become stale.
        mode: Mode,
    },
    /// The caller of an earlier read cancels it.
    Cancel {
        /// The read's id.
        id: ReadId,
    },
    /// A match or one of its markets is opened, suspended or closed.
    Status {
        /// The match.
        match_id: Name,
        /// The market, or the whole match.
        market: Option<Name>,
        /// The new status.
        status: TradingStatus,
    },
    /// A feed says that it is alive.
    Heartbeat,
    /// The metrics are written among the decisions.
    Metrics,
    /// The metrics start again from zero.
    Reset {
        /// One category, or all.
        category: Option<Category>,
    },
}

/// A read, which requires only a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Get {
    /// The id by which the answer and a cancellation refer to the read.
    pub(crate) id: Option<ReadId>,
    /// The key.
    pub(crate) key: Name,
    /// The match; the other fields about a match require it.
    pub(crate) match_id: Option<Name>,
    /// The market within the match.
    pub(crate) market: Option<Name>,
    /// The match's kickoff in ms since the Unix epoch; before 1970 is allowed.
    pub(crate) kickoff_ms: Option<i64>,
    /// Whether the line-up is confirmed, if known.
    pub(crate) lineup_confirmed: Option<bool>,
    /// The prices that the caller knows.
    pub(crate) current_odds: Option<Prices>,
    /// Tags in addition to those of the market.
    pub(crate) tags: Box<[Name]>,
    /// Whether the answer must be computed now.
    pub(crate) force_refresh: bool,
    /// The largest accepted age of the value, in ms.
    pub(crate) max_age_ms: Option<u64>,
    /// The compute of this read, if the read starts one; the default compute if not given.
    pub(crate) compute: Option<Compute>,
}

impl Get {
    /// A read of `key` without any other field.
    pub(crate) fn new(key: Name) -> Self {
        Self {
            id: None,
            key,
            match_id: None,
            market: None,
            kickoff_ms: None,
            lineup_confirmed: None,
            current_odds: None,
            tags: Box::default(),
            force_refresh: false,
            max_age_ms: None,
            compute: None,
        }
    }
}

/// Prices by market, in the order in which they were given.
pub(crate) type Prices = Box<[(Name, f64)]>;

/// A simulated compute, on virtual time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compute {
    /// Its duration, in ms.
    pub(crate) ms: u64,
    /// Its result.
    pub(crate) result: ComputeResult,
    /// The value; `<key>#<n>` if not given, where n counts the computes of the key that have started.
    pub(crate) value: Option<Name>,
}

/// The result of a compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ComputeResult {
    /// A value.
    #[default]
    Ok,
    /// An error.
    Error,
    /// A panic.
    Panic,
    /// None: the compute never ends.
    Hang,
    /// No value: there is nothing to cache.
    Nothing,
}

impl ComputeResult {
    pub(crate) const WORDS: &[(&'static str, Self)] = &[
        ("ok", Self::Ok),
        ("error", Self::Error),
        ("panic", Self::Panic),
        ("hang", Self::Hang),
        ("none", Self::Nothing),
    ];
}

/// The entries that an invalidation covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One key.
    Key(Name),
    /// All entries with a tag, across matches.
    Tag(Name),
    /// All entries of a match.
    Match(Name),
    /// Every entry.
    All,
}

/// What an invalidation does to the entries that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The entries die.
    Kill,
    /// The entries become stale (`"soft":true`).
    Expire,
}

/// The id of a read; the ids of a read load need no allocation.
///
/// Only [`ReadId::parse`] makes an id of text, so that each text has one representation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ReadId {
    /// The `read`-th read of caller `caller`, both counted from 0; written `r3-17`.
    Caller {
        /// The caller.
        caller: u32,
        /// The caller's read.
        read: u32,
    },
    /// Any other text.
    Text(Name),
}

impl ReadId {
    /// The id with the text `text`.
    pub(crate) fn parse(text: &str) -> Self {
        let numbers = text.strip_prefix('r').and_then(|rest| rest.split_once('-'));
        let caller_and_read =
            numbers.and_then(|(caller, read)| Some((plain(caller)?, plain(read)?)));
        match caller_and_read {
            Some((caller, read)) => Self::Caller { caller, read },
            None => Self::Text(Name::from(text)),
        }
    }
}

impl fmt::Display for ReadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller { caller, read } => write!(f, "r{caller}-{read}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The word of a value in a word table, which has a word for every value.
pub(crate) fn word_of<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words
        .iter()
        .find_map(|(word, candidate)| (*candidate == value).then_some(*word))
        .expect("a word table names every value of its type")
}

/// Parses a number in the form that `Display` writes: no sign, no leading zero.
fn plain(digits: &str) -> Option<u32> {
    let canonical = digits == "0" || digits.starts_with(|first: char| ('1'..='9').contains(&first));
    if canonical { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_it_was_read() {
        for text in [
            "r0-0",
            "r3-17",
            "r4294967295-0",
            "r01-2",
            "r1-02",
            "r+1-2",
            "r1--2",
            "g1",
            "",
            "r4294967296-1",
        ] {
            assert_eq!(ReadId::parse(text).to_string(), text);
        }
        assert_eq!(ReadId::parse("r3-17"), ReadId::Caller { caller: 3, read: 17 });
        assert_eq!(ReadId::parse("r03-17"), ReadId::Text("r03-17".into()));
        assert_eq!(ReadId::parse("r4294967296-1"), ReadId::Text("r4294967296-1".into()));
    }

    #[test]
    fn an_operation_stays_small_because_reads_are_boxed() {
        assert!(size_of::<Op>() <= 88, "{} bytes", size_of::<Op>());
    }
}
