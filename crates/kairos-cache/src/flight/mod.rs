// Single-flight: per key one compute runs and one is pending, whatever asked for them.
// Never knows: what is computed, where it is stored, tasks, timers, or time.
// Read next: `core.rs`, the state machine whose steps are taken here under a lock.
// Why: `docs/decisions/0017-a-flight-is-a-pure-core-in-a-lock.md`.

use std::sync::Arc;

use crate::contain::drop_each;
use crate::sync::Mutex;
use crate::truth::{Capture, KeyMarks};

mod circle;
mod core;
mod drain;
mod failed;
mod gate;
mod job;
mod loader;
mod permits;
mod run;
mod steps;
mod table;
mod turn;

use self::core::{Core, Left};
pub(crate) use circle::{Inside, Wait, current, is_inside, name, run_inside, wait, wait_for_end};
pub use drain::{Drain, Underway};
pub(crate) use failed::FailedKeys;
pub use gate::{Admission, Arrival, Gate, Pass};
pub(crate) use job::{Done, Found, Home, Job, Joined, KeyFlight, KeyLaunch, Offer, Work};
pub(crate) use loader::{Load, Loader, erased, found};
#[cfg(kairos_loom)]
pub use permits::Permit;
pub use permits::Permits;
pub use run::{Abort, Run, Seat};
pub use steps::{After, Join, Kind, Launch, Launchable, Offered, Refresh, Ticket};
pub(crate) use table::Flights;
pub(crate) use turn::Places;

/// The computes of one key. It is in the table of flights while anything runs, is pending or holds it.
///
/// Each method takes one step of the state machine under the lock, releases the lock, and does what
/// the step has left to be done: a waiter that is woken may come back here at once.
pub struct Flight<J, R> {
    core: Mutex<Core<J, R>>,
}

impl<J: Launchable, R: Clone> Flight<J, R> {
    /// An idle flight.
    pub fn new() -> Flight<J, R> {
        Flight { core: Mutex::new(Core::new()) }
    }

    /// Whether a compute of the key runs or waits for its turn. May be out of date at once.
    pub fn is_running(&self) -> bool {
        self.core.lock().is_running()
    }

    /// Joins the running compute if it may, else the pending one, else starts one.
    ///
    /// A bypass waits for a compute that starts after the bypass came; a miss joins one that runs,
    /// unless an invalidation or expiry has covered it since it started. `unchanged` is asked before a
    /// compute is started for a miss: whether the caller's view still holds. Both closures are called
    /// under the flight's lock, before anything has changed.
    pub fn join(
        &self,
        kind: Kind,
        unchanged: impl FnOnce() -> bool,
        job: impl FnOnce() -> J,
    ) -> Join<J, R> {
        let joined = self.core.lock().join(kind, unchanged, job);
        if let Join::Wait(ticket, Some(launch)) = &joined {
            launch.run.set_leader(ticket.id);
        }
        joined
    }

    /// Starts a refresh if nothing runs, the caller's view still holds and `job` grants it. Both
    /// closures are called as in [`Flight::join`].
    pub fn refresh(
        &self,
        unchanged: impl FnOnce() -> bool,
        job: impl FnOnce() -> Option<J>,
    ) -> Refresh<J, R> {
        self.core.lock().refresh(unchanged, job)
    }

    /// Ends a running compute: publishes its result under the flight's lock, hands it to the
    /// waiters, and starts the pending compute.
    ///
    /// `publish` gets the capture and the key's own marks, returns the result and whether it bars what
    /// began before it, and may not panic: the pending compute would not start. It is not called for a doomed
    /// compute, whose waiters have an answer.
    pub fn finish(
        &self,
        run: &Arc<Run<R>>,
        publish: impl FnOnce(&Capture, KeyMarks) -> (R, bool),
    ) -> After<J, R> {
        let left = self.core.lock().finish(run, publish);
        done(left)
    }

    /// Answers the waiters of a running compute that has used up its time; no other reader joins it.
    /// False if it has ended, or its waiters have an answer.
    ///
    /// `answer` gets the capture and the key's own marks; it is called under the flight's lock, before a
    /// waiter has the answer, and may not panic.
    pub fn doom(&self, run: &Arc<Run<R>>, answer: impl FnOnce(&Capture, KeyMarks) -> R) -> bool {
        let answer = {
            let mut core = self.core.lock();
            let answer = core.doom(run, answer);
            if answer.is_some() {
                // Under the lock: the end of the compute comes after it, and finds it.
                run.set_overdue();
            }
            answer
        };
        answer.is_some_and(|result| run.complete(result))
    }

