// What follows a step of a flight: the next compute, an abort, a flight that leaves its table.
// Never knows: what a compute finds.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use super::claim::{Claim, Launched};
use crate::contain::{drop_each, shielded};
use crate::engine::Engine;
use crate::error::Error;
use crate::flight::{After, Done, Home, Job, KeyFlight, KeyLaunch, Launch};
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Claim<K, V> {
    /// Does what a step of the flight left to be done, whatever user code panics meanwhile.
    pub(in crate::engine) fn settle(self: &Arc<Self>, after: After<Job<V>, Done<V>>) {
        let After { launch, abort, retired, spare } = after;
        if let Some(launch) = launch {
            let launched = Launched::new(Arc::clone(self), launch);
            shielded(|| {
                let engine = self.engine();
                engine.launch(launched, &engine.moment());
            });
        }
        if let Some(run) = abort {
            shielded(|| run.abort());
        }
        if retired {
            shielded(|| self.forget());
        }
        // Closures that will not run, outside every lock and when nothing is left to be done.
        drop_each(spare);
    }

    /// Removes the retired flight from the table.
    pub(super) fn forget(&self) {
        self.engine().forget_flight(self.key(), self.flight());
    }

    /// Aborts a compute without waiters, and refuses the waiters of the key's next compute: the
    /// cache has been shut down.
    pub(in crate::engine) fn turn_away(self: &Arc<Self>) {
        let engine = self.engine();
        let moment = engine.moment();
        let after = self.flight().turn_away(|job| {
            engine.stats.computes_refused(1);
            let zone = moment.zone_of(&job.home.place);
            Done::failed(Error::ShutDown, zone, None)
        });
        self.settle(after);
    }

    /// Ends a compute that has not started, and frees its key.
    pub(super) fn end_unstarted(self: &Arc<Self>, launch: KeyLaunch<V>, error: Error) {
        let Launch { run, job, .. } = launch;
        let Job { work, home: Home { place, .. }, .. } = job;
        let zone = self.engine().moment().zone_of(&place);
        // That the cache is shut down is an answer to readers of any match.
        let place = (!matches!(error, Error::ShutDown)).then_some(place);
        let done = Done::failed(error, zone, place);
        let after = self.flight().finish(&run, |_, _| (done, false));
        self.settle(after);
        shielded(|| drop(work));
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Lets no further compute begin, and aborts computes without waiters.
    pub(crate) fn wind_up(self: &Arc<Self>) {
        self.drain.close();
        self.sweeper.close();
        self.silences.take_all();
        self.gate.turn_away();
        // Outside the table's locks: what follows may remove flights.
        for (key, flight) in self.flights.all() {
            Arc::new(Claim::new(self, key, flight)).turn_away();
        }
    }

    /// Retires a flight that a caller created and did not use.
    pub(in crate::engine) fn release_flight<Q>(
        self: &Arc<Self>,
        key: &Q,
        flight: &Arc<KeyFlight<V>>,
    ) where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if flight.retire() {
            self.forget_flight(key, flight);
        }
    }

    /// Removes a retired flight from the table.
    pub(in crate::engine) fn forget_flight<Q>(self: &Arc<Self>, key: &Q, flight: &Arc<KeyFlight<V>>)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if self.flights.forget(key, flight) {
            self.forget_strays();
        }
    }
}
