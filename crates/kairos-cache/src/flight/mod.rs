//! Single-flight: per key one compute runs and one is pending, whatever asked for them.
//! Never knows: what is computed, where it is stored, tasks, timers, or time.
//! Read next: `compute.rs`, which spawns what a flight launches and finishes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sync::Mutex;
use crate::truth::{Capture, KeyMarks};

mod ask;
pub(crate) mod drain;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod gate;
pub(crate) mod job;
mod leaving;
pub(crate) mod loader;
mod pending;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod permits;
pub mod run;
mod steps;
pub(crate) mod table;
pub(crate) mod turn;

pub use pending::Offered;
use pending::Pending;
pub use run::{Run, Seat};
pub use steps::{After, Job, Join, Kind, Launch, Refresh, Ticket};

/// One key's computes. Lives in the table of flights while anything runs, waits or is held.
pub struct Flight<J, R> {
    state: Mutex<State<J, R>>,
}

struct State<J, R> {
    retired: bool,
    holds: usize,
    key: KeyMarks,
    running: Option<Running<R>>,
    pending: Option<Pending<J, R>>,
    next_waiter: u64,
}

struct Running<R> {
    run: Arc<Run<R>>,
    capture: Capture,
    waiters: usize,
    /// It will be aborted: nobody may join it any more.
    doomed: bool,
    /// It waits for its turn: whoever arrives now arrives before it starts.
    queued: bool,
    /// It goes on without waiters: a refresh, or a compute that a reader left and wants to go on.
    kept: bool,
}

impl<J: Job, R: Clone> Flight<J, R> {
    /// An idle flight.
    pub fn new() -> Flight<J, R> {
        Flight {
            state: Mutex::new(State {
                retired: false,
                holds: 0,
                key: KeyMarks::default(),
                running: None,
                pending: None,
                next_waiter: 0,
            }),
        }
    }

    /// Joins the running compute if it may, else the pending one, else starts one.
    ///
    /// A bypass never joins a running compute: it must see one that starts after it arrived. The
    /// others do, unless an invalidation or expiry has covered it since it started. `unchanged`
    /// is asked before a compute is started for a miss: whether the caller's view still holds.
    pub fn join(
        &self,
        kind: Kind,
        unchanged: impl FnOnce() -> bool,
        job: impl FnOnce() -> J,
    ) -> Join<J, R> {
        let mut state = self.state.lock();
        if state.retired {
            return Join::Retired;
        }
        let id = state.next_waiter;
        state.next_waiter += 1;
        let key = state.key;
        match &mut state.running {
            Some(running)
                if !running.doomed
                    && (running.queued || kind != Kind::Bypass && !key.cover(&running.capture)) =>
            {
                running.waiters += 1;
                let run = Arc::clone(&running.run);
                Join::Wait(Ticket { run, seat: Seat::default(), queued: false, id }, None)
            }
            Some(_) => {
                // The job first: no pending compute stands without one, should asking for it panic.
                let offered = Offered { kind, job: job(), departed: false };
                let new = || Pending::new(Arc::new(Run::new()));
                let pending = state.pending.get_or_insert_with(new);
                pending.jobs.insert(id, offered);
                let run = Arc::clone(&pending.run);
                Join::Wait(Ticket { run, seat: Seat::default(), queued: true, id }, None)
            }
            None => {
                if kind == Kind::Miss && !unchanged() {
                    return Join::LookAgain;
                }
                let launch = state.start(Arc::new(Run::new()), kind, 1, id, job());
                let run = Arc::clone(&launch.run);
                Join::Wait(Ticket { run, seat: Seat::default(), queued: false, id }, Some(launch))
            }
        }
    }

    /// Starts a refresh if nothing runs, the caller's view still holds and `admit` grants it.
    pub fn refresh(
        &self,
        unchanged: impl FnOnce() -> bool,
        job: impl FnOnce() -> Option<J>,
    ) -> Refresh<J, R> {
        let mut state = self.state.lock();
        if state.retired {
            return Refresh::Retired;
        }
        if state.running.is_some() || !unchanged() {
            return Refresh::No;
        }
        let Some(job) = job() else { return Refresh::No };
        let id = state.next_waiter;
        state.next_waiter += 1;
        Refresh::Started(state.start(Arc::new(Run::new()), Kind::Refresh, 0, id, job))
    }

    /// Ends a running compute: publishes its result under the flight's lock, hands it to the
    /// waiters, and starts the pending compute.
    ///
    /// `publish` gets the capture and the key's own marks, and may not panic: nobody would start
    /// the pending compute. It is not called for a compute whose waiters have their answer already.
    pub fn finish(
        &self,
        run: &Arc<Run<R>>,
        publish: impl FnOnce(&Capture, KeyMarks) -> R,
    ) -> After<J, R> {
        let mut state = self.state.lock();
        let mut result = None;
        if let Some(running) = state.running.take_if(|r| Arc::ptr_eq(&r.run, run)) {
            // A doomed compute has no waiters left, or they have their answer.
            if !running.doomed {
                result = Some(publish(&running.capture, state.key));
            }
        }
        let after = state.settle();
        drop(state);
        if let Some(result) = result {
            run.complete(result);
        }
        after
    }

