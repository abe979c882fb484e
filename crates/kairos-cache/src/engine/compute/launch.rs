// How computes begin: through the gate, as one task, with a deadline beside it.
// Never knows: what a compute finds, or how a read decided that it needs one.
// Read next: `crew.rs` for the task, `watch.rs` for the deadline, `settle.rs` for refusals.
// Why: `docs/decisions/0002-a-timer-beside-each-compute.md`.
// Why: `docs/decisions/0008-a-blocking-compute-keeps-its-key.md`.

use std::sync::Arc;
use std::task::{Context, Waker};

use smallvec::{SmallVec, smallvec};

use super::claim::Launched;
use super::crew::{Call, Crew, Together};
use super::running::Running;
use super::watch::{Watch, Watched};
use crate::contain::{caught, shielded};
use crate::engine::{Engine, Moment};
use crate::error::Error;
use crate::flight::{Admission, Arrival, Inside, Kind, Pass, Places, name};
use crate::policy::MonoNs;
use crate::to_key::{Key, Value};

/// A compute on its way through the gate.
struct AtGate<K: Key, V: Value>(Launched<K, V>, MonoNs);

impl<K: Key, V: Value> Arrival for AtGate<K, V> {
    fn is_wanted(&self) -> bool {
        !self.0.is_given_up()
    }

