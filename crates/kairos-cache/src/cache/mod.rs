//! The read, top to bottom: find, decide, and one match on the reason.
//! Never knows: how a rule is worked out, where entries live, or how computes are spawned.
//! Read next: `policy/decide.rs` for the order of decisions, `compute.rs` for the waiting.

pub mod blocking;
pub(crate) mod builder;
pub(crate) mod control;
pub(crate) mod fill;
pub(crate) mod invalidate;
pub(crate) mod many;
pub(crate) mod matches;
pub(crate) mod numbers;
pub(crate) mod read;
pub(crate) mod shutdown;

use std::borrow::Borrow;
use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::Arc;

use crate::context::Context;
use crate::engine::Engine;
use crate::engine::read::join::{Alone, Dispatch, Joining, work};
use crate::engine::read::pin::Pinned;
use crate::engine::read::reading::Reading;
use crate::engine::read::waiting::Waiting;
use crate::error::Error;
use crate::flight::Kind;
use crate::flight::job::{Job, Offer, Work};
use crate::matches::Place;
use crate::policy::Now;
use crate::policy::decide::{Reason, Strategy};
use crate::policy::events::EventGraph;
use crate::receipt::{Answer, Computed, Hit};
use crate::to_key::{Key, ToKey, Value};

/// An in-process cache that knows the moment. Cheap to clone; clones share everything.
///
/// A value's `Drop`, a closure and a weigher may use the cache and may panic: none of them runs
/// under a lock of it. A key's `Clone`, `Hash`, `Eq` and `Drop` do, and may not use the cache.
pub struct Cache<K, V> {
    pub(crate) engine: Arc<Engine<K, V>>,
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Cache { engine: Arc::clone(&self.engine) }
    }
}

impl<K, V> std::fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Reads through: serves what is stored, or runs `compute` once for everyone who waits.
    ///
    /// A served value costs one lookup and allocates nothing. A stale one is served at once and
    /// refreshed by `compute` in the background.
    ///
    /// # Errors
    /// The compute's own error, shared by all who waited ([`Error::Compute`]); its panic or
    /// timeout; [`Error::Nothing`]; a context that names an unknown market or lacks its match.
    ///
    /// # Cancellation
    /// Dropping the future harms nobody else. When the last waiter of a compute goes, the compute
    /// is aborted. A cancelled read moves no counter.
    pub async fn get_or_compute<Q, F, Fut, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Hit<V>, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.explain(key, context, compute).await?.into_hit()
    }

    /// The same read, with a receipt also where there is no value.
    ///
    /// # Errors
    /// A context that names an unknown market or lacks its match; what became of the compute is in
    /// the answer.
    ///
    /// # Cancellation
    /// As [`Cache::get_or_compute`].
    pub fn explain<Q, F, Fut, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> impl Future<Output = Result<Answer<V>, Error>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.engine.read_through(key, context, move || work(compute))
    }

    /// The read without a compute: serves fresh and stale values, and nothing where a compute
    /// would be needed. Synchronous; what is fresh allocates nothing.
    ///
    /// Where it returns nothing it counts nothing: the caller's `get_or_compute` will.
    ///
    /// With a [`loader`](crate::Builder::loader) it leaves a background refresh behind wherever a
    /// read would start one, and behind a value that is too stale, or was invalidated by a tag, a
    /// match, an event or all and is not reclaimed yet. It leaves nothing behind for a key of
    /// which nothing is known, because nobody says where the value belongs; where the value could
    /// not be stored; and where a panic sends readers around the cache. Those need [`Cache::read`].
    pub fn get<Q>(&self, key: &Q) -> Option<Hit<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let arrived = self.engine.now();
        let reading = self.engine.read_stored(key, arrived);
        let refreshing = self.engine.load_stored(key, &reading);
        if !reading.is_served() {
            return None;
        }
        self.engine.serve(&reading, arrived, refreshing).into_hit().ok()
    }

    /// What [`Cache::get`] would serve, without counting the read.
    pub fn peek<Q>(&self, key: &Q) -> Option<Hit<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let reading = self.engine.read_stored(key, self.engine.now());
        if !reading.is_served() {
            return None;
        }
        let value = reading.view.as_ref()?.entry().value.clone()?;
        Some(Hit::new(value, reading.receipt(false)))
    }

    /// The event graph.
    pub fn event_graph(&self) -> &EventGraph {
        &self.engine.graph
    }

    /// How many entries are stored, those included that are dead but not reclaimed yet. Exact
    /// after [`Cache::run_pending_tasks`].
    pub fn entry_count(&self) -> u64 {
        self.engine.store.len()
    }

    /// Applies ranks and evictions that have been put off. Never needed for correctness.
    pub fn run_pending_tasks(&self) {
        self.engine.store.run_pending();
        self.engine.store.displaced.release();
    }

    /// Pins a key that [`Cache::get`] would serve: reads of it hash nothing.
    pub fn pin<Q>(&self, key: &Q) -> Option<Pinned<K, V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        Pinned::new(Arc::clone(&self.engine), key)
    }
}

