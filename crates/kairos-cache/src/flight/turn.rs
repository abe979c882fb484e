// A compute's turn: its place among computes and, for a refresh, among refreshes.
// Never knows: what is computed, or when its time is up.
// Read next: `../engine/compute/watch.rs`, which gives back the turn of a compute that does not end.

use crate::flight::gate::Pass;
use crate::flight::permits::Permit;

/// A compute's place behind the gate and, for a refresh, among refreshes.
pub(crate) struct Places {
    pass: Pass,
    /// Given back by being dropped.
    _refresh: Option<Permit>,
}

impl Places {
    pub(crate) fn new(pass: Pass, refresh: Option<Permit>) -> Places {
        Places { pass, _refresh: refresh }
    }

    /// The pass of a compute that did not begin.
    pub(crate) fn into_pass(self) -> Pass {
        self.pass
    }
}
