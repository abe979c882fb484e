// How the computes that a read starts are admitted and sent on their way; closures as their work.
// Never knows: why the read needs them.

use std::error::Error as StdError;
use std::sync::Arc;

use smallvec::smallvec;

use super::claim::Launched;
use crate::computed::Computed;
use crate::engine::{Engine, Moment};
use crate::flight::{Places, Work, found};
use crate::to_key::{Key, Value};

/// How the computes that a read starts are admitted and sent on their way.
pub(crate) trait Dispatch<K: Key, V: Value> {
    /// Returns whether one more refresh may start right now. If so, its compute is sent next.
    fn admit_refresh(&mut self, engine: &Engine<K, V>, moment: &Moment) -> bool;

    /// Sends a compute on its way.
    fn send(&mut self, compute: Launched<K, V>, moment: &Moment);
}

/// Each compute goes by itself, at once.
#[derive(Default)]
pub(crate) struct Alone(Option<Places>);

impl<K: Key, V: Value> Dispatch<K, V> for Alone {
    fn admit_refresh(&mut self, engine: &Engine<K, V>, moment: &Moment) -> bool {
        self.0 = engine.refresh_places(moment);
        self.0.is_some()
    }

    fn send(&mut self, compute: Launched<K, V>, moment: &Moment) {
        let engine = compute.claim().engine().clone();
        match self.0.take() {
            Some(places) => {
                let _given_back = engine.spawn(smallvec![compute], None, places, moment);
            }
            None => engine.launch(compute, moment),
        }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// A place among refreshes and among computes, if there is one right now.
    pub(super) fn refresh_places(&self, moment: &Moment) -> Option<Places> {
        let refresh = self.refreshes.try_take(moment.rules.max_concurrent_refreshes)?;
        let pass = self.gate.try_pass()?;
        Some(Places::new(pass, Some(refresh)))
    }
}

/// A caller's closure, given the value that it would replace, as the work of a compute.
pub(crate) fn work<V, F, Fut, T, E>(compute: F) -> Work<V>
where
    V: Value,
    F: FnOnce(Option<Arc<V>>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Work::future(move |previous| {
        let future = compute(previous);
        async move { found(future.await) }
    })
}

/// A closure that may block its thread as the work of a compute.
pub(crate) fn blocking_work<V, F, T, E>(compute: F) -> Work<V>
where
    V: Value,
    F: FnOnce(Option<Arc<V>>) -> Result<T, E> + Send + 'static,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Work::blocking(move |previous| found(compute(previous)))
}
