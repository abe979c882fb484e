// A read from its arrival to its answer, or to where it waits for a compute.
// Never knows: what a compute does.
// Read next: `decide.rs` for the decision, `flights.rs` for the wait.

use kairos_cache::{Reason, Source};

use crate::model::answer::{Answer, OfValue, Outcome, Receipt};
use crate::model::operation::{Named, STEP, Work};

use super::calls::Pass;
use super::decide::Stored;
use super::entries::Home;
use super::flights::By;
use super::odds::Signal;
use super::{Model, Waiting};

impl Model {
    /// `get_or_compute`, to its end or to where it waits.
    pub(crate) fn read(&mut self, read: usize, key: usize, context: &Named, work: Work) {
        self.read_by(read, key, context, By::Closure(work));
    }

    pub(super) fn read_by(&mut self, read: usize, key: usize, context: &Named, by: By) {
        self.tick();
        self.publish(context);
        self.look(read, (key, context), by, self.now, None);
        self.end_ready();
    }

    /// Decides a read that arrived at that instant, as of now; in a pass over many reads what is
    /// stored is served at the end of it.
    pub(super) fn look(
        &mut self,
        read: usize,
        (key, context): (usize, &Named),
        by: By,
        arrived: u64,
        pass: Option<&mut Pass>,
    ) {
        let took = self.now - arrived;
        let signal = self.signal(key, context);
        let (reason, found) = self.decide(key, context, signal);
        match (reason, found) {
            (Reason::StaleIfError, Some(found)) => {
                self.serve(read, &Stored { reason, signal, found }, false, took);
            }
            (Reason::Fresh | Reason::Stale, Some(found)) => {
                let stored = Stored { reason, signal, found };
                match pass {
                    Some(pass) => pass.stored.push((read, key, context.clone(), stored)),
                    None => self.serve_stored(read, (key, context), by, &stored, arrived, None),
                }
            }
            _ => {
                let soft = (reason == Reason::TooStale && self.setup.soft_timeout > 0)
                    .then(|| (arrived + self.setup.soft_timeout, self.next_timer()));
                let context = context.clone();
                let cap = self.breaker.cap(&self.setup, signal.status);
                let waiting = Waiting { key, context, arrived, reason, signal, cap, soft };
                self.waiting.insert(read, waiting);
                self.join(read, by, pass.map(|pass| pass.call));
                // One that looks again may have waited for long enough, unless it was turned away.
                let still_waits = self.waiting.contains_key(&read);
                if still_waits && soft.is_some_and(|(at, _)| at <= self.now) {
                    self.soft_timeout(read);
                }
            }
        }
    }

    /// Serves what is stored, and refreshes it if it is stale or due early: with the others of a
    /// call, if one is named.
    pub(super) fn serve_stored(
        &mut self,
        read: usize,
        (key, context): (usize, &Named),
        by: By,
        stored: &Stored,
        arrived: u64,
        call: Option<u64>,
    ) {
        let due = stored.reason == Reason::Stale || self.is_due_early(key, &stored.found);
        let refreshes = due && self.may_refresh(key, call);
        if refreshes {
            self.refresh(read, Home::new(key, context), by, call);
        }
        self.serve(read, stored, refreshes, self.now - arrived);
    }

    fn serve(&mut self, read: usize, stored: &Stored, refreshes: bool, took: u64) {
        let Stored { reason, signal, found } = stored;
        let receipt = Some(found.receipt(*reason, *signal, refreshes));
        let (outcome, value, done) = (found.outcome(), found.value, self.now);
        self.finish_read(Answer { read, done, outcome, value, receipt }, *reason, *signal, took);
    }

    /// The caller of an operation goes away. By itself that is nothing that happens to the cache.
    pub(crate) fn cancel(&mut self, operation: usize) {
        let (outcome, done) = (Outcome::Cancelled, self.now);
        let answer = Answer { read: operation, done, outcome, value: None, receipt: None };
        self.answers.push(answer);
        self.groups.remove(&operation);
        let reads = operation..operation + STEP;
        self.leaving_since = Some(self.progress.len());
        let left: Vec<usize> = self.waiting.range(reads).map(|(read, _)| *read).collect();
        for read in left {
            // One that has left may have let another end in whichever way.
            if let Some(Waiting { key, .. }) = self.waiting.remove(&read) {
                self.leave(read, key);
            }
        }
        self.leaving_since = None;
        self.end_ready();
    }

    /// Kickoff and line-up belong to the match: what was given last stands, and each is given as it is
    /// read.
    pub(super) fn publish(&mut self, context: &Named) {
        let wall = self.instant().wall;
        let Some(of) = context.in_match else { return };
        if let Some(ahead) = context.kickoff_in {
            self.matches[of].kickoff = Some(wall + ahead);
        }
        if let Some(lineup) = context.lineup {
            self.matches[of].lineup = lineup;
        }
    }

    pub(super) fn finish_read(
        &mut self,
        answer: Answer,
        reason: Reason,
        signal: Signal,
        took: u64,
    ) {
        self.answer(answer);
        self.count_read(reason, signal, took);
    }
}

/// The receipt of an answer that a compute gave.
pub(super) fn computed(reason: Reason, signal: Signal, of_value: Option<OfValue>) -> Receipt {
    Receipt {
        strategy: reason.strategy(),
        source: Source::Computed,
        reason,
        volatility: signal.status,
        z: signal.z,
        refresh_started: false,
        feed: signal.feed,
        of_value,
    }
}
