// The timer of computes that end together: it answers their waiters, then aborts the task.
// Never knows: what a compute finds.
// Why: `docs/decisions/0002-a-timer-task-beside-each-compute.md`.
// Why: `docs/decisions/0008-a-blocking-compute-keeps-its-key.md`.

use std::sync::Arc;

use super::claim::{Claim, Launched};
use crate::contain::{caught, shielded};
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Done, Kind, OtherTurn, Run, Underway};
use crate::matches::Place;
use crate::policy::MonoNs;
use crate::runtime::Task;
use crate::to_key::{Key, Value};

/// A compute as its timer sees it.
pub(super) struct Watched<K: Key, V: Value> {
    claim: Claim<K, V>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    place: Place,
}

impl<K: Key, V: Value> Watched<K, V> {
    pub(super) fn new(compute: &Launched<K, V>) -> Watched<K, V> {
        let launch = compute.launch();
        Watched {
            claim: compute.claim().again(),
            run: Arc::clone(&launch.run),
            kind: launch.kind,
            place: launch.job.home.place.clone(),
        }
    }

    /// Answers the waiters of a compute that has used up its time.
    fn time_out(&self, moment: &Moment) {
        let (engine, key) = (self.claim.engine(), self.claim.key());
        let _released = engine.store.releasing();
        let answered = self.claim.flight().doom(&self.run, || {
            // Counted before any waiter has the answer.
            engine.compute_failed(key, self.kind, moment);
            self.timed_out(Some(self.place.clone()), moment)
        });
        if answered {
            engine.tell_failure(key, self.kind, &Error::Timeout);
            engine.reclaim_if_wanted();
        }
    }

    /// Answers the waiters that have waited behind the compute for too long. Returns whether it
    /// still runs.
    fn is_stuck(&self, moment: &Moment) -> bool {
        // A read behind it waits in vain, also one for the value of another match.
        let timed_out = self.timed_out(None, moment);
        caught(|| self.claim.flight().check_stuck(&self.run, timed_out)).unwrap_or(true)
    }

    fn timed_out(&self, place: Option<Place>, moment: &Moment) -> Done<V> {
        Done { outcome: Err(Error::Timeout), zone: moment.zone_of(&self.place), place }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Starts the timer of computes that end together: it answers the waiters, then aborts the
    /// task. From a task that does not yield the timer takes the turn, so that other keys get
    /// theirs, and from then on answers the waiters of the next compute.
    pub(super) fn watch(
        self: &Arc<Self>,
        watched: Vec<Watched<K, V>>,
        started: MonoNs,
        limit_ns: u64,
        underway: Arc<Underway>,
        turn: OtherTurn,
    ) -> Task {
        let engine = Arc::clone(self);
        let mut deadline = started.saturating_add(limit_ns);
        self.runtime.spawn_timer(Box::pin(async move {
            engine.runtime.sleep_until(deadline).await;
            engine.end_in_time(&watched);
            loop {
                if underway.leave_if_stuck() {
                    shielded(|| turn.give_back());
                }
                deadline = deadline.saturating_add(limit_ns);
                engine.runtime.sleep_until(deadline).await;
                if !engine.any_stuck(&watched) {
                    return;
                }
            }
        }))
    }

    fn end_in_time(&self, watched: &[Watched<K, V>]) {
        let moment = self.moment();
        for compute in watched {
            shielded(|| compute.time_out(&moment));
        }
        for compute in watched {
            shielded(|| compute.run.abort());
        }
    }

    fn any_stuck(&self, watched: &[Watched<K, V>]) -> bool {
        let moment = self.moment();
        watched.iter().fold(false, |any, compute| compute.is_stuck(&moment) | any)
    }
}
