//! A read that waits for a compute, and what its going away means.
//! Never knows: what the compute does, or what the read will make of it.
//! Read next: `compute.rs`, which answers it.

use std::future::poll_fn;
use std::hash::Hash;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::engine::Engine;
use crate::flight::Ticket;
use crate::job::{Done, Joined, KeyFlight};
use crate::runtime::BoxFuture;

/// A read that waits for a compute. Dropping it gives up the place; the last to give up aborts
/// the compute.
pub(crate) struct Waiting<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(crate) engine: Arc<Engine<K, V>>,
    pub(crate) key: K,
    pub(crate) flight: Arc<KeyFlight<V>>,
    pub(crate) ticket: Option<Ticket<Done<V>>>,
}

impl<K, V> Waiting<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
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

impl<K, V> Drop for Waiting<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let after = self.flight.leave(&ticket);
            self.engine.settle(&self.key, &self.flight, after);
        }
    }
}
