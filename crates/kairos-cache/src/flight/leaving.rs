//! How waiters go away, and what that means for the compute they leave.
//! Never knows: why they go.
//! Read next: `../flight.rs`, where they came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{After, Flight, Job, Ticket};

impl<J: Job, R: Clone> Flight<J, R> {
    /// A waiter goes away without an answer. A compute that waits for its turn ends with its last
    /// waiter; one that has begun keeps the key until its task is gone.
    pub fn leave(&self, ticket: &Ticket<R>) -> After<J, R> {
        ticket.run.leave(&ticket.seat);
        let mut state = self.state.lock();
        let mut abort = None;
        let mut spare = BTreeMap::new();
        if let Some(running) = state.running.as_mut().filter(|r| Arc::ptr_eq(&r.run, &ticket.run)) {
            running.waiters = running.waiters.saturating_sub(1);
            if running.waiters == 0 && !running.kept && !running.doomed {
                if running.queued {
                    ticket.run.give_up();
                    state.running = None;
                    return state.settle();
                }
                running.doomed = true;
                abort = Some(Arc::clone(&running.run));
            }
        } else if let Some(pending) =
            state.pending.as_mut().filter(|p| Arc::ptr_eq(&p.run, &ticket.run))
        {
            spare.extend(pending.jobs.remove_entry(&ticket.id));
            if pending.jobs.is_empty() {
                state.pending = None;
            }
        }
        let retired = state.retire_if_idle();
        After { launch: None, abort, retired, spare }
    }

    /// A waiter goes away and wants the compute to go on.
    pub fn depart(&self, ticket: &Ticket<R>) {
        ticket.run.leave(&ticket.seat);
        let mut state = self.state.lock();
        if let Some(running) = state.running.as_mut().filter(|r| Arc::ptr_eq(&r.run, &ticket.run)) {
            running.waiters = running.waiters.saturating_sub(1);
            running.kept = true;
        } else if let Some(pending) =
            state.pending.as_mut().filter(|p| Arc::ptr_eq(&p.run, &ticket.run))
        {
            // Its job stays, and keeps the compute wanted.
            if let Some(offered) = pending.jobs.get_mut(&ticket.id) {
                offered.departed = true;
            }
        }
    }

    /// The last step of a flight that is to start nothing any more. A compute is kept only by those
    /// who wait for it; whoever waits for the pending one gets `answer` of its job.
    pub fn turn_away(&self, answer: impl FnOnce(&J) -> R) -> After<J, R> {
        let mut state = self.state.lock();
        let mut abort = None;
        // One that waits for its turn will be refused when it asks for it.
        if let Some(running) = state.running.as_mut().filter(|r| !r.queued) {
            running.kept = false;
            if running.waiters == 0 && !running.doomed {
                running.doomed = true;
                abort = Some(Arc::clone(&running.run));
            }
        }
        let mut spare = BTreeMap::new();
        let mut refused = None;
        if let Some(pending) = state.pending.take() {
            let first = pending.jobs.first_key_value();
            refused = first.map(|(_, offered)| (pending.run, answer(&offered.job)));
            spare = pending.jobs;
        }
        let retired = state.retire_if_idle();
        drop(state);
        if let Some((run, result)) = refused {
            run.complete(result);
        }
        After { launch: None, abort, retired, spare }
    }
}
