// What the deadline of computes that end together does: it answers their waiters, then aborts the task.
// Never knows: what a compute finds.
// Why: `docs/decisions/0002-a-timer-beside-each-compute.md`.
// Why: `docs/decisions/0008-a-blocking-compute-keeps-its-key.md`.

use std::sync::Arc;

use smallvec::SmallVec;

use super::claim::{Claim, Launched};
use crate::contain::{caught, shielded};
use crate::engine::failure::Failed;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Done, Kind, Places, Run, Underway};
use crate::matches::Place;
use crate::policy::MonoNs;
use crate::runtime::Task;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::to_key::{Key, Value};

/// A compute as its timer sees it.
pub(super) struct Watched<K: Key, V: Value> {
    claim: Arc<Claim<K, V>>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    place: Place,
}

/// Computes that end together. Their task holds it: a deadline that comes when they have ended finds
/// nothing.
pub(super) struct Watch<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    members: SmallVec<[Watched<K, V>; 1]>,
    underway: Arc<Underway>,
    /// Their turn, until it is given back.
    turn: Mutex<Option<Places>>,
    limit_ns: u64,
    has_rung: AtomicBool,
    alarm: Mutex<Option<Task>>,
}

impl<K: Key, V: Value> Watched<K, V> {
    pub(super) fn new(compute: &Launched<K, V>) -> Watched<K, V> {
        let launch = compute.launch();
        Watched {
            claim: Arc::clone(compute.claim()),
            run: Arc::clone(&launch.run),
            kind: launch.kind,
            place: launch.job.home.place.clone(),
        }
    }

    /// Answers the waiters of a compute that has used up its time.
    fn time_out(&self, moment: &Moment) {
        let (engine, key) = (self.claim.engine(), self.claim.key());
        let _released = engine.store.releasing();
        let mut spare = None;
        let answered = self.claim.flight().doom(&self.run, |capture, marks| {
            let (error, place) = (&Error::Timeout, &self.place);
            // Counted before any waiter has the answer.
            let failed = Failed { error, place, capture, marks };
            spare = engine.compute_failed(key, self.kind, &failed, moment);
            self.timed_out(Some(place.clone()), moment)
        });
        shielded(|| drop(spare));
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
        Done::failed(Error::Timeout, moment.zone_of(&self.place), place)
    }
}

impl<K: Key, V: Value> Watch<K, V> {
    pub(super) fn new(
        engine: &Arc<Engine<K, V>>,
        members: SmallVec<[Watched<K, V>; 1]>,
        underway: &Arc<Underway>,
        turn: Places,
        limit_ns: u64,
    ) -> Arc<Watch<K, V>> {
        let (engine, underway) = (Arc::clone(engine), Arc::clone(underway));
        Arc::new(Watch {
            engine,
            members,
            underway,
            turn: Mutex::new(Some(turn)),
            limit_ns,
            has_rung: AtomicBool::new(false),
            alarm: Mutex::new(None),
        })
    }

    /// Has the time end one limit after `began`. What waits for that holds nothing of the computes.
    pub(super) fn begin(self: &Arc<Self>, began: MonoNs) {
        self.set_alarm(began, true);
    }

    /// Ends work that was handed over when its time was up already.
    pub(super) fn withdraw_if_late(&self) {
        // Relaxed: as in `ring`.
        if self.has_rung.load(Ordering::Relaxed) {
            shielded(|| self.underway.withdraw());
        }
    }

    /// Gives back the turn, unless that has been done.
    pub(super) fn give_back(&self) {
        // Out of the lock first: a place that is given back may let the next compute begin.
        let given_back = self.turn.lock().take();
        drop(given_back);
    }

    /// The computes have ended.
    pub(super) fn end(&self) {
        let alarm = self.alarm.lock().take();
        if let Some(alarm) = alarm {
            shielded(|| alarm.abort());
        }
    }

    fn set_alarm(self: &Arc<Self>, since: MonoNs, is_first: bool) {
        let watch = Arc::downgrade(self);
        let deadline = since.saturating_add(self.limit_ns);
        let bell = move || {
            let Some(watch) = watch.upgrade() else { return };
            shielded(|| watch.set_alarm(deadline, false));
            watch.ring(is_first);
        };
        let alarm = self.engine.runtime.alarm(deadline, Box::new(bell));
        let rung = self.alarm.lock().replace(alarm);
        drop(rung);
    }

    /// The time is up for the first time: the waiters are answered, the task is aborted, and the turn
    /// given back, so that other keys get theirs even if the task does not yield or nobody drives its
    /// runtime. From then on each further ring answers the waiters of the next compute.
    fn ring(&self, is_first: bool) {
        let moment = self.engine.moment();
        if is_first {
            for compute in &self.members {
                shielded(|| compute.time_out(&moment));
            }
            for compute in &self.members {
                shielded(|| compute.run.abort());
            }
            // Relaxed: `withdraw` takes the lock under which the work is handed over. Before it: work that
            // is handed over after it is withdrawn there.
            self.has_rung.store(true, Ordering::Relaxed);
            // What has not begun ends here, whether or not its runtime will drop it.
            shielded(|| self.underway.withdraw());
            self.underway.leave_if_stuck();
            shielded(|| self.give_back());
        } else if self.members.iter().fold(false, |any, compute| compute.is_stuck(&moment) | any) {
            // Aborted a limit ago, and still there: no shutdown waits for it.
            self.underway.leave();
        }
    }
}

impl<K: Key, V: Value> Drop for Watch<K, V> {
    /// An alarm that was set while the computes ended.
    fn drop(&mut self) {
        self.end();
    }
}
