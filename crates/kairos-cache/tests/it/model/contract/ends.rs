// How computes end: what is stored and counted, who is answered, and what follows.
// Never knows: how a compute came to run.
// Read next: `changes.rs`, for what covers a compute that runs.

use kairos_cache::Reason;

use crate::model::answer::{Answer, OfValue, Outcome, Stage};
use crate::model::operation::{Ending, called};

use super::decide::Found;
use super::entries::Entry;
use super::flights::{Arrival, By, Compute, Seat, Started, Wanted};
use super::lots::limited;
use super::reads::computed;
use super::said::Said;
use super::{Model, Waiting};
use crate::model::operation::Named;

impl Model {
    /// What runs ends, by itself or because its time is up.
    pub(super) fn finish(&mut self, what: Arrival, timeout: bool) {
        let (keys, started) = match what {
            Arrival::Key(key) => {
                let compute = self.flights[key].current.as_ref().expect("only what runs ends");
                (vec![key], compute.started)
            }
            Arrival::Call(call) => {
                let call = self.calls.remove(&call).expect("only what runs ends");
                (call.keys, call.started)
            }
        };
        let started = started.expect("only what runs ends");
        self.report(started, if timeout { Stage::Aborted } else { Stage::Ended });
        let computes: Vec<(usize, Compute)> = keys
            .into_iter()
            .filter_map(|key| Some((key, self.flights[key].current.take()?)))
            .collect();
        if timeout {
            // Who waits is told first, and then the turn is taken away.
            let keys: Vec<usize> = computes.iter().map(|(key, _)| *key).collect();
            for (key, compute) in computes {
                self.end(key, compute, started, None);
            }
            for key in keys {
                self.proceed(key);
            }
            return;
        }
        // A call gives its turn back first: what waits for one starts before what is pending here.
        if matches!(what, Arrival::Call(_)) {
            self.open_gate();
        }
        for (key, compute) in computes {
            let found = found(&compute.lead, started, key);
            self.end(key, compute, started, Some(found));
            self.proceed(key);
        }
    }

    /// One key's compute has ended: by itself, or, with nothing, because its time is up.
    fn end(&mut self, key: usize, compute: Compute, started: Started, ends: Option<(Ending, u64)>) {
        let said = Said::by(&compute, started, ends);
        let Said { outcome, value, has_failed, own_ttl, ref home } = said;
        // That there is nothing knows no quiet.
        let is_watched = outcome != Outcome::Nothing && self.watch(home.in_match).1;
        let (zone, mut ttl) = self.zone_and_ttl_at(home.in_match, self.instant(), is_watched);
        let mut factor = 1.0;
        if outcome == Outcome::Value {
            factor = self.lots.jitter(&self.setup, key, self.now);
            ttl = shortened(limited(ttl, zone, own_ttl), factor);
        }
        if compute.wanted == Wanted::Doomed {
            return;
        }
        let begun = compute.begun.unwrap_or_else(|| self.begun_now(home.in_match));
        let (mut killed, mut expired, mut covered) = (compute.killed, compute.expired, None);
        if home != compute.home() {
            (killed, expired) = self.covered_since(started.seen, home);
            covered = (killed || expired).then_some(started.seen);
        }
        let storable = self.enabled && ttl > 0 && !killed && !self.is_suspended(home.place());
        let entry = |value, ttl| {
            let computed = (self.now, self.wall());
            Entry::new(value, home.clone(), computed, begun, (zone, ttl), expired)
        };
        // Begun before a kickoff that has passed, it would not be served.
        let storable = storable && !self.is_past_kickoff(&entry(None, ttl), self.instant());
        // What began last stands.
        let last = started.began >= self.stands[key];
        let succeeded = !has_failed;
        if outcome == Outcome::Value && storable && last {
            let took = self.now - started.at;
            let entry = Entry { own_ttl, factor, took, ..entry(value, ttl) };
            self.stands[key] = started.began;
            self.store(key, Some(entry));
            if !compute.refresh {
                self.counts.stored(zone);
            }
        } else if outcome == Outcome::Nothing && succeeded && last {
            let limit = self.setup.negative_ttl;
            let kept = storable && limit > 0;
            let nothing = kept.then(|| Entry { limit, ..entry(None, ttl.min(limit)) });
            self.stands[key] = started.began;
            self.store(key, nothing);
        }
        self.put_off(key, succeeded);
        match (compute.refresh, succeeded) {
            (true, true) => self.counts.add("swr_background_success", 1.0),
            (true, false) => self.counts.add("swr_background_error", 1.0),
            (false, true) => {}
            (false, false) => self.counts.add("cache_errors", 1.0),
        }
        let of_value = OfValue { zone, ttl, age: 0, freshness: 1.0 };
        let (of, of_value) = (home.in_match, value.map(|_| &of_value));
        self.answer_seats(compute.seats, (of, covered), outcome, value, of_value);
    }

