// A read that waits for a compute: what its going away means, and what it makes of the result.
// Never knows: what the compute does, or how the read came to wait for it.
// Read next: `../compute/running.rs`, which answers it.

use std::future::poll_fn;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Poll};

use equivalent::Equivalent;

use crate::contain::shielded;
use crate::engine::Engine;
use crate::engine::compute::Claim;
use crate::engine::read::reading::{Reading, Request};
use crate::error::Error;
use crate::flight::{Done, Joined, Run, Ticket, Wait, current, is_inside, name, wait};
use crate::policy::{Now, Reason};
use crate::receipt::Answer;
use crate::runtime::BoxFuture;
use crate::to_key::{Key, Value};

/// A read that waits for a compute. Dropping it gives up the place; the last waiter to give up
/// aborts the compute, unless abandoned computes are to be finished.
pub(crate) struct Waiting<K: Key, V: Value> {
    claim: Held<K, V>,
    ticket: Option<Ticket<Done<V>>>,
    /// The newest number of the sequence before the read joined.
    seen: u64,
    /// Of a read inside a compute.
    hurried: Option<Hurried<V>>,
}

/// A claim that a read holds by itself, or shares with a compute that it has started.
enum Held<K: Key, V: Value> {
    /// Taken only where it becomes a shared one.
    Own(Option<Claim<K, V>>),
    Shared(Arc<Claim<K, V>>),
}

impl<K: Key, V: Value> Held<K, V> {
    fn share(&mut self) -> &Arc<Claim<K, V>> {
        if let Held::Own(own) = self {
            *self = Held::Shared(Arc::new(own.take().expect("taken only here")));
        }
        match self {
            Held::Shared(claim) => claim,
            Held::Own(_) => unreachable!("it has just become a shared one"),
        }
    }
}

impl<K: Key, V: Value> Deref for Held<K, V> {
    type Target = Claim<K, V>;

    fn deref(&self) -> &Claim<K, V> {
        match self {
            Held::Own(claim) => claim.as_ref().expect("taken only where it becomes a shared one"),
            Held::Shared(claim) => claim,
        }
    }
}

/// The computes that a read inside another one waits for. While it does they wait for no turn: the
/// compute that it is inside of has one.
struct Hurried<V>([Option<Arc<Run<Done<V>>>>; 2]);

impl<V> Hurried<V> {
    fn new(ticket: &Ticket<Done<V>>) -> Hurried<V> {
        let runs = [Some(Arc::clone(&ticket.run)), ticket.behind.clone()];
        runs.iter().flatten().for_each(|run| run.hurry());
        Hurried(runs)
    }
}

impl<V> Drop for Hurried<V> {
    fn drop(&mut self) {
        self.0.iter().flatten().for_each(|run| run.end_hurry());
    }
}

impl<K: Key, V: Value> Waiting<K, V> {
    /// A read that has joined, and has not yet sent the compute on its way that it may have started.
    /// It had seen this number of the sequence by then.
    pub(super) fn new(claim: Claim<K, V>, ticket: Ticket<Done<V>>, seen: u64) -> Waiting<K, V> {
        let hurried = is_inside().then(|| Hurried::new(&ticket));
        Waiting { claim: Held::Own(Some(claim)), ticket: Some(ticket), seen, hurried }
    }

    /// The claim of the key that it waits for, as others share it.
    pub(super) fn claim(&mut self) -> &Arc<Claim<K, V>> {
        self.claim.share()
    }

    /// Whether it has started what it waits for.
    pub(super) fn is_first(&self) -> bool {
        matches!(self.claim, Held::Shared(_))
    }

