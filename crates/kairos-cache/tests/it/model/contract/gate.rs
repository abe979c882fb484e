// The gate across keys: so many computes at once, a bounded queue; and where each compute starts.
// Never knows: who waits for a compute, or how it ends.
// Read next: `calls.rs`, for those that start together.

use crate::model::answer::Stage;
use crate::model::answer::{Outcome, Told};
use crate::model::operation::{Work, loaded};

use super::Model;
use super::flights::{Arrival, By, Compute, Next, Seat, Started};

impl Model {
    /// Whether a compute of the key would start at once.
    pub(crate) fn computes_at_once(&self, key: usize) -> bool {
        self.flights[key].current.is_none() && self.gate_is_open()
    }

    /// What waited at the gate may start, if there is room.
    pub(super) fn open_gate(&mut self) {
        while self.has_room() && !self.gate.is_empty() {
            let next = self.gate.remove(0);
            self.begin_arrival(next);
        }
    }

    /// Starts what is pending, by the closure of the first who still waits for it.
    pub(super) fn launch(&mut self, key: usize, seats: Vec<Seat>) {
        let lead = seats.iter().find(|seat| !seat.departed).unwrap_or(&seats[0]).clone();
        self.know(&lead.home);
        self.flights[key].current = Some(Compute::of(lead, false, seats));
        self.arrive(Arrival::Key(key));
    }

    /// Through the gate, into its queue, or away from it.
    pub(super) fn arrive(&mut self, what: Arrival) {
        if self.gate_is_open() {
            self.begin_arrival(what);
        } else if self.gate.len() < self.setup.queue && !self.closed {
            self.gate.push(what);
        } else {
            let queued = self.gate.len() < self.setup.queue;
            self.refuse(what, if queued { Outcome::ShutDown } else { Outcome::Overloaded });
        }
    }

    pub(super) fn begin_arrival(&mut self, what: Arrival) {
        match what {
            Arrival::Key(key) => self.start(key),
            Arrival::Call(call) => self.start_call(call),
        }
    }

    pub(super) fn refuse(&mut self, what: Arrival, outcome: Outcome) {
        let keys = match what {
            Arrival::Key(key) => vec![key],
            Arrival::Call(call) => self.calls.remove(&call).expect("it has arrived").keys,
        };
        for key in keys {
            // One that everybody has left is not there any more.
            if let Some(refused) = self.flights[key].current.take_if(|c| !c.is_started()) {
                let of = refused.lead.home.in_match;
                self.answer_seats(refused.seats, (of, None), outcome, None, None);
            }
        }
    }

    pub(super) fn has_room(&self) -> bool {
        let alone = self.flights.iter().filter_map(|flight| flight.current.as_ref());
        let alone = alone.filter(|compute| compute.is_started() && compute.call.is_none()).count();
        let running = alone + self.calls.values().filter(|call| call.started.is_some()).count();
        self.setup.max_concurrent == 0 || running < self.setup.max_concurrent
    }

    pub(super) fn gate_is_open(&self) -> bool {
        self.gate.is_empty() && self.has_room()
    }

    /// The capture: whatever covers the compute from here on counts.
    pub(super) fn start(&mut self, key: usize) {
        self.tick();
        if self.closed {
            self.refuse(Arrival::Key(key), Outcome::ShutDown);
            return;
        }
        let lead = self.flights[key].current.as_ref().expect("it has been launched").lead.clone();
        let started = match lead.by {
            By::Closure(work) => {
                if work.asks {
                    let previous = self.previous(&lead.home).and_then(|entry| entry.value);
                    self.offered.push((lead.read, previous));
                }
                self.started(lead.read as u64, 0, work)
            }
            By::Call(by) => self.started(by.operation as u64, 1 << key, by.work),
            By::Loader => {
                self.loads[key] += 1;
                let of = loaded(key, self.loads[key]);
                let (in_match, market) = lead.named.place();
                self.told.push(Told { of, in_match, market, tags: lead.named.own_tags });
                self.started(of, 0, self.works[key])
            }
        };
        self.set_started(key, started);
        if started.is_over_at_once() {
            self.ready.push_back(Next::End(Arrival::Key(key)));
        }
    }

    /// The compute of a key has started.
    pub(super) fn set_started(&mut self, key: usize, started: Started) {
        let compute = self.flights[key].current.as_ref().expect("it is wanted");
        let begun = self.begun_now(compute.home().in_match);
        let previous = self.previous(compute.home());
        let compute = self.flights[key].current.as_mut().expect("as above");
        (compute.started, compute.begun) = (Some(started), Some(begun));
        compute.previous = previous;
    }

    pub(super) fn started(&mut self, of: u64, keys: u16, work: Work) -> Started {
        self.begun += 1;
        let (at, began, order) = (self.now, self.begun, self.next_timer());
        let seen = self.numbers();
        let started = Started { at, began, order, of, keys, work, seen };
        self.report(started, Stage::Started);
        started
    }
}