    /// Answers the waiters of a running compute that has used up its time, and lets nobody join
    /// it any more. False if it has ended or been answered already.
    ///
    /// `answer` is asked under the flight's lock, before anybody has the answer, and may not panic.
    pub fn doom(&self, run: &Arc<Run<R>>, answer: impl FnOnce() -> R) -> bool {
        let mut state = self.state.lock();
        let current = state.running.as_mut().filter(|r| Arc::ptr_eq(&r.run, run) && !r.doomed);
        let Some(running) = current else { return false };
        let result = answer();
        running.doomed = true;
        drop(state);
        run.complete(result)
    }

    /// Answers whoever has waited for two checks behind a compute that does not end although it
    /// was aborted. False once that compute has ended.
    pub fn check_stuck(&self, run: &Arc<Run<R>>, result: R) -> bool {
        let mut state = self.state.lock();
        if !state.running.as_ref().is_some_and(|r| Arc::ptr_eq(&r.run, run)) {
            return false;
        }
        let overdue = state.pending.take_if(|pending| pending.seen_stuck);
        if let Some(pending) = &mut state.pending {
            pending.seen_stuck = true;
        }
        drop(state);
        if let Some(pending) = overdue {
            pending.run.complete(result);
        }
        true
    }

    /// A compute that was launched has to wait for its turn.
    pub fn queue(&self, run: &Arc<Run<R>>) {
        let mut state = self.state.lock();
        if let Some(running) = state.running.as_mut().filter(|r| Arc::ptr_eq(&r.run, run)) {
            running.queued = true;
        }
    }

    /// The turn of a queued compute has come: captures anew. False if nobody wants it any more.
    pub fn begin(&self, run: &Arc<Run<R>>, job: &J) -> bool {
        let mut state = self.state.lock();
        match state.running.as_mut().filter(|r| Arc::ptr_eq(&r.run, run) && !r.doomed) {
            Some(running) => {
                running.capture = job.capture();
                running.queued = false;
                true
            }
            None => false,
        }
    }

    /// Records a kill of the key. False if the flight has retired: nothing runs here.
    pub fn kill_key(&self, seq: u64) -> bool {
        let mut state = self.state.lock();
        state.key.killed = state.key.killed.max(seq);
        !state.retired
    }

    /// Records an expiry of the key. False if the flight has retired.
    pub fn expire_key(&self, seq: u64) -> bool {
        let mut state = self.state.lock();
        state.key.expired = state.key.expired.max(seq);
        !state.retired
    }

    /// Keeps the flight in the table, so that invalidations of the key are seen. False if the
    /// flight has retired.
    pub fn hold(&self) -> bool {
        let mut state = self.state.lock();
        if !state.retired {
            state.holds += 1;
        }
        !state.retired
    }

    /// Publishes a value computed elsewhere, under the flight's lock.
    pub fn publish<T>(&self, publish: impl FnOnce(KeyMarks) -> T) -> T {
        let state = self.state.lock();
        publish(state.key)
    }

    /// Retires the flight if nothing runs, waits or holds it; says whether it has retired.
    pub fn retire(&self) -> bool {
        self.state.lock().retire_if_idle()
    }

    /// Ends a [`Flight::hold`]. Says whether the flight has retired.
    pub fn unhold(&self) -> bool {
        let mut state = self.state.lock();
        state.holds = state.holds.saturating_sub(1);
        state.retire_if_idle()
    }
}

impl<J: Job, R: Clone> State<J, R> {
    fn start(
        &mut self,
        run: Arc<Run<R>>,
        kind: Kind,
        waiters: usize,
        leader: u64,
        job: J,
    ) -> Launch<J, R> {
        // Capture before compute: the launch that is returned here has not been spawned yet.
        let capture = job.capture();
        run.set_leader(leader);
        self.running = Some(Running {
            run: Arc::clone(&run),
            capture,
            waiters,
            doomed: false,
            queued: false,
            kept: kind == Kind::Refresh,
        });
        Launch { run, kind, job }
    }

    fn settle(&mut self) -> After<J, R> {
        let mut launch = None;
        let mut spare = BTreeMap::new();
        if self.running.is_none()
            && let Some(mut pending) = self.pending.take()
            && let Some((id, Offered { kind, job, departed })) = pending.take_leader()
        {
            let others = pending.jobs.values().filter(|offered| !offered.departed).count();
            let waiters = others + usize::from(!departed);
            // Whoever has departed wants it to go on, and will not leave it.
            let kept = waiters <= pending.jobs.len();
            launch = Some(self.start(pending.run, kind, waiters, id, job));
            if let Some(running) = &mut self.running {
                running.kept |= kept;
            }
            spare = pending.jobs;
        }
        After { launch, abort: None, retired: self.retire_if_idle(), spare }
    }

    fn retire_if_idle(&mut self) -> bool {
        let idle = self.running.is_none() && self.pending.is_none() && self.holds == 0;
        self.retired |= idle;
        idle
    }
}

impl<J: Job, R: Clone> Default for Flight<J, R> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
