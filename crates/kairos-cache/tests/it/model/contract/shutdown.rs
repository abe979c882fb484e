// The end of a cache: nothing begins, what nobody waits for is stopped, the rest ends by itself.
// Never knows: how computes came to run.
// Read next: `flights.rs`, which asks whether the end has come.

use crate::model::answer::Outcome;

use super::Model;
use super::flights::Wanted;

impl Model {
    pub(crate) fn shut_down(&mut self) {
        self.tick();
        self.closed = true;
        self.stop_alarms();
        for arrival in std::mem::take(&mut self.gate) {
            self.refuse(arrival, Outcome::ShutDown);
        }
        for key in 0..self.flights.len() {
            self.turn_away(key);
        }
        self.end_ready();
    }

    /// What runs for nobody is stopped, and who waits for the next compute is told that there will
    /// be none.
    pub(super) fn turn_away(&mut self, key: usize) {
        let pending = std::mem::take(&mut self.flights[key].pending);
        if let Some(compute) = &mut self.flights[key].current
            && compute.wanted == Wanted::Kept
        {
            compute.wanted = Wanted::ByWaiters;
        }
        for seat in pending.into_iter().filter(|seat| !seat.departed) {
            self.conclude(seat.read, Outcome::ShutDown, None, None);
        }
        self.give_up_unless_wanted(key);
    }

    /// The end is complete once nothing runs.
    pub(super) fn note_end(&mut self) {
        let runs = self.flights.iter().any(|flight| flight.current.is_some());
        if self.closed && !runs && !self.is_over {
            self.is_over = true;
            self.over = Some(self.now);
        }
    }
}
