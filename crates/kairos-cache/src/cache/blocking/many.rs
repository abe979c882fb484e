// Blocking reads of many keys in one pass.
// Never knows: how a read is decided, or how a batch runs.
// Read next: `../many.rs`, whose read this waits for.

use std::error::Error as StdError;
use std::hash::Hash;

use equivalent::Equivalent;

use crate::cache::blocking::Cache;
use crate::cache::many::blocking_together;
use crate::computed::Computed;
use crate::context::Context;
use crate::error::Error;
use crate::receipt::{Answer, Hit};
use crate::to_key::{Key, ToKey, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Reads many keys, each with its context, as [`crate::Cache::get_many`] does: serves the stored
    /// values and computes the missing ones by one call of `compute`, which may block.
    ///
    /// # Errors
    /// For each read [`Error::BlocksRuntime`], if any of them may have to wait where it may not; else
    /// those of [`crate::Cache::get_many`].
    ///
    /// ```
    /// use kairos_cache::{Cache, Context};
    ///
    /// let cache: Cache<u32, u32> = Cache::builder().build()?;
    /// let none = Context::none();
    /// let squares = |keys: Vec<u32>| {
    ///     Ok::<_, std::io::Error>(keys.into_iter().map(|key| (key, key * key)))
    /// };
    /// let hits = cache.blocking().get_many([2, 3].iter().map(|key| (key, &none)), squares);
    /// let values: Vec<u32> = hits.iter().flatten().map(|hit| **hit).collect();
    /// assert_eq!(values, [4, 9]);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn get_many<'a, Q, I, F, C, T, E>(&self, reads: I, compute: F) -> Vec<Result<Hit<V>, Error>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized + 'a,
        I: IntoIterator<Item = (&'a Q, &'a Context)>,
        F: Fn(Vec<K>) -> Result<C, E> + Send + Sync + 'static,
        C: IntoIterator<Item = (K, T)>,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let answers = self.explain_many(reads, compute);
        answers.into_iter().map(|answer| answer?.into_hit()).collect()
    }

    /// Reads as [`Cache::get_many`] does, each with a receipt also where there is no value.
    ///
    /// ```
    /// # use kairos_cache::{Cache, Context, Error};
    /// # let cache: Cache<u8, u32> = Cache::builder().build()?;
    /// let none = Context::none();
    /// let compute = |_: Vec<u8>| Ok::<_, std::io::Error>([(1, 10)]);
    /// let answers = cache.blocking().explain_many([(&1, &none), (&2, &none)], compute);
    /// let outcomes: Vec<_> = answers.into_iter().flatten().map(|answer| answer.outcome).collect();
    /// assert!(outcomes[0].is_ok() && matches!(outcomes[1], Err(Error::Nothing)));
    /// # Ok::<_, Error>(())
    /// ```
    ///
    /// # Errors
    /// For each read [`Error::BlocksRuntime`], as in [`Cache::get_many`]; [`Error::Timeout`] at the
    /// deadline; else as in [`crate::Cache::explain_many`].
    pub fn explain_many<'a, Q, I, F, C, T, E>(
        &self,
        reads: I,
        compute: F,
    ) -> Vec<Result<Answer<V>, Error>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized + 'a,
        I: IntoIterator<Item = (&'a Q, &'a Context)>,
        F: Fn(Vec<K>) -> Result<C, E> + Send + Sync + 'static,
        C: IntoIterator<Item = (K, T)>,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let reads: Vec<(&Q, &Context)> = reads.into_iter().collect();
        let count = reads.len();
        let refused = |error: Error| (0..count).map(|_| Err(error.clone())).collect();
        let waits = |&(key, context): &(&Q, &Context)| {
            // What is wrong with a read is said of that read.
            matches!(self.refuse_to_wait(key, context), Err(Error::BlocksRuntime))
        };
        if reads.iter().any(waits) {
            return refused(Error::BlocksRuntime);
        }
        let together = blocking_together(compute);
        let until = self.until();
        let answers = self.cache.read_together(reads, &together, until);
        // The deadline is each read's own.
        self.wait_undated(answers).unwrap_or_else(refused)
    }
}
