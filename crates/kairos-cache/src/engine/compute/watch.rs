// The timer of computes that end together: it answers their waiters, then aborts the task.
// Never knows: what a compute finds.
// Why: `docs/decisions/0002-a-timer-task-beside-each-compute.md`.
// Why: `docs/decisions/0008-a-blocking-compute-keeps-its-key.md`.

use std::sync::{Arc, Weak};

use super::claim::{Claim, Launched};
use crate::contain::{caught, shielded};
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Done, Kind, OtherTurn, Run, Underway};
use crate::matches::Place;
use crate::policy::MonoNs;
use crate::runtime::{Runtime, Task};
use crate::to_key::{Key, Value};

/// A compute as its timer sees it.
pub(super) struct Watched<K: Key, V: Value> {
    claim: Arc<Claim<K, V>>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    place: Place,
}

/// Computes that end together. Their task holds it: a timer that rings when they have ended finds
/// nothing.
pub(super) struct Watch<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    members: Vec<Watched<K, V>>,
    underway: Arc<Underway>,
    turn: OtherTurn,
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

impl<K: Key, V: Value> Watch<K, V> {
    pub(super) fn new(
        engine: &Arc<Engine<K, V>>,
        members: Vec<Watched<K, V>>,
        underway: &Arc<Underway>,
        turn: OtherTurn,
    ) -> Arc<Watch<K, V>> {
        let (engine, underway) = (Arc::clone(engine), Arc::clone(underway));
        Arc::new(Watch { engine, members, underway, turn })
    }

    /// The time is up for the first time: the waiters are answered, then the task is aborted. From
    /// one that does not yield the turn is taken, so that other keys get theirs; from then on each
    /// further ring answers the waiters of the next compute.
    fn ring(&self, is_first: bool) {
        let moment = self.engine.moment();
        if is_first {
            for compute in &self.members {
                shielded(|| compute.time_out(&moment));
            }
            for compute in &self.members {
                shielded(|| compute.run.abort());
            }
        } else if !self.members.iter().fold(false, |any, compute| compute.is_stuck(&moment) | any) {
            return;
        }
        if self.underway.leave_if_stuck() {
            shielded(|| self.turn.give_back());
        }
    }
}

/// Starts the timer of computes. It holds nothing of them, and lets others ring.
pub(super) fn start_timer<K: Key, V: Value>(
    watch: &Arc<Watch<K, V>>,
    started: MonoNs,
    limit_ns: u64,
) -> Task {
    let (runtime, watch) = (Arc::clone(&watch.engine.runtime), Arc::downgrade(watch));
    let timer = Arc::clone(&runtime);
    runtime.spawn_timer(Box::pin(async move {
        let (mut deadline, mut is_first) = (started.saturating_add(limit_ns), true);
        while watch.strong_count() > 0 {
            timer.sleep_until(deadline).await;
            ring_beside(&*timer, &watch, is_first);
            is_first = false;
            deadline = deadline.saturating_add(limit_ns);
        }
    }))
}

fn ring_beside<K: Key, V: Value>(runtime: &dyn Runtime, watch: &Weak<Watch<K, V>>, first: bool) {
    let watch = Weak::clone(watch);
    runtime.beside_timers(Box::new(move || {
        if let Some(watch) = watch.upgrade() {
            watch.ring(first);
        }
    }));
}
