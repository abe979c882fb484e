//! A read that waits for a compute: what its going away means, and what it makes of the result.
//! Never knows: what the compute does, or how the read came to wait for it.
//! Read next: `compute.rs`, which answers it.

use std::borrow::Borrow;
use std::future::poll_fn;
use std::hash::Hash;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::contain::shielded;
use crate::engine::Engine;
use crate::engine::read::reading::Reading;
use crate::error::Error;
use crate::flight::Ticket;
use crate::flight::job::{Done, Joined, KeyFlight};
use crate::matches::Place;
use crate::policy::Now;
use crate::policy::decide::Reason;
use crate::receipt::Answer;
use crate::runtime::BoxFuture;
use crate::to_key::{Key, Value};

/// A read that waits for a compute. Dropping it gives up the place; the last to give up aborts
/// the compute.
pub(crate) struct Waiting<K: Key, V: Value> {
    pub(crate) engine: Arc<Engine<K, V>>,
    pub(crate) key: K,
    pub(crate) flight: Arc<KeyFlight<V>>,
    pub(crate) ticket: Option<Ticket<Done<V>>>,
}

impl<K: Key, V: Value> Waiting<K, V> {
    /// Goes away and lets the compute go on.
    pub(crate) fn depart(mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.flight.depart(&ticket);
        }
    }

    /// What the compute came to, and how the reader came to it.
    pub(crate) async fn done(&mut self) -> (Done<V>, Joined) {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// The same, or nothing once `timer` has rung.
    pub(crate) async fn done_before(&mut self, mut timer: BoxFuture) -> Option<(Done<V>, Joined)> {
        poll_fn(|cx| match self.poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<(Done<V>, Joined)> {
        let ticket = self.ticket.as_mut().expect("polled until the first Ready only");
        let Poll::Ready(done) = ticket.run.poll(&mut ticket.seat, cx) else {
            return Poll::Pending;
        };
        let joined = Joined { led: ticket.led(), queued: ticket.queued };
        self.ticket = None;
        Poll::Ready((done, joined))
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Waits for a compute, and answers with its result, or with the old value where the rules
    /// allow that: the compute fails, or takes longer than the read waits. Nothing if the compute
    /// was of another match than the read names: look again.
    pub(crate) async fn wait_once<Q>(
        &self,
        key: &Q,
        mut waiting: Waiting<K, V>,
        place: &Place,
        reading: Reading<V>,
        arrived: Now,
    ) -> Option<Answer<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let old_value = reading.verdict.reason == Reason::TooStale;
        let soft_timeout_ns = self.rules().soft_timeout_ns;
        let mut done = None;
        if old_value && soft_timeout_ns > 0 {
            let timer = self.runtime.sleep_until(arrived.mono.saturating_add(soft_timeout_ns));
            done = waiting.done_before(timer).await;
            if done.is_none()
                && let Some(old) = self.old_value(key, place, &reading)
            {
                waiting.depart();
                return Some(self.serve_as(Reason::SoftTimeout, old, arrived));
            }
        }
        let done = match done {
            Some(done) => done,
            None => waiting.done().await,
        };
        let answer = self.conclude(key, place, &reading, done, arrived);
        // It may be the last to hold the value that the answer has replaced.
        shielded(|| drop(reading));
        answer
    }

    fn conclude<Q>(
        &self,
        key: &Q,
        place: &Place,
        reading: &Reading<V>,
        (mut done, joined): (Done<V>, Joined),
        arrived: Now,
    ) -> Option<Answer<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if !done.answers(place) {
            return None;
        }
        if place.is_over_bound() {
            // By the read's own kickoff and line-up, which are not the match's.
            done.zone = self.zone_of(place, self.now());
        }
        let failed = done.outcome.as_ref().is_err_and(Error::is_compute_failure);
        if failed
            && reading.verdict.reason == Reason::TooStale
            && let Some(old) = self.old_value(key, place, reading)
            && self.rules().read.allowed_if_error(&old.rules_view(), old.now)
        {
            return Some(self.serve_as(Reason::StaleIfError, old, arrived));
        }
        Some(self.answer(reading, done, joined, arrived))
    }
}

impl<K: Key, V: Value> Drop for Waiting<K, V> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let after = self.flight.leave(&ticket);
            self.engine.settle(&self.key, &self.flight, after);
        }
    }
}