    /// Leaves, and lets the compute go on.
    pub(crate) fn depart(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.claim.flight().depart(&ticket);
        }
    }

    /// Waits for the outcome of the compute, and how the reader joined it.
    pub(crate) async fn done(&mut self) -> (Done<V>, Joined) {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Waits as [`Waiting::done`] does; `None` once `timer` has rung.
    pub(crate) async fn done_before(&mut self, mut timer: BoxFuture) -> Option<(Done<V>, Joined)> {
        poll_fn(|cx| match self.poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    /// Lets the computes inside which the read is wait for this one, at once where it waits for its
    /// turn. `Reentrant` if they would wait for themselves.
    fn wait_inside(&self) -> Result<Option<Wait>, Error> {
        let (Some(inside), Some(ticket)) = (current(), &self.ticket) else { return Ok(None) };
        let behind = ticket.behind.as_ref();
        let waits = wait(&inside, name(&ticket.run), behind.map(name)).ok_or(Error::Reentrant)?;
        self.claim.engine().admit_urgent();
        Ok(Some(waits))
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<(Done<V>, Joined)> {
        let ticket = self.ticket.as_mut().expect("polled until the first Ready only");
        let polled = ticket.run.poll_led(&mut ticket.seat, ticket.id, cx);
        let Poll::Ready((done, led)) = polled else { return Poll::Pending };
        let joined = Joined { led, queued: ticket.queued };
        self.ticket = None;
        Poll::Ready((done, joined))
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Waits for a compute, and answers with its result, or with the old value where the rules
    /// allow that: the compute fails, or takes longer than the read waits. `None` if the compute
    /// was of another match than the read names: look again.
    pub(super) async fn wait_once<Q>(
        &self,
        request: &Request<'_, Q>,
        waiting: &mut Waiting<K, V>,
        reading: &mut Reading<V>,
    ) -> Option<Answer<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let _waits = match waiting.wait_inside() {
            Ok(waits) => waits,
            Err(error) => {
                let zone = self.moment().zone_of(&request.place);
                let joined = Joined { led: false, queued: false };
                let done = Done::failed(error, zone, None);
                return Some(self.answer(reading, done, joined, request.arrived));
            }
        };
        let mut done = None;
        if reading.verdict.reason == Reason::TooStale
            && let Some(timer) = self.soft_timer(request.arrived)
        {
            done = waiting.done_before(timer).await;
            if done.is_none()
                && let Some(old) = self.old_value(request, reading, &self.moment())
            {
                waiting.depart();
                return Some(self.serve_as(Reason::SoftTimeout, old, request.arrived));
            }
        }
        let (done, joined) = match done {
            Some(done) => done,
            None => waiting.done().await,
        };
        let seen = waiting.seen;
        let answer = self.conclude(request, reading, done, joined, seen);
        // It may be the last to hold the value that the answer has replaced.
        shielded(|| drop(reading.view.take()));
        answer
    }

    /// The timer that rings when a read that arrived at `arrived` has waited for its soft timeout.
    fn soft_timer(&self, arrived: Now) -> Option<BoxFuture> {
        let limit_ns = self.rules.load().soft_timeout_ns;
        let rings_at = arrived.mono.saturating_add(limit_ns);
        (limit_ns > 0).then(|| self.runtime.sleep_until(rings_at))
    }

    fn conclude<Q>(
        &self,
        request: &Request<'_, Q>,
        reading: &Reading<V>,
        mut done: Done<V>,
        joined: Joined,
        seen: u64,
    ) -> Option<Answer<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if !done.answers(&request.place, seen) {
            return None;
        }
        if request.place.is_over_bound() {
            // By the read's own kickoff and line-up, which are not the match's.
            done.zone = self.moment().zone_of(&request.place);
        }
        let failed = done.outcome.as_ref().is_err_and(Error::lets_old_values_answer);
        if failed && reading.verdict.reason == Reason::TooStale {
            let moment = self.moment();
            if let Some(old) = self.old_value(request, reading, &moment)
                && old.is_allowed_if_error(&moment)
            {
                return Some(self.serve_if_error(request, old));
            }
        }
        Some(self.answer(reading, done, joined, request.arrived))
    }
}

impl<K: Key, V: Value> Drop for Waiting<K, V> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        // First: what starts because this read leaves is not hurried for its sake.
        self.hurried = None;
        if self.claim.engine().rules.load().finish_abandoned {
            self.claim.flight().depart(&ticket);
        } else {
            let after = self.claim.flight().leave(&ticket);
            if !after.is_done() {
                self.claim().settle(after);
            }
        }
    }
}
