// The gate before the backend: a limit on concurrent computes, with a bounded queue.
// Never knows: what a compute is, or who waits for it.
// Read next: `../engine/compute/launch.rs`, whose computes pass through.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::contain::{caught, drop_each, shielded};
use crate::policy::MonoNs;
use crate::runtime::Task;
use crate::sync::Mutex;

/// Something that waits at the gate.
pub trait Arrival: Send {
    /// Whether the arrival is still to begin. Called under the gate's lock, which is taken under
    /// flights' locks, and takes none of those.
    fn is_wanted(&self) -> bool;

    /// Whether the arrival is to begin although there is no room, because a compute waits for it.
    /// Called as `is_wanted`.
    fn is_urgent(&self) -> bool {
        false
    }

    /// Begins, keeping the pass for as long as it runs; returns the pass if it is no longer wanted.
    /// Should this panic, or the arrival be dropped instead, its waiters are answered all the same.
    fn begin(self: Box<Self>, pass: Pass) -> Option<Pass>;

    /// Ends the arrival without beginning: the queue is full.
    fn refuse(self: Box<Self>);

    /// The instant until which the arrival waits. Called under the gate's lock.
    fn deadline(&self) -> MonoNs {
        MonoNs::MAX
    }

    /// Ends the arrival without beginning: it has waited too long.
    fn time_out(self: Box<Self>) {}
}

/// A gate with a queue. The limits are given with each request, because they may be changed.
#[derive(Clone)]
pub struct Gate(Arc<Mutex<State>>);

struct State {
    passed: usize,
    /// The newest limit, by which a returned pass is handed on.
    limit: usize,
    queue: VecDeque<Box<dyn Arrival>>,
    /// A thread is handing on places.
    handing_on: bool,
    timer: Timer,
}

/// The timer of what waits.
enum Timer {
    /// Nothing waits, or it is still to be set.
    None,
    /// A thread is setting it.
    Coming,
    Set(Task),
}

/// One place behind the gate. Dropping it lets the next in.
pub struct Pass(Option<Gate>);

/// The outcome of a request at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The arrival has begun.
    Begun,
    /// The arrival waits.
    Queued,
    /// The queue is full, and the arrival was refused.
    Refused,
}

impl Gate {
    /// A gate with every place free.
    pub fn new() -> Gate {
        let (queue, timer) = (VecDeque::new(), Timer::None);
        let state = State { passed: 0, limit: 0, queue, handing_on: false, timer };
        Gate(Arc::new(Mutex::new(state)))
    }

    /// Begins at once if fewer than `limit` have passed (0: always), else queues if fewer than
    /// `queue` wait.
    pub fn enter(&self, limit: usize, queue: usize, arrival: Box<dyn Arrival>) -> Admission {
        let mut state = self.0.lock();
        state.limit = limit;
        if state.has_room() && state.queue.is_empty() {
            state.passed += 1;
            drop(state);
            let _given_back = arrival.begin(Pass(Some(self.clone())));
            return Admission::Begun;
        }
        // Under the lock: whoever makes it urgent from here on finds it in the queue.
        if arrival.is_urgent() {
            drop(state);
            let _no_place = arrival.begin(Pass::free());
            return Admission::Begun;
        }
        let mut unwanted = VecDeque::new();
        if state.queue.len() >= queue {
            let (wanted, gone) = state.queue.drain(..).partition(|waiting| waiting.is_wanted());
            state.queue = wanted;
            unwanted = gone;
        }
        let refused = if state.queue.len() < queue {
            state.queue.push_back(arrival);
            None
        } else {
            Some(arrival)
        };
        drop(state);
        drop_each(unwanted); // Outside the lock: it holds closures of users.
        match refused {
            None => Admission::Queued,
            Some(arrival) => {
                arrival.refuse();
                Admission::Refused
            }
        }
    }

    /// Sets the timer of what waits, by `set`, unless there is one: it rings at the first deadline.
    /// `set` is called under no lock.
    pub(crate) fn watch(&self, set: impl FnOnce(MonoNs) -> Task) {
        let deadline = {
            let mut state = self.0.lock();
            if !matches!(state.timer, Timer::None) {
                return;
            }
            let first = state.queue.iter().map(|waiting| waiting.deadline()).min();
            let Some(deadline) = first else { return };
            state.timer = Timer::Coming;
            deadline
        };
        let timer = caught(|| set(deadline));
        let mut state = self.0.lock();
        state.timer = match timer {
            Ok(timer) => Timer::Set(timer),
            Err(_) => Timer::None,
        };
        let idle = state.take_idle_timer();
        drop(state);
        end(idle);
    }