/// How far a read comes by itself.
pub(crate) enum Looked<K: Key, V: Value> {
    /// The stored value is served; whether it is refreshed is still to be seen.
    Stored(Reading<V>),
    /// It has its answer.
    Answered(Answer<V>),
    /// It waits for a compute.
    Waiting(Waiting<K, V>, Reading<V>),
}

impl<K: Key, V: Value> Engine<K, V> {
    /// The read with whatever computes: `work` is asked only where a flight wants it.
    pub(crate) async fn read_through<Q>(
        self: &Arc<Self>,
        key: &Q,
        context: &Context,
        work: impl FnOnce() -> Work<V>,
    ) -> Result<Answer<V>, Error>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        let arrived = self.now();
        let place = self.arrive(context)?;
        let (mut work, mut offer) = (Some(work), None);
        let mut job = || {
            let new = || Offer::new(work.take().expect("the offer stays")());
            let work = offer.get_or_insert_with(new).work();
            Job { work, home: self.home(place.clone(), &context.tags) }
        };
        let alone = &mut Alone::default();
        Ok(match self.look(key, context, &place, (arrived, arrived), &mut job, alone) {
            Looked::Stored(reading) => {
                self.serve_stored(key, &place, &reading, arrived, &mut job, &mut Alone::default())
            }
            Looked::Answered(answer) => answer,
            Looked::Waiting(waiting, reading) => {
                self.wait(key, context, &place, (waiting, reading), arrived, &mut job).await
            }
        })
    }

    /// Where a read belongs. What its context gives is published to its match.
    pub(crate) fn arrive(&self, context: &Context) -> Result<Place, Error> {
        let mut place = self.place(context)?;
        if let Some(scope) = &mut place.scope {
            scope.publish(context.kickoff, context.lineup_confirmed);
        }
        Ok(place)
    }

    /// Decides a read that has arrived, as of now, and joins or starts a compute where the decision
    /// asks for one.
    pub(crate) fn look<Q>(
        self: &Arc<Self>,
        key: &Q,
        context: &Context,
        place: &Place,
        (arrived, mut now): (Now, Now),
        job: &mut impl FnMut() -> Job<V>,
        dispatch: &mut impl Dispatch<K, V>,
    ) -> Looked<K, V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        loop {
            let reading = self.read(key, context, place, now);
            let kind = match reading.verdict.reason {
                Reason::Fresh | Reason::Stale => return Looked::Stored(reading),
                Reason::TooStale if self.is_put_off(&reading) => {
                    return Looked::Answered(self.serve_as(Reason::StaleIfError, reading, arrived));
                }
                _ if reading.verdict.reason.strategy() == Strategy::Bypass => Kind::Bypass,
                reason => {
                    if reason == Reason::Miss && reading.view.is_some() {
                        // What is there has been ended by kickoff, and others with it.
                        self.sweep_if_full();
                    }
                    Kind::Miss
                }
            };
            match self.join(key, kind, place, &reading, job, dispatch) {
                Joining::Waiting(waiting) => return Looked::Waiting(waiting, reading),
                Joining::LookAgain => now = self.now(),
                Joining::Refused => {
                    return Looked::Answered(self.answer_overloaded(&reading, place, arrived));
                }
            }
        }
    }

    /// Serves a stored value, and refreshes it if it is stale or due early.
    pub(crate) fn serve_stored<Q>(
        self: &Arc<Self>,
        key: &Q,
        place: &Place,
        reading: &Reading<V>,
        arrived: Now,
        job: &mut impl FnMut() -> Job<V>,
        dispatch: &mut impl Dispatch<K, V>,
    ) -> Answer<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        let due = reading.verdict.reason == Reason::Stale || self.is_due_early(reading);
        let refreshing = due && self.refresh(key, place, reading, job, dispatch);
        self.serve(reading, arrived, refreshing)
    }

    /// Waits for a compute, and for the next one where that was of another match; answers then.
    pub(crate) async fn wait<Q>(
        self: &Arc<Self>,
        key: &Q,
        context: &Context,
        place: &Place,
        (mut waiting, mut reading): (Waiting<K, V>, Reading<V>),
        arrived: Now,
        job: &mut impl FnMut() -> Job<V>,
    ) -> Answer<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToKey<K> + ?Sized,
    {
        loop {
            let waited = self.wait_once(key, waiting, place, reading, arrived).await;
            if let Some(answer) = waited {
                return answer;
            }
            let now = self.now();
            let alone = &mut Alone::default();
            match self.look(key, context, place, (arrived, now), job, alone) {
                Looked::Stored(reading) => {
                    let alone = &mut Alone::default();
                    return self.serve_stored(key, place, &reading, arrived, job, alone);
                }
                Looked::Answered(answer) => return answer,
                Looked::Waiting(next, again) => (waiting, reading) = (next, again),
            }
        }
    }
}
