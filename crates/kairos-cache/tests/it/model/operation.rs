// What a sequence consists of: a configuration and operations, plain data that prints as it is read.
// Never knows: the cache, or what any of it leads to.
// Read next: `generate/mod.rs`, which draws sequences; `drive/mod.rs`, which runs them.

use kairos_cache::{Category, TradingStatus};

use crate::model::setup::Setup;

pub(crate) const KEYS: usize = 9;
pub(crate) const MATCHES: usize = 3;

/// Slots for pins and for fills that have begun.
pub(crate) const SLOTS: usize = 3;

/// The markets of the event graph with their tags.
pub(crate) const MARKETS: [(&str, &[&str]); 6] = [
    ("btts", &["goals", "both"]),
    ("over", &["goals"]),
    ("home", &["result"]),
    ("away", &["result", "both"]),
    ("cards", &["discipline"]),
    ("corners", &["pieces", "discipline", "music"]),
];

/// The events of the graph with their tags; the last affects one market, and what a context tags with it.
pub(crate) const EVENTS: [(&str, &[&str]); 4] = [
    ("goal", &["goals", "result"]),
    ("red", &["discipline"]),
    ("rain", &["goals", "pieces", "both"]),
    ("anthem", &["music"]),
];

/// Tags that contexts and invalidations name; but for the teams they are also tags of markets.
pub(crate) const TAGS: [&str; 6] =
    ["goals", "result", "discipline", "team:arsenal", "team:leeds", "music"];

/// Feeds: the one for which the cache speaks, and others by name.
pub(crate) const FEEDS: [&str; 4] = ["default", "exchange", "scout", "agency"];

/// Odds markets, which are observed and priced.
pub(crate) const PRICED: [&str; 2] = ["home_win", "draw"];

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MS;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;

/// Numbers between one operation's reads and the next one's: one with many reads takes more than one.
pub(crate) const STEP: usize = 16;

/// What the nth load of a key finds.
pub(crate) fn loaded(key: usize, nth: u64) -> u64 {
    (1 << 40) + ((key as u64) << 20) + nth
}

/// Whose load it is that finds a value.
pub(crate) fn loaded_key(value: u64) -> usize {
    (value >> 20) as usize & 15
}

/// What a call for many keys finds for one of them.
pub(crate) fn called(operation: usize, key: usize) -> u64 {
    (1 << 50) + ((operation as u64) << 8) + key as u64
}

/// A run of the cache from its building to its end.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    pub(crate) setup: Setup,
    pub(crate) ops: Vec<Op>,
}

/// The context of a read or a fill. Indices stand for names.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Named {
    pub(crate) in_match: Option<usize>,
    pub(crate) market: Option<usize>,
    /// Nanoseconds from the wall clock's now.
    pub(crate) kickoff_in: Option<i64>,
    pub(crate) lineup: Option<bool>,
    pub(crate) tags: Vec<usize>,
    pub(crate) odds: Vec<(usize, f64)>,
    pub(crate) force: bool,
    pub(crate) max_age: Option<u64>,
}

/// What a compute does: a read's closure, whose value is the number of the read, a call for many
/// keys, or the loader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    /// Nanoseconds.
    pub(crate) takes: u64,
    pub(crate) ends: Ending,
    /// The TTL that a value has of its own, in nanoseconds.
    pub(crate) ttl: Option<u64>,
    /// The tag that it finds, of a value or of one that stands.
    pub(crate) tag: Option<usize>,
    /// Whether a read's closure is given the live value that it would replace.
    pub(crate) asks: bool,
}

impl Work {
    /// How the loader fares with a key of which nothing else has been said.
    pub(crate) const USUAL: Work =
        Work { takes: 7 * MS + 77, ends: Ending::Value, ttl: None, tag: None, asks: false };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Value,
    /// The live value that it was to replace stands.
    NotModified,
    Nothing,
    Failure,
    Panic,
    Never,
}

/// What an invalidation or expiry is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Key(usize),
    Tag(usize),
    Match(usize),
    All,
}

/// How virtual time moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// By nanoseconds.
    For(u64),
    /// To the instant of the next timer, and so many nanoseconds beyond.
    NextTimer(u64),
    /// To an instant at which a decision about the key changes, and so many nanoseconds beyond.
    Edge { key: usize, edge: usize, beyond: i64 },
}

#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// `explain`, or `get_or_compute` where only the hit is looked at.
    Read {
        key: usize,
        context: Named,
        work: Work,
        hit_only: bool,
    },
    /// The blocking `explain`, or `get_or_compute` where only the hit is looked at, with a closure
    /// that ends at once; where it would have to wait, nothing.
    Block {
        key: usize,
        context: Named,
        ends: Ending,
        hit_only: bool,
    },
    /// `explain_read`, or `read` where only the hit is looked at.
    Load {
        key: usize,
        context: Named,
        hit_only: bool,
    },
    /// From now on the loader fares so with a key.
    Source {
        key: usize,
        work: Work,
    },
    /// `explain_many`, or `get_many` where only the hits are looked at.
    Many {
        reads: Vec<(usize, Named)>,
        work: Work,
        /// A key that is not in any answer.
        absent: Option<usize>,
        hit_only: bool,
    },
    Get {
        key: usize,
    },
    Peek {
        key: usize,
    },
    Pin {
        slot: usize,
        key: usize,
    },
    /// `Pinned::read`, or `Pinned::get` where only the value is looked at.
    ReadPin {
        slot: usize,
        hit_only: bool,
    },
    Begin {
        slot: usize,
        key: usize,
        context: Named,
    },
    Insert {
        slot: usize,
    },
    /// The caller of the nth of the reads that wait goes away.
    Cancel {
        nth: usize,
    },
    /// A price, dated so many nanoseconds after the wall clock's now.
    Odds {
        of: usize,
        priced: usize,
        price: f64,
        ahead: i64,
        feed: usize,
    },
    /// Prices of one match that are told together.
    Bulk {
        of: usize,
        prices: Vec<(usize, f64)>,
        ahead: i64,
        feed: usize,
    },
    Heartbeat {
        feed: usize,
    },
    Retire {
        feed: usize,
    },
    /// By a feed, whose word it is then, or by none.
    Status {
        of: usize,
        feed: Option<usize>,
        market: Option<usize>,
        status: TradingStatus,
    },
    Event {
        of: usize,
        event: usize,
    },
    Invalidate(Target),
    Expire(Target),
    Switch(bool),
    Reload(Box<Setup>),
    Pass(Wait),
    /// The wall clock alone moves, by nanoseconds.
    StepWall(i64),
    Stats,
    Reset(Option<Category>),
    Shutdown,
}
