// Reads whose compute is given the value that it would replace, and the loader that is given it.
// Never knows: how that value is found, or what becomes of the compute's answer.
// Read next: `mod.rs` for the reads without it; `../computed.rs` for what a compute may say.

use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::cache::{ASKED_ONCE, Builder, Cache};
use crate::computed::Computed;
use crate::context::Context;
use crate::engine::work;
use crate::error::Error;
use crate::flight::erased;
use crate::receipt::{Answer, Hit};
use crate::to_key::{Key, ToKey, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Reads a key as [`Cache::get_or_compute`] does, by a compute that is given the live value that it
    /// would replace: one that is stale, too stale or bypassed, looked up when the compute starts.
    ///
    /// It is given nothing on a miss, for a key that is known to have no value, for a value of another
    /// match than the context names, and where nothing may be stored. What the compute finds may depend
    /// on the old value, or be [`Computed::NotModified`]: the old value stands, with its tags.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kairos_cache::{Cache, Computed, Context};
    ///
    /// struct Page {
    ///     etag: u64,
    ///     body: &'static str,
    /// }
    /// let fetch = |previous: Option<std::sync::Arc<Page>>| async move {
    ///     // The backend is asked with the old page's tag, and says that the page has not changed.
    ///     let found = match previous {
    ///         Some(page) if page.etag == 7 => Computed::NotModified,
    ///         _ => Computed::value(Page { etag: 7, body: "1.85" }),
    ///     };
    ///     Ok::<_, std::io::Error>(found)
    /// };
    /// let cache: Cache<String, Page> = Cache::builder().build()?;
    /// let first = cache.get_or_refresh("m1", &Context::none(), fetch).await?;
    /// let forced = Context::none().force_refresh(true);
    /// let second = cache.get_or_refresh("m1", &forced, fetch).await?;
    /// assert!(std::ptr::eq(first.value(), second.value()));
    /// assert_eq!(second.value().body, "1.85");
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Cache::get_or_compute`].
    ///
    /// # Cancellation
    /// As [`Cache::get_or_compute`].
    pub async fn get_or_refresh<Q, F, Fut, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> Result<Hit<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce(Option<Arc<V>>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.explain_refresh(key, context, compute).await?.into_hit()
    }

    /// Reads as [`Cache::get_or_refresh`] does, with a receipt also where there is no value.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kairos_cache::{Cache, Computed, Context, Error};
    ///
    /// let cache: Cache<u8, u8> = Cache::builder().build()?;
    /// let nothing = |_previous| async { Ok::<_, std::io::Error>(Computed::<u8>::None) };
    /// let answer = cache.explain_refresh(&1, &Context::none(), nothing).await?;
    /// assert!(matches!(answer.outcome, Err(Error::Nothing)));
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Cache::explain`].
    ///
    /// # Cancellation
    /// As [`Cache::get_or_compute`].
    pub fn explain_refresh<Q, F, Fut, T, E>(
        &self,
        key: &Q,
        context: &Context,
        compute: F,
    ) -> impl Future<Output = Result<Answer<V>, Error>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
        F: FnOnce(Option<Arc<V>>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let mut compute = Some(compute);
        async move {
            let work = &mut |_: &Q, _: &Context| work(compute.take().expect(ASKED_ONCE));
            self.engine.read_through(key, context, work).await
        }
    }
}

impl<K: Key, V: Value> Builder<K, V> {
    /// Sets a [`loader`](Builder::loader) that is also given the live value that it would replace, as
    /// the compute of [`Cache::get_or_refresh`] is: nothing where there is none.
    ///
    /// A method of its own, so that a loader which has no use for the old value need not name it. Of
    /// the two the one that is set last is the cache's loader.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kairos_cache::{Cache, Computed, Context};
    /// use std::sync::Arc;
    ///
    /// let cache: Cache<u8, u32> = Cache::builder()
    ///     .loader_with_previous(|_, _, previous: Option<Arc<u32>>| async move {
    ///         Ok::<_, std::io::Error>(previous.map_or(1, |previous| *previous + 1))
    ///     })
    ///     .build()?;
    /// assert_eq!(*cache.read(&7, &Context::none()).await?, 1);
    /// assert_eq!(*cache.read(&7, &Context::none().force_refresh(true)).await?, 2);
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    pub fn loader_with_previous<F, Fut, T, E>(mut self, load: F) -> Self
    where
        F: Fn(K, Context, Option<Arc<V>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.loader = Some(erased(load));
        self
    }
}
