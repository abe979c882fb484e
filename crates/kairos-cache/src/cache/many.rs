// Reads of many keys in one pass: what is missing is computed together, by one call.
// Never knows: how a single read is decided, or how a batch runs.
// Read next: `../engine/read/mod.rs` for each read, `../engine/compute/batch.rs` for the call.

use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;
use futures_util::future::{FutureExt, join_all};

use crate::cache::Cache;
use crate::computed::Computed;
use crate::config::Rules;
use crate::context::Context;
use crate::engine::{Batch, Engine, FoundTogether, Looked, Request, Together};
use crate::error::Error;
use crate::flight::{Job, Work};
use crate::policy::MonoNs;
use crate::receipt::{Answer, Hit};
use crate::runtime::before;
use crate::to_key::{Key, ToKey, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Reads many keys, each with its context: serves the stored values and computes the missing
    /// ones by one call of `compute`. Returns one answer for each read, in the order of the reads.
    ///
    /// Each read is decided, coalesced and counted as one of [`Cache::get_or_compute`] at the same
    /// instant; a key may be read more than once. `compute` is called
    /// - once with all keys that need a new compute and have none running, which passes the gate of
    ///   `max_concurrent_computes` as one and has one hard timeout;
    /// - once with all keys that are served and want a refresh, as one background refresh among
    ///   `max_concurrent_refreshes`;
    /// - later, with one key at a time, for a key whose running compute may not be joined.
    ///
    /// A key that is missing from the result of `compute` has nothing ([`Computed::None`]); a key
    /// that was not passed to it is ignored; of a key that is there twice the last value counts.
    /// `computes` are counted by key. An invalidation during the call bars the results that it
    /// covers from the cache, and no others.
    ///
    /// Costs one lookup for each read; each computed key costs the flight, entry and waiter's place
    /// of a single compute, but all keys share one task and one timer. The results are stored
    /// without yielding in between.
    ///
    /// # Errors
    /// For each read those of [`Cache::get_or_compute`]. An error, panic or timeout of a call is
    /// that of each key in it.
    ///
    /// # Cancellation
    /// Dropping the future drops every read that still waits, as dropping each alone would: other
    /// waiters of one of the keys get their answer, and the call is aborted when no read waits for
    /// any of the keys.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// use kairos_cache::{Cache, Context, Strategy};
    ///
    /// let cache: Cache<String, f64> = Cache::builder().build()?;
    /// let match_ = cache.scope("12345");
    /// let (btts, winner) = (Context::new(&match_).market("btts"), Context::new(&match_));
    /// cache.insert("12345:btts", &btts, 0.61)?;
    ///
    /// let reads = [("12345:btts", &btts), ("12345:home", &winner), ("12345:away", &winner)];
    /// let hits = cache
    ///     .get_many(reads, |keys| async move {
    ///         assert_eq!(keys, ["12345:home", "12345:away"]);
    ///         Ok::<_, std::io::Error>(keys.into_iter().zip([0.42, 0.31]))
    ///     })
    ///     .await;
    /// let strategies: Vec<Strategy> =
    ///     hits.iter().flatten().map(|hit| hit.receipt().strategy).collect();
    /// assert_eq!(strategies, [Strategy::ServeFresh, Strategy::Compute, Strategy::Compute]);
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    pub async fn get_many<'a, Q, I, F, Fut, C, T, E>(
        &self,
        reads: I,
        compute: F,
    ) -> Vec<Result<Hit<V>, Error>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized + 'a,
        I: IntoIterator<Item = (&'a Q, &'a Context)>,
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, E>> + Send + 'static,
        C: IntoIterator<Item = (K, T)>,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let answers = self.explain_many(reads, compute).await;
        answers.into_iter().map(|answer| answer?.into_hit()).collect()
    }

    /// Reads as [`Cache::get_many`] does, each with a receipt also where there is no value.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # use kairos_cache::{Cache, Context, Error, Reason};
    /// # let cache: Cache<u8, u32> = Cache::builder().build()?;
    /// let none = Context::none();
    /// let compute = |_: Vec<u8>| async { Ok::<_, std::io::Error>([(1, 10)]) };
    /// let answers = cache.explain_many([(&1, &none), (&2, &none)], compute).await;
    /// let outcomes: Vec<_> = answers.into_iter().flatten().map(|answer| answer.outcome).collect();
    /// assert!(matches!(&outcomes[0], Ok(value) if **value == 10));
    /// assert!(matches!(outcomes[1], Err(Error::Nothing)));
    /// # Ok::<_, kairos_cache::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// For each read, a context that names an unknown market or lacks its match; the outcome of
    /// the compute is in the answer.
    ///
    /// # Cancellation
    /// As [`Cache::get_many`].
    pub async fn explain_many<'a, Q, I, F, Fut, C, T, E>(
        &self,
        reads: I,
        compute: F,
    ) -> Vec<Result<Answer<V>, Error>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized + 'a,
        I: IntoIterator<Item = (&'a Q, &'a Context)>,
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, E>> + Send + 'static,
        C: IntoIterator<Item = (K, T)>,
        T: Into<Computed<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.read_together(reads, &together(compute), None).await
    }

    /// Reads many keys by one call. A read that still waits at `until` ends as timed out, and gives
    /// up its place.
    pub(super) async fn read_together<'a, Q, I>(
        &self,
        reads: I,
        together: &Together<K, V>,
        until: Option<MonoNs>,
    ) -> Vec<Result<Answer<V>, Error>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized + 'a,
        I: IntoIterator<Item = (&'a Q, &'a Context)>,
    {
        // The caller's own code runs to its end before any key is claimed: it may panic, or read.
        let reads: Vec<(&Q, &Context)> = reads.into_iter().collect();
        let near = self.engine.answers_near(&reads);
        let mut answers: Vec<_> = near.into_iter().map(|answer| answer.map(Ok)).collect();
        if answers.iter().any(Option::is_none) {
            self.answer_rest(&reads, &mut answers, together, until).await;
        }
        let answered = "each read was refused, served, answered or waited for";
        answers.into_iter().map(|answer| answer.expect(answered)).collect()
    }

    /// Answers the reads that have no answer yet.
    async fn answer_rest<'a, Q>(
        &self,
        reads: &[(&'a Q, &'a Context)],
        answers: &mut [Option<Result<Answer<V>, Error>>],
        together: &Together<K, V>,
        until: Option<MonoNs>,
    ) where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized + 'a,
    {
        let engine = &self.engine;
        let mut waiting = Vec::new();
        {
            let moment = engine.moment();
            let mut stored = Vec::new();
            let mut computes = Batch::new(engine, together);
            for (index, &(key, context)) in reads.iter().enumerate() {
                if answers[index].is_some() {
                    continue;
                }
                let request = match engine.arrive(key, context, moment.now) {
                    Ok(request) => request,
                    Err(error) => {
                        answers[index] = Some(Err(error));
                        continue;
                    }
                };
                let mut job = |rules: &Rules| single(engine, together, &request, rules);
                match engine.look(&request, &moment, &mut job, &mut computes) {
                    Looked::Answered(answer) => answers[index] = Some(Ok(answer)),
                    Looked::Stored(reading, newer) => {
                        stored.push((index, request, reading, newer));
                    }
                    Looked::Waiting(waits, reading) => {
                        waiting.push((index, request, waits, reading));
                    }
                }
            }
            // Before the refreshes: readers wait for these.
            computes.launch(&moment);
            let mut refreshes = Batch::new(engine, together);
            for (index, request, reading, newer) in stored {
                let moment = newer.as_ref().unwrap_or(&moment);
                let mut job = |rules: &Rules| single(engine, together, &request, rules);
                let answer =
                    engine.serve_stored(&request, &reading, moment, &mut job, &mut refreshes);
                answers[index] = Some(Ok(answer));
            }
            refreshes.launch(&moment);
        }
        let waits =
            waiting.into_iter().map(|(index, request, mut waits, mut reading)| async move {
                let mut job = |rules: &Rules| single(engine, together, &request, rules);
                let answer = engine.wait(&request, &mut waits, &mut reading, &mut job);
                (index, before(engine.runtime(), until, answer).await)
            });
        for (index, answer) in join_all(waits).await {
            answers[index] = Some(answer);
        }
    }
}

