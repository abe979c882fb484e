// Readers that go, and what their going means for a compute.
// Never knows: why they go.
// Read next: `../core.rs`, the steps by which they came.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Core, Left};
use crate::flight::{Launchable, Offered, Run, Ticket};

impl<J: Launchable, R: Clone> Core<J, R> {
    /// A reader goes and does not want the compute any more. With its last waiter a compute that is
    /// not kept ends: at once if it is queued, for there is no task yet; else when its task has been
    /// aborted, which keeps the key until then.
    pub(in crate::flight) fn leave(&mut self, ticket: &Ticket<R>) -> Left<J, R> {
        let mut spare = BTreeMap::new();
        if let Some(running) = self.running(&ticket.run) {
            running.waiters = running.waiters.saturating_sub(1);
            if running.waiters == 0 && !running.kept && !running.doomed {
                let run = Arc::clone(&running.run);
                if running.queued {
                    self.running = None;
                    return Left { given_up: Some(run), ..self.settle() };
                }
                running.doomed = true;
                return Left { abort: Some(run), ..self.settle() };
            }
        } else if let Some(pending) = self.pending(&ticket.run) {
            spare.extend(pending.jobs.remove_entry(&ticket.id));
            if pending.jobs.is_empty() {
                self.pending = None;
            }
        }
        Left { spare, ..self.settle() }
    }

    /// A reader goes and wants the compute to go on.
    pub(in crate::flight) fn depart(&mut self, ticket: &Ticket<R>) {
        if let Some(running) = self.running(&ticket.run) {
            running.waiters = running.waiters.saturating_sub(1);
            running.kept = true;
        } else if let Some(pending) = self.pending(&ticket.run) {
            // The job stays: the compute may need it.
            if let Some(offered) = pending.jobs.get_mut(&ticket.id) {
                offered.departed = true;
            }
        }
    }

    /// Nothing runs or is pending any more, and a fill that holds the flight stores nothing: invalidations
    /// of the key do not find it from here on. Returns its runs, and jobs to be dropped.
    pub(in crate::flight) fn abandon(&mut self) -> (Vec<Arc<Run<R>>>, Vec<Offered<J>>) {
        self.retired = true;
        // Later than whatever has begun.
        self.stands = u64::MAX;
        let running = self.running.take().map(|running| running.run);
        let pending = self.pending.take().map(|pending| (pending.run, pending.jobs));
        let (pending, jobs) = pending.unzip();
        let spare = jobs.into_iter().flat_map(BTreeMap::into_values).collect();
        (running.into_iter().chain(pending).collect(), spare)
    }

    /// Nothing may start any more. What has begun goes on for its waiters alone, whatever kept it;
    /// what is pending is refused.
    pub(in crate::flight) fn turn_away(&mut self, answer: impl FnOnce(&J) -> R) -> Left<J, R> {
        let mut abort = None;
        // A queued compute is refused at its turn.
        if let Some(running) = self.running.as_mut().filter(|r| !r.queued) {
            running.kept = false;
            if running.waiters == 0 && !running.doomed {
                running.doomed = true;
                abort = Some(Arc::clone(&running.run));
            }
        }
        let mut spare = BTreeMap::new();
        let mut refused = None;
        if let Some(pending) = self.pending.take() {
            let first = pending.jobs.first_key_value();
            refused = first.map(|(_, offered)| (pending.run, answer(&offered.job)));
            spare = pending.jobs;
        }
        Left { answer: refused, abort, spare, ..self.settle() }
    }
}
