// How waiters go away, and what that means for the compute they leave.
// Never knows: why they go.
// Read next: `../core.rs`, where they came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Core, Left};
use crate::flight::{Launchable, Ticket};

impl<J: Launchable, R: Clone> Core<J, R> {
    /// Removes a waiter without an answer. A compute that waits for its turn ends with its last
    /// waiter; one that has begun keeps the key until its task is gone.
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

    /// Removes a waiter that wants the compute to go on.
    pub(in crate::flight) fn depart(&mut self, ticket: &Ticket<R>) {
        if let Some(running) = self.running(&ticket.run) {
            running.waiters = running.waiters.saturating_sub(1);
            running.kept = true;
        } else if let Some(pending) = self.pending(&ticket.run) {
            // Its job stays, and keeps the compute wanted.
            if let Some(offered) = pending.jobs.get_mut(&ticket.id) {
                offered.departed = true;
            }
        }
    }

    /// The last step of a flight that is to start no further compute. A compute is kept only by its
    /// waiters; the waiters of the pending one get `answer` of its job.
    pub(in crate::flight) fn turn_away(&mut self, answer: impl FnOnce(&J) -> R) -> Left<J, R> {
        let mut abort = None;
        // A compute that waits for its turn will be refused when its turn comes.
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
