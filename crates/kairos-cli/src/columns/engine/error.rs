//! What stops an engine's column: a name that nobody knows, a configuration, or decisions that cannot be written.
//! Must never name a file or a line; `../mod.rs` knows them.
//! Read next: `world.rs`, which raises most of it.

use std::io;

use crate::error::Reason;

/// What stops a replay.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The operation names something that nobody knows.
    #[error(transparent)]
    Operation(Reason),
    /// The configuration was refused.
    #[error(transparent)]
    Config(kairos_cache::Error),
    /// The decisions cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// An operation that the engine refused by name.
pub(super) fn refused(error: kairos_cache::Error) -> Error {
    Error::Operation(match error {
        kairos_cache::Error::UnknownMarket(name) => Reason::UnknownMarket(name.into()),
        kairos_cache::Error::UnknownEvent(name) => Reason::UnknownEvent(name.into()),
        other => return Error::Config(other),
    })
}
