// Reads of many keys in one pass, and the calls that compute keys together.
// Never knows: what becomes of a single key's result.
// Read next: `flights.rs`, whose computes the members of a call are.

use crate::model::answer::{Answer, Outcome, Stage};
use crate::model::operation::{Named, STEP, Work};

use super::Model;
use super::decide::Stored;
use super::flights::{Arrival, By, Compute, Due, Next, Started, Wanted};

/// The closure of a read of many keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByCall {
    /// The number of the operation.
    pub(super) operation: usize,
    pub(super) work: Work,
    pub(super) absent: Option<usize>,
}

/// Keys that are computed together: one turn, one end, one timer.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) keys: Vec<usize>,
    by: ByCall,
    refresh: bool,
    pub(super) started: Option<Started>,
}

/// The first look at many reads.
pub(super) struct Pass {
    pub(super) call: u64,
    pub(super) stored: Vec<(usize, usize, Named, Stored)>,
}

/// The answers of a read of many, which come together.
#[derive(Debug)]
pub(super) struct Group {
    left: usize,
    answers: Vec<Answer>,
}

impl Call {
    pub(super) fn due(&self, id: u64) -> Option<(u64, u64, Due)> {
        Some(self.started?.due(self.refresh, Arrival::Call(id)))
    }

    /// Whether it has its place among the refreshes.
    pub(super) fn refreshes(&self) -> bool {
        self.refresh && !self.keys.is_empty()
    }
}

impl Model {
    /// `get_many`, to its end or to where it waits.
    pub(crate) fn many(
        &mut self,
        operation: usize,
        reads: &[(usize, Named)],
        work: Work,
        absent: Option<usize>,
    ) {
        self.tick();
        let by = ByCall { operation, work, absent };
        self.groups.insert(operation, Group { left: reads.len(), answers: Vec::new() });
        let mut pass = Pass { call: self.new_call(by, false), stored: Vec::new() };
        for (nth, (key, context)) in reads.iter().enumerate() {
            self.publish(context);
            let read = operation + 1 + nth;
            self.look(read, (*key, context), By::Call(by), self.now, Some(&mut pass));
        }
        // Somebody waits for these: they go before the refreshes.
        self.send(pass.call);
        let refreshes = self.new_call(by, true);
        for (read, key, context, stored) in pass.stored {
            self.serve_stored(
                read,
                (key, &context),
                By::Call(by),
                &stored,
                self.now,
                Some(refreshes),
            );
        }
        self.send(refreshes);
        self.end_ready();
    }

    /// A read of many has one of its answers.
    pub(super) fn answer(&mut self, answer: Answer) {
        let operation = answer.read - answer.read % STEP;
        if answer.read == operation {
            self.answers.push(answer);
            return;
        }
        let group = self.groups.get_mut(&operation).expect("one of its reads is answered");
        group.answers.push(answer);
        group.left -= 1;
        if group.left == 0 {
            let answers = self.groups.remove(&operation).expect("as above").answers;
            self.answers.extend(answers.into_iter().map(|a| Answer { done: self.now, ..a }));
        }
    }

    fn new_call(&mut self, by: ByCall, refresh: bool) -> u64 {
        self.calls_made += 1;
        let call = Call { keys: Vec::new(), by, refresh, started: None };
        self.calls.insert(self.calls_made, call);
        self.calls_made
    }

    /// A key's compute is to start with the others of a call.
    pub(super) fn enlist(&mut self, key: usize, call: u64, compute: Compute) {
        self.know(compute.home());
        self.flights[key].current = Some(Compute { call: Some(call), ..compute });
        self.calls.get_mut(&call).expect("it is being filled").keys.push(key);
    }

    fn send(&mut self, id: u64) {
        let call = &self.calls[&id];
        match (call.keys.is_empty(), call.refresh) {
            (true, _) => drop(self.calls.remove(&id)),
            (false, true) => self.start_call(id),
            (false, false) => self.arrive(Arrival::Call(id)),
        }
    }

    /// The capture of each key that is still wanted.
    pub(super) fn start_call(&mut self, id: u64) {
        self.tick();
        if self.closed {
            self.refuse(Arrival::Call(id), Outcome::ShutDown);
            return;
        }
        let flights = &self.flights;
        let wanted =
            |key: &usize| flights[*key].current.as_ref().is_some_and(|c| c.call == Some(id));
        let call = self.calls.get_mut(&id).expect("it has been sent");
        call.keys.retain(wanted);
        let (keys, by) = (call.keys.clone(), call.by);
        if keys.is_empty() {
            self.calls.remove(&id);
            return;
        }
        let mask = keys.iter().fold(0, |mask, key| mask | 1 << key);
        let started = self.started(by.operation as u64, mask, by.work);
        self.calls.get_mut(&id).expect("as above").started = Some(started);
        for key in keys {
            self.set_started(key, started);
        }
        if started.is_over_at_once() {
            self.ready.push_back(Next::End(Arrival::Call(id)));
        }
    }

    /// One key of a call is not wanted any more: with the last of them it is stopped, or leaves
    /// the queue.
    pub(super) fn give_up_call(&mut self, id: u64) {
        let own = |compute: &&Compute| compute.call == Some(id) && compute.wanted != Wanted::Doomed;
        let call = &self.calls[&id];
        let mut members = call.keys.iter().filter_map(|key| self.flights[*key].current.as_ref());
        if members.any(|compute| own(&compute)) {
            return;
        }
        let call = self.calls.remove(&id).expect("as above");
        self.forget(Arrival::Call(id));
        let Some(started) = call.started else { return };
        self.report(started, Stage::Aborted);
        self.tick();
        for key in &call.keys {
            self.flights[*key].current = None;
        }
        self.open_gate();
        for key in call.keys {
            self.proceed(key);
        }
    }
}
