// Everything that an operation can fail with, by kind.
// Never knows: how an error is logged or shown.
// Read next: `cache/mod.rs`, whose operations return them.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;

use crate::policy::GraphError;

/// The error of a cache operation. Cheap to clone: all reads that waited for a compute share its
/// error.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The compute returned this error; all reads that waited for it share the error.
    #[error("the compute failed: {0}")]
    Compute(#[source] Arc<dyn StdError + Send + Sync>),
    /// The compute panicked with this message.
    #[error("the compute panicked: {0}")]
    Panicked(Arc<str>),
    /// The compute exceeded its time limit (`computes.hard_timeout`, for a refresh
    /// `swr.refresh_timeout`) and was aborted.
    #[error("the compute exceeded its time limit and was aborted")]
    Timeout,
    /// The queue of computes (`computes.queue`) is full, or as many keys as `bounds.flights` allows
    /// are being computed or filled.
    #[error("the cache is overloaded: computes.queue or bounds.flights is reached")]
    Overloaded,
    /// The cache has been shut down and no longer starts computes.
    #[error("the cache has been shut down")]
    ShutDown,
    /// As many matches as `bounds.matches` allows exist, and all of them are in use.
    #[error("bounds.matches is reached, and every match is in use")]
    TooManyMatches,
    /// The compute found no value for this key.
    #[error("there is no value for this key")]
    Nothing,
    /// The runtime dropped the compute before it finished, for example because it shut down.
    #[error("the compute was dropped before it finished")]
    Aborted,
    /// A read inside a compute would wait for that compute, directly or through others; or a compute
    /// would wait for the shutdown of its own cache.
    #[error("a read inside a compute would wait for that compute")]
    Reentrant,
    /// The process was forked while another thread was inside the cache, which is of no use in the
    /// child; or a read waited for a compute that is the parent's.
    #[error("the process was forked while the cache was in use")]
    Forked,
    /// The event graph has no market of this name.
    #[error("unknown market {0:?}")]
    UnknownMarket(Box<str>),
    /// The event graph has no event of this name.
    #[error("unknown event {0:?}")]
    UnknownEvent(Box<str>),
    /// The context gives a property of a match, named here, but no match.
    #[error("the context gives {0} but names no match")]
    NoMatch(&'static str),
    /// The cache was built without a [`loader`](crate::Builder::loader), which this read needs.
    #[error("the cache was built without a loader")]
    NoLoader,
    /// A blocking read would have to wait on a thread that drives an async runtime.
    #[error("a blocking read would block the async runtime that this thread drives")]
    BlocksRuntime,
    /// The match with this name was resolved by another cache.
    #[error("the match {0:?} was resolved by another cache")]
    ForeignScope(Box<str>),
    /// An observation of odds was refused and changed no window.
    #[error("observation refused: {0}")]
    Observation(#[from] ObservationError),
    /// The value of a configuration field is not allowed.
    #[error("configuration: {field} must be {allowed}")]
    Config {
        /// Path of the field, as in `volatility.panic_sigma`.
        field: &'static str,
        /// The allowed values, as the end of a sentence: "the field must be …".
        allowed: &'static str,
    },
    /// The text of a configuration is not TOML, or has an unknown field or a value of a wrong type.
    #[error("configuration: {}{message}", line.map(|l| format!("line {l}: ")).unwrap_or_default())]
    ConfigSyntax {
        /// The line, counted from 1, if it is known.
        line: Option<usize>,
        /// The path of the field, if it is known, and the reason.
        message: Arc<str>,
    },
    /// The content of a configuration's or an event graph's file is invalid.
    #[error("{}:{} {source}", file.display(), line.map(|l| format!("{l}:")).unwrap_or_default())]
    InFile {
        /// Path of the file.
        file: Arc<Path>,
        /// The line, counted from 1, if it is known.
        line: Option<usize>,
        /// The error in the content.
        source: Arc<Error>,
    },
    /// A configuration's or an event graph's file could not be read.
    #[error("{}: cannot read the file: {source}", file.display())]
    ReadFile {
        /// Path of the file.
        file: Arc<Path>,
        /// The error of the operating system.
        source: Arc<std::io::Error>,
    },
    /// The event graph is invalid.
    #[error("event graph: {0}")]
    Graph(#[from] GraphError),
    /// A metric of the cache could not be registered.
    #[error("cannot register the cache's metrics: {0}")]
    Metrics(Arc<str>),
    /// The operating system did not start the thread for background tasks.
    #[error("cannot start the background thread: {0}")]
    Thread(#[source] Arc<std::io::Error>),
}

impl Error {
    /// Whether the compute itself failed, panicked or exceeded its time limit.
    pub fn is_compute_failure(&self) -> bool {
        matches!(self, Error::Compute(_) | Error::Panicked(_) | Error::Timeout)
    }

    /// Whether fail-safe covers reads that the compute leaves without a value.
    pub(crate) fn lets_old_values_answer(&self) -> bool {
        self.is_compute_failure() || matches!(self, Error::Aborted | Error::Overloaded)
    }
}

/// The reason why an observation of odds was refused.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObservationError {
    /// The price is not a finite number above 1.0.
    #[error("the price must be a finite number above 1.0, not {0}")]
    Price(f64),
    /// The observation is older than the window (`volatility.window`).
    #[error("the observation is older than volatility.window")]
    TooOld,
    /// The observation is older than the newest one of its odds market.
    #[error("the observation is older than the newest one of its odds market")]
    OutOfOrder,
    /// The observation is dated more than 60 s ahead of the clock.
    #[error("the observation is dated more than 60 s ahead of the clock")]
    InFuture,
    /// The odds market is new, and its match has as many as `bounds.markets` allows, all of them
    /// with an observation within the window.
    #[error("the match has bounds.markets odds markets already")]
    TooManyMarkets,
}
