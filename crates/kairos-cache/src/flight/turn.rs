// A compute's turn: its place among computes and, for a refresh, among refreshes; given back once.
// Never knows: what is computed, or when its time is up.
// Read next: `../engine/compute/watch.rs`, whose timer gives back the turn of a compute that does not end.

use std::sync::Arc;

use crate::flight::gate::Pass;
use crate::flight::permits::Permit;
use crate::sync::Mutex;

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

/// A turn, given back when this is dropped unless it has been before.
pub(crate) struct Turn(Arc<Mutex<Option<Places>>>);

/// A way to give back a turn that the task holds.
pub(crate) struct OtherTurn(Arc<Mutex<Option<Places>>>);

impl Turn {
    pub(crate) fn new(places: Places) -> Turn {
        Turn(Arc::new(Mutex::new(Some(places))))
    }

    /// The same turn, for the timer that watches that it is given back.
    pub(crate) fn watched(&self) -> OtherTurn {
        OtherTurn(Arc::clone(&self.0))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        give_back(&self.0);
    }
}

impl OtherTurn {
    pub(crate) fn give_back(&self) {
        give_back(&self.0);
    }
}

fn give_back(places: &Mutex<Option<Places>>) {
    // Out of the lock first: a place that is given back may let the next compute begin.
    let given_back = places.lock().take();
    drop(given_back);
}