/// A caller's closure as the call of a batch.
fn together<K, V, F, Fut, C, T, E>(compute: F) -> Together<K, V>
where
    K: Hash + Eq + 'static,
    V: 'static,
    F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send + 'static,
    C: IntoIterator<Item = (K, T)>,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Together::future(move |keys| {
        let future = compute(keys);
        async move { found(future.await) }
    })
}

/// As [`together`], of a closure that may block its thread.
pub(super) fn blocking_together<K, V, F, C, T, E>(compute: F) -> Together<K, V>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    F: Fn(Vec<K>) -> Result<C, E> + Send + Sync + 'static,
    C: IntoIterator<Item = (K, T)>,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Together::blocking(move |keys| found(compute(keys)))
}

/// What a caller's closure has found, by key.
fn found<K, V, C, T, E>(found: Result<C, E>) -> Result<FoundTogether<K, V>, Error>
where
    K: Hash + Eq,
    C: IntoIterator<Item = (K, T)>,
    T: Into<Computed<V>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    match found {
        Ok(found) => {
            let found = found.into_iter().map(|(key, found)| (key, found.into()));
            Ok(FoundTogether::new(found.collect()))
        }
        Err(error) => Err(Error::Compute(Arc::from(error.into()))),
    }
}

/// One key of a batch as a compute by itself.
fn single<K, V, Q>(
    engine: &Engine<K, V>,
    together: &Together<K, V>,
    request: &Request<'_, Q>,
    rules: &Rules,
) -> Job<V>
where
    K: Key,
    V: Value,
    Q: ToKey<K> + ?Sized,
{
    let home = engine.home(request.place.clone(), &request.context.tags, rules);
    Job::new(alone(together, request.key.to_key()), home)
}

/// The call of a batch as the work of one key by itself.
fn alone<K: Key, V: Value>(together: &Together<K, V>, key: K) -> Work<V> {
    let together = together.clone();
    if together.may_block {
        // One poll runs the call to its end.
        return Work::blocking(move |_| {
            let called = together.call(vec![key.clone()]).now_or_never();
            called.expect("what may block is ready at the first poll")?.take(&key)
        });
    }
    Work::future(move |_| {
        let future = together.call(vec![key.clone()]);
        async move { future.await?.take(&key) }
    })
}
