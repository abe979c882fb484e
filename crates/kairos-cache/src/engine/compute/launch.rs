//! How a compute begins: through the gate, as a task, with a timer beside it; and what follows a flight's steps.
//! Never knows: what a compute finds, or how a read decided that it needs one.
//! Read next: `flight.rs` for who may join, `compute.rs` for a compute's end.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::contain::{caught, contained, drop_each, shielded};
use crate::engine::Engine;
use crate::engine::compute::claim::{Compute, Launched};
use crate::error::Error;
use crate::flight::drain::Underway;
use crate::flight::gate::{Admission, Arrival, Pass};
use crate::flight::job::{Done, Job, KeyFlight, Work};
use crate::flight::permits::Permit;
use crate::flight::turn::{OtherTurn, Turn};
use crate::flight::{After, Kind, Launch, Run};
use crate::matches::Place;
use crate::policy::Now;
use crate::policy::golden_hour::ZoneTtl;
use crate::runtime::Task;
use crate::to_key::{Key, ToKey, Value};

/// A compute on its way through the gate.
struct AtGate<K: Key, V: Value>(Launched<K, V>);

/// A compute as its timer sees it.
pub(crate) struct Watched<K, V> {
    key: K,
    flight: Arc<KeyFlight<V>>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    place: Place,
}

impl<K: Clone, V> Watched<K, V> {
    pub(crate) fn new(compute: &Compute<K, V>) -> Watched<K, V> {
        let Compute { key, flight, launch: Launch { run, kind, job } } = compute;
        Watched {
            key: key.clone(),
            flight: Arc::clone(flight),
            run: Arc::clone(run),
            kind: *kind,
            place: job.home.place.clone(),
        }
    }
}

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

    /// Aborts what runs for nobody, and tells those who wait for the next compute of the key that
    /// there will be none: the cache has been shut down.
    pub(crate) fn turn_away(self: &Arc<Self>, key: &K, flight: &Arc<KeyFlight<V>>) {
        let now = self.now();
        let after = flight.turn_away(|job| {
            self.stats.computes_refused(1);
            let zone = self.zone_of(&job.home.place, now);
            Done { outcome: Err(Error::ShutDown), zone, place: None }
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

    /// Starts the timer of computes that end together: it answers the waiters, then aborts the
    /// task. From a task that does not yield it takes the turn, so that other keys get theirs, and
    /// behind it it goes on answering whoever waits for the next compute.
    pub(crate) fn watch(
        self: &Arc<Self>,
        watched: impl AsRef<[Watched<K, V>]> + Send + 'static,
        (mut deadline, limit_ns): (u64, u64),
        underway: Arc<Underway>,
        turn: OtherTurn,
    ) -> Task {
        let engine = Arc::clone(self);
        self.runtime.spawn_timer(Box::pin(async move {
            engine.runtime.sleep_until(deadline).await;
            let now = engine.now();
            for compute in watched.as_ref() {
                shielded(|| engine.time_out(compute, now));
            }
            watched.as_ref().iter().for_each(|compute| shielded(|| compute.run.abort()));
            loop {
                if underway.leave_if_stuck() {
                    shielded(|| turn.give_back());
                }
                deadline = deadline.saturating_add(limit_ns);
                engine.runtime.sleep_until(deadline).await;
                let now = engine.now();
                let mut stuck = false;
                for Watched { flight, run, place, .. } in watched.as_ref() {
                    // Whoever is behind it waits in vain, also for the value of another match.
                    let timed_out = Done { place: None, ..engine.timed_out(place, now) };
                    stuck |= caught(|| flight.check_stuck(run, timed_out)).unwrap_or(true);
                }
                if !stuck {
                    return;
                }
            }
        }))
    }

    /// Tells whoever waits for a compute that it has used up its time.
    fn time_out(&self, compute: &Watched<K, V>, now: Now) {
        let Watched { key, flight, run, kind, place } = compute;
        let answered = flight.doom(run, || {
            // Counted before anybody can know of it.
            self.compute_failed(key, *kind, now);
            self.timed_out(place, now)
        });
        self.store.displaced.release();
        if answered {
            self.tell_failure(key, *kind, &Error::Timeout);
        }
    }

    fn timed_out(&self, place: &Place, now: Now) -> Done<V> {
        let (zone, place) = (self.zone_of(place, now), Some(place.clone()));
        Done { outcome: Err(Error::Timeout), zone, place }
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

    /// Does what a step of a flight left to be done, whatever user code panics meanwhile.
    pub(crate) fn settle(
        self: &Arc<Self>,
        key: &K,
        flight: &Arc<KeyFlight<V>>,
        after: After<Job<V>, Done<V>>,
    ) {
        let After { launch, abort, retired, spare } = after;
        if let Some(launch) = launch {
            match caught(|| key.clone()) {
                Ok(key) => {
                    let compute = Compute { key, flight: Arc::clone(flight), launch };
                    let launched = Launched::new(self, compute);
                    shielded(|| self.launch(launched));
                }
                Err(error) => self.end_unstarted(key, flight, launch, error),
            }
        }
        if let Some(run) = abort {
            shielded(|| run.abort());
        }
        if retired {
            shielded(|| self.forget_flight(key, flight));
        }
        // Closures that will not run, outside every lock and when nothing is left to be done.
        drop_each(spare);
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