    /// The timer has rung: ends what has waited until `now`. Returns whether anything waits still.
    pub(crate) fn ring(&self, now: MonoNs) -> bool {
        let (late, waits) = {
            let mut state = self.0.lock();
            state.timer = Timer::None;
            let (late, queue) = state.queue.drain(..).partition(|w| w.deadline() <= now);
            state.queue = queue;
            let late: VecDeque<Box<dyn Arrival>> = late;
            (late, !state.queue.is_empty())
        };
        for arrival in late {
            shielded(|| arrival.time_out());
        }
        waits
    }

    /// Lets in whatever is urgent, without a place.
    pub(crate) fn admit_urgent(&self) {
        loop {
            let (next, idle) = {
                let mut state = self.0.lock();
                let urgent = state.queue.iter().position(|waiting| waiting.is_urgent());
                (urgent.and_then(|place| state.queue.remove(place)), state.take_idle_timer())
            };
            end(idle);
            let Some(next) = next else { return };
            shielded(|| drop(next.begin(Pass::free())));
        }
    }

    /// Empties the queue: what waits begins without a place, for when none of it may begin.
    pub(crate) fn turn_away(&self) {
        loop {
            let (next, idle) = {
                let mut state = self.0.lock();
                (state.queue.pop_front(), state.take_idle_timer())
            };
            end(idle);
            let Some(next) = next else { return };
            shielded(|| drop(next.begin(Pass::free())));
        }
    }

    /// Takes a place if one is free right now, for what never queues.
    pub fn try_pass(&self, limit: usize) -> Option<Pass> {
        let mut state = self.0.lock();
        state.limit = limit;
        if !(state.has_room() && state.queue.is_empty()) {
            return None;
        }
        state.passed += 1;
        Some(Pass(Some(self.clone())))
    }

    /// Sets another limit; `fill_up` lets in what has room by it.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.0.lock().limit = limit;
    }

    /// Lets in what waits as far as there is room now. Called under no lock.
    pub(crate) fn fill_up(&self) {
        self.fill();
    }

    /// Takes a place back, and lets in what waits for as long as there is room.
    fn hand_on(&self) {
        let mut state = self.0.lock();
        // A forked child has forgotten the places of its parent.
        state.passed = state.passed.saturating_sub(1);
        drop(state);
        self.fill();
    }

    /// Whether no thread is inside.
    pub(crate) fn is_free(&self) -> bool {
        self.0.try_lock().is_some_and(|state| !state.handing_on)
    }

    /// In a forked child: every place is free, and nothing waits.
    pub(crate) fn restart(&self) {
        let mut state = self.0.lock();
        let (queue, timer) = (VecDeque::new(), Timer::None);
        let fresh = State { passed: 0, limit: state.limit, queue, handing_on: false, timer };
        let parents = std::mem::replace(&mut *state, fresh);
        drop(state);
        drop_each(parents.queue);
    }

    /// Lets in what waits for as long as there is room.
    fn fill(&self) {
        let mut state = self.0.lock();
        // The thread that is handing on looks for room again. Were this to nest instead, a row of
        // arrivals that end as they begin would nest as deep as it is long.
        if std::mem::replace(&mut state.handing_on, true) {
            return;
        }
        while let Some(next) = state.next() {
            let idle = state.take_idle_timer();
            drop(state);
            end(idle);
            // A panic of the next arrival must not reach the caller that returns a place.
            shielded(|| drop(next.begin(Pass(Some(self.clone())))));
            state = self.0.lock();
        }
        state.handing_on = false;
    }
}

impl Pass {
    /// A pass that takes no place.
    pub(crate) fn free() -> Pass {
        Pass(None)
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

fn end(timer: Option<Task>) {
    if let Some(timer) = timer {
        shielded(|| timer.abort());
    }
}

impl State {
    /// The timer, if nothing waits any more.
    fn take_idle_timer(&mut self) -> Option<Task> {
        if !self.queue.is_empty() || !matches!(self.timer, Timer::Set(_)) {
            return None;
        }
        match std::mem::replace(&mut self.timer, Timer::None) {
            Timer::Set(timer) => Some(timer),
            Timer::None | Timer::Coming => None,
        }
    }

    fn has_room(&self) -> bool {
        self.limit == 0 || self.passed < self.limit
    }

    /// Takes the first arrival that waits and a place for it, if there is room.
    fn next(&mut self) -> Option<Box<dyn Arrival>> {
        let next = if self.has_room() { self.queue.pop_front() } else { None };
        self.passed += usize::from(next.is_some());
        next
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            gate.hand_on();
        }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
