// What follows a step of a flight: the next compute, an abort, a flight that leaves its table.
// Never knows: what a compute finds.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use crate::contain::{caught, drop_each, shielded};
use crate::engine::Engine;
use crate::engine::compute::claim::{Compute, Launched};
use crate::error::Error;
use crate::flight::job::{Done, Home, Job, KeyFlight};
use crate::flight::{After, Launch};
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Aborts what runs for nobody, and tells those who wait for the next compute of the key that
    /// there will be none: the cache has been shut down.
    pub(crate) fn turn_away(self: &Arc<Self>, key: &K, flight: &Arc<KeyFlight<V>>) {
        let now = self.now();
        let after = flight.turn_away(|job| {
            self.stats.computes_refused(1);
            let zone = self.zone_of(&job.home.place, now);
            Done { outcome: Err(Error::ShutDown), zone, place: None }
        });
        self.settle(key, flight, after);
    }

    /// Does what a step of a flight left to be done, whatever user code panics meanwhile.
    pub(crate) fn settle(
        self: &Arc<Self>,
        key: &K,
        flight: &Arc<KeyFlight<V>>,
        after: After<Job<V>, Done<V>>,
    ) {
        let After { launch, abort, retired, spare } = after;
        if let Some(launch) = launch {
            match caught(|| key.clone()) {
                Ok(key) => {
                    let compute = Compute { key, flight: Arc::clone(flight), launch };
                    let launched = Launched::new(self, compute);
                    shielded(|| self.launch(launched));
                }
                Err(error) => self.end_unstarted(key, flight, launch, error),
            }
        }
        if let Some(run) = abort {
            shielded(|| run.abort());
        }
        if retired {
            shielded(|| self.forget_flight(key, flight));
        }
        // Closures that will not run, outside every lock and when nothing is left to be done.
        drop_each(spare);
    }

    /// Retires a flight that a caller created and did not use.
    pub(crate) fn release_flight<Q>(&self, key: &Q, flight: &Arc<KeyFlight<V>>)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if flight.retire() {
            self.forget_flight(key, flight);
        }
    }

    /// Removes a retired flight from the table.
    pub(crate) fn forget_flight<Q>(&self, key: &Q, flight: &Arc<KeyFlight<V>>)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.flights.forget(key, flight);
    }

    /// Ends a compute that has not started, and frees its key.
    pub(crate) fn end_unstarted(
        self: &Arc<Self>,
        key: &K,
        flight: &Arc<KeyFlight<V>>,
        Launch { run, job, .. }: Launch<Job<V>, Done<V>>,
        error: Error,
    ) {
        let Job { work, home: Home { place, .. } } = job;
        let zone = self.zone_of(&place, self.now());
        // That the cache is shut down is an answer to readers of any match.
        let place = (!matches!(error, Error::ShutDown)).then_some(place);
        let after = flight.finish(&run, |_, _| Done { outcome: Err(error), zone, place });
        self.settle(key, flight, after);
        shielded(|| drop(work));
    }
}
