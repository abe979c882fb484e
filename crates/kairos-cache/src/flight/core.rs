// One key's computes as a state machine: at most one runs, at most one is pending. Each step returns what it leaves to
// be done.
// Never knows: locks, wakers, tasks, or time; a run is a name here, compared and handed out.
// Read next: `mod.rs`, the lock around it; `core/leaving.rs` for the steps of those who go away.
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

/// The state of a flight. Its steps are taken by one caller at a time.
pub(super) struct Core<J, R> {
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
    /// The compute will be aborted: no read may join it any longer.
    doomed: bool,
    /// The compute waits for its turn: a read that arrives now arrives before it starts.
    queued: bool,
    /// The compute goes on without waiters: a refresh, or one that a departed reader wants.
    kept: bool,
}

/// What a step leaves to be done outside the lock.
pub(super) struct Left<J, R> {
    /// The pending compute, which runs now, and the waiter whose job it is.
    pub(super) launch: Option<(Launch<J, R>, u64)>,
    /// A run whose waiters get this result.
    pub(super) answer: Option<(Arc<Run<R>>, R)>,
    /// A run that will not begin.
    pub(super) given_up: Option<Arc<Run<R>>>,
    /// A run that has begun and is no longer wanted.
    pub(super) abort: Option<Arc<Run<R>>>,
    /// Jobs that will not run.
    pub(super) spare: BTreeMap<u64, Offered<J>>,
    /// Nothing is left of the flight.
    pub(super) retired: bool,
}

impl<J: Launchable, R: Clone> Core<J, R> {
    /// An idle flight.
    pub(super) fn new() -> Core<J, R> {
        Core {
            retired: false,
            holds: 0,
            key: KeyMarks::default(),
            running: None,
            pending: None,
            next_waiter: 0,
        }
    }

    /// Whether a compute of the key runs or waits for its turn.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The key's own marks.
    pub(super) fn marks(&self) -> KeyMarks {
        self.key
    }

    /// Joins the running compute if it may, else the pending one, else starts one.
    ///
    /// A bypass never joins a compute that has begun: it must see one that starts after it arrived.
    /// A miss does, unless an invalidation or expiry has covered the compute since it started.
    /// `unchanged` returns whether the caller's view still holds; it is called before a compute is
    /// started for a miss.
    pub(super) fn join(
        &mut self,
        kind: Kind,
        unchanged: impl FnOnce() -> bool,
        job: impl FnOnce() -> J,
    ) -> Join<J, R> {
        if self.retired {
            return Join::Retired;
        }
        let id = self.next_waiter;
        self.next_waiter += 1;
        let key = self.key;
        match &mut self.running {
            Some(running)
                if !running.doomed
                    && (running.queued || kind != Kind::Bypass && !key.cover(&running.capture)) =>
            {
                running.waiters += 1;
                let run = Arc::clone(&running.run);
                Join::Wait(Ticket { run, seat: Seat::default(), queued: false, id }, None)
            }
            Some(_) => {
                // The job first: no pending compute stands without one, should `job` panic.
                let offered = Offered { kind, job: job(), departed: false };
                let new = || Pending::new(Arc::new(Run::new()));
                let pending = self.pending.get_or_insert_with(new);
                pending.jobs.insert(id, offered);
                let run = Arc::clone(&pending.run);
                Join::Wait(Ticket { run, seat: Seat::default(), queued: true, id }, None)
            }
            None => {
                if kind == Kind::Miss && !unchanged() {
                    return Join::LookAgain;
                }
                let launch = self.start(Arc::new(Run::new()), kind, 1, job());
                let run = Arc::clone(&launch.run);
                Join::Wait(Ticket { run, seat: Seat::default(), queued: false, id }, Some(launch))
            }
        }
    }

    /// Starts a refresh if nothing runs, the caller's view still holds and a job is granted.
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
        Refresh::Started(self.start(Arc::new(Run::new()), Kind::Refresh, 0, job))
    }

    /// Ends a running compute with what `publish` makes of it, and starts the pending one.
    pub(super) fn finish(
        &mut self,
        run: &Arc<Run<R>>,
        publish: impl FnOnce(&Capture, KeyMarks) -> R,
    ) -> Left<J, R> {
        let mut answer = None;
        if let Some(running) = self.running.take_if(|r| Arc::ptr_eq(&r.run, run)) {
            // A doomed compute has no waiters left, or they have their answer.
            if !running.doomed {
                let result = publish(&running.capture, self.key);
                answer = Some((running.run, result));
            }
        }
        Left { answer, ..self.settle() }
    }

    /// Dooms a running compute whose waiters get an answer now; nothing if it has ended or is doomed.
    pub(super) fn doom(&mut self, run: &Arc<Run<R>>, answer: impl FnOnce() -> R) -> Option<R> {
        let running = self.running(run).filter(|r| !r.doomed)?;
        let result = answer();
        running.doomed = true;
        Some(result)
    }

    /// Whether a compute still runs, and the pending one, if it stood behind it at the last check too:
    /// it will not start.
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

    /// Marks a launched compute as waiting for its turn.
    pub(super) fn queue(&mut self, run: &Arc<Run<R>>) {
        if let Some(running) = self.running(run) {
            running.queued = true;
        }
    }

    /// Begins a queued compute at its turn: captures anew. False if it is no longer wanted.
    pub(super) fn begin(&mut self, run: &Arc<Run<R>>, job: &J) -> bool {
        match self.running(run).filter(|r| !r.doomed) {
            Some(running) => {
                running.capture = job.capture();
                running.queued = false;
                true
            }
            None => false,
        }
    }

    /// Records a kill of the key. False if the flight has retired.
    pub(super) fn kill_key(&mut self, seq: u64) -> bool {
        self.key.killed = self.key.killed.max(seq);
        !self.retired
    }

    /// Records an expiry of the key. False if the flight has retired.
    pub(super) fn expire_key(&mut self, seq: u64) -> bool {
        self.key.expired = self.key.expired.max(seq);
        !self.retired
    }

    /// Keeps the flight from retiring. False if it has.
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

    /// Retires the flight if nothing runs, waits or holds it. Returns whether it has retired.
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

    fn start(&mut self, run: Arc<Run<R>>, kind: Kind, waiters: usize, job: J) -> Launch<J, R> {
        // Capture before compute: the launch that is returned here has not been spawned yet.
        let capture = job.capture();
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

    /// Starts the pending compute if nothing runs; retires the flight if nothing is left of it.
    fn settle(&mut self) -> Left<J, R> {
        let mut launch = None;
        let mut spare = BTreeMap::new();
        if self.running.is_none()
            && let Some(mut pending) = self.pending.take()
            && let Some((leader, Offered { kind, job, departed })) = pending.take_leader()
        {
            let others = pending.jobs.values().filter(|offered| !offered.departed).count();
            let waiters = others + usize::from(!departed);
            // A departed caller wants the compute to go on, and will not leave it.
            let kept = waiters <= pending.jobs.len();
            launch = Some((self.start(pending.run, kind, waiters, job), leader));
            if let Some(running) = &mut self.running {
                running.kept |= kept;
            }
            spare = pending.jobs;
        }
        Left { launch, answer: None, given_up: None, abort: None, spare, retired: self.retire() }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
