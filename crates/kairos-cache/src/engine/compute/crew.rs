// Computes that run as one task: one with its own closure, or several by one call.
// Never knows: the gate, or what a result becomes.
// Why: `docs/decisions/0012-a-key-of-a-batch-stays-occupied.md`.

use std::collections::HashMap;
use std::future::ready;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;

use smallvec::SmallVec;

use super::running::Running;
use super::watch::Watch;
use crate::computed::Computed;
use crate::contain::{caught, contained, drop_each, shielded};
use crate::error::Error;
use crate::flight::{Abort, Done, Found, Inside, Run, Work, run_inside};
use crate::sync::{AtomicUsize, Ordering};
use crate::to_key::{Key, Value};

/// What a call for many keys has found, by key.
pub(crate) struct FoundTogether<K, V> {
    found: HashMap<K, Computed<V>>,
    /// The panic of a key that could not be taken in. Whatever key is missing may be that one.
    lost: Option<Error>,
}

type Calling<K, V> = Pin<Box<dyn Future<Output = Result<FoundTogether<K, V>, Error>> + Send>>;

/// A call that computes many keys.
pub(crate) struct Together<K, V> {
    call: Arc<dyn Fn(Vec<K>) -> Calling<K, V> + Send + Sync>,
    /// As of [`Work`].
    pub(crate) may_block: bool,
}

impl<K, V> Together<K, V> {
    pub(crate) fn future<Fut>(
        call: impl Fn(Vec<K>) -> Fut + Send + Sync + 'static,
    ) -> Together<K, V>
    where
        Fut: Future<Output = Result<FoundTogether<K, V>, Error>> + Send + 'static,
    {
        Together { call: Arc::new(move |keys| Box::pin(call(keys))), may_block: false }
    }

    pub(crate) fn blocking<F>(call: F) -> Together<K, V>
    where
        F: Fn(Vec<K>) -> Result<FoundTogether<K, V>, Error> + Send + Sync + 'static,
        K: Send + 'static,
        V: Send + 'static,
    {
        let call = move |keys| -> Calling<K, V> { Box::pin(ready(call(keys))) };
        Together { call: Arc::new(call), may_block: true }
    }

    pub(crate) fn call(&self, keys: Vec<K>) -> Calling<K, V> {
        (self.call)(keys)
    }
}

impl<K, V> Clone for Together<K, V> {
    fn clone(&self) -> Self {
        Together { call: Arc::clone(&self.call), may_block: self.may_block }
    }
}

/// The work of a crew: a closure of its own, or a call for many.
pub(super) enum Call<K, V> {
    /// The closure of its one compute.
    Own(Work<V>),
    /// One call for the keys of all its computes.
    Together(Together<K, V>, Vec<K>),
}

/// The computes of one task. However it ends, its places are given back and its keys freed.
pub(super) struct Crew<K: Key, V: Value> {
    members: SmallVec<[Running<K, V>; 1]>,
    /// What the deadline finds for as long as the crew is there.
    watch: Arc<Watch<K, V>>,
    /// Whether the crew runs one call for all, not the closure of one.
    is_call: bool,
}

/// Who may give up a task under way.
pub(super) enum Wanted<V> {
    /// Its only compute.
    Alone(Arc<Run<Done<V>>>),
    /// The last of its computes.
    Shared(Arc<Shared>),
}

/// A task that several computes share.
pub(super) struct Shared {
    keys: AtomicUsize,
    task: Run<()>,
}

impl<K: Hash + Eq, V> FoundTogether<K, V> {
    /// Takes in what a call has found. A key whose own code panics takes no other with it.
    pub(crate) fn new(found: Vec<(K, Computed<V>)>) -> FoundTogether<K, V> {
        // Room for all of them: none is hashed again when another comes.
        let mut taken = HashMap::with_capacity(found.len());
        let mut lost = None;
        for (key, found) in found {
            match caught(|| taken.insert(key, found)) {
                Ok(earlier) => drop_each(earlier),
                Err(panicked) => lost = Some(panicked),
            }
        }
        FoundTogether { found: taken, lost }
    }

