// A cache in a process that was forked: what the parent had under way is not under way here.
// Never knows: how a fork is noticed.
// Read next: `../runtime/to_come.rs`, by which what the parent asked for is asked for again.
//
// A child has one thread, that which forked. Tasks, timers and waiters of its parent's other threads are
// not there, but what they hold is: flights, turns, permits. The first operation that needs a flight
// lets go of that. If another thread was inside the cache it may have held a lock, which nobody will
// release here: then the child's cache is refused for good.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Engine;
use crate::contain::drop_each;
use crate::error::Error;
use crate::flight::{Arrival, Done, KeyFlight};
use crate::matches::Place;
use crate::to_key::{Key, Value};

/// Flights of a parent, and what waited at its gate.
type Parents<V> = (Vec<Arc<KeyFlight<V>>>, VecDeque<Box<dyn Arrival>>);

impl<K: Key, V: Value> Engine<K, V> {
    /// Makes the cache this process's own, if it is a forked parent's. Two loads if not.
    ///
    /// # Errors
    /// [`Error::Forked`] if that cannot be: a thread that is not here was inside the cache.
    pub(super) fn adopt(&self) -> Result<(), Error> {
        let (adopted, parents) = self.lineage.adopt(|| self.take_from_parent());
        // Under no lock: who waits is woken, and closures are dropped.
        if let Some((flights, queue)) = parents {
            let zone = self.moment().zone_of(&Place { scope: None, market: None });
            for flight in flights {
                flight.abandon(Done::failed(Error::Forked, zone, None));
            }
            drop_each(queue);
        }
        if adopted { Ok(()) } else { Err(Error::Forked) }
    }

    /// Takes out what the parent had under way, unless a thread was inside. A read of the parent's
    /// that this thread goes on with is answered by the caller.
    fn take_from_parent(&self) -> Option<Parents<V>> {
        (self.gate.is_free() && self.flights.is_free()).then(|| {
            self.drain.restart();
            self.refreshes.restart();
            (self.flights.take_all(), self.gate.restart())
        })
    }
}
