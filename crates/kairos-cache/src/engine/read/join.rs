// How a read comes by a compute: joining one, starting one, or leaving a refresh behind.
// Never knows: why the read needs it, or what it finds.
// Read next: `../../flight/core.rs` for who may join what, `../compute/launch.rs` for what a started compute goes through.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::config::Rules;
use crate::engine::compute::{Claim, Dispatch, Launched};
use crate::engine::read::reading::{Reading, Request};
use crate::engine::read::waiting::Waiting;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Job, Join, KeyFlight, Kind, Refresh};
use crate::policy::Reason;
use crate::to_key::{Key, ToKey, Value};

/// How far a read came on its way to a compute.
pub(crate) enum Joining<K: Key, V: Value> {
    /// The read waits for a compute.
    Waiting(Waiting<K, V>),
    /// The entry has changed meanwhile.
    LookAgain,
    /// The key gets no flight: `bounds.flights` is reached, or the cache is a forked parent's.
    Refused(Error),
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Joins or starts a compute.
    pub(super) fn join<Q>(
        self: &Arc<Self>,
        request: &Request<'_, Q>,
        kind: Kind,
        reading: &Reading<V>,
        moment: &Moment,
        job: &mut impl FnMut(&Rules) -> Job<V>,
        dispatch: &mut impl Dispatch<K, V>,
    ) -> Joining<K, V>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let (key, scope) = (request.key, request.place.scope.as_ref());
        // Keys are cloned before there is a place or a compute to be lost, should that panic.
        let owned = key.to_key();
        // Before it joins: what had returned when the read arrived is at most this.
        let seen = self.invalidations().sequence().current();
        loop {
            let flight = match self.flight(key, moment) {
                Ok(flight) => flight,
                Err(error) => return Joining::Refused(error),
            };
            let unchanged = || {
                reading.verdict.reason == Reason::Disabled
                    || self.is_unchanged(key, scope, reading.view.as_ref())
            };
            let job = || job(&moment.rules);
            match flight.join(kind, unchanged, job) {
                Join::Wait(ticket, launch) => {
                    let queued = ticket.queued;
                    let claim = Claim::new(self, owned, flight);
                    let mut waiting = Waiting::new(claim, ticket, seen);
                    if let Some(launch) = launch {
                        let claim = Arc::clone(waiting.claim());
                        dispatch.send(Launched::new(claim, launch), moment);
                    } else if queued && self.drain.is_closed() {
                        // A shutdown may have come by before this read did.
                        waiting.claim().turn_away();
                    }
                    return Joining::Waiting(waiting);
                }
                Join::LookAgain => {
                    self.release_flight(key, &flight);
                    return Joining::LookAgain;
                }
                // The caller that retired it may be held up: no other waits for that.
                Join::Retired => self.forget_flight(key, &flight),
            }
        }
    }

    /// Starts a compute in the background for later reads, if it may: of a value that can be
    /// served, or of one that is gone. Returns whether it was started.
    pub(super) fn refresh<Q>(
        self: &Arc<Self>,
        request: &Request<'_, Q>,
        reading: &Reading<V>,
        moment: &Moment,
        job: &mut impl FnMut(&Rules) -> Job<V>,
        dispatch: &mut impl Dispatch<K, V>,
    ) -> bool
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let (key, view) = (request.key, reading.view.as_ref());
        let put_off = view.is_some_and(|view| !view.entry().may_compute(reading.now));
        if put_off || self.drain.is_closed() {
            return false;
        }
        loop {
            let Ok(flight) = self.flight(key, moment) else {
                self.stats.refresh_skipped();
                return false;
            };
            let unchanged = || self.is_unchanged(key, request.place.scope.as_ref(), view);
            let mut leading = None;
            let permitted = || {
                let admitted = dispatch.admit_refresh(self, moment);
                if !admitted {
                    self.stats.refresh_skipped();
                    return None;
                }
                leading = Some(key.to_key());
                Some(job(&moment.rules))
            };
            match flight.refresh(unchanged, permitted) {
                Refresh::Started(launch) => {
                    let key = leading.expect("what has started was asked for its job");
                    let claim = Arc::new(Claim::new(self, key, flight));
                    dispatch.send(Launched::new(claim, launch), moment);
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

    /// The flight of a key, created if there is none and fewer than the bound.
    fn flight<Q>(&self, key: &Q, moment: &Moment) -> Result<Arc<KeyFlight<V>>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        self.adopt()?;
        let flight = self.flights.find_or_create(key, moment.rules.bounds.flights);
        flight.ok_or(Error::Overloaded)
    }
}
