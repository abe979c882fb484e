// The states of a flight, the events in its life, and what a step may reply and do.
// Never knows: which state follows which.
// Read next: `table.rs`, the table.

use crate::flight::Kind;

/// A flight as its users can tell it from others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// The readers that asked for the pending compute, in order of arrival. Without any there is no
    /// pending compute.
    pub(super) callers: Vec<Caller>,
    /// The last check of a stuck compute found the pending compute behind it.
    pub(super) seen_stuck: bool,
    pub(super) holds: usize,
}

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Nothing, and nothing will.
    Retired,
    /// Nothing.
    Idle,
    /// A compute that waits for its turn.
    Queued(Wanted),
    /// A compute that needs no turn, or has had it.
    Begun(Wanted),
    /// A compute that only has to end: every reader that waited for it has left or has an answer.
    Doomed,
}

/// A compute that is to go on: it has waiters or is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub(super) waiters: usize,
    /// It goes on without waiters.
    pub(super) kept: bool,
    /// An invalidation or an expiry has covered it since its capture.
    pub(super) covered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    Waits,
    /// Has gone and wants the compute to go on.
    Departed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    // Readers come and go.
    Join(Kind, View),
    /// A reader comes whose job cannot be made: asking for it panics.
    JoinPanics(Kind),
    Refresh(Grant),
    Leave(Which),
    Depart(Which),
    // A compute takes its steps, and its timer does.
    Queue(Which),
    Begin(Which),
    Finish(Which),
    Doom(Which),
    CheckStuck(Which),
    // The key is invalidated, or more than the key.
    KillKey,
    ExpireKey,
    Invalidate(By),
    // A value is computed elsewhere.
    Hold,
    Publish,
    Unhold,
    // The owner of the flight asks, tidies up, shuts down.
    IsRunning,
    Retire,
    TurnAway,
}

/// Which compute takes a step, or which reader goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The running compute; a reader that waits for it.
    Running,
    /// The pending compute's caller at this place.
    Pending(usize),
    /// A compute that no longer runs; a reader whose compute has answered.
    Late,
}

/// Whether what a reader has seen still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Holds,
    Changed,
}

/// Whether a refresh may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Granted,
    Refused,
    Panics,
    ViewChanged,
}

/// An invalidation that does not name the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    ClassKill,
    ClassExpiry,
    KillOfAll,
    ExpiryOfAll,
}

/// What a step tells its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Nothing,
    Yes,
    No,
    /// The step panics.
    Panics,
    FlightRetired,
    LookAgain,
    /// A compute is launched; the reader that came, unless it is a refresh, waits for it.
    Starts,
    WaitsForRunning,
    WaitsForPending,
}

/// What a step does, in the order in which rows list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    AsksView,
    AsksJob,
    /// A result may be stored now, under the lock.
    Publishes,
    /// Every waiter of this compute gets a result.
    Answers(Side),
    /// The running compute is told that it will not begin.
    GivesUp,
    /// The running compute is to be aborted.
    Aborts,
    Captures,
    Launches(Whose),
    /// This number of jobs that will not run is handed back.
    Spares(usize),
    /// The flight is to be taken out of its table.
    Retires,
}

/// Whose job is launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// The job of the reader or refresh that comes.
    Own,
    /// The job of the pending compute's caller at this place.
    Caller(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Running,
    Pending,
}