    /// What the key holds from now on.
    pub(super) fn store(&mut self, key: usize, entry: Option<Entry>) {
        self.entries[key] = entry;
        self.graves[key] = None;
    }

    /// After a failure the next compute of a servable value, or the next load of a key without one,
    /// waits for a while.
    fn put_off(&mut self, key: usize, succeeded: bool) {
        let until = self.now + self.setup.throttle;
        if succeeded {
            self.load_not_before[key] = 0;
        } else if self.is_servable(key) {
            self.entries[key].as_mut().expect("it is servable").put_off_until = Some(until);
        } else {
            self.load_not_before[key] = until;
        }
    }

    /// Answers those who waited, but for those who name another match than the compute did, and those
    /// who have come since something that covers its result: they look again.
    pub(super) fn answer_seats(
        &mut self,
        seats: Vec<Seat>,
        (of, covered): (Option<usize>, Option<usize>),
        outcome: Outcome,
        value: Option<u64>,
        of_value: Option<&OfValue>,
    ) {
        for seat in seats.into_iter().filter(|seat| !seat.departed) {
            let same = (seat.home.in_match.is_none() || seat.home.in_match == of)
                && covered.is_none_or(|captured| seat.seen <= captured);
            // That the cache has been shut down is an answer to everybody.
            self.wake(seat.read);
            if same || outcome == Outcome::ShutDown {
                self.conclude(seat.read, outcome, value, of_value.cloned());
            } else {
                self.looks.insert(seat.read, seat.by);
            }
        }
    }

    /// A compute is gone: the gate lets in the next, and what is pending for the key follows.
    pub(super) fn proceed(&mut self, key: usize) {
        self.open_gate();
        if self.flights[key].current.is_some() {
            return;
        }
        let pending = std::mem::take(&mut self.flights[key].pending);
        if !pending.is_empty() {
            self.launch(key, pending);
        }
    }

    pub(super) fn conclude(
        &mut self,
        read: usize,
        outcome: Outcome,
        value: Option<u64>,
        of_value: Option<OfValue>,
    ) {
        let waiting = self.waiting.remove(&read).expect("it waited for this");
        let took = self.now - waiting.arrived;
        // Neither is a refused compute a failed one, but fail-safe answers for it.
        let failed = matches!(
            outcome,
            Outcome::Failed | Outcome::Panicked | Outcome::TimedOut | Outcome::Overloaded
        );
        if failed && waiting.reason == Reason::TooStale {
            let old = self.old_value(&waiting);
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
    fn old_value(&self, waiting: &Waiting) -> Option<Found> {
        let Waiting { key, context, cap, signal, .. } = waiting;
        if !self.enabled || self.is_suspended(self.ruling(*key, context)) {
            return None;
        }
        let allowed =
            |old: &Found, context: &Named| context.max_age.is_none_or(|max_age| old.age <= max_age);
        let cap = self.silence_cap(*signal).min(*cap);
        self.find(*key, context.in_match, cap)
            .filter(|old| old.value.is_some() && allowed(old, context))
    }

    pub(super) fn soft_timeout(&mut self, read: usize) {
        let waiting = self.waiting.get_mut(&read).expect("only reads that wait have one");
        waiting.soft = None;
        let waiting = &self.waiting[&read];
        let (key, signal, took) = (waiting.key, waiting.signal, self.now - waiting.arrived);
        let Some(found) = self.old_value(waiting) else { return };
        self.waiting.remove(&read);
        let flight = &mut self.flights[key];
        if let Some(compute) = &mut flight.current
            && compute.seats.iter().any(|seat| seat.read == read)
        {
            compute.wanted = Wanted::Kept;
        }
        let running = flight.current.iter_mut().flat_map(|compute| &mut compute.seats);
        let mut seats = running.chain(&mut flight.pending);
        let seat = seats.find(|seat| seat.read == read).expect("it waits for a compute");
        seat.departed = true;
        let reason = Reason::SoftTimeout;
        let receipt = Some(found.receipt(reason, signal, false));
        let (outcome, value, done) = (found.outcome(), found.value, self.now);
        self.finish_read(Answer { read, done, outcome, value, receipt }, reason, signal, took);
    }
}

/// What a compute finds for a key.
fn found(lead: &Seat, started: Started, key: usize) -> (Ending, u64) {
    match lead.by {
        By::Call(by)
            if matches!(started.work.ends, Ending::Value | Ending::NotModified)
                && by.absent == Some(key) =>
        {
            (Ending::Nothing, 0)
        }
        By::Call(by) => (started.work.ends, called(by.operation, key)),
        By::Closure(_) | By::Loader => (started.work.ends, started.of),
    }
}

/// What jitter leaves of a TTL.
pub(super) fn shortened(ttl: u64, factor: f64) -> u64 {
    if factor < 1.0 { (ttl as f64 * factor) as u64 } else { ttl }
}
