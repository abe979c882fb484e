//! Computes: per key one runs and one is pending; the gate across keys; refreshes; timers.
//! Never knows: how a read was decided.
//! Read next: `changes.rs`, for what covers a compute that runs.

use kairos_cache::{Reason, Strategy};

use crate::answer::{Answer, OfValue, Outcome, Progress, Stage};
use crate::operation::{Ending, Named, SECOND, Work};

use super::entries::{Entry, Home};
use super::{Model, Waiting, computed};

const HARD_TIMEOUT: u64 = 30 * SECOND;
const REFRESH_TIMEOUT: u64 = 10 * SECOND;

/// The computes of one key.
#[derive(Debug, Default)]
pub(super) struct Flight {
    pub(super) current: Option<Compute>,
    pending: Vec<Seat>,
}

/// A place at a compute, with what its holder would run.
#[derive(Debug, Clone)]
struct Seat {
    read: usize,
    work: Work,
    home: Home,
    refresh: bool,
    /// By soft timeout: whoever leaves so keeps the compute alive, but waits no longer.
    departed: bool,
}

/// A compute that runs or waits at the gate.
#[derive(Debug)]
pub(super) struct Compute {
    lead: Seat,
    seats: Vec<Seat>,
    started: Option<Started>,
    pub(super) killed: bool,
    pub(super) expired: bool,
}

#[derive(Debug, Clone, Copy)]
struct Started {
    at: u64,
    order: u64,
}

/// What happens next of all that takes no time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    /// The compute of a key ends.
    End(usize),
    /// A read that has waited for the value of another match looks again.
    Look(usize, Work),
}

/// A timer that has come due.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    End(usize),
    Deadline(usize),
    Soft(usize),
}

/// How a compute came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Itself(Ending),
    Timeout,
}

impl Compute {
    pub(super) fn home(&self) -> &Home {
        &self.lead.home
    }

    pub(super) fn is_started(&self) -> bool {
        self.started.is_some()
    }

    fn due(&self, key: usize) -> Option<(u64, u64, Due)> {
        let started = self.started?;
        let patience = if self.lead.refresh { REFRESH_TIMEOUT } else { HARD_TIMEOUT };
        let takes = self.lead.work.takes;
        let due = if self.lead.work.ends != Ending::Never && takes < patience {
            (takes, Due::End(key))
        } else {
            (patience, Due::Deadline(key))
        };
        Some((started.at + due.0, started.order, due.1))
    }
}

impl Model {
    /// A read that needs a compute comes by one.
    pub(super) fn join(&mut self, read: usize, work: Work) {
        let waiting = &self.waiting[&read];
        let (key, bypass) = (waiting.key, waiting.reason.strategy() == Strategy::Bypass);
        let home = Home::new(key, &waiting.context);
        let seat = Seat { read, work, home, refresh: false, departed: false };
        match &mut self.flights[key].current {
            None => self.launch(key, vec![seat]),
            // One that has not started yet starts after everyone who is here.
            Some(compute) if !compute.is_started() => compute.seats.push(seat),
            Some(compute) if !bypass && !compute.killed && !compute.expired => {
                compute.seats.push(seat);
            }
            Some(_) => self.flights[key].pending.push(seat),
        }
    }

    /// Whether a stale read may start a refresh now.
    pub(super) fn may_refresh(&self, key: usize) -> bool {
        let refreshes = self
            .flights
            .iter()
            .filter(|flight| flight.current.as_ref().is_some_and(|c| c.lead.refresh))
            .count();
        self.flights[key].current.is_none()
            && self.throttled_until(key).is_none_or(|until| until <= self.now)
            && refreshes < self.setup.max_concurrent_refreshes
            && self.gate_is_open()
    }

    pub(super) fn refresh(&mut self, read: usize, key: usize, context: &Named, work: Work) {
        let home = Home::new(key, context);
        let lead = Seat { read, work, home, refresh: true, departed: true };
        self.flights[key].current = Some(Compute::of(lead, Vec::new()));
        self.start(key);
    }

    /// A read has been cancelled.
    pub(super) fn leave(&mut self, read: usize, key: usize) {
        let flight = &mut self.flights[key];
        flight.pending.retain(|seat| seat.read != read);
        let Some(compute) = &mut flight.current else { return };
        let was_here = compute.seats.iter().any(|seat| seat.read == read);
        compute.seats.retain(|seat| seat.read != read);
        if !was_here || !compute.seats.is_empty() || compute.lead.refresh {
            return;
        }
        if compute.is_started() {
            let aborted = compute.lead.read;
            self.report(aborted, Stage::Aborted);
            self.tick();
        }
        self.flights[key].current = None;
        self.gate.retain(|waiting| *waiting != key);
        self.proceed(key);
    }

