// Blocking reads whose closure is given the value that it would replace.
// Never knows: how that value is found, or what becomes of the closure's answer.
// Read next: `../refresh.rs`, the async reads.

use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::cache::ASKED_ONCE;
use crate::cache::blocking::Cache;
use crate::computed::Computed;
use crate::context::Context;
use crate::engine::blocking_work;
use crate::error::Error;
use crate::receipt::{Answer, Hit};
use crate::to_key::{Key, ToKey, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Reads a key as [`Cache::get_or_compute`] does, by a closure that is given the live value that it
    /// would replace, as in [`crate::Cache::get_or_refresh`].
    ///
    /// ```
    /// use kairos_cache::{Cache, Computed, Context};
    /// use std::sync::Arc;
    ///
    /// let cache: Cache<u8, u32> = Cache::builder().build()?;
    /// let cache = cache.blocking();
    /// let forced = Context::none().force_refresh(true);
    /// let compute = |previous: Option<Arc<u32>>| {
    ///     let first = || Computed::value(1);
    ///     Ok::<_, std::io::Error>(previous.map_or_else(first, |_| Computed::NotModified))
    /// };
    /// assert_eq!(*cache.get_or_refresh(&7, &forced, compute)?, 1);
    /// assert_eq!(*cache.get_or_refresh(&7, &forced, compute)?, 1);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BlocksRuntime`]; else as [`crate::Cache::get_or_refresh`].
    pub fn get_or_refresh<Q, F, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Hit<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce(Option<Arc<V>>) -> Result<T, E> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.explain_refresh(key, context, compute)?.into_hit()
    }

    /// Reads as [`Cache::get_or_refresh`] does, with a receipt also where there is no value.
    ///
    /// ```
    /// use kairos_cache::{Cache, Computed, Context, Error};
    ///
    /// let cache: Cache<u8, u8> = Cache::builder().build()?;
    /// let nothing = |_previous| Ok::<_, std::io::Error>(Computed::<u8>::None);
    /// let answer = cache.blocking().explain_refresh(&1, &Context::none(), nothing)?;
    /// assert!(matches!(answer.outcome, Err(Error::Nothing)));
    /// # Ok::<_, Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Cache::explain`].
    pub fn explain_refresh<Q, F, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Answer<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce(Option<Arc<V>>) -> Result<T, E> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let engine = &self.cache.engine;
        self.refuse_to_wait(key, context)?;
        let mut compute = Some(compute);
        let work = &mut |_: &Q, _: &Context| blocking_work(compute.take().expect(ASKED_ONCE));
        self.wait(engine.read_through(key, context, work))?
    }
}