    fn get(&self, key: &K) -> Option<&Computed<V>> {
        self.found.get(key)
    }

    /// What was found for a key: a key that is missing has no value.
    pub(crate) fn take(&mut self, key: &K) -> Found<V> {
        match (caught(|| self.found.remove(key))?, &self.lost) {
            (Some(found), _) => Ok(found),
            (None, Some(panicked)) => Err(panicked.clone()),
            (None, None) => Ok(Computed::None),
        }
    }
}

impl<K: Key, V: Value> Crew<K, V> {
    pub(super) fn new(
        members: SmallVec<[Running<K, V>; 1]>,
        watch: Arc<Watch<K, V>>,
        is_call: bool,
    ) -> Crew<K, V> {
        Crew { members, watch, is_call }
    }

    /// Who is to abort the task: a member without waiters gives it up, and the last of them aborts it.
    pub(super) fn share(&self) -> Wanted<V> {
        if let [member] = &*self.members {
            return Wanted::Alone(Arc::clone(member.run()));
        }
        let keys = AtomicUsize::new(self.members.len());
        let shared = Arc::new(Shared { keys, task: Run::new() });
        for member in &self.members {
            let shared = Arc::clone(&shared);
            member.run().set_abort(Box::new(move || shared.give_up()));
        }
        Wanted::Shared(shared)
    }

    /// Runs to the end of every member.
    pub(super) async fn run(mut self, call: Call<K, V>, inside: Inside) {
        match call {
            Call::Own(work) => {
                let previous = self.members.first().and_then(Running::previous);
                let found = run_inside(inside, contained(move || work.begin(previous))).await;
                self.weigh(|_| found.as_ref().ok());
                let mut found = Some(found);
                self.end(|_| found.take().unwrap_or(Err(Error::Aborted)));
            }
            Call::Together(call, keys) => {
                match run_inside(inside, contained(move || call.call(keys))).await {
                    Ok(mut found) => {
                        self.weigh(|key| found.get(key));
                        self.end(|key| found.take(key));
                        drop_each(found.found);
                    }
                    Err(error) => self.end(|_| Err(error.clone())),
                }
            }
        }
    }

    /// Weighs what was found, while its time runs.
    fn weigh<'a>(&mut self, found: impl Fn(&K) -> Option<&'a Computed<V>>) {
        for member in &mut self.members {
            shielded(|| {
                if let Some(found) = found(member.key()) {
                    member.weigh(found);
                }
            });
        }
    }

    fn end(&mut self, mut found: impl FnMut(&K) -> Found<V>) {
        // 1. The deadline: nothing is late any longer.
        self.watch.end();
        // 2. The turn of a call for many, which is over: what waits at the gate begins before any
        // pending compute of its keys asks for its turn.
        if self.is_call {
            shielded(|| self.watch.give_back());
        }
        for member in &mut self.members {
            // 3. The result: it is stored, and the waiters wake.
            let found = found(member.key());
            let published = caught(|| member.publish(found));
            // 4. The turn of a compute by itself, before its pending compute asks for one: a full
            // queue then has room for it.
            shielded(|| self.watch.give_back());
            // 5. The pending compute, and whatever else the flight has left to be done.
            if let Ok(Some(published)) = published {
                shielded(|| member.settle(published));
            }
        }
    }
}

impl<K: Key, V: Value> Drop for Crew<K, V> {
    fn drop(&mut self) {
        shielded(|| self.end(|_| Err(Error::Aborted)));
    }
}

impl<V: Value> Wanted<V> {
    /// Sets how the task is aborted, now that it is known.
    pub(super) fn set_abort(&self, abort: Abort) {
        match self {
            Wanted::Alone(run) => run.set_abort(abort),
            Wanted::Shared(shared) => shared.task.set_abort(abort),
        }
    }
}

impl Shared {
    /// Gives up one key that is no longer wanted; the last of them aborts the task.
    fn give_up(&self) {
        // AcqRel: each key gives up once; the last has seen the others do it.
        if self.keys.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.task.abort();
        }
    }
}