    pub(super) fn next_due(&self) -> Option<(u64, Due)> {
        let computes = self.flights.iter().enumerate();
        let computes = computes.filter_map(|(key, f)| f.current.as_ref()?.due(key));
        let reads = self.waiting.iter();
        let reads =
            reads.filter_map(|(id, w)| w.soft.map(|(at, order)| (at, order, Due::Soft(*id))));
        computes.chain(reads).min_by_key(|(at, order, _)| (*at, *order)).map(|due| (due.0, due.2))
    }

    pub(super) fn fire(&mut self, due: Due) {
        match due {
            Due::End(key) => {
                let compute = self.flights[key].current.as_ref().expect("only what runs ends");
                self.finish(key, End::Itself(compute.lead.work.ends));
            }
            Due::Deadline(key) => self.finish(key, End::Timeout),
            Due::Soft(read) => self.soft_timeout(read),
        }
    }

    /// What waited at the gate may start, if a configuration has opened it.
    pub(super) fn open_gate(&mut self) {
        while self.has_room() && !self.gate.is_empty() {
            let key = self.gate.remove(0);
            self.start(key);
        }
    }

    fn launch(&mut self, key: usize, seats: Vec<Seat>) {
        let lead = seats.iter().find(|seat| !seat.departed).unwrap_or(&seats[0]).clone();
        let open = self.gate_is_open();
        self.flights[key].current = Some(Compute::of(lead, seats));
        if open {
            self.start(key);
        } else if self.gate.len() < self.setup.queue {
            self.gate.push(key);
        } else {
            let refused = self.flights[key].current.take().expect("it has just been put there");
            self.answer_seats(refused, Outcome::Overloaded, None, None);
        }
    }

    fn has_room(&self) -> bool {
        let running =
            self.flights.iter().filter(|f| f.current.as_ref().is_some_and(Compute::is_started));
        self.setup.max_concurrent == 0 || running.count() < self.setup.max_concurrent
    }

    fn gate_is_open(&self) -> bool {
        self.gate.is_empty() && self.has_room()
    }

    /// The capture: whatever covers the compute from here on counts.
    fn start(&mut self, key: usize) {
        self.tick();
        let order = self.next_timer();
        let compute = self.flights[key].current.as_mut().expect("it has been launched");
        compute.started = Some(Started { at: self.now, order });
        let (read, work) = (compute.lead.read, compute.lead.work);
        self.report(read, Stage::Started);
        if work.takes == 0 && work.ends != Ending::Never {
            self.ready.push_back(Next::End(key));
        }
    }

    /// Lets happen what takes no time, in the order in which it came up.
    pub(super) fn end_ready(&mut self) {
        while let Some(next) = self.ready.pop_front() {
            match next {
                Next::End(key) => self.fire(Due::End(key)),
                Next::Look(read, work) => {
                    let waiting = self.waiting.remove(&read).expect("it still waits");
                    let Waiting { key, context, arrived, .. } = waiting;
                    self.look(read, key, &context, work, arrived);
                }
            }
        }
    }

    fn finish(&mut self, key: usize, end: End) {
        let compute = self.flights[key].current.take().expect("only what runs finishes");
        let stage = if end == End::Timeout { Stage::Aborted } else { Stage::Ended };
        self.report(compute.lead.read, stage);
        let home = &compute.lead.home;
        let (zone, ttl) = self.zone_and_ttl(home);
        let storable =
            self.enabled && ttl > 0 && !compute.killed && !self.is_suspended(home.place());
        let entry = |value, ttl| {
            Entry::new(value, home.clone(), (self.now, self.wall()), (zone, ttl), compute.expired)
        };
        let refresh = compute.lead.refresh;
        let (outcome, value) = match end {
            End::Itself(Ending::Value) => (Outcome::Value, Some(compute.lead.read as u64)),
            End::Itself(Ending::Nothing) => (Outcome::Nothing, None),
            End::Itself(Ending::Failure) => (Outcome::Failed, None),
            End::Itself(Ending::Panic) => (Outcome::Panicked, None),
            End::Itself(Ending::Never) | End::Timeout => (Outcome::TimedOut, None),
        };
        let succeeded = matches!(outcome, Outcome::Value | Outcome::Nothing);
        if outcome == Outcome::Value && storable {
            self.entries[key] = Some(entry(value, ttl));
            if !refresh {
                self.counts.stored(zone);
            }
        } else if outcome == Outcome::Nothing {
            let limit = self.setup.negative_ttl;
            let kept = storable && limit > 0;
            self.entries[key] = kept.then(|| Entry { limit, ..entry(None, ttl.min(limit)) });
        }
        if !succeeded && self.is_servable(key) {
            let until = self.now + self.setup.throttle;
            self.entries[key].as_mut().expect("it is servable").put_off_until = Some(until);
        }
        match (refresh, succeeded) {
            (true, true) => self.counts.add("swr_background_success", 1.0),
            (true, false) => self.counts.add("swr_background_error", 1.0),
            (false, true) => {}
            (false, false) => self.counts.add("cache_errors", 1.0),
        }
        let of_value = OfValue { zone, ttl, age: 0, freshness: 1.0 };
        self.answer_seats(compute, outcome, value, value.map(|_| &of_value));
        self.proceed(key);
    }

