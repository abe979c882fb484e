//! How a compute begins: through the gate, as a task, with a timer beside it; and what follows a flight's steps.
//! Never knows: what a compute finds, or how a read decided that it needs one.
//! Read next: `flight.rs` for who may join, `compute.rs` for a compute's end.

use std::any::Any;
use std::borrow::Borrow;
use std::future::poll_fn;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::compute::Running;
use crate::drain::Underway;
use crate::engine::Engine;
use crate::entry::Place;
use crate::error::Error;
use crate::flight::{After, Kind, Launch, Run};
use crate::gate::{Admission, Arrival, Pass};
use crate::job::{Done, Job, KeyFlight, Work};
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

/// A compute as its timer sees it.
pub(crate) struct Watched<K, V> {
    key: K,
    flight: Arc<KeyFlight<V>>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    place: Place,
}

impl<K: Clone, V> Watched<K, V> {
    pub(crate) fn new(compute: &Launched<K, V>) -> Watched<K, V> {
        let Launched { key, flight, launch: Launch { run, kind, job } } = compute;
        Watched {
            key: key.clone(),
            flight: Arc::clone(flight),
            run: Arc::clone(run),
            kind: *kind,
            place: job.home.place.clone(),
        }
    }
}

impl<K, V> Arrival for AtGate<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn is_wanted(&self) -> bool {
        !self.compute.launch.run.is_given_up()
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        let AtGate { engine, compute } = *self;
        if !compute.flight.begin(&compute.launch.run, &compute.launch.job) {
            return Some(pass);
        }
        engine.spawn(compute, (pass, None))
    }

    fn refuse(self: Box<Self>) {
        self.engine.refuse(&self.compute, Error::Overloaded);
    }
}

impl<K, V> Engine<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// The flight of a key, created if there is none and not as many as may be.
    pub(crate) fn flight<Q>(&self, key: &Q) -> Option<Arc<KeyFlight<V>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.flights.find_or_create(key, self.rules().bounds.flights)
    }

    /// Sends a compute through the gate, where it may have to wait or be refused.
    pub(crate) fn launch(self: &Arc<Self>, compute: Launched<K, V>) {
        if self.rules().max_concurrent_computes > 0 {
            compute.flight.queue(&compute.launch.run);
        }
        self.enter_gate(1, Box::new(AtGate { engine: Arc::clone(self), compute }));
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
    pub(crate) fn refuse(self: &Arc<Self>, compute: &Launched<K, V>, error: Error) {
        self.stats.computes_refused(1);
        self.end_unstarted(compute, error);
    }

    /// Ends a compute that has not started, and frees its key.
    pub(crate) fn end_unstarted(self: &Arc<Self>, compute: &Launched<K, V>, error: Error) {
        let Launched { key, flight, launch } = compute;
        let zone = self.zone_of(&launch.job.home.place, self.now());
        let after = flight.finish(&launch.run, |_, _| Done { outcome: Err(error), zone });
        self.settle(key, flight, after);
    }

    /// Aborts what runs for nobody, and tells those who wait for the next compute of the key that
    /// there will be none: the cache has been shut down.
    pub(crate) fn turn_away(self: &Arc<Self>, key: &K, flight: &Arc<KeyFlight<V>>) {
        let now = self.now();
        let after = flight.turn_away(|job| {
            self.stats.computes_refused(1);
            let zone = self.zone_of(&job.home.place, now);
            Done { outcome: Err(Error::ShutDown), zone }
        });
        self.settle(key, flight, after);
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
            self.refuse(&compute, Error::ShutDown);
            return Some(permits.0);
        };
        let limit_ns = self.time_limit_ns(compute.launch.kind);
        let started = self.now().mono;
        let deadline = started.saturating_add(limit_ns);
        let watched = [Watched::new(&compute)];
        let timer = self.watch(watched, (deadline, limit_ns), Arc::clone(&underway));
        let Launched { key, flight, launch: Launch { run, kind, job: Job { work, home } } } =
            compute;
        self.stats.compute_started(kind);
        self.relieve_tags();
        let running = Running {
            engine: Arc::clone(self),
            key,
            flight,
            run: Arc::clone(&run),
            kind,
            home,
            started,
            ended: false,
            timer: Some(timer),
            permits: Some(permits),
        };
        let Work { begin, may_block } = work;
        let mut future = underway.track(async move {
            let found = contained(begin).await;
            running.finish(found);
        });
        let task = if may_block {
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

    /// Starts the timer of computes that end together: it answers the waiters, then aborts the
    /// task. Behind a task that does not yield it goes on answering whoever waits for the next
    /// compute.
    pub(crate) fn watch(
        self: &Arc<Self>,
        watched: impl AsRef<[Watched<K, V>]> + Send + 'static,
        (mut deadline, limit_ns): (u64, u64),
        underway: Arc<Underway>,
    ) -> Task {
        let engine = Arc::clone(self);
        self.runtime.spawn_timer(Box::pin(async move {
            engine.runtime.sleep_until(deadline).await;
            let now = engine.now();
            for Watched { key, flight, run, kind, place } in watched.as_ref() {
                if flight.doom(run, || engine.timed_out(place, now)) {
                    engine.compute_failed(key, *kind, now);
                    engine.tell_failure(key, *kind, &Error::Timeout);
                }
            }
            watched.as_ref().iter().for_each(|compute| compute.run.abort());
            loop {
                underway.leave_if_stuck();
                deadline = deadline.saturating_add(limit_ns);
                engine.runtime.sleep_until(deadline).await;
                let now = engine.now();
                let mut stuck = false;
                for Watched { flight, run, place, .. } in watched.as_ref() {
                    stuck |= flight.check_stuck(run, engine.timed_out(place, now));
                }
                if !stuck {
                    return;
                }
            }
        }))
    }

    fn timed_out(&self, place: &Place, now: Now) -> Done<V> {
        Done { outcome: Err(Error::Timeout), zone: self.zone_of(place, now) }
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
        self.flights.forget(key, flight);
    }
}

/// Runs work so that a panic in the closure, in its future or in the future's drop is an error.
pub(crate) async fn contained<T>(
    work: impl FnOnce() -> Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>,
) -> Result<T, Error> {
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
