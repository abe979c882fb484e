// The gate before the backend: a limit on concurrent computes, with a bounded queue.
// Never knows: what a compute is, or who waits for it.
// Read next: `../engine/compute/launch.rs`, whose computes pass through.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::contain::{drop_each, shielded};
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
        let state = State { passed: 0, limit: 0, queue: VecDeque::new(), handing_on: false };
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

    /// Lets in whatever is urgent, without a place.
    pub(crate) fn admit_urgent(&self) {
        loop {
            let next = {
                let mut state = self.0.lock();
                let urgent = state.queue.iter().position(|waiting| waiting.is_urgent());
                urgent.and_then(|place| state.queue.remove(place))
            };
            let Some(next) = next else { return };
            shielded(|| drop(next.begin(Pass::free())));
        }
    }

    /// Empties the queue: what waits begins without a place, for when none of it may begin.
    pub(crate) fn turn_away(&self) {
        loop {
            let Some(next) = self.0.lock().queue.pop_front() else { return };
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
        self.0.lock().passed -= 1;
        self.fill();
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
            drop(state);
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

impl State {
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
mod tests {
    use std::sync::Mutex as StdMutex;

    use super::Admission::{Begun, Queued, Refused};
    use super::*;

    type Passes = Arc<StdMutex<Vec<(u32, Pass)>>>;

    struct Named(u32, bool, Passes);

    impl Arrival for Named {
        fn is_wanted(&self) -> bool {
            self.1
        }

        fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
            if !self.1 {
                return Some(pass);
            }
            self.2.lock().expect("no panic").push((self.0, pass));
            None
        }

        fn refuse(self: Box<Self>) {}
    }

    fn enter(gate: &Gate, passes: &Passes, name: u32, wanted: bool) -> Admission {
        gate.enter(2, 3, Box::new(Named(name, wanted, Arc::clone(passes))))
    }

    fn names(passes: &Passes) -> Vec<u32> {
        passes.lock().expect("no panic").iter().map(|(name, _)| *name).collect()
    }

    fn give_back(passes: &Passes, index: usize) {
        let pass = passes.lock().expect("no panic").remove(index);
        drop(pass);
    }

    #[test]
    fn two_pass_three_wait_in_order_and_the_sixth_is_turned_away() {
        let (gate, passes) = (Gate::new(), Passes::default());
        let admissions: Vec<Admission> =
            (1..=6).map(|name| enter(&gate, &passes, name, true)).collect();
        assert_eq!(admissions, [Begun, Begun, Queued, Queued, Queued, Refused]);
        assert!(gate.try_pass(2).is_none());
        give_back(&passes, 0);
        assert_eq!(names(&passes), [2, 3]);
        give_back(&passes, 0);
        give_back(&passes, 0);
        assert_eq!(names(&passes), [4, 5]);
    }

    /// It ends as it begins, or panics instead.
    struct Brief(bool, Arc<StdMutex<u32>>);

    impl Arrival for Brief {
        fn is_wanted(&self) -> bool {
            true
        }

        fn begin(self: Box<Self>, pass: Pass) -> Option<Pass> {
            assert!(!self.0, "it panics");
            *self.1.lock().expect("no panic") += 1;
            drop(pass);
            None
        }

        fn refuse(self: Box<Self>) {}
    }

    #[test]
    fn a_long_row_that_ends_as_it_begins_does_not_nest() {
        let (gate, begun) = (Gate::new(), Arc::default());
        let pass = gate.try_pass(1).expect("nobody has passed");
        for _ in 0..100_000 {
            let brief = Box::new(Brief(false, Arc::clone(&begun)));
            assert_eq!(gate.enter(1, 100_000, brief), Queued);
        }
        drop(pass);
        assert_eq!((*begun.lock().expect("no panic"), gate.0.lock().passed), (100_000, 0));
    }

    #[test]
    fn an_arrival_that_panics_gives_its_place_to_the_next() {
        let (gate, begun) = (Gate::new(), Arc::default());
        let pass = gate.try_pass(1).expect("nobody has passed");
        for panics in [true, false] {
            gate.enter(1, 9, Box::new(Brief(panics, Arc::clone(&begun))));
        }
        drop(pass);
        assert_eq!((*begun.lock().expect("no panic"), gate.0.lock().passed), (1, 0));
    }

    #[test]
    fn a_wider_gate_lets_in_what_waits_at_once() {
        let (gate, passes) = (Gate::new(), Passes::default());
        for name in 1..=5 {
            enter(&gate, &passes, name, true);
        }
        gate.set_limit(4);
        gate.fill_up();
        assert_eq!(names(&passes), [1, 2, 3, 4]);
        gate.set_limit(0);
        gate.fill_up();
        assert_eq!(names(&passes), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_nobody_wants_makes_room_and_is_passed_over() {
        let (gate, passes) = (Gate::new(), Passes::default());
        for (name, wanted) in [(1, true), (2, true), (3, true), (4, false), (5, false)] {
            enter(&gate, &passes, name, wanted);
        }
        assert_eq!(enter(&gate, &passes, 6, false), Admission::Queued);
        assert_eq!(enter(&gate, &passes, 7, true), Admission::Queued);
        give_back(&passes, 0);
        give_back(&passes, 0);
        assert_eq!(names(&passes), [3, 7]);
        give_back(&passes, 0);
        give_back(&passes, 0);
        assert_eq!(gate.0.lock().passed, 0);
    }
}
