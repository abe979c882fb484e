//! Computes: what a flight launches becomes a task, what it finds becomes an entry, who waits gets an answer.
//! Never knows: how a read decided that it needs one.
//! Read next: `flight.rs` for who may join, `generation.rs` for what may be stored.

use std::any::Any;
use std::borrow::Borrow;
use std::future::poll_fn;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use crate::engine::Engine;
use crate::entry::{Entry, Place};
use crate::error::Error;
use crate::flight::{After, KeyMarks, Kind, Launch, Run};
use crate::generation::Capture;
use crate::job::{Done, Found, Home, Job, KeyFlight, Work};
use crate::permits::Permit;
use crate::policy::Now;
use crate::policy::freshness::EntryView;
use crate::policy::golden_hour::ZoneTtl;
use crate::receipt::Computed;
use crate::runtime::Task;
use crate::slot::{Held, Replaced, Slot};
use crate::sync::AtomicU64;

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

    /// Spawns a compute, and beside it the timer that ends it.
    pub(crate) fn launch(
        self: &Arc<Self>,
        key: K,
        flight: &Arc<KeyFlight<V>>,
        launch: Launch<Job<V>, Done<V>>,
    ) {
        let Launch { run, kind, job } = launch;
        let Job { work, home, permit } = job;
        self.stats.compute_started(kind);
        let limit_ns = match kind {
            Kind::Refresh => self.rules.refresh_timeout_ns,
            Kind::Miss | Kind::Bypass => self.rules.hard_timeout_ns,
        };
        let timer = self.watch(key.clone(), flight, &run, kind, &home.place, limit_ns);
        let guard = Running {
            engine: Arc::clone(self),
            key,
            flight: Arc::clone(flight),
            run: Arc::clone(&run),
            kind,
            home,
            timer: Some(timer),
            _permit: permit,
        };
        let task = self.runtime.spawn(Box::pin(async move {
            let found = contained(work).await;
            guard.finish(found);
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
        limit_ns: u64,
    ) -> Task {
        let (engine, flight, run) = (Arc::clone(self), Arc::clone(flight), Arc::clone(run));
        let place = place.clone();
        let started = self.clock.now().mono;
        self.runtime.spawn(Box::pin(async move {
            let mut deadline = started.saturating_add(limit_ns);
            engine.runtime.sleep_until(deadline).await;
            let now = engine.clock.now();
            let zone = engine.rules.read.freshness.golden_hour.at(place.facts(), now.wall);
            let timeout = Done { outcome: Err(Error::Timeout), zone };
            if flight.doom(&run, timeout.clone()) {
                engine.compute_failed(&key, kind, now);
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
            self.launch(key.clone(), flight, launch);
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

    /// Counts a failed compute, and puts off the next refresh of a value that can still be served.
    fn compute_failed(&self, key: &K, kind: Kind, now: Now) {
        self.stats.compute_failed(kind);
        let Some(view) = self.view(key, None) else { return };
        if self.rules.read.servable(&view.rules_view(), view.entry().place.facts(), now) {
            view.entry().put_off_refresh(now.mono.saturating_add(self.rules.throttle_ns));
        }
    }

    /// Stores a value unless something forbids it; says whether it did. Called under the flight's
    /// lock, which serialises the writers of a key.
    pub(crate) fn store_value(
        &self,
        key: &K,
        value: Arc<V>,
        home: &Home,
        capture: &Capture,
        marks: KeyMarks,
        (now, zone): (Now, ZoneTtl),
    ) -> bool {
        let may_store = self.is_enabled()
            && zone.ttl_ns > 0
            // The flag is looked at before the entry is admitted: see `ScopeState::set_status`.
            && !home.place.is_suspended()
            && marks.killed <= capture.seq();
        if !may_store {
            return false;
        }
        let entry = Arc::new(Entry {
            value,
            rules_view: EntryView { stored_at: now.mono, at_insert: zone, expired: false },
            place: home.place.clone(),
            refresh_not_before: AtomicU64::new(0),
        });
        let held = Held { entry, capture: capture.clone() };
        let slot = self.store.get(key);
        let slot = match slot.map(|slot| (slot.replace(held.clone()), slot)) {
            Some((Replaced::Yes, slot)) => slot,
            Some((Replaced::Covered, _)) => return false,
            Some((Replaced::Dead, _)) | None => {
                let Some(slot) = Slot::with_entry(held).map(Arc::new) else { return false };
                self.store.insert(key.clone(), Arc::clone(&slot));
                slot
            }
        };
        if marks.expired > capture.seq() {
            slot.expire(marks.expired);
        }
        true
    }
}

/// A running compute's task. However it ends, dropping this frees the key.
struct Running<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    engine: Arc<Engine<K, V>>,
    key: K,
    flight: Arc<KeyFlight<V>>,
    run: Arc<Run<Done<V>>>,
    kind: Kind,
    home: Home,
    timer: Option<Task>,
    _permit: Option<Permit>,
}

impl<K, V> Running<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn finish(mut self, found: Found<V>) {
        self.end(Some(found));
    }

    /// Frees the key; `None` for a task that was dropped before its compute finished.
    fn end(&mut self, found: Option<Found<V>>) {
        let Some(timer) = self.timer.take() else { return };
        timer.abort();
        self.run.clear_abort();
        let engine = &self.engine;
        let now = engine.clock.now();
        let zone = engine.rules.read.freshness.golden_hour.at(self.home.place.facts(), now.wall);
        let after = self.flight.finish(&self.run, |capture, marks| {
            let outcome = self.conclude(found, capture, marks, (now, zone));
            Done { outcome, zone }
        });
        engine.settle(&self.key, &self.flight, after);
    }

    fn conclude(
        &self,
        found: Option<Found<V>>,
        capture: &Capture,
        marks: KeyMarks,
        at: (Now, ZoneTtl),
    ) -> Result<Arc<V>, Error> {
        let (engine, kind) = (&self.engine, self.kind);
        match found {
            None => Err(Error::Aborted),
            Some(Err(error)) => {
                engine.compute_failed(&self.key, kind, at.0);
                Err(error)
            }
            Some(Ok(Computed::None)) => {
                engine.remove_entry(&self.key);
                engine.stats.compute_succeeded(kind, None);
                Err(Error::Nothing)
            }
            Some(Ok(Computed::Value(value))) => {
                let value = Arc::new(value);
                let kept = Arc::clone(&value);
                let stored = engine.store_value(&self.key, kept, &self.home, capture, marks, at);
                engine.stats.compute_succeeded(kind, stored.then_some(at.1.zone));
                Ok(value)
            }
        }
    }
}

impl<K, V> Drop for Running<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.end(None);
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
