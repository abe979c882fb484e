//! A compute between its flight and its task: whatever becomes of it there, its waiters are answered and its key is free.
//! Never knows: the gate, timers, or why it does not run.
//! Read next: `launch.rs`, which sends it on its way; `compute.rs` for the guard of its task.

use std::sync::Arc;

use crate::contain::shielded;
use crate::engine::Engine;
use crate::engine::compute::running::Running;
use crate::error::Error;
use crate::flight::Launch;
use crate::flight::job::{Done, Job, KeyFlight, Work};
use crate::flight::turn::Turn;
use crate::policy::MonoNs;
use crate::to_key::{Key, Value};

/// A compute that a flight has launched and that no task runs yet. Dropping it ends it: its waiters
/// are answered, and the key is free.
pub(crate) struct Launched<K: Key, V: Value> {
    pub(crate) engine: Arc<Engine<K, V>>,
    /// Until it is taken over by its task, or has ended.
    compute: Option<Compute<K, V>>,
}

/// What there is to know of a compute before it runs.
pub(crate) struct Compute<K, V> {
    pub(crate) key: K,
    pub(crate) flight: Arc<KeyFlight<V>>,
    pub(crate) launch: Launch<Job<V>, Done<V>>,
}

impl<K: Key, V: Value> Launched<K, V> {
    pub(crate) fn new(engine: &Arc<Engine<K, V>>, compute: Compute<K, V>) -> Launched<K, V> {
        Launched { engine: Arc::clone(engine), compute: Some(compute) }
    }

    /// The compute that has neither started nor ended.
    pub(crate) fn compute(&self) -> &Compute<K, V> {
        self.compute.as_ref().expect("it is taken only together with this")
    }

    /// It has to wait for its turn: whoever joins it meanwhile arrives before it starts.
    pub(crate) fn queue(&self) {
        let Compute { flight, launch, .. } = self.compute();
        flight.queue(&launch.run);
    }

    /// Its turn has come: it captures anew. False if nobody wants it any more.
    pub(crate) fn begin(&self) -> bool {
        let Compute { flight, launch, .. } = self.compute();
        flight.begin(&launch.run, &launch.job)
    }

    /// Whether everybody left it while it waited for its turn. Takes no lock of its flight.
    pub(crate) fn is_given_up(&self) -> bool {
        self.compute().launch.run.is_given_up()
    }

    /// Hands it over to the guard of its task, with the work to be run.
    pub(crate) fn start(mut self, started: MonoNs, turn: Option<Turn>) -> (Running<K, V>, Work<V>) {
        let Compute { key, flight, launch } =
            self.compute.take().expect("it is taken only together with this");
        let Launch { run, kind, job: Job { work, home } } = launch;
        let engine = Arc::clone(&self.engine);
        engine.stats.compute_started(kind);
        let running = Running {
            engine,
            key,
            flight,
            run,
            kind,
            home,
            started,
            ended: false,
            timer: None,
            turn,
        };
        (running, work)
    }

    /// Ends it without having run.
    pub(crate) fn end(mut self, error: Error) {
        if let Some(Compute { key, flight, launch }) = self.compute.take() {
            self.engine.end_unstarted(&key, &flight, launch, error);
        }
    }
}

impl<K: Key, V: Value> Drop for Launched<K, V> {
    fn drop(&mut self) {
        if let Some(Compute { key, flight, launch }) = self.compute.take() {
            shielded(|| self.engine.end_unstarted(&key, &flight, launch, Error::Aborted));
        }
    }
}
