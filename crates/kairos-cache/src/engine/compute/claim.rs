// A claimed key with its flight, and the compute that a flight has launched for it.
// Never knows: the gate, tasks, timers, or why a compute does not run.
// Read next: `settle.rs` for what a claim does after each step of its flight.
// Why: `docs/decisions/0011-each-key-of-a-batch-captures-before-the-call.md`.

use std::sync::Arc;

use crate::contain::shielded;
use crate::engine::Engine;
use crate::error::Error;
use crate::flight::{KeyFlight, KeyLaunch};
use crate::to_key::{Key, Value};

/// A key and its flight, held by what waits for a compute of the key, runs one or fills the key.
pub(crate) struct Claim<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    key: K,
    flight: Arc<KeyFlight<V>>,
}

impl<K: Key, V: Value> Claim<K, V> {
    pub(in crate::engine) fn new(
        engine: &Arc<Engine<K, V>>,
        key: K,
        flight: Arc<KeyFlight<V>>,
    ) -> Claim<K, V> {
        Claim { engine: Arc::clone(engine), key, flight }
    }

    pub(in crate::engine) fn engine(&self) -> &Arc<Engine<K, V>> {
        &self.engine
    }

    pub(super) fn key(&self) -> &K {
        &self.key
    }

    pub(in crate::engine) fn flight(&self) -> &Arc<KeyFlight<V>> {
        &self.flight
    }
}

/// A compute that a flight has launched and that no task runs yet. Dropping it ends the compute,
/// answers its waiters and frees the key.
pub(crate) struct Launched<K: Key, V: Value>(Option<Ready<K, V>>);

/// What a launched compute holds until its task takes it over, or it has ended.
struct Ready<K: Key, V: Value> {
    claim: Arc<Claim<K, V>>,
    launch: KeyLaunch<V>,
}

impl<K: Key, V: Value> Launched<K, V> {
    pub(in crate::engine) fn new(claim: Arc<Claim<K, V>>, launch: KeyLaunch<V>) -> Launched<K, V> {
        Launched(Some(Ready { claim, launch }))
    }

    fn ready(&self) -> &Ready<K, V> {
        self.0.as_ref().expect("it is taken only together with this")
    }

    pub(super) fn claim(&self) -> &Arc<Claim<K, V>> {
        &self.ready().claim
    }

    pub(super) fn launch(&self) -> &KeyLaunch<V> {
        &self.ready().launch
    }

    /// Marks the compute as waiting for its turn: a read that joins it meanwhile arrives before it
    /// starts.
    pub(super) fn queue(&self) {
        let Ready { claim, launch } = self.ready();
        claim.flight.queue(&launch.run);
    }

    /// Begins the compute at its turn: captures anew. False if it is no longer wanted.
    pub(super) fn begin(&self) -> bool {
        let Ready { claim, launch } = self.ready();
        claim.flight.begin(&launch.run, &launch.job)
    }

    /// Whether every waiter left while the compute waited for its turn. Takes no flight's lock.
    pub(super) fn is_given_up(&self) -> bool {
        self.ready().launch.run.is_given_up()
    }

    /// Whether another compute waits for this one, so that it waits for no turn.
    pub(super) fn is_urgent(&self) -> bool {
        self.ready().launch.run.is_urgent()
    }

    /// Hands the compute over to the guard of its task.
    pub(super) fn take(mut self) -> (Arc<Claim<K, V>>, KeyLaunch<V>) {
        let Ready { claim, launch } = self.0.take().expect("it is taken only together with this");
        (claim, launch)
    }

    /// Ends the compute without having run it.
    pub(super) fn end(self, error: Error) {
        let (claim, launch) = self.take();
        claim.end_unstarted(launch, error);
    }
}

impl<K: Key, V: Value> Drop for Launched<K, V> {
    fn drop(&mut self) {
        if let Some(Ready { claim, launch }) = self.0.take() {
            shielded(|| claim.end_unstarted(launch, Error::Aborted));
        }
    }
}
