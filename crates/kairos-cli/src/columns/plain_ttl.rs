// A plain TTL cache on the same reads, which the engine is compared with.
// Never knows: the engine, events, suspensions, kickoffs, or what a price means.
// Read next: `exposure.rs`, which measures both.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;
use serde_json::json;

use super::exposure::PriceHistory;
use crate::report::{Exposures, Run};
use crate::scenario::{ComputeResult, Get, Mode, Name, Op, OpKind, ReadId, Target};

/// The time after which a compute fails, in ms.
const TIMEOUT_MS: u64 = 30_000;

/// A cache with one TTL, on the time of its operations: as good as a cache that knows only keys and a TTL can be.
///
/// It has room for every key. A value is fresh for the TTL from the end of its compute; after that, a read computes
/// and waits. Reads of a key that is being computed join that compute, whichever read started it, and count as misses,
/// as in the engine. A compute takes as long as the scenario says and times out after 30 s; a failed compute leaves
/// the stored value in place. `force_refresh` computes. `invalidate` of a key or of all removes values, but a compute
/// that is running is stored nevertheless. Soft invalidations, tags, matches and `max_age_ms` have no effect, and a
/// cancelled caller stops no compute.
#[derive(Debug)]
pub(crate) struct PlainTtl {
    ttl_ms: i64,
    /// The time at which each key's value was computed, in ms since the Unix epoch.
    values: HashMap<Name, i64, FixedState>,
    running: HashMap<Name, Running, FixedState>,
    /// The keys that are being computed, by the end and then by the start of their computes.
    due: BTreeMap<(i64, u64), Name>,
    /// The keys that waiting reads asked for, so that the reads can be cancelled.
    waiting: HashMap<ReadId, Name, FixedState>,
    prices: PriceHistory,
    reads: u64,
    hits: u64,
    computes: u64,
    most_running: usize,
    exposure: Exposures,
}

#[derive(Debug)]
struct Running {
    succeeds: bool,
    readers: Vec<Reader>,
}

#[derive(Debug)]
struct Reader {
    id: Option<ReadId>,
    match_id: Option<Name>,
    kickoff_ms: Option<i64>,
}

impl PlainTtl {
    /// An empty cache whose values are fresh for `ttl_ms`.
    pub(crate) fn new(ttl_ms: i64) -> Self {
        Self {
            ttl_ms,
            values: HashMap::default(),
            running: HashMap::default(),
            due: BTreeMap::new(),
            waiting: HashMap::default(),
            prices: PriceHistory::new(),
            reads: 0,
            hits: 0,
            computes: 0,
            most_running: 0,
            exposure: Exposures::default(),
        }
    }

    /// Ends the computes that are due by the operation's time, then applies the operation.
    pub(crate) fn apply(&mut self, op: &Op) {
        self.run_until(op.t_ms);
        match &op.kind {
            OpKind::Get(get) => self.read(op.t_ms, get),
            OpKind::Odds { match_id, market, price } => {
                let _tick = self.prices.observe(match_id, market, op.t_ms, *price);
            }
            OpKind::Invalidate { target: Target::Key(key), mode: Mode::Kill } => {
                self.values.remove(key);
            }
            OpKind::Invalidate { target: Target::All, mode: Mode::Kill } => self.values.clear(),
            OpKind::Cancel { id } => self.cancel(id),
            OpKind::Invalidate { .. }
            | OpKind::Event { .. }
            | OpKind::Status { .. }
            | OpKind::Heartbeat
            | OpKind::Metrics
            | OpKind::Reset { .. } => {}
        }
    }

    /// Ends every compute, and returns the sums as the column `name`.
    pub(crate) fn finish(mut self, name: &str) -> Run {
        self.run_until(i64::MAX);
        Run {
            name: name.to_owned(),
            configuration: json!({"ttl_ms": self.ttl_ms}),
            reads: self.reads,
            hits: self.hits,
            misses: self.reads - self.hits,
            computes: self.computes,
            most_running: self.most_running as u64,
            exposure: self.exposure,
            engine: None,
        }
    }

    fn read(&mut self, t_ms: i64, get: &Get) {
        if !get.force_refresh
            && let Some(computed_ms) = self.values.get(&get.key)
            && t_ms.saturating_sub(*computed_ms) < self.ttl_ms
        {
            let computed_ms = *computed_ms;
            self.hits += 1;
            self.answer(get.match_id.as_ref(), get.kickoff_ms, (computed_ms, t_ms));
            return;
        }
        if let Some(id) = &get.id {
            self.waiting.insert(id.clone(), Arc::clone(&get.key));
        }
        let Get { id, match_id, kickoff_ms, .. } = get;
        let reader = Reader { id: id.clone(), match_id: match_id.clone(), kickoff_ms: *kickoff_ms };
        match self.running.entry(Arc::clone(&get.key)) {
            Entry::Occupied(running) => running.into_mut().readers.push(reader),
            Entry::Vacant(idle) => {
                let compute = get.compute.clone().unwrap_or_default();
                let in_time = compute.ms <= TIMEOUT_MS && compute.result != ComputeResult::Hang;
                let succeeds = in_time && compute.result == ComputeResult::Ok;
                idle.insert(Running { succeeds, readers: vec![reader] });
                let ms = if in_time { compute.ms } else { TIMEOUT_MS };
                let end_ms = t_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
                self.due.insert((end_ms, self.computes), Arc::clone(&get.key));
                self.computes += 1;
                self.most_running = self.most_running.max(self.running.len());
                // A compute of 0 ms ends within the operation that starts it.
                self.run_until(t_ms);
            }
        }
    }

    /// Ends the computes that are due by `t_ms`.
    fn run_until(&mut self, t_ms: i64) {
        while let Some(first) = self.due.first_entry()
            && first.key().0 <= t_ms
        {
            let ((end_ms, _), key) = first.remove_entry();
            let Some(running) = self.running.remove(&key) else { continue };
            for Reader { id, match_id, kickoff_ms } in &running.readers {
                if let Some(id) = id {
                    self.waiting.remove(id);
                }
                if running.succeeds {
                    self.answer(match_id.as_ref(), *kickoff_ms, (end_ms, end_ms));
                } else {
                    self.reads += 1;
                }
            }
            if running.succeeds {
                self.values.insert(key, end_ms);
            }
        }
    }

    /// Adds a read of a value that was computed at the first time of `span` and returned at the second.
    fn answer(&mut self, match_id: Option<&Name>, kickoff_ms: Option<i64>, span: (i64, i64)) {
        self.reads += 1;
        if let Some(match_id) = match_id
            && let Some(of) = self.prices.exposure(match_id, kickoff_ms, span)
        {
            self.exposure.add(of.moved, of.to_kickoff_ms);
        }
    }

    fn cancel(&mut self, id: &ReadId) {
        if let Some(key) = self.waiting.remove(id)
            && let Some(running) = self.running.get_mut(&key)
        {
            running.readers.retain(|reader| reader.id.as_ref() != Some(id));
        }
    }
}

#[cfg(test)]
mod tests;
