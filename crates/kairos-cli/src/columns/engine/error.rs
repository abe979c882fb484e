// Errors of one engine: an unknown name, a refused configuration, decisions that cannot be written.
// Never knows: files and lines, which `../mod.rs` and the command add.
// Read next: `world.rs`, which returns most of them.

use std::io;

use crate::error::Reason;

/// What stops an engine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The operation names a market, event or read that does not exist.
    #[error(transparent)]
    Operation(Reason),
    /// The configuration was refused.
    #[error(transparent)]
    Config(kairos_cache::Error),
    /// The decisions cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// The error of an operation that the cache refused.
pub(super) fn refused(error: kairos_cache::Error) -> Error {
    Error::Operation(match error {
        kairos_cache::Error::UnknownMarket(name) => Reason::UnknownMarket(name.into()),
        kairos_cache::Error::UnknownEvent(name) => Reason::UnknownEvent(name.into()),
        other => return Error::Config(other),
    })
}