    /// Answers the pending compute's waiters if two checks have found them behind a compute that does
    /// not end although it was aborted. False once that compute has ended.
    pub fn check_stuck(&self, run: &Arc<Run<R>>, result: R) -> bool {
        let (runs, overdue) = self.core.lock().check_stuck(run);
        if let Some(pending) = overdue {
            pending.run.complete(result);
        }
        runs
    }

    /// A launched compute has to wait for its turn: until then every reader may join it.
    pub fn queue(&self, run: &Arc<Run<R>>) {
        self.core.lock().queue(run);
    }

    /// The turn of a queued compute has come: captures anew. False if it is no longer wanted.
    pub fn begin(&self, run: &Arc<Run<R>>, job: &J) -> bool {
        self.core.lock().begin(run, job)
    }

    /// A waiter goes without an answer. The last to go ends the compute, unless it is kept.
    pub fn leave(&self, ticket: &Ticket<R>) -> After<J, R> {
        let left = self.core.lock().leave(ticket);
        let after = done(left);
        // Last: it drops the waiter's waker, and the compute knows by now that the waiter has left.
        ticket.run.leave(&ticket.seat);
        after
    }

    /// A waiter goes without an answer and wants the compute to go on.
    pub fn depart(&self, ticket: &Ticket<R>) {
        self.core.lock().depart(ticket);
        ticket.run.leave(&ticket.seat); // Last: as above.
    }

    /// Nothing may start any more: the pending compute's waiters get `answer` of its job, and a
    /// running compute that has no waiters is aborted.
    pub fn turn_away(&self, answer: impl FnOnce(&J) -> R) -> After<J, R> {
        let left = self.core.lock().turn_away(answer);
        done(left)
    }

    /// Whether no thread is inside.
    pub(crate) fn is_free(&self) -> bool {
        self.core.try_lock().is_some()
    }

    /// In a forked child: nothing runs or is pending here, and who waits is answered.
    pub(crate) fn abandon(&self, answer: R) {
        let (runs, spare) = self.core.lock().abandon();
        for run in runs {
            run.complete(answer.clone());
        }
        drop_each(spare);
    }

    /// Records a kill of the key. False if the flight has retired.
    pub fn kill_key(&self, seq: u64) -> bool {
        self.core.lock().kill_key(seq)
    }

    /// Records an expiry of the key. False if the flight has retired.
    pub fn expire_key(&self, seq: u64) -> bool {
        self.core.lock().expire_key(seq)
    }

    /// Begins to fill the key with a value computed elsewhere: holds the flight in its table, so that
    /// invalidations of the key are recorded, then captures.
    /// Returns its number among what has begun for the key with the capture; nothing if the flight has
    /// retired.
    ///
    /// In this order: an invalidation of the key after the capture finds the flight and is recorded
    /// there. One before it is in the captured number. Models:
    /// `an_expiry_covers_a_fill_that_began_before_it`, `a_fill_that_begins_beside_*`.
    pub fn begin_fill<C>(&self, capture: impl FnOnce() -> C) -> Option<(u64, C)> {
        let began = {
            let mut core = self.core.lock();
            core.hold().then(|| core.begin_one())
        };
        began.map(|began| (began, capture()))
    }

    /// Publishes a value computed elsewhere, under the flight's lock. `publish` returns whether the
    /// value stands in the store, which this returns too, and whether it bars what began before it.
    pub fn publish(&self, began: u64, publish: impl FnOnce(KeyMarks) -> (bool, bool)) -> bool {
        self.core.lock().publish(began, publish)
    }

    /// Retires the flight if nothing runs, is pending or holds it. Says whether it has retired.
    pub fn retire(&self) -> bool {
        self.core.lock().retire()
    }

    /// Ends a [`Flight::begin_fill`]. Returns whether the flight has retired.
    pub fn unhold(&self) -> bool {
        self.core.lock().unhold()
    }
}

/// Does what a step has left to be done outside the lock, but for the caller's part.
fn done<J, R: Clone>(left: Left<J, R>) -> After<J, R> {
    let Left { launch, answer, given_up, abort, spare, retired } = left;
    let launch = launch.map(|(launch, leader)| {
        // In time: until the caller has the launch, the run cannot get a result.
        launch.run.set_leader(leader);
        launch
    });
    if let Some((run, result)) = answer {
        run.complete(result);
    }
    if let Some(run) = given_up {
        run.give_up();
    }
    After { launch, abort, retired, spare }
}

impl<J: Launchable, R: Clone> Default for Flight<J, R> {
    fn default() -> Self {
        Self::new()
    }
}
