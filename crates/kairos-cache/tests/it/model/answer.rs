// What a read says, in the same plain words whether the cache or the model says it.
// Never knows: which of the two is right.
// Read next: `drive/mod.rs`, which compares.

use kairos_cache::{FeedStatus, Reason, Source, Strategy, Volatility, Zone};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Value,
    Nothing,
    Failed,
    Panicked,
    TimedOut,
    Overloaded,
    Cancelled,
    ShutDown,
}

impl Outcome {
    pub(crate) const ALL: [Outcome; 8] = [
        Outcome::Value,
        Outcome::Nothing,
        Outcome::Failed,
        Outcome::Panicked,
        Outcome::TimedOut,
        Outcome::Overloaded,
        Outcome::Cancelled,
        Outcome::ShutDown,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Outcome::Value => "ok",
            Outcome::Nothing => "none",
            Outcome::Failed => "error",
            Outcome::Panicked => "panic",
            Outcome::TimedOut => "timeout",
            Outcome::Overloaded => "overloaded",
            Outcome::Cancelled => "cancelled",
            Outcome::ShutDown => "shut_down",
        }
    }
}

/// A finished read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The place of the read in its sequence.
    pub(crate) read: usize,
    /// Nanoseconds since the start.
    pub(crate) done: u64,
    pub(crate) outcome: Outcome,
    pub(crate) value: Option<u64>,
    /// None where the caller sees none: `get_or_compute` without a hit.
    pub(crate) receipt: Option<Receipt>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Receipt {
    pub(crate) strategy: Strategy,
    pub(crate) source: Source,
    pub(crate) reason: Reason,
    pub(crate) volatility: Volatility,
    pub(crate) z: f64,
    pub(crate) refresh_started: bool,
    pub(crate) feed: FeedStatus,
    /// None where there is no value: these then say nothing.
    pub(crate) of_value: Option<OfValue>,
}

/// What a receipt says about a value. Nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OfValue {
    pub(crate) zone: Zone,
    pub(crate) ttl: u64,
    pub(crate) age: u64,
    pub(crate) freshness: f64,
}

/// How a compute fares: that of a read's closure by the read, one by the loader by what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Progress {
    pub(crate) at: u64,
    pub(crate) of: u64,
    /// The keys of a call for many, a bit for each.
    pub(crate) keys: u16,
    pub(crate) stage: Stage,
}

/// What the loader is told of a value that it is to find.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Told {
    pub(crate) of: u64,
    pub(crate) in_match: Option<usize>,
    pub(crate) market: Option<usize>,
    pub(crate) tags: Vec<usize>,
}

/// What has happened since it was last asked for.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) answers: Vec<Answer>,
    pub(crate) progress: Vec<Progress>,
    pub(crate) told: Vec<Told>,
    /// The live value that the compute of a read was given, by the read.
    pub(crate) offered: Vec<(usize, Option<u64>)>,
    /// Keys whose live entry had to make room.
    pub(crate) evicted: Vec<usize>,
    /// When the end of the cache was complete.
    pub(crate) over: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Started,
    /// By itself, with whatever result.
    Ended,
    /// The work itself was stopped.
    Aborted,
}

impl Answer {
    /// Whether the cache says what the model says; what only the model sees is not compared.
    pub(crate) fn agrees(&self, cache: &Answer) -> bool {
        let receipts = match (&self.receipt, &cache.receipt) {
            (Some(model), Some(cache)) => model.agrees(cache),
            (_, None) => true,
            (None, Some(_)) => false,
        };
        (self.read, self.done, self.outcome, self.value)
            == (cache.read, cache.done, cache.outcome, cache.value)
            && receipts
    }
}

impl Receipt {
    pub(crate) fn agrees(&self, cache: &Receipt) -> bool {
        let of_value = match (&self.of_value, &cache.of_value) {
            (Some(model), Some(cache)) => {
                (model.zone, model.ttl, model.age) == (cache.zone, cache.ttl, cache.age)
                    && (model.freshness - cache.freshness).abs() < 1e-6
            }
            (model, cache) => model.is_none() && cache.is_none(),
        };
        let plain =
            |r: &Receipt| (r.strategy, r.source, r.reason, r.volatility, r.refresh_started, r.feed);
        plain(self) == plain(cache) && (self.z - cache.z).abs() < 1e-6 * self.z.max(1.0) && of_value
    }
}
