// A failed compute: as its flight knows it under its lock, and as it is remembered for later readers.
// Never knows: where it is remembered, or for how long.
// Read next: `failing.rs`, which remembers it.

use crate::error::Error;
use crate::matches::Place;
use crate::truth::{Capture, KeyMarks};

/// A compute that has failed, as its flight knows it under its lock.
pub(crate) struct Failed<'a> {
    pub(crate) error: &'a Error,
    pub(crate) place: &'a Place,
    pub(crate) capture: &'a Capture,
    pub(crate) marks: KeyMarks,
}

/// The failure of a key that has no servable value, for its readers within `cache.error_ttl`.
pub(crate) struct Failure {
    error: Error,
    /// The match that the compute named. By name: a failure keeps no match.
    scope: Option<Box<str>>,
    capture: Capture,
}

impl Failure {
    pub(super) fn new(failed: &Failed<'_>) -> Failure {
        Failure {
            error: failed.error.clone(),
            scope: failed.place.scope.as_ref().map(|scope| scope.name().into()),
            capture: failed.capture.clone(),
        }
    }

    /// The error for a read of this place: as for the compute's own joiners, and unless an invalidation
    /// has come since the compute started.
    pub(super) fn answer(&self, read: &Place) -> Option<Error> {
        let same_match = match (&self.scope, &read.scope) {
            (_, None) => true,
            (Some(own), Some(named)) => **own == *named.name(),
            (None, Some(_)) => false,
        };
        (same_match && !self.capture.is_killed()).then(|| self.error.clone())
    }
}
