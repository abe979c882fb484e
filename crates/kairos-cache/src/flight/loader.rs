// The loader: how values are computed for readers without a closure, and how soon again after a failure.
// Never knows: flights, tasks, or why a value is needed.
// Read next: `../engine/read/background.rs`, which calls it behind reads.
// Why: `docs/decisions/0010-the-loader-remembers-failures-by-key.md`.

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::computed::Computed;
use crate::context::Context;
use crate::error::Error;
use crate::flight::failed::FailedKeys;
use crate::flight::job::{Found, Work};
use crate::policy::MonoNs;
use crate::to_key::{Key, Value};

type Loading<V> = Pin<Box<dyn Future<Output = Found<V>> + Send>>;

/// A loader whose future, value and error types are forgotten.
pub(crate) type Load<K, V> = Arc<dyn Fn(K, Context, Option<Arc<V>>) -> Loading<V> + Send + Sync>;

/// The loader of a cache. A key without a value has no entry that could remember when its last
/// load failed: that is remembered here, until the throttle has passed or a compute succeeds.
pub(crate) struct Loader<K, V> {
    load: Load<K, V>,
    failed: FailedKeys<K, ()>,
}

impl<K: Key, V: Value> Loader<K, V> {
    pub(crate) fn new(load: Load<K, V>, hasher: FixedState) -> Loader<K, V> {
        Loader { load, failed: FailedKeys::new(hasher) }
    }

    /// The load of one key, not begun.
    pub(crate) fn work(&self, key: K, context: Context) -> Work<V> {
        let load = Arc::clone(&self.load);
        Work::boxed(move |previous| load(key, context, previous))
    }

    /// Whether a key may be loaded: its last load did not just fail.
    pub(crate) fn may_load(&self, key: &K, now: MonoNs) -> bool {
        self.failed.find(key, now, |()| ()).is_none()
    }

    /// Records a failed compute of a key without a servable value: no load starts before `until`.
    /// At most `bound` keys are remembered; a key beyond them is loaded again at its next read.
    /// Returns whether outdated failures should be looked for.
    pub(crate) fn put_off(&self, key: &K, until: MonoNs, bound: usize) -> bool {
        self.failed.put(key, until, (), bound).is_crowded
    }

    /// The keys whose last load failed.
    pub(crate) fn failed(&self) -> &FailedKeys<K, ()> {
        &self.failed
    }
}

/// Forgets the types of a user's loader.
pub(crate) fn erased<K, V, F, Fut, T, E>(load: F) -> Load<K, V>
where
    F: Fn(K, Context, Option<Arc<V>>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Arc::new(move |key, context, previous| {
        let future = load(key, context, previous);
        Box::pin(async move { found(future.await) })
    })
}

/// Converts the result of a compute from the user's types to the engine's.
pub(crate) fn found<V, T, E>(result: Result<T, E>) -> Found<V>
where
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    match result {
        Ok(found) => Ok(found.into()),
        Err(error) => Err(Error::Compute(Arc::from(error.into()))),
    }
}
