// What goes into the steps of a flight and what comes out: jobs, tickets, launches.
// Never knows: the order of the steps, or what their callers do.
// Read next: `core.rs`, the state machine between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::run::{Run, Seat};
use crate::truth::Capture;

/// What asked for a compute. It stays what it was when the compute started, whatever joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A read that found no value to serve.
    Miss,
    /// A read that goes around the cache.
    Bypass,
    /// A stale value's background refresh.
    Refresh,
}

/// Work that a flight can launch.
pub trait Launchable {
    /// Captures the sequence. Called under the flight's lock, right before the launch.
    fn capture(&self) -> Capture;
}

/// The job of one caller of the pending compute.
pub struct Offered<J> {
    /// The kind of the compute, should this be its job.
    pub kind: Kind,
    /// The work.
    pub job: J,
    /// The caller has departed: it wants the compute to go on, and waits no longer.
    pub(super) departed: bool,
}

/// A compute that the receiver has to spawn.
#[derive(Debug)]
pub struct Launch<J, R> {
    /// The compute as its waiters see it.
    pub run: Arc<Run<R>>,
    /// What asked for the compute.
    pub kind: Kind,
    /// The work.
    pub job: J,
}

/// A waiter of a compute.
#[derive(Debug)]
pub struct Ticket<R> {
    /// The compute waited for.
    pub run: Arc<Run<R>>,
    /// The waiter's place there.
    pub seat: Seat,
    /// Whether the compute was pending when the waiter arrived.
    pub queued: bool,
    /// The compute that ran when the waiter arrived behind it.
    pub behind: Option<Arc<Run<R>>>,
    pub(crate) id: u64,
}

#[cfg(any(test, kairos_loom))]
impl<R: Clone> Ticket<R> {
    /// Whether the compute ran this waiter's own closure.
    pub fn led(&self) -> bool {
        self.run.is_led_by(self.id)
    }
}

/// The outcome of an attempt to join. Unless it is `Wait`, the job was not called for.
pub enum Join<J, R> {
    /// The caller waits; if it started the compute it must spawn it.
    Wait(Ticket<R>, Option<Launch<J, R>>),
    /// The entry has changed since the caller looked: look again.
    LookAgain,
    /// The flight has left the table: fetch or create another.
    Retired,
}

/// The outcome of an attempt to refresh.
pub enum Refresh<J, R> {
    /// The refresh must be spawned by the caller.
    Started(Launch<J, R>),
    /// Something runs already, the view no longer holds, or the job was not granted.
    No,
    /// The flight has left the table: fetch or create another.
    Retired,
}

/// What the caller must do after a step. A launch that is dropped instead leaves its key without an
/// end.
#[must_use = "a compute in it must be spawned"]
pub struct After<J, R> {
    /// The pending compute, which runs now and must be spawned.
    pub launch: Option<Launch<J, R>>,
    /// A compute that is no longer wanted and must be aborted.
    pub abort: Option<Arc<Run<R>>>,
    /// The flight has retired and must be removed from the table.
    pub retired: bool,
    /// Closures that will not run, to be dropped outside the flight's lock, after all else.
    pub spare: BTreeMap<u64, Offered<J>>,
}

impl<J, R> After<J, R> {
    /// Whether there is nothing to be done.
    pub(crate) fn is_done(&self) -> bool {
        self.launch.is_none() && self.abort.is_none() && !self.retired && self.spare.is_empty()
    }
}
