// Computes: per key one runs and one is pending; refreshes; timers.
// Never knows: how a read was decided, or what becomes of a result.
// Read next: `gate.rs`, for how they start; `ends.rs`, for how they end.

use kairos_cache::Strategy;

use crate::model::answer::{Progress, Stage};
use crate::model::operation::{Ending, SECOND, STEP, Work, loaded_key};

use super::calls::ByCall;
use super::entries::{Begun, Entry, Home};
use super::{Model, Waiting};

const HARD_TIMEOUT: u64 = 30 * SECOND;
const REFRESH_TIMEOUT: u64 = 10 * SECOND;

/// The computes of one key.
#[derive(Debug, Default)]
pub(super) struct Flight {
    pub(super) current: Option<Compute>,
    pub(super) pending: Vec<Seat>,
}

/// What computes.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// The closure of the read.
    Closure(Work),
    Loader,
    /// The closure of a read of many keys.
    Call(ByCall),
}

/// A place at a compute, with what its holder would run.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) read: usize,
    pub(super) by: By,
    pub(super) home: Home,
    /// Where its holder says that the value belongs: what the loader is told.
    pub(super) named: Home,
    /// By soft timeout: whoever leaves so keeps the compute alive, but waits no longer.
    pub(super) departed: bool,
    /// How many numbers had been taken when it came.
    pub(super) seen: usize,
}

/// A compute that runs or waits at the gate.
#[derive(Debug)]
pub(super) struct Compute {
    pub(super) lead: Seat,
    pub(super) refresh: bool,
    pub(super) seats: Vec<Seat>,
    /// The call of which it is a part.
    pub(super) call: Option<u64>,
    pub(super) started: Option<Started>,
    pub(super) begun: Option<Begun>,
    /// The live value that it is to replace.
    pub(super) previous: Option<Entry>,
    pub(super) killed: bool,
    pub(super) expired: bool,
    pub(super) wanted: Wanted,
}

/// For whose sake a compute goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    ByWaiters,
    /// Also if nobody waits for it.
    Kept,
    /// For nobody's, and nobody may join it: it ends with the call of which it is a part.
    Doomed,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Started {
    pub(super) at: u64,
    /// Its number among what has begun.
    pub(super) began: u64,
    pub(super) order: u64,
    pub(super) of: u64,
    pub(super) keys: u16,
    pub(super) work: Work,
    /// How many numbers had been taken.
    pub(super) seen: usize,
}

/// What waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    Key(usize),
    Call(u64),
}

/// What happens next of all that takes no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    End(Arrival),
    /// A caller is told what has become of its reads; those that have waited for the value of
    /// another match look again.
    Wake(usize),
}

/// A timer that has come due.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    End(Arrival),
    Deadline(Arrival),
    Soft(usize),
    /// Of a feed.
    Alarm(usize),
}

impl Started {
    pub(super) fn due(&self, refresh: bool, what: Arrival) -> (u64, u64, Due) {
        let patience = if refresh { REFRESH_TIMEOUT } else { HARD_TIMEOUT };
        let due = if self.work.ends != Ending::Never && self.work.takes < patience {
            (self.work.takes, Due::End(what))
        } else {
            (patience, Due::Deadline(what))
        };
        (self.at + due.0, self.order, due.1)
    }
}

impl Compute {
    pub(super) fn of(lead: Seat, refresh: bool, seats: Vec<Seat>) -> Compute {
        let kept = refresh || seats.iter().any(|seat| seat.departed);
        Compute {
            lead,
            refresh,
            seats,
            call: None,
            started: None,
            begun: None,
            previous: None,
            killed: false,
            expired: false,
            wanted: if kept { Wanted::Kept } else { Wanted::ByWaiters },
        }
    }

    pub(super) fn home(&self) -> &Home {
        &self.lead.home
    }

    pub(super) fn is_started(&self) -> bool {
        self.started.is_some()
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.seats.iter().any(|seat| !seat.departed)
    }
}

impl Model {
    /// A read that needs a compute comes by one: of the call, if it is one of many reads.
    pub(super) fn join(&mut self, read: usize, by: By, call: Option<u64>) {
        let waiting = &self.waiting[&read];
        let (key, bypass) = (waiting.key, waiting.reason.strategy() == Strategy::Bypass);
        let home = Home::new(key, &waiting.context);
        let seen = self.numbers();
        let seat = Seat { read, by, named: home.clone(), home, departed: false, seen };
        match &mut self.flights[key].current {
            None => match call {
                None => self.launch(key, vec![seat]),
                Some(call) => self.enlist(key, call, Compute::of(seat.clone(), false, vec![seat])),
            },
            // One that has not started yet starts after everyone who is here.
            Some(compute) if !compute.is_started() => compute.seats.push(seat),
            Some(compute)
                if !bypass
                    && !compute.killed
                    && !compute.expired
                    && compute.wanted != Wanted::Doomed =>
            {
                compute.seats.push(seat);
            }
            Some(_) => {
                self.know(&seat.home);
                self.flights[key].pending.push(seat);
                if self.closed {
                    self.turn_away(key);
                }
            }
        }
    }

    /// Whether a stale read may start a refresh now, also as one more of a call that has begun.
    pub(super) fn may_refresh(&self, key: usize, call: Option<u64>) -> bool {
        let alone = self.flights.iter().filter_map(|flight| flight.current.as_ref());
        let alone = alone.filter(|compute| compute.refresh && compute.call.is_none()).count();
        let refreshes = alone + self.calls.values().filter(|call| call.refreshes()).count();
        let goes_along = call.is_some_and(|call| self.calls[&call].refreshes());
        !self.closed
            && self.flights[key].current.is_none()
            && self.throttled_until(key).is_none_or(|until| until <= self.now)
            && (goes_along
                || refreshes < self.setup.max_concurrent_refreshes && self.gate_is_open())
    }

