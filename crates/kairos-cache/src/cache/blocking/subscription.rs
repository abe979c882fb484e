// A subscription for a thread that waits.
// Never knows: what is told.
// Read next: `../../stats/notices.rs` for the notices.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::Cache as AsyncCache;
use crate::error::Error;
use crate::runtime::{Clock, Runtime, before, nanos, wait};
use crate::stats::{Notice, Subscription as AsyncSubscription};
use crate::to_key::{Key, Value};

/// The receiver of a cache's notices on a thread that may block: [`crate::Subscription`], whose
/// [`next`](Subscription::next) waits. Made by [`Cache::subscribe`](super::Cache::subscribe).
///
/// ```
/// use kairos_cache::{Cache, Notice};
///
/// let cache: Cache<u8, u8> = Cache::builder().build()?;
/// let mut notices = cache.blocking().subscribe();
/// cache.set_enabled(false);
/// assert!(matches!(notices.next()?, Some(Notice::Switched { enabled: false, .. })));
/// drop(cache);
/// assert!(notices.next()?.is_none());
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[derive(Debug)]
pub struct Subscription<K> {
    notices: AsyncSubscription<K>,
    waits: Waits,
}

/// How a subscriber waits. It does not hold the cache, with which its notices end.
struct Waits {
    runtime: Arc<dyn Runtime>,
    clock: Clock,
    patience: Option<Duration>,
}

impl std::fmt::Debug for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waits").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl<K: Key> Subscription<K> {
    pub(super) fn new<V: Value>(
        cache: &AsyncCache<K, V>,
        patience: Option<Duration>,
    ) -> Subscription<K> {
        let (runtime, clock) = (cache.engine.shared_runtime(), cache.engine.clock().clone());
        Subscription { notices: cache.subscribe(), waits: Waits { runtime, clock, patience } }
    }

    /// Waits for the next notice; `None` once the cache is gone or has been shut down, and every
    /// notice has been read.
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; [`Error::Timeout`] at the deadline of
    /// [`Cache::within`](super::Cache::within). Neither loses a notice.
    #[expect(clippy::should_implement_trait, reason = "the next of the async one, and it may fail")]
    pub fn next(&mut self) -> Result<Option<Notice<K>>, Error> {
        let Waits { runtime, clock, patience } = &self.waits;
        let until = patience.map(|patience| clock.now().mono.saturating_add(nanos(patience)));
        wait(&**runtime, before(&**runtime, until, self.notices.next()))?
    }

    /// Returns the next notice, if there is one already.
    pub fn try_next(&mut self) -> Option<Notice<K>> {
        self.notices.try_next()
    }
}
