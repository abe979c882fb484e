// The gate before the backend: a limit on concurrent computes, with a bounded queue.
// Never knows: what a compute is, or who waits for it.
// Read next: `../engine/compute/launch.rs`, whose computes pass through.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use kairos_metrics::forks;

use crate::contain::{caught, drop_each, shielded};
use crate::policy::MonoNs;
use crate::runtime::Task;
use crate::sync::Mutex;

mod timer;

use timer::Timer;

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

/// A gate with a queue. Its limit is the one set last, whatever a request may know of an older one; the
/// queue's is given with each request.
#[derive(Clone)]
pub struct Gate(Arc<Mutex<State>>);

struct State {
    passed: usize,
    limit: usize,
    queue: VecDeque<Box<dyn Arrival>>,
    /// No deadline of what waits is earlier than this.
    first: MonoNs,
    /// A thread is handing on places.
    handing_on: bool,
    timer: Timer,
}

/// Rings for what waits. Dropped without having rung, as by a runtime that has ended, it lets another
/// timer be set.
pub(crate) struct Bell {
    gate: Weak<Mutex<State>>,
    number: u64,
}

/// One place behind the gate, and in which process of a line of forks. Dropping it lets the next in.
pub struct Pass(Option<(Gate, u64)>);

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
    /// A gate with every place free, for so many at once (0: no limit).
    pub fn new(limit: usize) -> Gate {
        Gate(Arc::new(Mutex::new(State::new(limit))))
    }

    /// Begins at once if fewer than the limit have passed, else queues if fewer than `queue` wait.
    pub fn enter(&self, queue: usize, arrival: Box<dyn Arrival>) -> Admission {
        let mut state = self.0.lock();
        if state.has_room() && state.queue.is_empty() {
            state.passed += 1;
            drop(state);
            let _given_back = arrival.begin(self.pass());
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
            state.first = state.first.min(arrival.deadline());
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

    /// Sets the timer of what waits, by `set`, unless there is one that rings early enough: it rings
    /// at the first deadline. `set` is called under no lock.
    pub(crate) fn watch(&self, set: impl Fn(MonoNs, Bell) -> Task) {
        // Until none is missing: what comes while a timer is being set leaves it to this thread.
        loop {
            let (number, first, later) = {
                let mut state = self.0.lock();
                let first = state.first;
                if state.queue.is_empty() {
                    return;
                }
                let Some((number, later)) = state.timer.begin(first) else { return };
                (number, first, later)
            };
            end(later);
            let bell = Bell { gate: Arc::downgrade(&self.0), number };
            let set = caught(|| set(first, bell));
            let (idle, unused) = {
                let mut state = self.0.lock();
                let unused = state.timer.finish(number, first, set.ok());
                (state.take_idle_timer(), unused)
            };
            end(idle);
            if let Err(unused) = unused {
                // It has rung, or never will.
                drop_each(unused);
                return;
            }
        }
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
    pub fn try_pass(&self) -> Option<Pass> {
        let mut state = self.0.lock();
        if !(state.has_room() && state.queue.is_empty()) {
            return None;
        }
        state.passed += 1;
        Some(self.pass())
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
        self.0.lock().passed -= 1;
        self.fill();
    }

    /// Whether no thread is inside.
    pub(crate) fn is_free(&self) -> bool {
        self.0.try_lock().is_some_and(|state| !state.handing_on)
    }

    /// In a forked child: every place is free, and nothing waits. Returns what did, to be dropped under
    /// no lock.
    pub(crate) fn restart(&self) -> VecDeque<Box<dyn Arrival>> {
        let mut state = self.0.lock();
        let fresh = State::new(state.limit);
        let parents = std::mem::replace(&mut *state, fresh);
        drop(state);
        parents.queue
    }

    /// A pass for a place that has been taken.
    fn pass(&self) -> Pass {
        Pass(Some((self.clone(), forks())))
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
            shielded(|| drop(next.begin(self.pass())));
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

impl Bell {
    /// The timer has rung: ends what has waited until `now`. Returns whether anything waits still.
    pub(crate) fn ring(self, now: MonoNs) -> bool {
        let Some(gate) = self.gate.upgrade() else { return false };
        let (late, waits, rung) = {
            let mut state = gate.lock();
            let (late, queue) = state.queue.drain(..).partition(|w| w.deadline() <= now);
            let late: VecDeque<Box<dyn Arrival>> = late;
            state.queue = queue;
            let deadlines = state.queue.iter().map(|waiting| waiting.deadline());
            state.first = deadlines.min().unwrap_or(MonoNs::MAX);
            (late, !state.queue.is_empty(), state.timer.forget(self.number))
        };
        drop_each(rung);
        for arrival in late {
            shielded(|| arrival.time_out());
        }
        waits
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.upgrade() {
            let lost = gate.lock().timer.forget(self.number);
            drop_each(lost); // Outside the lock: a task is code of its runtime's.
        }
    }
}

fn end(timer: Option<Task>) {
    if let Some(timer) = timer {
        shielded(|| timer.abort());
    }
}

impl State {
    fn new(limit: usize) -> State {
        let (queue, timer) = (VecDeque::new(), Timer::new());
        State { passed: 0, limit, queue, first: MonoNs::MAX, handing_on: false, timer }
    }

    /// The timer, if nothing waits any more.
    fn take_idle_timer(&mut self) -> Option<Task> {
        if !self.queue.is_empty() {
            return None;
        }
        self.first = MonoNs::MAX;
        self.timer.take()
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
        // A forked child has forgotten the places of its parent.
        if let Some((gate, _)) = self.0.take().filter(|(_, forks)| *forks == self::forks()) {
            gate.hand_on();
        }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
