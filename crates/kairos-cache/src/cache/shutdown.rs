//! The end of a cache: no compute begins, refreshes are aborted, and what is under way is waited for.
//! Never knows: what readers make of the answer that they get.
//! Read next: `drain.rs`, which counts what is under way.

use std::sync::Arc;

use crate::cache::Cache;
use crate::engine::Engine;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Shuts the cache down: from now on no compute and no refresh begins; resolves once no task
    /// and no timer of the cache is left.
    ///
    /// Computes that readers wait for run to their end, at most their hard timeout; refreshes and
    /// computes that nobody waits for are aborted. A read that needs a new compute gets
    /// [`Error::ShutDown`](crate::Error::ShutDown), and so do those whose compute waits for its
    /// turn. What is stored goes on being served, fresh and stale, and invalidations go on
    /// working. A compute that never yields is waited for no longer than its timeout.
    ///
    /// Any clone may ask, any number of times; there is no way back. Without it nothing is lost
    /// or leaked: when the last clone is dropped, computes and refreshes run to their end, at most
    /// their timeout, and free what is left.
    ///
    /// Costs one look at each key that has a compute.
    ///
    /// # Cancellation
    /// Dropping the future, once polled, leaves the shutdown under way.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// use kairos_cache::{Cache, Context, Error};
    ///
    /// let cache: Cache<String, u32> = Cache::builder().build()?;
    /// cache.insert("known", &Context::none(), 1)?;
    /// cache.shutdown().await;
    ///
    /// let compute = || async { Ok::<_, std::io::Error>(2) };
    /// assert_eq!(*cache.get_or_compute("known", &Context::none(), compute).await?, 1);
    /// let refused = cache.get_or_compute("new", &Context::none(), compute).await;
    /// assert!(matches!(refused, Err(Error::ShutDown)));
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    pub async fn shutdown(&self) {
        self.engine.wind_up();
        self.engine.drain.emptied().await;
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    fn wind_up(self: &Arc<Self>) {
        self.drain.close();
        self.sweeper.close();
        self.gate.turn_away();
        // Outside the table's locks: what follows may remove flights.
        for (key, flight) in self.flights.all() {
            self.turn_away(&key, &flight);
        }
    }
}
