//! How a compute begins: through the gate, as a task, with a timer beside it; and what follows a flight's steps.
//! Never knows: what a compute finds, or how a read decided that it needs one.
//! Read next: `flight.rs` for who may join, `compute.rs` for a compute's end.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::contain::contained;
use crate::engine::Engine;
use crate::engine::compute::claim::Launched;
use crate::engine::compute::watch::Watched;
use crate::error::Error;
use crate::flight::Kind;
use crate::flight::gate::{Admission, Arrival, Pass};
use crate::flight::job::{KeyFlight, Work};
use crate::flight::permits::Permit;
use crate::flight::turn::Turn;
use crate::to_key::{Key, ToKey, Value};

/// A compute on its way through the gate.
struct AtGate<K: Key, V: Value>(Launched<K, V>);

impl<K: Key, V: Value> Arrival for AtGate<K, V> {
    fn is_wanted(&self) -> bool {
        !self.0.is_given_up()
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        let AtGate(compute) = *self;
        if !compute.begin() {
            return Some(pass);
        }
        let engine = Arc::clone(&compute.engine);
        engine.spawn(compute, (pass, None))
    }

    fn refuse(self: Box<Self>) {
        let AtGate(compute) = *self;
        let engine = Arc::clone(&compute.engine);
        engine.refuse(compute, Error::Overloaded);
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// The flight of a key, created if there is none and not as many as may be.
    pub(crate) fn flight<Q>(&self, key: &Q) -> Option<Arc<KeyFlight<V>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        self.flights.find_or_create(key, self.rules().bounds.flights)
    }

    /// Sends a compute through the gate, where it may have to wait or be refused.
    pub(crate) fn launch(self: &Arc<Self>, compute: Launched<K, V>) {
        if self.rules().max_concurrent_computes > 0 {
            compute.queue();
        }
        self.enter_gate(1, Box::new(AtGate(compute)));
    }

    /// Sends the computes of so many keys through the gate as one.
    pub(crate) fn enter_gate(&self, keys: usize, arrival: Box<dyn Arrival>) {
        let (limit, queue) = {
            let rules = self.rules();
            (rules.max_concurrent_computes, rules.compute_queue)
        };
        if self.gate.enter(limit, queue, arrival) == Admission::Queued {
            self.stats.computes_queued(keys);
            // A shutdown may have emptied the queue just before.
            if self.drain.is_closed() {
                self.gate.turn_away();
            }
        }
    }

    /// Refuses a compute, and frees its key.
    pub(crate) fn refuse(&self, compute: Launched<K, V>, error: Error) {
        self.stats.computes_refused(1);
        compute.end(error);
    }

    /// How long a compute may take.
    pub(crate) fn time_limit_ns(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Refresh => self.rules().refresh_timeout_ns,
            Kind::Miss | Kind::Bypass => self.rules().hard_timeout_ns,
        }
    }

    /// Spawns a compute, and beside it the timer that ends it. Its place comes back if the cache
    /// has been shut down.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        compute: Launched<K, V>,
        permits: (Pass, Option<Permit>),
    ) -> Option<Pass> {
        let Some(underway) = self.drain.enter() else {
            self.refuse(compute, Error::ShutDown);
            return Some(permits.0);
        };
        let limit_ns = self.time_limit_ns(compute.compute().launch.kind);
        let watched = [Watched::new(compute.compute())];
        let now = self.now().mono;
        let turn = Turn::new(permits);
        let watched_turn = turn.watched();
        let (mut running, work) = compute.start(now, Some(turn));
        let limits = (now.saturating_add(limit_ns), limit_ns);
        running.timer = Some(self.watch(watched, limits, Arc::clone(&underway), watched_turn));
        self.relieve_tags();
        let (run, own_underway) = (Arc::clone(&running.run), Arc::clone(&underway));
        let Work { begin, may_block } = work;
        let mut future = underway.track(async move {
            let found = contained(begin).await;
            running.finish(found);
        });
        let task = if may_block {
            own_underway.may_block();
            // The one poll runs the closure to its end: what it finds is ready.
            self.runtime.spawn_blocking(Box::new(move || {
                let _ready = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }))
        } else {
            self.runtime.spawn(future)
        };
        run.set_abort(move || task.abort());
        None
    }
}
