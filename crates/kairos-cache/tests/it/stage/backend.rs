// A stage whose reads are answered by a backend that is asked for many keys at once.
// Never knows: what a test claims.
// Read next: `../many/mod.rs`.

use std::collections::HashSet;
use std::future::pending;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kairos_cache::{Answer, Builder, Computed, Context, Error, Reason};
use tokio::sync::Semaphore;

use super::{Running, SECOND, Stage};

/// A stage and its backend.
pub(crate) struct Desk {
    stage: Stage,
    pub(crate) backend: Arc<Backend>,
}

impl Deref for Desk {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

/// What the backend does with a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    /// Answers with the number of the call.
    Answers,
    /// Answers with nothing for keys that begin like this, and with keys not asked for.
    Lacks(&'static str),
    /// Fails.
    Fails,
    /// Panics when it is called.
    PanicsAtOnce,
    /// Panics when it goes on.
    Panics,
    /// Never answers.
    Hangs,
}

/// Holds each call until it is let go, and notes what it was asked for.
pub(crate) struct Backend {
    gate: Semaphore,
    calls: Mutex<Vec<Vec<String>>>,
    /// How many calls there have been.
    made: AtomicU64,
    running: Mutex<HashSet<String>>,
    does: Mutex<Does>,
}

/// The keys of a running call.
struct Call(Arc<Backend>, Vec<String>);

impl Call {
    fn enter(backend: &Arc<Backend>, keys: &[String]) -> Call {
        let mut running = backend.running.lock().expect("no panic");
        for key in keys {
            assert!(running.insert(key.clone()), "one compute of {key} at a time");
        }
        Call(Arc::clone(backend), keys.to_vec())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut running = self.0.running.lock().expect("no panic");
        self.1.iter().for_each(|key| assert!(running.remove(key)));
    }
}

impl Backend {
    fn new(does: Does, calls: usize) -> Arc<Backend> {
        Arc::new(Backend {
            gate: Semaphore::new(calls),
            calls: Mutex::default(),
            made: AtomicU64::new(0),
            running: Mutex::default(),
            does: Mutex::new(does),
        })
    }

    /// One that answers at once.
    pub(crate) fn ready() -> Arc<Backend> {
        Backend::new(Does::Answers, 1 << 20)
    }

    pub(crate) fn does(&self, does: Does) {
        *self.does.lock().expect("no panic") = does;
    }

    /// Lets so many calls answer.
    pub(crate) fn let_go(&self, calls: usize) {
        self.gate.add_permits(calls);
    }

    pub(crate) fn call(
        self: Arc<Backend>,
        keys: Vec<String>,
    ) -> impl Future<Output = Result<Vec<(String, Computed<u64>)>, &'static str>> + Send + use<>
    {
        self.calls.lock().expect("no panic").push(keys.clone());
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1; // Relaxed: a count.
        let does = *self.does.lock().expect("no panic");
        assert!(!matches!(does, Does::PanicsAtOnce), "the call panics");
        let call = Call::enter(&self, &keys);
        async move {
            let _call = call;
            self.gate.acquire().await.expect("never closed").forget();
            let answer = |key: String| (key, Computed::value(number));
            match does {
                Does::Answers => Ok(keys.into_iter().map(answer).collect()),
                Does::Lacks(start) => {
                    let found = keys.into_iter().filter(|key| !key.starts_with(start));
                    Ok(found.chain(["not asked for".to_owned()]).map(answer).collect())
                }
                Does::Fails => Err("refused"),
                Does::PanicsAtOnce | Does::Panics => panic!("the backend panics"),
                Does::Hangs => pending().await,
            }
        }
    }

    /// What it has been asked for since it was last asked this: the keys of each call.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = std::mem::take(&mut *self.calls.lock().expect("no panic"));
        calls.into_iter().map(|keys| keys.join(" ")).collect()
    }

    /// The keys that it is busy with, in order.
    pub(crate) fn running(&self) -> String {
        let mut keys: Vec<_> = self.running.lock().expect("no panic").iter().cloned().collect();
        keys.sort_unstable();
        keys.join(" ")
    }
}

/// A read of one or many keys.
pub(crate) type Many = Running<Vec<Result<Answer<u64>, Error>>>;

impl Many {
    /// Reason and value of each key, or its error; empty while it waits.
    pub(crate) fn got(&self) -> Vec<(Reason, Result<u64, String>)> {
        let got = self.take().unwrap_or_default().into_iter().map(|answer| {
            let answer = answer.expect("a known context");
            (answer.receipt.reason, answer.outcome.map(|v| *v).map_err(|e| e.to_string()))
        });
        got.collect()
    }

    /// The values, all of them; empty while it waits.
    pub(crate) fn values(&self) -> Vec<u64> {
        self.got().into_iter().map(|(_, value)| value.expect("a value")).collect()
    }

    /// The errors, of all keys; empty while it waits.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.got().into_iter().map(|(_, value)| value.expect_err("an error")).collect()
    }
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk::with(|builder| builder)
    }

    pub(crate) fn with(
        configure: impl FnOnce(Builder<String, u64>) -> Builder<String, u64>,
    ) -> Desk {
        let stage = Stage::with(|builder| {
            configure(builder.seed(1).xfetch_enabled(false).default_ttl(60 * SECOND))
        });
        Desk { stage, backend: Backend::new(Does::Answers, 0) }
    }

    /// Reads many keys without a context.
    pub(crate) fn many(&self, keys: &str) -> Many {
        self.many_with(keys.split_whitespace().map(|key| (key, Context::none())))
    }

    /// Reads many keys, each with its context.
    pub(crate) fn many_with<'a>(
        &self,
        reads: impl IntoIterator<Item = (&'a str, Context)>,
    ) -> Many {
        let reads: Vec<(String, Context)> =
            reads.into_iter().map(|(key, context)| (key.to_owned(), context)).collect();
        let (cache, backend) = (self.cache.clone(), self.backend.clone());
        self.start(async move {
            let reads = reads.iter().map(|(key, context)| (key.as_str(), context));
            let call = move |keys| Arc::clone(&backend).call(keys);
            cache.explain_many(reads, call).await
        })
    }

    /// Reads one key by itself.
    pub(crate) fn one(&self, key: &str, context: &Context) -> Many {
        let (cache, backend) = (self.cache.clone(), self.backend.clone());
        let (key, context) = (key.to_owned(), context.clone());
        self.start(async move {
            let (own, asked) = (key.clone(), Arc::clone(&backend));
            let compute = move || async move {
                let found = asked.call(vec![own]).await?;
                Ok::<_, &'static str>(found.into_iter().next().map_or(Computed::None, |(_, v)| v))
            };
            vec![cache.explain(&key, &context, compute).await]
        })
    }

    /// Drops a read, and runs what follows.
    pub(crate) fn cancel(&self, read: &Many) {
        read.cancel();
        self.sim.run_until_idle();
    }

    /// Stores a value.
    pub(crate) fn store(&self, key: &str, context: &Context, value: u64) {
        assert!(self.cache.insert(key, context, value).expect("a known context"));
    }

    /// Lets so many calls answer, and runs what follows.
    pub(crate) fn open(&self, calls: usize) {
        self.backend.let_go(calls);
        self.sim.run_until_idle();
    }

    /// What is stored of some keys.
    pub(crate) fn stored(&self, keys: &str) -> Vec<Option<u64>> {
        keys.split_whitespace().map(|key| self.cache.peek(key).map(|hit| *hit)).collect()
    }
}
