//! Everything that can go wrong, by kind.
//! Never knows: how an error is logged or shown.
//! Read next: `cache.rs`, which returns them.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;

use crate::policy::events::GraphError;

/// What a cache operation can fail with. Cheap to clone: waiters of one compute share it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The compute returned this error; everyone who waited for it shares it.
    #[error("the compute failed: {0}")]
    Compute(#[source] Arc<dyn StdError + Send + Sync>),
    /// The compute panicked with this message.
    #[error("the compute panicked: {0}")]
    Panicked(Arc<str>),
    /// The compute did not finish within its time and was aborted.
    #[error("the compute ran out of time and was aborted")]
    Timeout,
    /// Too many computes run and too many wait, or too many keys have a compute or a fill.
    #[error("too many computes are running and waiting")]
    Overloaded,
    /// The cache has been shut down: it starts no compute any more.
    #[error("the cache has been shut down")]
    ShutDown,
    /// The match has no state, because as many as `bounds.matches` allows are in use.
    #[error("too many matches are in use")]
    TooManyMatches,
    /// The compute says that there is nothing for this key.
    #[error("there is no value for this key")]
    Nothing,
    /// The runtime dropped the compute before it finished, as it does when it shuts down.
    #[error("the compute was dropped before it finished")]
    Aborted,
    /// The event graph has no such market.
    #[error("unknown market {0:?}")]
    UnknownMarket(Box<str>),
    /// The event graph has no such event.
    #[error("unknown event {0:?}")]
    UnknownEvent(Box<str>),
    /// A context gives something that belongs to a match, but names no match.
    #[error("the context gives {0} but names no match")]
    NoMatch(&'static str),
    /// The cache was built without a loader, so that it can read only with a closure.
    #[error("the cache has no loader")]
    NoLoader,
    /// A blocking read was made on a thread that drives an async runtime, which would stop.
    #[error("a blocking read would stop the async runtime that this thread drives")]
    BlocksRuntime,
    /// The match was resolved by another cache.
    #[error("the match {0:?} was resolved by another cache")]
    ForeignScope(Box<str>),
    /// An observation was refused; the windows are as before.
    #[error("observation refused: {0}")]
    Observation(#[from] ObservationError),
    /// A configuration field is out of range.
    #[error("configuration: {field} must be {allowed}")]
    Config {
        /// The field, as in `volatility.panic_sigma`.
        field: &'static str,
        /// The allowed range, in words.
        allowed: &'static str,
    },
    /// A configuration text says something that no configuration says.
    #[error("configuration: {}{message}", line.map(|l| format!("line {l}: ")).unwrap_or_default())]
    ConfigSyntax {
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
        /// The field, where it is known, and what is wrong with it.
        message: Arc<str>,
    },
    /// What a configuration's or an event graph's file says is wrong.
    #[error("{}:{} {source}", file.display(), line.map(|l| format!("{l}:")).unwrap_or_default())]
    InFile {
        /// The file.
        file: Arc<Path>,
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
        /// What is wrong.
        source: Arc<Error>,
    },
    /// A configuration's or an event graph's file could not be read.
    #[error("{}: {source}", file.display())]
    ReadFile {
        /// The file.
        file: Arc<Path>,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// The event graph is malformed.
    #[error("event graph: {0}")]
    Graph(#[from] GraphError),
    /// A metric could not be registered.
    #[error("metrics: {0}")]
    Metrics(Arc<str>),
    /// The thread for background tasks could not be started.
    #[error("cannot start the background thread: {0}")]
    Thread(#[source] Arc<std::io::Error>),
}

impl Error {
    /// Whether the compute itself failed, panicked or ran out of time.
    pub fn is_compute_failure(&self) -> bool {
        matches!(self, Error::Compute(_) | Error::Panicked(_) | Error::Timeout)
    }
}

/// Why an observation of odds was refused.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObservationError {
    /// Decimal odds are finite and above 1.0.
    #[error("price {0} is not a decimal price above 1.0")]
    Price(f64),
    /// Older than the window.
    #[error("it is older than the window")]
    TooOld,
    /// Older than the newest observation of its market.
    #[error("it is older than the newest observation of its market")]
    OutOfOrder,
    /// Dated more than 60 s ahead of now.
    #[error("it is dated more than 60 s ahead")]
    InFuture,
    /// The first of a market of a match that has as many markets as may be, all within the window.
    #[error("its match has too many markets")]
    TooManyMarkets,
}
