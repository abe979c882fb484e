// Everything that an operation can fail with, by kind.
// Never knows: how an error is logged or shown.
// Read next: `cache/mod.rs`, whose operations return them.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;

use crate::policy::GraphError;

/// The error of a cache operation. Cheap to clone: all reads that waited for a compute share its
/// error.
///
/// Shown, it says everything; [`source`](StdError::source) goes on only with what is not in the text:
/// whoever prints the chain prints nothing twice.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kairos_cache::{Cache, Context, ErrorKind};
/// use std::num::ParseIntError;
///
/// let cache: Cache<u8, i32> = Cache::builder().build()?;
/// let parse = || async { "x".parse::<i32>() };
/// let error = cache.get_or_compute(&1, &Context::none(), parse).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Compute);
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert!(error.compute_error::<ParseIntError>().is_some());
/// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The compute returned this error; all reads that waited for it share the error. It is shown as
    /// the compute's own, which [`Error::compute_error`] gives back.
    #[error(transparent)]
    Compute(Arc<dyn StdError + Send + Sync>),
    /// The compute panicked with this message.
    #[error("the compute panicked: {0}")]
    Panicked(Arc<str>),
    /// Time was up: the compute's, which was aborted (`computes.hard_timeout`, for a refresh
    /// `swr.refresh_timeout`); that of its wait for a turn (`computes.queue_timeout`); or the deadline of
    /// a blocking handle.
    #[error("the compute, its turn or a reader's own deadline took too long")]
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
    Observation(ObservationError),
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
    #[error("{}:{} {error}", file.display(), line.map(|l| format!("{l}:")).unwrap_or_default())]
    InFile {
        /// Path of the file.
        file: Arc<Path>,
        /// The line, counted from 1, if it is known.
        line: Option<usize>,
        /// The error in the content.
        error: Arc<Error>,
    },
    /// A configuration's or an event graph's file could not be read.
    #[error("{}: cannot read the file: {error}", file.display())]
    ReadFile {
        /// Path of the file.
        file: Arc<Path>,
        /// The error of the operating system.
        error: Arc<std::io::Error>,
    },
    /// The event graph is invalid.
    #[error("event graph: {0}")]
    Graph(GraphError),
    /// A metric of the cache could not be registered.
    #[error("cannot register the cache's metrics: {0}")]
    Metrics(Arc<str>),
    /// The operating system did not start the thread for background tasks.
    #[error("cannot start the background thread: {0}")]
    Thread(Arc<std::io::Error>),
}

impl Error {
    /// Returns the kind of the error, by which a caller may decide what to do.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Error::Compute(_) => ErrorKind::Compute,
            Error::Panicked(_) => ErrorKind::Panicked,
            Error::Timeout => ErrorKind::Timeout,
            Error::Overloaded | Error::TooManyMatches => ErrorKind::Overloaded,
            Error::ShutDown => ErrorKind::ShutDown,
            Error::Nothing => ErrorKind::Nothing,
            Error::Aborted | Error::Forked => ErrorKind::Aborted,
            Error::UnknownMarket(_) | Error::UnknownEvent(_) => ErrorKind::UnknownName,
            Error::Reentrant
            | Error::NoMatch(_)
            | Error::NoLoader
            | Error::BlocksRuntime
            | Error::ForeignScope(_) => ErrorKind::Misuse,
            Error::Observation(_) => ErrorKind::Observation,
            Error::Config { .. }
            | Error::ConfigSyntax { .. }
            | Error::InFile { .. }
            | Error::ReadFile { .. }
            | Error::Graph(_)
            | Error::Metrics(_) => ErrorKind::Configuration,
            Error::Thread(_) => ErrorKind::System,
        }
    }

    /// Returns the compute's own error, or the first that it stems from, that is of this type. An error
    /// that `anyhow` has boxed hides its own type, and shows those of its causes.
    pub fn compute_error<E: StdError + 'static>(&self) -> Option<&E> {
        let Error::Compute(error) = self else { return None };
        let mut next: Option<&(dyn StdError + 'static)> = Some(&**error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Whether the compute itself failed, panicked or exceeded its time limit.
    pub fn is_compute_failure(&self) -> bool {
        matches!(self, Error::Compute(_) | Error::Panicked(_) | Error::Timeout)
    }

    /// Whether fail-safe covers reads that the compute leaves without a value.
    pub(crate) fn lets_old_values_answer(&self) -> bool {
        self.is_compute_failure() || matches!(self, Error::Aborted | Error::Overloaded)
    }
}

