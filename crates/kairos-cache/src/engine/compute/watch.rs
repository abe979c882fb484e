// The timer of computes that end together: it answers their waiters, then aborts the task.
// Never knows: what a compute finds.

use std::sync::Arc;

use crate::contain::{caught, shielded};
use crate::engine::Engine;
use crate::engine::compute::claim::Compute;
use crate::error::Error;
use crate::flight::drain::Underway;
use crate::flight::job::{Done, KeyFlight};
use crate::flight::turn::OtherTurn;
use crate::flight::{Kind, Launch, Run};
use crate::policy::Now;
use crate::runtime::Task;
use crate::store::entry::Place;
use crate::to_key::{Key, Value};

/// A compute as its timer sees it.
pub(crate) struct Watched<K, V> {
    key: K,
    flight: Arc<KeyFlight<V>>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    place: Place,
}

impl<K: Clone, V> Watched<K, V> {
    pub(crate) fn new(compute: &Compute<K, V>) -> Watched<K, V> {
        let Compute { key, flight, launch: Launch { run, kind, job } } = compute;
        Watched {
            key: key.clone(),
            flight: Arc::clone(flight),
            run: Arc::clone(run),
            kind: *kind,
            place: job.home.place.clone(),
        }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Starts the timer of computes that end together: it answers the waiters, then aborts the
    /// task. From a task that does not yield it takes the turn, so that other keys get theirs, and
    /// behind it it goes on answering whoever waits for the next compute.
    pub(crate) fn watch(
        self: &Arc<Self>,
        watched: impl AsRef<[Watched<K, V>]> + Send + 'static,
        (mut deadline, limit_ns): (u64, u64),
        underway: Arc<Underway>,
        turn: OtherTurn,
    ) -> Task {
        let engine = Arc::clone(self);
        self.runtime.spawn_timer(Box::pin(async move {
            engine.runtime.sleep_until(deadline).await;
            let now = engine.now();
            for compute in watched.as_ref() {
                shielded(|| engine.time_out(compute, now));
            }
            watched.as_ref().iter().for_each(|compute| shielded(|| compute.run.abort()));
            loop {
                if underway.leave_if_stuck() {
                    shielded(|| turn.give_back());
                }
                deadline = deadline.saturating_add(limit_ns);
                engine.runtime.sleep_until(deadline).await;
                let now = engine.now();
                let mut stuck = false;
                for Watched { flight, run, place, .. } in watched.as_ref() {
                    // Whoever is behind it waits in vain, also for the value of another match.
                    let timed_out = Done { place: None, ..engine.timed_out(place, now) };
                    stuck |= caught(|| flight.check_stuck(run, timed_out)).unwrap_or(true);
                }
                if !stuck {
                    return;
                }
            }
        }))
    }

    /// Tells whoever waits for a compute that it has used up its time.
    fn time_out(&self, compute: &Watched<K, V>, now: Now) {
        let Watched { key, flight, run, kind, place } = compute;
        let answered = flight.doom(run, || {
            // Counted before anybody can know of it.
            self.compute_failed(key, *kind, now);
            self.timed_out(place, now)
        });
        self.store.displaced.release();
        if answered {
            self.tell_failure(key, *kind, &Error::Timeout);
        }
    }

    fn timed_out(&self, place: &Place, now: Now) -> Done<V> {
        let (zone, place) = (self.zone_of(place, now), Some(place.clone()));
        Done { outcome: Err(Error::Timeout), zone, place }
    }
}
