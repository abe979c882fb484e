// Reads by a loader: how the builder is given one, and the read that waits for it.
// Never knows: what `get` and pins leave to the loader.
// Read next: `mod.rs` for the read with a closure; `../engine/read/background.rs` for what happens behind others.

use std::error::Error as StdError;
use std::hash::Hash;

use equivalent::Equivalent;

use crate::cache::Cache;
use crate::cache::builder::Builder;
use crate::computed::Computed;
use crate::context::Context;
use crate::error::Error;
use crate::receipt::{Answer, Hit};
use crate::to_key::{Key, ToKey, Value};

impl<K: Key, V: Value> Builder<K, V> {
    /// Sets the loader, which computes values for readers without a closure: [`Cache::read`] waits
    /// for it; [`Cache::get`] and pins have it refresh and fill in the background.
    ///
    /// The loader gets the key and a context: from [`Cache::read`] the caller's own, from `get` and
    /// pins one of the match, market and tags with which the entry was stored. The loader must not
    /// own a clone of the cache, which would then never be dropped.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// use kairos_cache::{Cache, Context};
    ///
    /// let cache: Cache<String, usize> = Cache::builder()
    ///     .loader(|key: String, _: Context| async move { Ok::<_, std::io::Error>(key.len()) })
    ///     .build()?;
    /// assert_eq!(*cache.read("btts", &Context::none()).await?, 4);
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    pub fn loader<F, Fut, T, E>(self, load: F) -> Self
    where
        F: Fn(K, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.loader_with_previous(move |key, context, _| load(key, context))
    }
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Reads a key as [`Cache::get_or_compute`] does, with the builder's
    /// [`loader`](Builder::loader) in the place of a closure.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # use kairos_cache::{Cache, Context};
    /// # let load = |key: String, _: Context| async move { Ok::<_, std::io::Error>(key.len()) };
    /// let cache: Cache<String, usize> = Cache::builder().loader(load).build()?;
    /// assert_eq!(*cache.read("btts", &Context::none()).await?, 4);
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::NoLoader`]; else as [`Cache::get_or_compute`].
    ///
    /// # Cancellation
    /// As [`Cache::get_or_compute`].
    pub async fn read<Q>(&self, key: &Q, context: &Context) -> Result<Hit<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        self.explain_read(key, context).await?.into_hit()
    }

    /// Reads as [`Cache::read`] does, with a receipt also where there is no value.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # use kairos_cache::{Cache, Context, Source};
    /// # let load = |key: String, _: Context| async move { Ok::<_, std::io::Error>(key.len()) };
    /// let cache: Cache<String, usize> = Cache::builder().loader(load).build()?;
    /// let answer = cache.explain_read("btts", &Context::none()).await?;
    /// assert_eq!(answer.receipt.source, Source::Computed);
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::NoLoader`]; else as [`Cache::explain`].
    ///
    /// # Cancellation
    /// As [`Cache::get_or_compute`].
    pub async fn explain_read<Q>(&self, key: &Q, context: &Context) -> Result<Answer<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let loader = self.engine.loader().ok_or(Error::NoLoader)?;
        let work = &mut |key: &Q, context: &Context| loader.work(key.to_key(), context.clone());
        self.engine.read_through(key, context, work).await
    }
}
