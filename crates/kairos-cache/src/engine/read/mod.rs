// The read, top to bottom: find, decide, and one match on the reason.
// Never knows: how a rule is worked out, where entries live, or how computes are spawned.

pub(crate) mod background;
pub(crate) mod join;
pub(crate) mod pin;
pub(crate) mod reading;
pub(crate) mod waiting;

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use crate::context::Context;
use crate::engine::Engine;
use crate::engine::compute::dispatch::{Alone, Dispatch};
use crate::engine::read::join::Joining;
use crate::engine::read::reading::Reading;
use crate::engine::read::waiting::Waiting;
use crate::error::Error;
use crate::flight::Kind;
use crate::flight::job::{Job, Offer, Work};
use crate::policy::Now;
use crate::policy::decide::{Reason, Strategy};
use crate::receipt::Answer;
use crate::store::entry::Place;
use crate::to_key::{Key, ToKey, Value};

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
        let place = self.place(context)?;
        if let Some(scope) = &place.scope {
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
