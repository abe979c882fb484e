//! Keys that are computed together: through the gate as one, as one task, under one timer.
//! Never knows: which reads wait, or what is computed for a key alone.
//! Read next: `many.rs`, which fills a batch; `launch.rs` for a compute by itself.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use crate::contain::{contained, shielded};
use crate::engine::Engine;
use crate::engine::compute::claim::Launched;
use crate::engine::compute::dispatch::{Dispatch, RefreshPermit};
use crate::engine::compute::running::Running;
use crate::engine::compute::watch::Watched;
use crate::error::Error;
use crate::flight::Run;
use crate::flight::gate::{Arrival, Pass};
use crate::flight::permits::Permit;
use crate::flight::turn::Turn;
use crate::receipt::Computed;
use crate::runtime::Task;
use crate::sync::{AtomicUsize, Ordering};
use crate::to_key::{Key, Value};

/// What a call for many keys has found. A key that is not in it has nothing.
pub(crate) type FoundTogether<K, V> = Result<HashMap<K, Computed<V>>, Error>;
/// A call that computes many keys.
pub(crate) type Together<K, V> =
    Arc<dyn Fn(Vec<K>) -> Pin<Box<dyn Future<Output = FoundTogether<K, V>> + Send>> + Send + Sync>;

/// Computes that are to start together. Whoever joins one of them meanwhile arrives before it
/// starts. Dropping the batch frees its keys.
pub(crate) struct Batch<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    together: Together<K, V>,
    members: VecDeque<Launched<K, V>>,
    /// The place that all refreshes of the batch share.
    permit: Option<RefreshPermit>,
}

/// A call under way, as the keys that gave it up see it.
struct Call {
    wanted: AtomicUsize,
    task: Run<()>,
}

/// The task of a batch. However it ends, its places are given back and its keys freed.
struct Crew<K: Key, V: Value> {
    members: Vec<Running<K, V>>,
    timer: Option<Task>,
    turn: Option<Turn>,
}

impl<K: Key, V: Value> Batch<K, V> {
    pub(crate) fn new(engine: &Arc<Engine<K, V>>, together: &Together<K, V>) -> Batch<K, V> {
        Batch {
            engine: Arc::clone(engine),
            together: Arc::clone(together),
            members: VecDeque::new(),
            permit: None,
        }
    }

    /// Sends the batch on its way: refreshes have their place already, others go through the gate
    /// as one compute.
    pub(crate) fn launch(mut self) {
        if self.members.is_empty() {
            return;
        }
        if let Some(RefreshPermit { refresh, pass }) = self.permit.take() {
            let _given_back = self.start((pass, Some(refresh)));
        } else {
            let engine = Arc::clone(&self.engine);
            engine.enter_gate(self.members.len(), Box::new(self));
        }
    }

    /// Starts one task for all that is still wanted. The place comes back if that is nothing, or
    /// if the cache has been shut down.
    fn start(mut self, permits: (Pass, Option<Permit>)) -> Option<Pass> {
        let engine = Arc::clone(&self.engine);
        // Capture before compute: each key captures anew, and only then is the call made.
        self.members.retain(Launched::begin);
        let Some(first) = self.members.front() else { return Some(permits.0) };
        let limit_ns = engine.time_limit_ns(first.compute().launch.kind);
        let Some(underway) = engine.drain.enter() else {
            self.refuse_all(&Error::ShutDown);
            return Some(permits.0);
        };
        let started = engine.now().mono;
        let deadline = started.saturating_add(limit_ns);
        let computes = || self.members.iter().map(Launched::compute);
        let watched: Vec<_> = computes().map(Watched::new).collect();
        let keys: Vec<K> = computes().map(|compute| compute.key.clone()).collect();
        let wanted = AtomicUsize::new(keys.len());
        let call = Arc::new(Call { wanted, task: Run::new() });
        let turn = Turn::new(permits);
        let watched_turn = turn.watched();
        let mut crew = Crew { members: Vec::new(), timer: None, turn: Some(turn) };
        for member in self.members {
            // Its own work is for when it runs alone.
            let (running, _alone) = member.start(started, None);
            let own_call = Arc::clone(&call);
            running.run.set_abort(move || own_call.give_up());
            crew.members.push(running);
        }
        crew.timer =
            Some(engine.watch(watched, (deadline, limit_ns), Arc::clone(&underway), watched_turn));
        engine.relieve_tags();
        let task = engine.runtime.spawn(underway.track(crew.run(self.together, keys)));
        call.task.set_abort(move || task.abort());
        None
    }

    fn refuse_all(self, error: &Error) {
        for member in self.members {
            self.engine.refuse(member, error.clone());
        }
    }
}

impl<K: Key, V: Value> Dispatch<K, V> for Batch<K, V> {
    fn admit_refresh(&mut self, engine: &Engine<K, V>) -> bool {
        self.permit = self.permit.take().or_else(|| engine.refresh_permit());
        self.permit.is_some()
    }

    fn send(&mut self, _: &Arc<Engine<K, V>>, compute: Launched<K, V>) {
        compute.queue();
        self.members.push_back(compute);
    }
}

impl<K: Key, V: Value> Arrival for Batch<K, V> {
    fn is_wanted(&self) -> bool {
        !self.members.iter().all(Launched::is_given_up)
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        self.start((pass, None))
    }

    fn refuse(self: Box<Self>) {
        self.refuse_all(&Error::Overloaded);
    }
}

impl Call {
    /// One key is not wanted any more; with the last of them the call is aborted.
    fn give_up(&self) {
        // AcqRel: each key gives up once; whoever is last has seen the others do it.
        if self.wanted.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.task.abort();
        }
    }
}

impl<K: Key, V: Value> Crew<K, V> {
    async fn run(mut self, together: Together<K, V>, keys: Vec<K>) {
        let found = contained(move || together(keys)).await;
        // The call is over. Pending computes of its keys will ask for their turns.
        drop(self.turn.take());
        let members = std::mem::take(&mut self.members);
        match found {
            Ok(mut found) => members.into_iter().for_each(|member| {
                let found = found.remove(&member.key).unwrap_or(Computed::None);
                member.finish(Ok(found));
            }),
            Err(error) => members.into_iter().for_each(|member| member.finish(Err(error.clone()))),
        }
    }
}

impl<K: Key, V: Value> Drop for Crew<K, V> {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            shielded(|| timer.abort());
        }
        drop(self.turn.take());
    }
}
