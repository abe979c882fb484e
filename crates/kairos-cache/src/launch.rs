//! How a compute begins: through the gate, as a task, with a timer beside it; and what follows a flight's steps.
//! Never knows: what a compute finds, or how a read decided that it needs one.
//! Read next: `flight.rs` for who may join, `compute.rs` for a compute's end.

use std::any::Any;
use std::borrow::Borrow;
use std::future::poll_fn;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use crate::compute::Running;
use crate::engine::Engine;
use crate::entry::Place;
use crate::error::Error;
use crate::flight::{After, Kind, Launch, Run};
use crate::gate::{Admission, Arrival, Pass};
use crate::job::{Done, Found, Job, KeyFlight, Work};
use crate::permits::Permit;
use crate::policy::Now;
use crate::policy::golden_hour::ZoneTtl;
use crate::runtime::Task;

/// A compute that a flight has launched.
pub(crate) struct Launched<K, V> {
    pub(crate) key: K,
    pub(crate) flight: Arc<KeyFlight<V>>,
    pub(crate) launch: Launch<Job<V>, Done<V>>,
}

/// A compute on its way through the gate.
struct AtGate<K, V> {
    engine: Arc<Engine<K, V>>,
    compute: Launched<K, V>,
}

impl<K, V> Arrival for AtGate<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn is_wanted(&self) -> bool {
        self.compute.flight.wants(&self.compute.launch.run)
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        let AtGate { engine, compute } = *self;
        if !compute.flight.begin(&compute.launch.run, &compute.launch.job) {
            return Some(pass);
        }
        engine.spawn(compute, (pass, None));
        None
    }
}

