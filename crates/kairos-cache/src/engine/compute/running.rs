// A running compute: what it found becomes an entry, or does not, and the key is free.
// Never knows: how a compute came to run, or the task that runs it.
// Read next: `publish.rs` for what may be stored, `settle.rs` for what follows.

use std::sync::Arc;

use super::claim::{Claim, Launched};
use super::publish::Began;
use super::said::{Begun, Taken};
use crate::computed::Computed;
use crate::contain::{caught, shielded};
use crate::engine::Moment;
use crate::engine::failure::{Failed, Failure};
use crate::error::Error;
use crate::flight::{After, Done, Found, Home, Job, Kind, Launch, Run, Work};
use crate::stats::Discarded;
use crate::store::Entry;
use crate::to_key::{Key, Value};
use crate::truth::{Capture, Fate, Held, KeyMarks};

/// A compute that its task runs. However the task ends, dropping this frees the key.
pub(super) struct Running<K: Key, V: Value> {
    claim: Arc<Claim<K, V>>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    home: Home,
    began: Began,
    /// What it would replace, as it was when it started.
    previous: Option<Held<Entry<V>>>,
    /// The weight of the value that was found, if it can be kept.
    weight: Option<u32>,
    /// The waiters have their answer.
    is_published: bool,
}

/// What is left to be done of a compute whose waiters have their answer.
pub(super) struct Published<V> {
    after: After<Job<V>, Done<V>>,
    failed: Option<Error>,
    found: Result<Taken<V>, Error>,
}

impl<K: Key, V: Value> Running<K, V> {
    /// Takes a compute over from its launch, with the work to be run.
    pub(super) fn new(compute: Launched<K, V>, moment: &Moment) -> (Running<K, V>, Work<V>) {
        let (claim, Launch { run, kind, job }) = compute.take();
        let Job { work, home } = job;
        let engine = claim.engine();
        engine.stats.compute_started(kind);
        let began = Began { at: moment.now.mono, kickoff: home.place.facts().kickoff };
        // After the capture: what has covered the old value is not offered, what will has a number that
        // covers the result.
        // Also where nothing was found: it may have waited for another compute, or for its turn.
        let previous = || engine.previous(claim.key(), &home.place, moment.now);
        let previous = caught(previous).unwrap_or(None);
        let (weight, is_published) = (None, false);
        let running = Running { claim, run, kind, home, began, previous, weight, is_published };
        (running, work)
    }

    /// The value that it would replace.
    pub(super) fn previous(&self) -> Option<Arc<V>> {
        self.previous.as_ref()?.entry.value.clone()
    }

    pub(super) fn key(&self) -> &K {
        self.claim.key()
    }

    /// The compute as its waiters see it.
    pub(super) fn run(&self) -> &Arc<Run<Done<V>>> {
        &self.run
    }

    /// Weighs what was found. A weigher is its user's code, and has the time of the compute.
    pub(super) fn weigh(&mut self, found: &Computed<V>) {
        if let Some(value) = found.as_value() {
            self.weight = self.claim.engine().weight(self.claim.key(), value);
        }
    }

    /// Stores what was found, and answers the waiters, unless they have their answer. What is left to
    /// be done is for `settle`.
    pub(super) fn publish(&mut self, found: Found<V>) -> Option<Published<V>> {
        if self.is_published {
            return None;
        }
        shielded(|| self.run.clear_abort());
        let moment = self.claim.engine().moment();
        // The user's code may panic here: that is the compute's error, and the key is free.
        let found = caught(|| self.take_in(found, &moment)).and_then(|taken| taken);
        let (mut failed, mut spare, mut is_wanted) = (None, None, false);
        let after = self.claim.flight().finish(&self.run, |capture, marks| {
            is_wanted = true;
            let concluded = self.conclude(&found, capture, marks, &moment);
            (failed, spare) = (concluded.failed, concluded.forgotten);
            (concluded.done, concluded.bars_older)
        });
        shielded(|| drop(spare));
        if !is_wanted && !self.run.is_overdue() {
            // Its last waiter has left; one that has used up its time is counted already.
            self.claim.engine().stats.accounts().aborted();
        }
        // Last: until here dropping this would still free the key.
        self.is_published = true;
        Some(Published { after, failed, found })
    }

    /// Does what the end has left to be done.
    pub(super) fn settle(&mut self, published: Published<V>) {
        let Published { after, failed, found } = published;
        let engine = self.claim.engine();
        let _released = engine.store.releasing();
        self.claim.settle(after);
        if let Some(error) = failed {
            shielded(|| engine.tell_failure(self.claim.key(), self.kind, &error));
        }
        let has_found_tags = found.as_ref().is_ok_and(|taken| taken.moved.is_some());
        shielded(|| drop((found, self.previous.take())));
        if has_found_tags {
            shielded(|| engine.relieve_tags(&engine.moment()));
        }
        engine.sweep_if_full();
        engine.keep_up();
    }