    /// Answers those who waited, but for those who name another match than the compute did: they
    /// look again.
    fn answer_seats(
        &mut self,
        compute: Compute,
        outcome: Outcome,
        value: Option<u64>,
        of_value: Option<&OfValue>,
    ) {
        let of = compute.lead.home.in_match;
        for seat in compute.seats.into_iter().filter(|seat| !seat.departed) {
            if seat.home.in_match.is_none() || seat.home.in_match == of {
                self.conclude(seat.read, outcome, value, of_value.cloned());
            } else {
                self.ready.push_back(Next::Look(seat.read, seat.work));
            }
        }
    }

    /// A compute is gone: the gate lets in the next, and what is pending for the key follows.
    fn proceed(&mut self, key: usize) {
        self.open_gate();
        let pending = std::mem::take(&mut self.flights[key].pending);
        if !pending.is_empty() {
            self.launch(key, pending);
        }
    }

    fn conclude(
        &mut self,
        read: usize,
        outcome: Outcome,
        value: Option<u64>,
        of_value: Option<OfValue>,
    ) {
        let waiting = self.waiting.remove(&read).expect("it waited for this");
        let took = self.now - waiting.arrived;
        let failed = matches!(outcome, Outcome::Failed | Outcome::Panicked | Outcome::TimedOut);
        if failed && waiting.reason == Reason::TooStale {
            let old = self.old_value(&waiting.context, waiting.key, waiting.cap);
            if let Some(found) = old.filter(|old| self.allowed_if_error(old, &waiting.context)) {
                let reason = Reason::StaleIfError;
                let receipt = Some(found.receipt(reason, waiting.signal, false));
                let (outcome, value, done) = (found.outcome(), found.value, self.now);
                let answer = Answer { read, done, outcome, value, receipt };
                self.finish_read(answer, reason, waiting.signal, took);
                return;
            }
        }
        let of_value = of_value.map(|mut of_value| {
            of_value.ttl = if waiting.reason == Reason::Disabled { 0 } else { of_value.ttl };
            of_value
        });
        let receipt = Some(computed(waiting.reason, waiting.signal, of_value));
        let answer = Answer { read, done: self.now, outcome, value, receipt };
        self.finish_read(answer, waiting.reason, waiting.signal, took);
    }

    /// The value that a too-stale read may take instead of the compute's.
    fn old_value(&self, context: &Named, key: usize, cap: u64) -> Option<super::decide::Found> {
        if !self.enabled || self.is_suspended(self.ruling(key, context)) {
            return None;
        }
        self.find(key, context.in_match, cap)
            .filter(|old| old.value.is_some())
            .filter(|old| context.max_age.is_none_or(|max_age| old.age <= max_age))
    }

    pub(super) fn soft_timeout(&mut self, read: usize) {
        let waiting = self.waiting.get_mut(&read).expect("only reads that wait have one");
        waiting.soft = None;
        let waiting = &self.waiting[&read];
        let (key, signal) = (waiting.key, waiting.signal);
        let Some(found) = self.old_value(&waiting.context, key, waiting.cap) else { return };
        let took = self.now - waiting.arrived;
        self.waiting.remove(&read);
        let flight = &mut self.flights[key];
        let running = flight.current.iter_mut().flat_map(|compute| &mut compute.seats);
        let mut seats = running.chain(&mut flight.pending);
        let seat = seats.find(|seat| seat.read == read).expect("it waits for a compute");
        seat.departed = true;
        let reason = Reason::SoftTimeout;
        let receipt = Some(found.receipt(reason, signal, false));
        let (outcome, value, done) = (found.outcome(), found.value, self.now);
        self.finish_read(Answer { read, done, outcome, value, receipt }, reason, signal, took);
    }

    fn report(&mut self, of: usize, stage: Stage) {
        self.progress.push(Progress { at: self.now, of, stage });
    }
}

impl Compute {
    fn of(lead: Seat, seats: Vec<Seat>) -> Compute {
        Compute { lead, seats, started: None, killed: false, expired: false }
    }
}
