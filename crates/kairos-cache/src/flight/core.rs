// The state machine of a flight: at most one compute runs, at most one is pending behind it.
// Never knows: locks, wakers, tasks, or time. To it a run is a name, which it compares and hands out.
// Read next: `core/leaving.rs`, the steps of readers that go; `core/tests/table.rs`, its whole life as a table.
// Why: `docs/decisions/0003-a-pending-compute-keeps-every-closure.md`.
// Why: `docs/decisions/0008-a-blocking-compute-keeps-its-key.md`.
// Why: `docs/decisions/0017-a-flight-is-a-pure-core-in-a-lock.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Join, Kind, Launch, Launchable, Offered, Refresh, Run, Seat, Ticket};
use crate::truth::{Capture, KeyMarks};

mod leaving;
mod pending;

use pending::Pending;

/// The state of a flight, and its steps. A step returns what is to be done outside the flight's lock.
pub(super) struct Core<J, R> {
    /// It has left its table, and takes nothing up again.
    retired: bool,
    holds: usize,
    key: KeyMarks,
    /// How many computes and fills of the key have begun: the number of the newest.
    begun: u64,
    /// The newest of them whose result stands, was found missing, or took the old one along.
    stands: u64,
    running: Option<Running<R>>,
    pending: Option<Pending<J, R>>,
    next_waiter: u64,
}

struct Running<R> {
    run: Arc<Run<R>>,
    capture: Capture,
    /// Its number among what has begun for the key.
    began: u64,
    waiters: usize,
    /// It has only to end: no reader may join it.
    doomed: bool,
    /// It waits for its turn.
    queued: bool,
    /// It goes on without waiters: a refresh, or a compute from which a reader has departed.
    kept: bool,
}

/// What a step leaves to be done outside the flight's lock.
pub(super) struct Left<J, R> {
    /// The pending compute, which runs now, and the number of the waiter whose job it is.
    pub(super) launch: Option<(Launch<J, R>, u64)>,
    /// A run to be completed, and its result.
    pub(super) answer: Option<(Arc<Run<R>>, R)>,
    /// A run to be given up: it will not begin.
    pub(super) given_up: Option<Arc<Run<R>>>,
    /// A run to be aborted: it has begun, and is not wanted.
    pub(super) abort: Option<Arc<Run<R>>>,
    /// Jobs that will not run, to be dropped.
    pub(super) spare: BTreeMap<u64, Offered<J>>,
    /// The flight has retired, and is to be removed from its table.
    pub(super) retired: bool,
}

impl<R> Running<R> {
    /// Whether a reader of this kind may join. A doomed compute has no result for it. A queued one
    /// starts after the reader came, and captures then. From one that has begun a bypass could get
    /// what was found before it came, and so could a miss, if an invalidation has come since.
    fn may_be_joined(&self, kind: Kind, key: KeyMarks) -> bool {
        !self.doomed && (self.queued || (kind != Kind::Bypass && !key.cover(&self.capture)))
    }
}

