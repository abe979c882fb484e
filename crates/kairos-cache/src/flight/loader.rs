// The loader: how values are computed for readers without a closure, and how soon again after a failure.
// Never knows: flights, tasks, or why a value is needed.
// Read next: `../engine/read/background.rs`, which calls it behind reads.
// Why: `docs/decisions/0010-the-loader-remembers-failures-by-key.md`.

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;

use dashmap::DashMap;
use foldhash::fast::FixedState;

use crate::context::Context;
use crate::error::Error;
use crate::flight::job::{Found, Work};
use crate::policy::MonoNs;
use crate::receipt::Computed;
use crate::sync::{AtomicUsize, Ordering};
use crate::to_key::{Key, Value};

type Loading<V> = Pin<Box<dyn Future<Output = Found<V>> + Send>>;

/// A loader whose future, value and error types are forgotten.
pub(crate) type Load<K, V> = Arc<dyn Fn(K, Context) -> Loading<V> + Send + Sync>;

/// Below this many failed keys none is forgotten before its time.
const FAILED_BEFORE_RECLAIM: usize = 1024;

/// The loader of a cache. A key without a value has no entry that could remember when its last
/// load failed: that is remembered here, until the throttle has passed or a compute succeeds.
pub(crate) struct Loader<K, V> {
    load: Load<K, V>,
    failed: DashMap<K, MonoNs, FixedState>,
    /// The approximate number of failed keys.
    count: AtomicUsize,
    reclaim_at: AtomicUsize,
}

impl<K: Key, V: Value> Loader<K, V> {
    pub(crate) fn new(load: Load<K, V>, hasher: FixedState) -> Loader<K, V> {
        let reclaim_at = AtomicUsize::new(FAILED_BEFORE_RECLAIM);
        let count = AtomicUsize::new(0);
        Loader { load, failed: DashMap::with_hasher(hasher), count, reclaim_at }
    }

    /// The load of one key, not begun.
    pub(crate) fn work(&self, key: K, context: Context) -> Work<V> {
        let load = Arc::clone(&self.load);
        Work { begin: Box::new(move || load(key, context)), may_block: false }
    }

    /// Whether a key may be loaded: its last load did not just fail.
    pub(crate) fn may_load(&self, key: &K, now: MonoNs) -> bool {
        self.failed.get(key).is_none_or(|until| now >= *until)
    }

    /// Records a failed compute of a key without a servable value: no load starts before `until`.
    /// At most `bound` keys are remembered; a key beyond them is loaded again at its next read.
    /// Returns whether outdated failures should be looked for.
    pub(crate) fn put_off(&self, key: &K, until: MonoNs, bound: usize) -> bool {
        // Relaxed, each: a count that bounds memory, and a hint when to look for outdated failures.
        let count = self.count.load(Ordering::Relaxed);
        let is_crowded = count >= self.reclaim_at.load(Ordering::Relaxed).min(bound);
        if count < bound && self.failed.insert(key.clone(), until).is_none() {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        is_crowded
    }

    /// Forgets the failures that are outdated. O(failed keys).
    pub(crate) fn forget_outdated(&self, now: MonoNs) {
        let mut kept = 0;
        self.failed.retain(|_, until| {
            let keeps = *until > now;
            kept += usize::from(keeps);
            keeps
        });
        self.count.store(kept, Ordering::Relaxed); // Relaxed: as in `put_off`.
        let next = (kept * 2).max(FAILED_BEFORE_RECLAIM);
        self.reclaim_at.store(next, Ordering::Relaxed); // Relaxed: as in `put_off`.
    }

    /// The approximate number of keys whose last load failed.
    pub(crate) fn failed(&self) -> usize {
        self.count.load(Ordering::Relaxed) // Relaxed: as in `put_off`.
    }

    /// Forgets the failure of a key whose compute has succeeded.
    pub(crate) fn succeeded(&self, key: &K) {
        if self.failed.remove(key).is_some() {
            let one_less = |count: usize| Some(count.saturating_sub(1));
            // Relaxed: as in `put_off`. A sweep meanwhile leaves the count near enough.
            let _before = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        }
    }
}

/// Forgets the types of a user's loader.
pub(crate) fn erased<K, V, F, Fut, T, E>(load: F) -> Load<K, V>
where
    F: Fn(K, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Arc::new(move |key, context| {
        let future = load(key, context);
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

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn failures_are_bounded_and_the_outdated_are_forgotten_when_that_is_asked_for() {
        let load = erased(|key: u32, _| async move { Ok::<u32, Error>(key) });
        let loader: Loader<u32, u32> = Loader::new(load, FixedState::default());
        let crowded = (0..200).filter(|key| loader.put_off(key, 10, 100)).count();
        assert_eq!((crowded, loader.failed()), (100, 100));
        assert!(!loader.may_load(&99, 9) && loader.may_load(&100, 9));
        loader.forget_outdated(9);
        assert_eq!(loader.failed(), 100, "none is outdated");
        loader.forget_outdated(10);
        assert_eq!(loader.failed(), 0);
        assert!(!loader.put_off(&100, 20, 100) && !loader.may_load(&100, 19));
    }
}