    /// Starts a refresh, or has it start with the others of its call. What it finds belongs where the
    /// value does that it refreshes, unless its reader names a match.
    pub(super) fn refresh(&mut self, read: usize, named: Home, by: By, call: Option<u64>) {
        let key = named.key;
        let living = self.entries[key].as_ref().filter(|entry| !entry.corpse);
        let own = living.filter(|_| named.in_match.is_none());
        let home = own.map_or_else(|| named.clone(), |entry| entry.home.clone());
        let seen = self.numbers();
        let lead = Seat { read, by, home, named, departed: true, seen };
        let compute = Compute::of(lead, true, Vec::new());
        if let Some(call) = call {
            self.enlist(key, call, compute);
        } else {
            self.know(compute.home());
            self.flights[key].current = Some(compute);
            self.start(key);
        }
    }

    /// A read has been cancelled.
    pub(super) fn leave(&mut self, read: usize, key: usize) {
        let flight = &mut self.flights[key];
        flight.pending.retain(|seat| seat.read != read);
        let Some(compute) = &mut flight.current else { return };
        let was_here = compute.seats.iter().any(|seat| seat.read == read);
        compute.seats.retain(|seat| seat.read != read);
        if was_here {
            self.give_up_unless_wanted(key);
        }
    }

    /// Stops the compute of a key if nobody waits for it and nothing else keeps it.
    pub(super) fn give_up_unless_wanted(&mut self, key: usize) {
        let Some(compute) = &mut self.flights[key].current else { return };
        if compute.is_waited_for() || compute.wanted != Wanted::ByWaiters {
            return;
        }
        match (compute.call, compute.started) {
            (Some(call), started) => {
                compute.wanted = Wanted::Doomed;
                if started.is_none() {
                    self.flights[key].current = None;
                }
                self.give_up_call(call);
            }
            (None, started) => {
                if let Some(started) = started {
                    self.report(started, Stage::Aborted);
                    self.tick();
                }
                self.flights[key].current = None;
                self.forget(Arrival::Key(key));
            }
        }
        self.proceed(key);
    }

    /// What has been stopped neither gets its turn nor ends.
    pub(super) fn forget(&mut self, what: Arrival) {
        self.gate.retain(|waiting| *waiting != what);
        self.ready.retain(|next| *next != Next::End(what));
    }

    pub(super) fn next_due(&self) -> Option<(u64, Due)> {
        let computes = self.flights.iter().enumerate().filter_map(|(key, flight)| {
            let compute = flight.current.as_ref().filter(|compute| compute.call.is_none())?;
            Some(compute.started?.due(compute.refresh, Arrival::Key(key)))
        });
        let calls = self.calls.iter().filter_map(|(id, call)| call.due(*id));
        let reads = self.waiting.iter();
        let reads =
            reads.filter_map(|(id, w)| w.soft.map(|(at, order)| (at, order, Due::Soft(*id))));
        // Among what is due at one instant an alarm changes nothing of the others.
        let alarm = self.next_alarm().map(|(at, feed)| (at, u64::MAX, Due::Alarm(feed)));
        let all = computes.chain(calls).chain(reads).chain(alarm);
        all.min_by_key(|(at, order, _)| (*at, *order)).map(|due| (due.0, due.2))
    }

    pub(super) fn fire(&mut self, due: Due) {
        match due {
            Due::End(what) => self.finish(what, false),
            Due::Deadline(what) => self.finish(what, true),
            Due::Soft(read) => self.soft_timeout(read),
            Due::Alarm(feed) => self.ring(feed),
        }
    }

    /// What begins now in a match.
    pub(super) fn begun_now(&self, in_match: Option<usize>) -> Begun {
        Begun { at: self.now, kickoff: in_match.and_then(|of| self.matches[of].kickoff) }
    }

    /// Lets happen what takes no time, in the order in which it came up.
    pub(super) fn end_ready(&mut self) {
        while let Some(next) = self.ready.pop_front() {
            match next {
                Next::End(what) => self.fire(Due::End(what)),
                Next::Wake(operation) => {
                    let reads = operation..operation + STEP;
                    while let Some((&read, _)) = self.looks.range(reads.clone()).next() {
                        let by = self.looks.remove(&read).expect("it has just been found");
                        let waiting = self.waiting.remove(&read).expect("it still waits");
                        let Waiting { key, context, arrived, .. } = waiting;
                        self.look(read, (key, &context), by, arrived, None);
                    }
                }
            }
        }
        self.note_end();
    }

    /// A read has its answer, or has to look again.
    pub(super) fn wake(&mut self, read: usize) {
        let next = Next::Wake(read - read % STEP);
        if !self.ready.contains(&next) {
            self.ready.push_back(next);
        }
    }

    pub(super) fn report(&mut self, Started { of, keys, .. }: Started, stage: Stage) {
        let progress = Progress { at: self.now, of, keys, stage };
        // What starts and is stopped while a caller goes away has not come to do anything.
        if stage == Stage::Aborted
            && let Some(from) = self.leaving_since
            && let Some(place) = self.progress[from..]
                .iter()
                .position(|p| *p == Progress { stage: Stage::Started, ..progress })
        {
            self.progress.remove(from + place);
            self.offered.retain(|(read, _)| *read as u64 != of);
            if let Some(place) = self.told.iter().position(|told| told.of == of) {
                self.told.remove(place);
                self.loads[loaded_key(of)] -= 1;
            }
            return;
        }
        self.progress.push(progress);
    }
}

impl Started {
    pub(super) fn is_over_at_once(&self) -> bool {
        self.work.takes == 0 && self.work.ends != Ending::Never
    }
}