    fn is_urgent(&self) -> bool {
        self.0.is_urgent()
    }

    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
        let AtGate(compute, _) = *self;
        if !compute.begin() {
            return Some(pass);
        }
        let engine = Arc::clone(compute.claim().engine());
        let moment = engine.moment();
        engine.spawn(smallvec![compute], None, Places::new(pass, None), &moment)
    }

    fn refuse(self: Box<Self>) {
        let AtGate(compute, _) = *self;
        let engine = Arc::clone(compute.claim().engine());
        engine.refuse(compute, Error::Overloaded);
    }

    fn deadline(&self) -> MonoNs {
        self.1
    }

    fn time_out(self: Box<Self>) {
        let AtGate(compute, _) = *self;
        let engine = Arc::clone(compute.claim().engine());
        engine.refuse(compute, Error::Timeout);
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Sends a compute through the gate, where it may have to wait or be refused.
    pub(super) fn launch(self: &Arc<Self>, compute: Launched<K, V>, moment: &Moment) {
        // What another compute waits for passes by the turn of that one.
        let free = || compute.is_urgent().then(Pass::free);
        if let Some(pass) = free().or_else(|| self.gate.try_pass()) {
            // It captured just now, as it was launched.
            let places = Places::new(pass, None);
            let _given_back = self.spawn(smallvec![compute], None, places, moment);
            return;
        }
        compute.queue();
        self.enter_gate(1, Box::new(AtGate(compute, moment.queue_deadline())), moment);
    }

    /// Sends the computes of this many keys through the gate as one.
    pub(super) fn enter_gate(
        self: &Arc<Self>,
        keys: usize,
        arrival: Box<dyn Arrival>,
        moment: &Moment,
    ) {
        if self.gate.enter(moment.rules.compute_queue, arrival) == Admission::Queued {
            self.stats.computes_queued(keys);
            self.watch_queue();
            // A shutdown may have emptied the queue just before.
            if self.drain.is_closed() {
                self.gate.turn_away();
            }
        }
    }

    /// Sets the timer of what waits at the gate, unless there is one that rings early enough.
    fn watch_queue(self: &Arc<Self>) {
        self.gate.watch(|deadline, bell| {
            let engine = Arc::downgrade(self);
            let ring = move || {
                let Some(engine) = engine.upgrade() else { return };
                if bell.ring(engine.now().mono) {
                    engine.watch_queue();
                }
            };
            self.runtime.alarm(deadline, Box::new(ring))
        });
    }

    /// Lets in the computes at the gate for which other computes wait.
    pub(in crate::engine) fn admit_urgent(&self) {
        self.gate.admit_urgent();
    }

    /// Refuses a compute, and frees its key.
    pub(super) fn refuse(&self, compute: Launched<K, V>, error: Error) {
        self.stats.computes_refused(1);
        compute.end(error);
    }

    /// Starts computes as one task: the one by its own closure, or all by a call. Their time counts
    /// from `moment`. Returns the pass if the cache has been shut down.
    pub(super) fn spawn(
        self: &Arc<Self>,
        computes: SmallVec<[Launched<K, V>; 1]>,
        together: Option<Together<K, V>>,
        places: Places,
        moment: &Moment,
    ) -> Option<Pass> {
        // 1. The drain: a shutdown that has closed it refuses, one that closes it later waits.
        let Some(underway) = self.drain.enter() else {
            for compute in computes {
                self.refuse(compute, Error::ShutDown);
            }
            return Some(places.into_pass());
        };
        // 2. What clones keys, which may panic: until here dropping a compute frees its key.
        let (computes, keys) = match &together {
            Some(_) => with_keys(computes),
            None => (computes, Vec::new()),
        };
        if computes.is_empty() {
            return Some(places.into_pass());
        }
        let watched = computes.iter().map(Watched::new).collect();
        let mut names = computes.iter().map(|compute| name(&compute.launch().run));
        let (cache, first) = (self.name(), names.next().unwrap_or_default());
        let inside = Inside { cache, first, others: names.collect() };
        // 3. The crew: from here on dropping it frees the keys.
        let kind = computes.first().map_or(Kind::Miss, |compute| compute.launch().kind);
        let limit_ns = time_limit_ns(kind, moment);
        let watch = Watch::new(self, watched, &underway, places, limit_ns);
        let mut own_work = None;
        let members = computes.into_iter().map(|compute| {
            let (running, work) = Running::new(compute, moment);
            own_work = Some(work);
            running
        });
        let crew = Crew::new(members.collect(), Arc::clone(&watch), together.is_some());
        let wanted = crew.share();
        let own_work = own_work?;
        let may_block = together.as_ref().map_or(own_work.may_block, |call| call.may_block);
        let call = match together {
            Some(together) => Call::Together(together, keys),
            // The own work of one of many runs only if its key is computed alone.
            None => Call::Own(own_work),
        };
        // 4. The deadline, before the task: a task that never yields does not hold up its timeout. A
        // runtime that panics takes nothing: dropping the crew ends the computes as aborted.
        if caught(|| watch.begin(moment.now.mono)).is_err() {
            return None;
        }
        // 5. Room for the tags that the computes have brought. No lock is held.
        self.relieve_tags_behind(moment);
        // 6. The task.
        if may_block {
            underway.may_block();
        }
        let mut future = Arc::clone(&underway).track(crew.run(call, inside));
        let task = caught(|| {
            if may_block {
                // The one poll runs the closure to its end: what it finds is ready.
                self.runtime.spawn_blocking(Box::new(move || {
                    let _ready = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                }))
            } else {
                self.runtime.spawn(future)
            }
        });
        match task {
            // 7. How it is aborted. An abort that was asked for meanwhile is done now.
            Ok(task) => {
                shielded(|| wanted.set_abort(task.into_abort()));
                watch.withdraw_if_late();
            }
            // The runtime may have kept what it was given: that never begins now.
            Err(_) => shielded(|| underway.withdraw()),
        }
        None
    }
}

/// The computes with a clone of each one's key. A key that panics as it is cloned ends its own compute,
/// and no other.
fn with_keys<K: Key, V: Value>(
    computes: SmallVec<[Launched<K, V>; 1]>,
) -> (SmallVec<[Launched<K, V>; 1]>, Vec<K>) {
    let mut keys = Vec::with_capacity(computes.len());
    let with_key = |compute: Launched<K, V>| match caught(|| compute.claim().key().clone()) {
        Ok(key) => {
            keys.push(key);
            Some(compute)
        }
        Err(panicked) => {
            compute.end(panicked);
            None
        }
    };
    let computes = computes.into_iter().filter_map(with_key).collect();
    (computes, keys)
}

/// The time limit of a compute.
fn time_limit_ns(kind: Kind, moment: &Moment) -> u64 {
    match kind {
        Kind::Refresh => moment.rules.refresh_timeout_ns,
        Kind::Miss | Kind::Bypass => moment.rules.hard_timeout_ns,
    }
}