impl<J: Launchable, R: Clone> Core<J, R> {
    pub(super) fn new() -> Core<J, R> {
        Core {
            retired: false,
            holds: 0,
            key: KeyMarks::default(),
            begun: 0,
            stands: 0,
            running: None,
            pending: None,
            next_waiter: 0,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Something begins for the key, and gets its number. A flight that retires forgets the numbers:
    /// nothing is under way then.
    pub(super) fn begin_one(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Stores what began by this number, unless what began later bars it. `publish` returns whether
    /// the result bars what began before it.
    pub(super) fn publish<T>(
        &mut self,
        began: u64,
        publish: impl FnOnce(KeyMarks) -> (T, bool),
    ) -> T {
        let (result, bars_older) = publish(KeyMarks { older: began < self.stands, ..self.key });
        if bars_older {
            self.stands = began;
        }
        result
    }

    /// A reader joins the running compute if it may, else the pending one, else starts one. A miss
    /// starts none if its view has changed: the value that it missed may be there by now.
    pub(super) fn join(
        &mut self,
        kind: Kind,
        unchanged: impl FnOnce() -> bool,
        job: impl FnOnce() -> J,
    ) -> Join<J, R> {
        if self.retired {
            return Join::Retired;
        }
        let (id, key) = (self.next_waiter, self.key);
        self.next_waiter += 1;
        let ticket = |run, behind: Option<_>| {
            let queued = behind.is_some();
            Ticket { run, seat: Seat::default(), queued, behind, id }
        };
        match &mut self.running {
            Some(running) if running.may_be_joined(kind, key) => {
                running.waiters += 1;
                Join::Wait(ticket(Arc::clone(&running.run), None), None)
            }
            Some(running) => {
                // The job first: should asking for it panic, no pending compute stands without one.
                let offered = Offered { kind, job: job(), departed: false };
                let pending = self.pending.get_or_insert_with(Pending::new);
                pending.jobs.insert(id, offered);
                let behind = Some(Arc::clone(&running.run));
                Join::Wait(ticket(Arc::clone(&pending.run), behind), None)
            }
            None => {
                if kind == Kind::Miss && !unchanged() {
                    return Join::LookAgain;
                }
                let launch = Launch { run: Arc::default(), kind, job: job() };
                let launch = self.start(launch, 1, false);
                Join::Wait(ticket(Arc::clone(&launch.run), None), Some(launch))
            }
        }
    }

    /// A refresh starts if nothing runs and its view holds. The job is asked for last: it comes with
    /// a permit.
    pub(super) fn refresh(
        &mut self,
        unchanged: impl FnOnce() -> bool,
        job: impl FnOnce() -> Option<J>,
    ) -> Refresh<J, R> {
        if self.retired {
            return Refresh::Retired;
        }
        if self.running.is_some() || !unchanged() {
            return Refresh::No;
        }
        let Some(job) = job() else { return Refresh::No };
        let launch = Launch { run: Arc::default(), kind: Kind::Refresh, job };
        Refresh::Started(self.start(launch, 0, true))
    }

    /// A compute ends, and the pending one starts. One that runs no longer was given up.
    pub(super) fn finish(
        &mut self,
        run: &Arc<Run<R>>,
        publish: impl FnOnce(&Capture, KeyMarks) -> (R, bool),
    ) -> Left<J, R> {
        let mut answer = None;
        if let Some(running) = self.running.take_if(|r| Arc::ptr_eq(&r.run, run)) {
            // The waiters of a doomed compute have left, or have their answer.
            if !running.doomed {
                let publish = |marks| publish(&running.capture, marks);
                let result = self.publish(running.began, publish);
                answer = Some((running.run, result));
            }
        }
        Left { answer, ..self.settle() }
    }

    /// A running compute is out of time: its waiters get an answer. None, if it has ended, or if they
    /// have one.
    pub(super) fn doom(
        &mut self,
        run: &Arc<Run<R>>,
        answer: impl FnOnce(&Capture, KeyMarks) -> R,
    ) -> Option<R> {
        let marks = self.key;
        let running = self.running(run).filter(|r| !r.doomed)?;
        let result = answer(&running.capture, marks);
        running.doomed = true;
        Some(result)
    }

    /// Whether a compute still runs; and the pending one, if the last check found it there too: it
    /// has waited for as long as lies between two checks.
    pub(super) fn check_stuck(&mut self, run: &Arc<Run<R>>) -> (bool, Option<Pending<J, R>>) {
        if self.running(run).is_none() {
            return (false, None);
        }
        let overdue = self.pending.take_if(|pending| pending.seen_stuck);
        if let Some(pending) = &mut self.pending {
            pending.seen_stuck = true;
        }
        (true, overdue)
    }

    /// A launched compute waits for its turn.
    pub(super) fn queue(&mut self, run: &Arc<Run<R>>) {
        if let Some(running) = self.running(run) {
            running.queued = true;
        }
    }

    /// The turn of a compute has come. It captures anew: the readers that joined while it was queued
    /// need what is found from now on. False if it has been given up, or is doomed.
    pub(super) fn begin(&mut self, run: &Arc<Run<R>>, job: &J) -> bool {
        let began = self.begin_one();
        match self.running(run).filter(|r| !r.doomed) {
            Some(running) => {
                running.capture = job.capture();
                running.began = began;
                running.queued = false;
                true
            }
            None => false,
        }
    }

    /// False if the flight has retired: it says no more of the key.
    pub(super) fn kill_key(&mut self, seq: u64) -> bool {
        self.key.killed = self.key.killed.max(seq);
        !self.retired
    }

    /// As for a kill.
    pub(super) fn expire_key(&mut self, seq: u64) -> bool {
        self.key.expired = self.key.expired.max(seq);
        !self.retired
    }

    /// Keeps the flight from retiring. False if it has retired.
    pub(super) fn hold(&mut self) -> bool {
        if !self.retired {
            self.holds += 1;
        }
        !self.retired
    }

    /// Ends a hold. Returns whether the flight has retired.
    pub(super) fn unhold(&mut self) -> bool {
        self.holds = self.holds.saturating_sub(1);
        self.retire()
    }

    /// Retires the flight if nothing runs, is pending or holds it. Says whether it has retired.
    pub(super) fn retire(&mut self) -> bool {
        let idle = self.running.is_none() && self.pending.is_none() && self.holds == 0;
        self.retired |= idle;
        idle
    }

    /// The running compute, if it is this one.
    fn running(&mut self, run: &Arc<Run<R>>) -> Option<&mut Running<R>> {
        self.running.as_mut().filter(|running| Arc::ptr_eq(&running.run, run))
    }

    /// The pending compute, if it is this one.
    fn pending(&mut self, run: &Arc<Run<R>>) -> Option<&mut Pending<J, R>> {
        self.pending.as_mut().filter(|pending| Arc::ptr_eq(&pending.run, run))
    }

    fn start(&mut self, launch: Launch<J, R>, waiters: usize, kept: bool) -> Launch<J, R> {
        // Capture before compute: the launch that is returned here has not been spawned.
        let (run, capture) = (Arc::clone(&launch.run), launch.job.capture());
        let (doomed, queued) = (false, false);
        let began = self.begin_one();
        self.running = Some(Running { run, capture, began, waiters, doomed, queued, kept });
        launch
    }

    /// Starts the pending compute if nothing runs; retires the flight if it is idle.
    fn settle(&mut self) -> Left<J, R> {
        let mut launch = None;
        let mut spare = BTreeMap::new();
        if self.running.is_none()
            && let Some(mut pending) = self.pending.take()
        {
            let waiters = pending.jobs.values().filter(|offered| !offered.departed).count();
            // A reader that has departed wants it to go on, and will not leave it.
            let kept = waiters < pending.jobs.len();
            if let Some((leader, Offered { kind, job, .. })) = pending.take_leader() {
                let pending_launch = Launch { run: pending.run, kind, job };
                launch = Some((self.start(pending_launch, waiters, kept), leader));
                spare = pending.jobs;
            }
        }
        Left { launch, answer: None, given_up: None, abort: None, spare, retired: self.retire() }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
