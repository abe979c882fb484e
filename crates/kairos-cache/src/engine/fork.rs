// A cache in a process that was forked: what the parent had under way is not under way here.
// Never knows: how a fork is noticed.
// Read next: `../runtime/to_come.rs`, by which what the parent asked for is asked for again.
//
// A child has one thread, that which forked. Tasks, timers and waiters of its parent's other threads are
// not there, but what they hold is: flights, turns, permits. The first operation that needs a flight
// lets go of that. If another thread was inside the cache it may have held a lock, which nobody will
// release here: then the child's cache is refused for good.

use super::Engine;
use crate::error::Error;
use crate::flight::Done;
use crate::matches::Place;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Makes the cache this process's own, if it is a forked parent's. Two loads if not.
    ///
    /// # Errors
    /// [`Error::Forked`] if that cannot be: a thread that is not here was inside the cache.
    pub(super) fn adopt(&self) -> Result<(), Error> {
        let is_whole = || self.gate.is_free() && self.flights.is_free();
        let adopted = self.lineage.adopt(is_whole, || self.let_go());
        if adopted { Ok(()) } else { Err(Error::Forked) }
    }

    /// Lets go of what the parent had under way. A read of the parent's that this thread goes on
    /// with is answered.
    fn let_go(&self) {
        let zone = self.moment().zone_of(&Place { scope: None, market: None });
        self.drain.restart();
        self.refreshes.restart();
        for flight in self.flights.take_all() {
            flight.abandon(Done { outcome: Err(Error::Forked), zone, place: None });
        }
        self.gate.restart();
    }
}
