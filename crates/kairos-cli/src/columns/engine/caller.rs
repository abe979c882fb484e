// The callers of a scenario: each read is a task of its own, which can be cancelled.
// Never knows: what an answer contains.
// Read next: `decisions.rs` and `tally.rs`, which record the answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foldhash::fast::FixedState;
use kairos_cache::{Answer, Cache, Context, Runtime, Scope, Sim, Task};

use crate::scenario::{Get, Name, ReadId};

use super::quote::{Quote, Work};
use super::wall::time_of;

/// A read whose answer has not been recorded yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// How many reads started before it.
    pub(super) order: u64,
    pub(super) id: Option<ReadId>,
    pub(super) t_ms: i64,
    pub(super) key: Name,
    pub(super) match_id: Option<Name>,
    pub(super) market: Option<Name>,
    pub(super) kickoff_ms: Option<i64>,
}

/// A read, virtual nanoseconds since the start, and the answer.
type Finished = (Pending, u64, Answer<Quote>);

/// The order of a read, virtual nanoseconds since the start, and the answer.
type Done = (u64, u64, Answer<Quote>);

/// The reads that are running.
pub(super) struct Callers {
    sim: Sim,
    running: HashMap<u64, (Pending, Task), FixedState>,
    by_id: HashMap<ReadId, u64, FixedState>,
    done: Arc<Mutex<Vec<Done>>>,
}

impl Callers {
    pub(super) fn new(sim: &Sim) -> Callers {
        Callers {
            sim: sim.clone(),
            running: HashMap::default(),
            by_id: HashMap::default(),
            done: Arc::default(),
        }
    }

    /// Starts a read, which runs once the executor runs.
    pub(super) fn start(
        &mut self,
        cache: &Cache<Name, Quote>,
        pending: Pending,
        context: Context,
        compute: Work,
    ) {
        let (cache, sim, done) = (cache.clone(), self.sim.clone(), Arc::clone(&self.done));
        let (key, order) = (Arc::clone(&pending.key), pending.order);
        let task = self.sim.spawn(Box::pin(async move {
            let answer = cache.explain(&key, &context, compute).await;
            // The names were checked before, and every field that requires a match came with one.
            let answer = answer.expect("the operation was checked before it was started");
            let now = u64::try_from(sim.now().as_nanos()).unwrap_or(u64::MAX);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((order, now, answer));
        }));
        if let Some(id) = &pending.id {
            self.by_id.insert(id.clone(), order);
        }
        self.running.insert(order, (pending, task));
    }

    /// Cancels a read and returns it; `None` if it has finished.
    pub(super) fn cancel(&mut self, id: &ReadId) -> Option<Pending> {
        let order = self.by_id.remove(id)?;
        let (pending, task) = self.running.remove(&order)?;
        task.abort();
        Some(pending)
    }

    /// Cancels every running read and returns them in the order in which they started.
    pub(super) fn cancel_all(&mut self) -> Vec<Pending> {
        let mut waiting: Vec<(Pending, Task)> =
            self.running.drain().map(|(_, read)| read).collect();
        waiting.sort_unstable_by_key(|(pending, _)| pending.order);
        waiting
            .into_iter()
            .map(|(pending, task)| {
                task.abort();
                pending
            })
            .collect()
    }

    /// Returns the reads that have finished since the last call, in the order in which they finished.
    pub(super) fn finished(&mut self) -> Vec<Finished> {
        let done = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        done.into_iter()
            .filter_map(|(order, at, answer)| {
                let (pending, _ended) = self.running.remove(&order)?;
                if let Some(id) = &pending.id {
                    self.by_id.remove(id);
                }
                Some((pending, at, answer))
            })
            .collect()
    }
}

/// The context of a read.
pub(super) fn context(get: &Get, scope: Option<&Scope>) -> Context {
    let mut context = scope.map_or_else(Context::none, Context::new);
    if let Some(market) = &get.market {
        context = context.market(market);
    }
    if let Some(kickoff_ms) = get.kickoff_ms {
        context = context.kickoff(time_of(kickoff_ms));
    }
    if let Some(confirmed) = get.lineup_confirmed {
        context = context.lineup_confirmed(confirmed);
    }
    for (market, price) in get.current_odds.iter().flatten() {
        context = context.current_odds(market, *price);
    }
    for tag in &get.tags {
        context = context.tag(tag);
    }
    if let Some(max_age_ms) = get.max_age_ms {
        context = context.max_age(Duration::from_millis(max_age_ms));
    }
    context.force_refresh(get.force_refresh)
}