    /// Whether the compute has failed by this error. A refresh that no runtime takes, or that its
    /// runtime drops, has failed; what readers wait for is aborted. One that says that an old value
    /// stands where there is none has nothing.
    fn is_failure(&self, error: &Error) -> bool {
        error.is_compute_failure()
            || matches!(error, Error::Nothing)
            || (self.kind == Kind::Refresh && matches!(error, Error::Aborted))
    }

    /// Takes in what was found: user code is called here, before the flight's lock is taken.
    fn take_in(&self, found: Found<V>, moment: &Moment) -> Result<Taken<V>, Error> {
        let (key, home, previous) = (self.key(), &self.home, self.previous.as_ref());
        let begun = Begun { key, home, began: self.began, previous, weight: self.weight };
        self.claim.engine().take_in(found, &begun, moment)
    }

    /// Stores what was found, and counts the outcome. Called under the flight's lock; never panics.
    fn conclude(
        &self,
        found: &Result<Taken<V>, Error>,
        capture: &Capture,
        marks: KeyMarks,
        moment: &Moment,
    ) -> Concluded<V> {
        let (engine, key, kind) = (self.claim.engine(), self.claim.key(), self.kind);
        let stored = found
            .as_ref()
            .map_err(Error::clone)
            .and_then(|taken| caught(|| (taken, self.store(taken, capture, marks, moment))));
        let place = Some(self.home.place.clone());
        match stored {
            Err(error) => {
                let (mut failed, mut forgotten) = (None, None);
                if self.is_failure(&error) {
                    let failure = Failed { error: &error, place: &self.home.place, capture, marks };
                    forgotten = engine.compute_failed(key, kind, &failure, moment);
                    failed = Some(error.clone());
                } else {
                    engine.compute_aborted(key, moment);
                }
                let done = Done::failed(error, moment.zone_of(&self.home.place), place);
                Concluded { done, bars_older: false, failed, forgotten }
            }
            Ok((Taken { fresh, moved }, (fate, covered))) => {
                let forgotten = caught(|| engine.forget_failure(key)).unwrap_or(None);
                let done = match &fresh.value {
                    None => {
                        engine.compute_found_nothing(key, kind);
                        let zone = moment.zone_of_nothing(&self.home.place);
                        Done::failed(Error::Nothing, zone, place)
                    }
                    Some(value) => {
                        let zone = fresh.rules_view.at_insert;
                        let stored = Discarded::of(fate).map_or(Ok(zone.zone), Err);
                        engine.compute_found(key, kind, stored);
                        let place = moved.as_ref().map(|moved| moved.place.clone()).or(place);
                        Done { outcome: Ok(Arc::clone(value)), zone, place, covered }
                    }
                };
                Concluded { done, bars_older: fate.bars_older(), failed: None, forgotten }
            }
        }
    }

    /// Stores what was found unless something forbids it. Returns what became of it and, if tags that
    /// the compute has found are covered, the number that it captured.
    fn store(
        &self,
        taken: &Taken<V>,
        capture: &Capture,
        marks: KeyMarks,
        moment: &Moment,
    ) -> (Fate, Option<u64>) {
        let (engine, Taken { fresh, moved }) = (self.claim.engine(), taken);
        let at = engine.store.shelf(self.claim.key());
        let Some(moved) = moved else {
            let place = &self.home.place;
            return (engine.store_result(&self.claim, &at, fresh, place, capture, marks), None);
        };
        let own = engine.recapture(moved, capture, moment);
        let fate = engine.store_result(&self.claim, &at, fresh, &moved.place, &own, marks);
        // Of a match over the bound the class that was captured is in no table, and is asked by itself.
        let is_covered = marks.cover(&own) || marks.cover(capture);
        (fate, is_covered.then(|| capture.seq()))
    }
}

/// What a compute came to.
struct Concluded<V> {
    done: Done<V>,
    /// Whether the result bars what began before it.
    bars_older: bool,
    /// The error, if the compute has failed.
    failed: Option<Error>,
    /// A failure that is no longer remembered: to be dropped under no lock.
    forgotten: Option<Failure>,
}

impl<K: Key, V: Value> Drop for Running<K, V> {
    fn drop(&mut self) {
        let published = caught(|| self.publish(Err(Error::Aborted)));
        if let Ok(Some(published)) = published {
            shielded(|| self.settle(published));
        }
    }
}
