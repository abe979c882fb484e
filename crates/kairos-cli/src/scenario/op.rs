// The operations of a scenario as plain typed data.
// Never knows: how they were written down, what an engine makes of them, or the current time.
// Read next: `jsonl.rs` and `csv.rs` read them, `emit.rs` writes them.

use std::fmt;

use super::names::Name;

/// The last instant of a scenario, in ms since the Unix epoch, in the year 2255: the clock counts
/// nanoseconds from the same origin in 64 bits.
pub(crate) const LAST_MS: i64 = 9_000_000_000_000;

/// One operation at one instant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Op {
    /// When, in ms since the Unix epoch; never negative, never decreasing within a scenario.
    pub(crate) t_ms: i64,
    /// The line of the scenario that says so, counted from 1; 0 where no line does.
    pub(crate) line: u64,
    /// What happens.
    pub(crate) kind: OpKind,
}

/// What an operation does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OpKind {
    /// A price arrives.
    Odds {
        /// The match.
        match_id: Name,
        /// The market within the match.
        market: Name,
        /// The decimal price as it was sent; the engine judges it.
        price: f64,
    },
    /// Somebody reads a key.
    Get(Box<Get>),
    /// Something happens to a match.
    Event {
        /// The match.
        match_id: Name,
        /// The event, a name of the event graph.
        event: Name,
    },
    /// Entries are killed, or expired.
    Invalidate {
        /// Which entries.
        target: Target,
        /// Whether they die or only become stale.
        mode: Mode,
    },
    /// The caller of an earlier read goes away.
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
        /// What it becomes.
        status: MarketStatus,
    },
    /// The metrics are written down.
    Metrics,
    /// The metrics start again.
    Reset {
        /// One category, or all.
        category: Option<Category>,
    },
}

/// A read: `key` and `t` are all that it needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Get {
    /// What the answer and a cancellation call it.
    pub(crate) id: Option<ReadId>,
    /// The key.
    pub(crate) key: Name,
    /// The match; whatever else belongs to a match is given only with it.
    pub(crate) match_id: Option<Name>,
    /// The market within the match.
    pub(crate) market: Option<Name>,
    /// The match's kickoff in ms since the Unix epoch; before 1970 is allowed.
    pub(crate) kickoff_ms: Option<i64>,
    /// Whether the line-up is confirmed; says nothing where it is not given.
    pub(crate) lineup_confirmed: Option<bool>,
    /// The prices that the caller sees.
    pub(crate) current_odds: Option<Prices>,
    /// Tags beside those of the market.
    pub(crate) tags: Box<[Name]>,
    /// Whether the answer must be computed now.
    pub(crate) force_refresh: bool,
    /// The oldest answer that will do, in ms.
    pub(crate) max_age_ms: Option<u64>,
    /// What a compute for this read would do; the default one where it is not given.
    pub(crate) compute: Option<Compute>,
}

impl Get {
    /// A read of `key` that says nothing else.
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

/// What a compute does, on virtual time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compute {
    /// How long it takes, in ms.
    pub(crate) ms: u64,
    /// How it ends.
    pub(crate) result: ComputeResult,
    /// The value; `<key>#<n>` where it is not given, n counting the computes of the key that have started.
    pub(crate) value: Option<Name>,
}

/// How a compute ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ComputeResult {
    /// With a value.
    #[default]
    Ok,
    /// With an error.
    Error,
    /// With a panic.
    Panic,
    /// Never.
    Hang,
    /// With nothing to cache.
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

/// What an invalidation covers.
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

/// What an invalidation does to what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The entries die.
    Kill,
    /// The entries become stale (`"soft":true`).
    Expire,
}

/// Whether a market takes bets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarketStatus {
    /// It does.
    Open,
    /// It does not for now.
    Suspended,
    /// It does no more.
    Closed,
}

impl MarketStatus {
    pub(crate) const WORDS: &[(&'static str, Self)] =
        &[("open", Self::Open), ("suspended", Self::Suspended), ("closed", Self::Closed)];
}

/// A category of metrics that can be reset alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// Hits, misses, errors.
    Base,
    /// Scored reads.
    Volatility,
    /// Stored results by zone.
    GoldenHour,
    /// Stale-while-revalidate.
    Swr,
    /// Events and invalidations.
    Tags,
    /// Reads by strategy.
    Strategy,
    /// Requests and latencies.
    Performance,
}

impl Category {
    pub(crate) const WORDS: &[(&'static str, Self)] = &[
        ("base", Self::Base),
        ("volatility", Self::Volatility),
        ("golden_hour", Self::GoldenHour),
        ("swr", Self::Swr),
        ("tags", Self::Tags),
        ("strategy", Self::Strategy),
        ("performance", Self::Performance),
    ];

    /// The category's name in scenarios, `golden_hour` for one.
    pub(crate) fn name(self) -> &'static str {
        word_of(Self::WORDS, self)
    }
}

/// A read's id, without an allocation for those that a load makes.
///
/// [`ReadId::parse`] is the only way from text, so that one text has one representation.
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
    /// The id that is written `text`.
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

/// The word for a value of a word table, which holds every value.
pub(crate) fn word_of<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words
        .iter()
        .find_map(|(word, candidate)| (*candidate == value).then_some(*word))
        .expect("a word table names every value of its type")
}

/// A number as `Display` writes it: no sign, no leading zero.
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
        assert!(size_of::<Op>() <= 64, "{} bytes", size_of::<Op>());
    }

    #[test]
    fn every_word_stands_once() {
        for (at, (word, _)) in Category::WORDS.iter().enumerate() {
            assert!(Category::WORDS[at + 1..].iter().all(|(other, _)| other != word));
        }
        assert_eq!(Category::GoldenHour.name(), "golden_hour");
    }
}
