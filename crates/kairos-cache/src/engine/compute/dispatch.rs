// How the computes that a read starts are admitted and sent on their way.
// Never knows: why the read needs them.

use std::error::Error as StdError;
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::compute::claim::Launched;
use crate::flight::gate::Pass;
use crate::flight::job::Work;
use crate::flight::loader::found;
use crate::flight::permits::Permit;
use crate::receipt::Computed;
use crate::to_key::{Key, Value};

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
    /// A place among refreshes and among computes, if there is one right now.
    pub(crate) fn refresh_permit(&self) -> Option<RefreshPermit> {
        let rules = self.rules();
        let refresh = self.refreshes.try_take(rules.max_concurrent_refreshes)?;
        let pass = self.gate.try_pass(rules.max_concurrent_computes)?;
        Some(RefreshPermit { refresh, pass })
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
