//! How a read comes by a compute: joining one, starting one, or leaving a refresh behind.
//! Never knows: why the read needs it, or what it finds.
//! Read next: `flight.rs` for who may join what, `launch.rs` for what a started compute goes through.

use std::borrow::Borrow;
use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::compute::claim::{Compute, Launched};
use crate::engine::read::reading::Reading;
use crate::engine::read::waiting::Waiting;
use crate::flight::gate::Pass;
use crate::flight::job::{Home, Job, Work};
use crate::flight::loader::found;
use crate::flight::permits::Permit;
use crate::flight::{Join, Kind, Refresh};
use crate::matches::Place;
use crate::policy::decide::Reason;
use crate::receipt::Computed;
use crate::to_key::{Key, ToKey, Value};

/// How far a read came on its way to a compute.
pub(crate) enum Joining<K: Key, V: Value> {
    /// It waits for one.
    Waiting(Waiting<K, V>),
    /// The entry has changed meanwhile.
    LookAgain,
    /// The key has no flight, and there are as many as may be.
    Refused,
}

/// A refresh's place among refreshes, and among computes.
pub(crate) struct RefreshPermit {
    pub(crate) refresh: Permit,
    pub(crate) pass: Pass,
}

/// How the computes that a read starts are admitted and sent on their way.
pub(crate) trait Dispatch<K: Key, V: Value> {
    /// Whether one more refresh may start right now. If so, its compute is sent next.
    fn admit_refresh(&mut self, engine: &Engine<K, V>) -> bool;

    /// Sends a compute on its way.
    fn send(&mut self, engine: &Arc<Engine<K, V>>, compute: Launched<K, V>);
}

/// Each compute goes by itself, at once.
#[derive(Default)]
pub(crate) struct Alone(Option<RefreshPermit>);

impl<K: Key, V: Value> Dispatch<K, V> for Alone {
    fn admit_refresh(&mut self, engine: &Engine<K, V>) -> bool {
        self.0 = engine.refresh_permit();
        self.0.is_some()
    }

    fn send(&mut self, engine: &Arc<Engine<K, V>>, compute: Launched<K, V>) {
        match self.0.take() {
            Some(RefreshPermit { refresh, pass }) => {
                let _given_back = engine.spawn(compute, (pass, Some(refresh)));
            }
            None => engine.launch(compute),
        }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Joins or starts a compute.
    pub(crate) fn join<Q>(
        self: &Arc<Self>,
        key: &Q,
        kind: Kind,
        place: &Place,
        reading: &Reading<V>,
        job: &mut impl FnMut() -> Job<V>,
        dispatch: &mut impl Dispatch<K, V>,
    ) -> Joining<K, V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        // Keys are cloned before there is a place or a compute to be lost, should that panic.
        let owned = key.to_key();
        let mut leading = None;
        loop {
            let Some(flight) = self.flight(key) else { return Joining::Refused };
            let lead = || {
                leading = Some(key.to_key());
                job()
            };
            let unchanged = || {
                reading.verdict.reason == Reason::Disabled
                    || self.is_unchanged(key, place.scope.as_ref(), reading.view.as_ref())
            };
            match flight.join(kind, unchanged, lead) {
                Join::Wait(ticket, launch) => {
                    let (engine, queued) = (Arc::clone(self), ticket.queued);
                    let ticket = Some(ticket);
                    let waiting = Waiting { engine, key: owned, flight, ticket };
                    if let (Some(key), Some(launch)) = (leading, launch) {
                        let flight = Arc::clone(&waiting.flight);
                        dispatch.send(self, Launched::new(self, Compute { key, flight, launch }));
                    } else if queued && self.drain.is_closed() {
                        // A shutdown may have come by before this read did.
                        self.turn_away(&waiting.key, &waiting.flight);
                    }
                    return Joining::Waiting(waiting);
                }
                Join::LookAgain => {
                    self.release_flight(key, &flight);
                    return Joining::LookAgain;
                }
                // Whoever retired it may be held up: nobody waits for that.
                Join::Retired => self.forget_flight(key, &flight),
            }
        }
    }

    /// Starts a compute in the background for whoever reads next, if it may: of a value that can
    /// be served, or of one that is gone. Says whether it did.
    pub(crate) fn refresh<Q>(
        self: &Arc<Self>,
        key: &Q,
        place: &Place,
        reading: &Reading<V>,
        job: &mut impl FnMut() -> Job<V>,
        dispatch: &mut impl Dispatch<K, V>,
    ) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        let view = reading.view.as_ref();
        let put_off = view.is_some_and(|view| !view.entry().may_compute(reading.now));
        if put_off || self.drain.is_closed() {
            return false;
        }
        loop {
            let Some(flight) = self.flight(key) else {
                self.stats.refresh_skipped();
                return false;
            };
            let unchanged = || self.is_unchanged(key, place.scope.as_ref(), view);
            let mut leading = None;
            let permitted = || {
                let admitted = dispatch.admit_refresh(self);
                if !admitted {
                    self.stats.refresh_skipped();
                    return None;
                }
                leading = Some(key.to_key());
                Some(job())
            };
            match flight.refresh(unchanged, permitted) {
                Refresh::Started(launch) => {
                    let key = leading.expect("what has started was asked for its job");
                    let compute = Compute { key, flight, launch };
                    dispatch.send(self, Launched::new(self, compute));
                    return true;
                }
                Refresh::No => {
                    self.release_flight(key, &flight);
                    return false;
                }
                Refresh::Retired => self.forget_flight(key, &flight),
            }
        }
    }

    /// A place among refreshes and among computes, if there is one right now.
    pub(crate) fn refresh_permit(&self) -> Option<RefreshPermit> {
        let rules = self.rules();
        let refresh = self.refreshes.try_take(rules.max_concurrent_refreshes)?;
        let pass = self.gate.try_pass(rules.max_concurrent_computes)?;
        Some(RefreshPermit { refresh, pass })
    }

    /// Where a value of this place and these tags belongs.
    pub(crate) fn home(&self, place: Place, tags: &[Box<str>]) -> Home {
        let class = self.class(&place, tags);
        Home { place, class, invalidations: Arc::clone(&self.invalidations) }
    }
}

/// A caller's closure as the work of a compute.
pub(crate) fn work<V, F, Fut, T, E>(compute: F) -> Work<V>
where
    V: Send + 'static,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Work::future(move || {
        let future = compute();
        async move { found(future.await) }
    })
}

/// The same of a closure that may block its thread.
pub(crate) fn blocking_work<V, F, T, E>(compute: F) -> Work<V>
where
    V: Send + 'static,
    F: FnOnce() -> Result<T, E> + Send + 'static,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Work::blocking(move || found(compute()))
}
