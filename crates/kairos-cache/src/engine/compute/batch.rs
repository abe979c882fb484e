// Keys that are computed together: through the gate as one, as one task, under one timer.
// Never knows: which reads wait, or what is computed for a key alone.
// Why: `docs/decisions/0011-each-key-of-a-batch-captures-before-the-call.md`.
// Why: `docs/decisions/0012-a-key-of-a-batch-stays-occupied.md`.

use std::sync::Arc;

use super::claim::Launched;
use super::crew::Together;
use super::dispatch::Dispatch;
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Arrival, Pass, Places};
use crate::policy::MonoNs;
use crate::to_key::{Key, Value};

/// Computes that are to start together. A read that joins one of them meanwhile arrives before it
/// starts. Dropping the batch frees its keys.
pub(crate) struct Batch<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    together: Together<K, V>,
    members: Vec<Launched<K, V>>,
    /// The places that all refreshes of the batch share.
    places: Option<Places>,
    /// The instant until which the batch waits at the gate.
    deadline: MonoNs,
}

impl<K: Key, V: Value> Batch<K, V> {
    pub(crate) fn new(engine: &Arc<Engine<K, V>>, together: &Together<K, V>) -> Batch<K, V> {
        Batch {
            engine: Arc::clone(engine),
            together: together.clone(),
            members: Vec::new(),
            places: None,
            deadline: MonoNs::MAX,
        }
    }

    /// Sends the batch on its way: refreshes have their places already, others go through the gate
    /// as one compute.
    pub(crate) fn launch(mut self, moment: &Moment) {
        if self.members.is_empty() {
            return;
        }
        if let Some(places) = self.places.take() {
            let _given_back = self.start(places);
        } else if self.is_urgent() {
            // A compute waits for them, which has its own turn.
            let _given_back = self.start(Places::new(Pass::free(), None));
        } else {
            let engine = Arc::clone(&self.engine);
            self.deadline = moment.queue_deadline();
            engine.enter_gate(self.members.len(), Box::new(self), moment);
        }
    }

    /// Starts one task for all computes that are still wanted. Returns the pass if there are none,
    /// or if the cache has been shut down.
    fn start(mut self, places: Places) -> Option<Pass> {
        // Capture before compute: each key captures anew, and only then is the call made.
        self.members.retain(Launched::begin);
        if self.members.is_empty() {
            return Some(places.into_pass());
        }
        let moment = self.engine.moment();
        self.engine.spawn(self.members.into(), Some(self.together), places, &moment)
    }
}

impl<K: Key, V: Value> Dispatch<K, V> for Batch<K, V> {
    fn admit_refresh(&mut self, engine: &Engine<K, V>, moment: &Moment) -> bool {
        self.places = self.places.take().or_else(|| engine.refresh_places(moment));
        self.places.is_some()
    }

    fn send(&mut self, compute: Launched<K, V>, _: &Moment) {
        compute.queue();
        self.members.push(compute);
    }
}

impl<K: Key, V: Value> Arrival for Batch<K, V> {
    fn is_wanted(&self) -> bool {
        !self.members.iter().all(Launched::is_given_up)
    }

    fn is_urgent(&self) -> bool {
        self.members.iter().any(Launched::is_urgent)
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        self.start(Places::new(pass, None))
    }

    fn refuse(self: Box<Self>) {
        for member in self.members {
            self.engine.refuse(member, Error::Overloaded);
        }
    }

    fn deadline(&self) -> MonoNs {
        self.deadline
    }

    fn time_out(self: Box<Self>) {
        for member in self.members {
            self.engine.refuse(member, Error::Timeout);
        }
    }
}