impl<K, V> Engine<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// The flight of a key, created if there is none.
    pub(crate) fn flight<Q>(&self, key: &Q) -> Arc<KeyFlight<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(flight) = self.flights.get(key) {
            return Arc::clone(&flight);
        }
        Arc::clone(&self.flights.entry(key.to_owned()).or_default())
    }

    /// Sends a compute through the gate, where it may have to wait or be refused.
    pub(crate) fn launch(self: &Arc<Self>, compute: Launched<K, V>) {
        let (limit, queue) = {
            let rules = self.rules();
            (rules.max_concurrent_computes, rules.compute_queue)
        };
        if limit > 0 {
            compute.flight.queue(&compute.launch.run);
        }
        let (key, flight) = (compute.key.clone(), Arc::clone(&compute.flight));
        let run = Arc::clone(&compute.launch.run);
        let place = compute.launch.job.home.place.clone();
        let at_gate = AtGate { engine: Arc::clone(self), compute };
        match self.gate.enter(limit, queue, Box::new(at_gate)) {
            Admission::Begun => {}
            Admission::Queued => self.stats.compute_queued(),
            Admission::Full => {
                self.stats.overloaded();
                self.end_unstarted(&key, &flight, &run, &place, Error::Overloaded);
            }
        }
    }

    fn end_unstarted(
        self: &Arc<Self>,
        key: &K,
        flight: &Arc<KeyFlight<V>>,
        run: &Arc<Run<Done<V>>>,
        place: &Place,
        error: Error,
    ) {
        let zone = self.zone_of(place, self.now());
        let after = flight.finish(run, |_, _| Done { outcome: Err(error), zone });
        self.settle(key, flight, after);
    }

    /// Spawns a compute, and beside it the timer that ends it.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        compute: Launched<K, V>,
        permits: (Pass, Option<Permit>),
    ) {
        let Launched { key, flight, launch: Launch { run, kind, job } } = compute;
        let Job { work, home } = job;
        self.stats.compute_started(kind);
        let limit_ns = match kind {
            Kind::Refresh => self.rules().refresh_timeout_ns,
            Kind::Miss | Kind::Bypass => self.rules().hard_timeout_ns,
        };
        let started = self.now().mono;
        let deadline = started.saturating_add(limit_ns);
        let timer = self.watch(key.clone(), &flight, &run, kind, &home.place, (deadline, limit_ns));
        let running = Running {
            engine: Arc::clone(self),
            key,
            flight,
            run: Arc::clone(&run),
            kind,
            home,
            started,
            timer: Some(timer),
            _permits: permits,
        };
        let task = self.runtime.spawn(Box::pin(async move {
            let found = contained(work).await;
            running.finish(found);
        }));
        run.set_abort(move || task.abort());
    }

    /// Starts the timer of a compute: it answers the waiters, then aborts the task. Behind a task
    /// that does not yield it goes on answering whoever waits for the next compute.
    fn watch(
        self: &Arc<Self>,
        key: K,
        flight: &Arc<KeyFlight<V>>,
        run: &Arc<Run<Done<V>>>,
        kind: Kind,
        place: &Place,
        (mut deadline, limit_ns): (u64, u64),
    ) -> Task {
        let (engine, flight, run) = (Arc::clone(self), Arc::clone(flight), Arc::clone(run));
        let place = place.clone();
        self.runtime.spawn(Box::pin(async move {
            engine.runtime.sleep_until(deadline).await;
            let now = engine.now();
            let timeout = Done { outcome: Err(Error::Timeout), zone: engine.zone_of(&place, now) };
            if flight.doom(&run, timeout.clone()) {
                engine.compute_failed(&key, kind, now);
                engine.tell_failure(&key, kind, &Error::Timeout);
            }
            run.abort();
            loop {
                deadline = deadline.saturating_add(limit_ns);
                engine.runtime.sleep_until(deadline).await;
                if !flight.check_stuck(&run, timeout.clone()) {
                    return;
                }
            }
        }))
    }

    /// Zone and TTL of a place at an instant, before jitter and caps.
    pub(crate) fn zone_of(&self, place: &Place, now: Now) -> ZoneTtl {
        self.rules().read.freshness.golden_hour.at(place.facts(), now.wall)
    }

    /// The share of a TTL that jitter leaves to the next result.
    pub(crate) fn jitter(&self) -> f64 {
        let jitter = self.rules().jitter;
        if jitter > 0.0 { 1.0 - jitter * self.random.draw() } else { 1.0 }
    }

    /// Does what a step of a flight left to be done.
    pub(crate) fn settle(
        self: &Arc<Self>,
        key: &K,
        flight: &Arc<KeyFlight<V>>,
        after: After<Job<V>, Done<V>>,
    ) {
        // Closures that will not run are dropped here, outside every lock.
        drop(after.spare);
        if after.retired {
            self.forget_flight(key, flight);
        }
        if let Some(launch) = after.launch {
            self.launch(Launched { key: key.clone(), flight: Arc::clone(flight), launch });
        }
        if let Some(run) = after.abort {
            run.abort();
        }
    }

    /// Retires a flight that a caller created and did not use.
    pub(crate) fn release_flight<Q>(&self, key: &Q, flight: &Arc<KeyFlight<V>>)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if flight.retire() {
            self.forget_flight(key, flight);
        }
    }

    /// Removes a retired flight from the table.
    pub(crate) fn forget_flight<Q>(&self, key: &Q, flight: &Arc<KeyFlight<V>>)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.flights.remove_if(key, |_, current| Arc::ptr_eq(current, flight));
    }
}

/// Runs work so that a panic in the closure, in its future or in the future's drop is an error.
async fn contained<V>(work: Work<V>) -> Found<V> {
    let mut future = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(future) => Some(future),
        Err(panic) => return Err(panicked(&*panic)),
    };
    let found = poll_fn(|cx| {
        let future = future.as_mut().expect("the future is taken after its last poll");
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(Err(panicked(&*panic))),
        }
    })
    .await;
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(future.take())));
    match (found, dropped) {
        (Ok(_), Err(panic)) => Err(panicked(&*panic)),
        (found, _) => found,
    }
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Error::Panicked(message.into())
}