impl From<ObservationError> for Error {
    fn from(error: ObservationError) -> Error {
        Error::Observation(error)
    }
}

impl From<GraphError> for Error {
    fn from(error: GraphError) -> Error {
        Error::Graph(error)
    }
}

/// What an [`Error`] is about. Its name is fit for a metric's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The compute returned an error of its own.
    Compute,
    /// The compute panicked.
    Panicked,
    /// The compute, or the wait for its turn, took too long.
    Timeout,
    /// A bound is reached: try again later, or raise it.
    Overloaded,
    /// The cache has been shut down.
    ShutDown,
    /// There is no value for the key: no failure.
    Nothing,
    /// The compute was dropped before it finished, by its runtime or by a fork: try again.
    Aborted,
    /// A market or an event that the event graph does not have.
    UnknownName,
    /// The call is not allowed where or how it was made: a mistake in the program.
    Misuse,
    /// An observation of odds was refused.
    Observation,
    /// A configuration, an event graph or the registry's names are not allowed.
    Configuration,
    /// The operating system refused something.
    System,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: &[ErrorKind] = &[
        ErrorKind::Compute,
        ErrorKind::Panicked,
        ErrorKind::Timeout,
        ErrorKind::Overloaded,
        ErrorKind::ShutDown,
        ErrorKind::Nothing,
        ErrorKind::Aborted,
        ErrorKind::UnknownName,
        ErrorKind::Misuse,
        ErrorKind::Observation,
        ErrorKind::Configuration,
        ErrorKind::System,
    ];

    /// Returns the kind's name.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorKind::Compute => "compute",
            ErrorKind::Panicked => "panicked",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Overloaded => "overloaded",
            ErrorKind::ShutDown => "shut_down",
            ErrorKind::Nothing => "nothing",
            ErrorKind::Aborted => "aborted",
            ErrorKind::UnknownName => "unknown_name",
            ErrorKind::Misuse => "misuse",
            ErrorKind::Observation => "observation",
            ErrorKind::Configuration => "configuration",
            ErrorKind::System => "system",
        }
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

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    /// The texts of an error and of all that it goes on with.
    fn chain(error: &Error) -> Vec<String> {
        let (mut texts, mut next) = (vec![error.to_string()], error.source());
        while let Some(error) = next {
            texts.push(error.to_string());
            next = error.source();
        }
        texts
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the feed is away")]
    struct Away(#[source] std::fmt::Error);

    #[test]
    fn no_text_is_shown_twice_along_the_chain_of_an_error() {
        let no_file = Arc::new(std::io::Error::other("no such file"));
        let file: Arc<Path> = Path::new("kairos.toml").into();
        let capacity = Error::Config { field: "cache.max_capacity", allowed: "at least 1" };
        let in_file = Error::InFile {
            file: Arc::clone(&file),
            line: Some(3),
            error: Arc::new(capacity.clone()),
        };
        let errors = [
            Error::Compute(Arc::new(Away(std::fmt::Error))),
            Error::Observation(ObservationError::Price(0.5)),
            capacity,
            in_file,
            Error::ReadFile { file, error: Arc::clone(&no_file) },
            Error::Thread(no_file),
        ];
        for error in errors {
            let texts = chain(&error);
            for (i, text) in texts.iter().enumerate() {
                let others = texts.iter().enumerate().filter(|(j, _)| *j != i);
                let twice = others.filter(|(_, other)| other.contains(text.as_str())).count();
                assert_eq!(twice, 0, "{texts:?}");
            }
        }
        let own = Error::Compute(Arc::new(Away(std::fmt::Error)));
        assert_eq!(chain(&own).len(), 2, "what the compute's own error stems from is not lost");
        assert!(own.compute_error::<Away>().is_some() && own.compute_error::<Error>().is_none());
        assert!(own.compute_error::<std::fmt::Error>().is_some(), "what it stems from");
    }
}
