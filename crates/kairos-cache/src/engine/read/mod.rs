// The read, top to bottom: find, decide, and one match on the reason.
// Never knows: how a rule is worked out, where entries live, or how computes are spawned.
// Read next: `through.rs` for a read with a compute, `reading.rs` for a look, `join.rs`, `waiting.rs`; `pin.rs`.

mod aside;
mod background;
mod check;
mod join;
mod many;
mod near;
mod pin;
mod reading;
mod through;
mod vouched;
mod waiting;

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;
use join::Joining;
use reading::Next;
use waiting::Waiting;

use crate::config::Rules;
use crate::context::Context;
use crate::engine::compute::{Alone, Dispatch};
use crate::engine::kept::Timed;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Done, Job, Joined};
use crate::policy::{MonoNs, Now, Reason};
use crate::receipt::{Answer, Guard};
use crate::stats::Bounded;
use crate::store::Probe;
use crate::to_key::{Key, ToKey, Value};

pub use pin::Pinned;
pub(crate) use reading::{Reading, Request};

/// How far a read comes without waiting.
pub(crate) enum Looked<K: Key, V: Value> {
    /// The stored value is served; whether it is refreshed is still to be seen. With the moment of
    /// the reading, if that is not the caller's.
    Stored(Reading<V>, Option<Moment>),
    /// The read has its answer.
    Answered(Answer<V>),
    /// The read waits for a compute.
    Waiting(Waiting<K, V>, Reading<V>),
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Reads without a compute. The loader, if there is one, refreshes and fills behind the read.
    #[inline]
    pub(crate) fn read_stored<Q>(self: &Arc<Self>, key: &Q) -> Option<Guard<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let timed = self.time_fresh();
        let (now, probe) = (self.time_of_hit(), self.store.probe(key));
        match self.remembered(probe, now, self.loader.is_some(), timed, |_, _| true) {
            Some(served) => Some(Guard::of_near(served, now)),
            None => self.read_stored_anew(probe, now, timed),
        }
    }

    #[inline(never)]
    fn read_stored_anew<Q>(
        self: &Arc<Self>,
        probe: Probe<'_, Q>,
        now: MonoNs,
        timed: Timed,
    ) -> Option<Guard<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if !self.is_to_remember(probe.hash())
            && let Some(hit) = self.read_aside(probe, now, timed)
        {
            return Some(hit);
        }
        let moment = self.moment();
        let request = Request::of_stored(probe.key(), moment.now);
        let (sighting, reading) = self.sighted_reading(probe, &request, &moment);
        if sighting.is_none() {
            self.store.miss(probe.hash());
        }
        let refreshing = self.loader.is_some() && self.load_behind(&request, &reading, &moment);
        if !reading.is_served(&moment) {
            return None;
        }
        self.remember(probe, sighting, &reading, &moment);
        let Answer { receipt, outcome } = self.serve(&reading, moment.now, refreshing);
        outcome.ok().map(|value| Guard::new(value, receipt))
    }

    /// Reads without a trace: counts nothing and starts nothing.
    pub(crate) fn peek<Q>(&self, key: &Q) -> Option<Guard<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let moment = self.moment();
        let reading = self.reading(&Request::of_stored(key, moment.now), &moment);
        if !reading.is_served(&moment) {
            return None;
        }
        let value = reading.view.as_ref()?.entry().value.clone()?;
        Some(Guard::new(value, reading.receipt(false)))
    }

    /// Whether a read would be served right now what is stored, and so not wait.
    pub(crate) fn serves<Q>(&self, key: &Q, context: &Context) -> Result<bool, Error>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let moment = self.moment();
        let request = self.arrive(key, context, moment.now)?;
        Ok(!matches!(self.reading(&request, &moment).next(&moment), Next::Compute(_)))
    }

    /// Takes in a read: looks its names up, and publishes its context's kickoff and line-up to its
    /// match.
    pub(crate) fn arrive<'a, Q>(
        &self,
        key: &'a Q,
        context: &'a Context,
        arrived: Now,
    ) -> Result<Request<'a, Q>, Error>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let mut place = self.place(context)?;
        if let Some(scope) = &mut place.scope {
            scope.publish(context.kickoff, context.lineup_confirmed);
        }
        Ok(Request { key, context, place, arrived })
    }

    /// Decides a read that has arrived, as of a moment, and joins or starts a compute where the
    /// decision asks for one.
    pub(crate) fn look<Q>(
        self: &Arc<Self>,
        request: &Request<'_, Q>,
        moment: &Moment,
        job: &mut impl FnMut(&Rules) -> Job<V>,
        dispatch: &mut impl Dispatch<K, V>,
    ) -> Looked<K, V>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let (probe, mut newer) = (self.store.probe(request.key), None);
        loop {
            let moment = newer.as_ref().unwrap_or(moment);
            let (sighting, reading) = self.sighted_reading(probe, request, moment);
            let kind = match reading.next(moment) {
                Next::ServeFresh | Next::ServeStale => {
                    if request.is_like_any(&reading) && self.is_to_remember(probe.hash()) {
                        self.remember(probe, sighting, &reading, moment);
                    }
                    return Looked::Stored(reading, newer);
                }
                Next::ServeOld => {
                    return Looked::Answered(self.serve_if_error(request, reading));
                }
                Next::Compute(kind) => kind,
            };
            if reading.verdict.reason == Reason::Miss && reading.view.is_some() {
                // Kickoff has ended the entry that is stored, and others with it.
                self.sweep_if_full();
            }
            if matches!(reading.verdict.reason, Reason::Miss | Reason::TooStale)
                && let Some(error) = self.remembered_error(request.key, &request.place, moment.now)
            {
                let answer = self.answer_refused(request, &reading, moment, error);
                return Looked::Answered(answer);
            }
            let joined = self.join(request, kind, &reading, moment, job, dispatch);
            // Reads that wait for one compute are one miss to moka: to tell of each would cost each some hundred ns.
            let is_first = matches!(&joined, Joining::Waiting(waiting) if waiting.is_first());
            if sighting.is_none() && is_first {
                self.store.miss(probe.hash());
            }
            match joined {
                Joining::Waiting(waiting) => return Looked::Waiting(waiting, reading),
                Joining::LookAgain => newer = Some(self.moment()),
                Joining::Refused(error) => {
                    let answer = self.answer_refused(request, &reading, moment, error);
                    return Looked::Answered(answer);
                }
            }
        }
    }

    /// Serves a stored value, and refreshes it if it is stale or due early. A read that names no
    /// match leaves the value where it belongs: in its match and market, with its tags.
    pub(crate) fn serve_stored<Q>(
        self: &Arc<Self>,
        request: &Request<'_, Q>,
        reading: &Reading<V>,
        moment: &Moment,
        job: &mut impl FnMut(&Rules) -> Job<V>,
        dispatch: &mut impl Dispatch<K, V>,
    ) -> Answer<V>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let due = reading.verdict.reason == Reason::Stale
            || self.is_due_early(request.key, reading, moment);
        let own = reading.view.as_ref().filter(|_| request.place.scope.is_none());
        let mut job = |rules: &Rules| match own {
            Some(view) => Job { home: self.home_of(view.held()), ..job(rules) },
            None => job(rules),
        };
        let refreshing = due && self.refresh(request, reading, moment, &mut job, dispatch);
        self.serve(reading, request.arrived, refreshing)
    }

    /// Waits for a compute, and for the next one where that was of another match; answers then. What it
    /// waits for stays where its caller has it: to move it would cost each waiter a copy or two.
    pub(crate) async fn wait<Q>(
        self: &Arc<Self>,
        request: &Request<'_, Q>,
        waiting: &mut Waiting<K, V>,
        reading: &mut Reading<V>,
        job: &mut impl FnMut(&Rules) -> Job<V>,
    ) -> Answer<V>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let waits = self.stats.accounts().wait();
        let answer = self.wait_to_the_end(request, waiting, reading, job).await;
        waits.end();
        answer
    }

    async fn wait_to_the_end<Q>(
        self: &Arc<Self>,
        request: &Request<'_, Q>,
        waiting: &mut Waiting<K, V>,
        reading: &mut Reading<V>,
        job: &mut impl FnMut(&Rules) -> Job<V>,
    ) -> Answer<V>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        loop {
            let waited = self.wait_once(request, waiting, reading).await;
            if let Some(answer) = waited {
                return answer;
            }
            let (moment, alone) = (self.moment(), &mut Alone::default());
            match self.look(request, &moment, job, alone) {
                Looked::Stored(reading, newer) => {
                    let moment = newer.as_ref().unwrap_or(&moment);
                    return self.serve_stored(request, &reading, moment, job, alone);
                }
                Looked::Answered(answer) => return answer,
                Looked::Waiting(next, again) => (*waiting, *reading) = (next, again),
            }
        }
    }

    /// Answers a read whose key gets no compute, and counts it.
    fn answer_refused<Q>(
        &self,
        request: &Request<'_, Q>,
        reading: &Reading<V>,
        moment: &Moment,
        error: Error,
    ) -> Answer<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if matches!(error, Error::Overloaded) {
            self.stats.over_bound(Bounded::Flights);
        }
        if reading.verdict.reason == Reason::TooStale
            && let Some(old) = self.old_value(request, reading, moment)
            && old.is_allowed_if_error(moment)
        {
            return self.serve_if_error(request, old);
        }
        let zone = moment.zone_of(&request.place);
        // A remembered failure is that of another's compute.
        let is_remembered = error.is_compute_failure() || matches!(error, Error::Nothing);
        let joined = Joined { led: !is_remembered, queued: false };
        let done = Done::failed(error, zone, None);
        self.answer(reading, done, joined, request.arrived)
    }
}
