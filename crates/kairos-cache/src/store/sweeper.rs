// Whether a sweep of the store has been asked for, and the timer of the one that is to come.
// Never knows: what is swept.
// Read next: `../engine/sweep.rs`, which sweeps.

use crate::contain::{caught, shielded};
use crate::policy::MonoNs;
use crate::runtime::{Task, ToCome};
use crate::sync::{AtomicU64, Mutex, Ordering};

/// Whether a sweep has been asked for, and the timer of the one that is to come.
#[derive(Debug)]
pub(crate) struct Sweeper {
    asked: ToCome,
    /// How often the store has been found full since the last sweep.
    found_full: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    timer: Option<Task>,
    /// No sweep begins before this.
    not_before: MonoNs,
}

impl Sweeper {
    pub(crate) fn new() -> Sweeper {
        Sweeper {
            asked: ToCome::new(),
            found_full: AtomicU64::new(0),
            state: Mutex::new(State::default()),
        }
    }

    /// Calls `set_timer` for the timer of a sweep, unless one is to come, with the instant before
    /// which no sweep may begin. It is called under no lock.
    pub(crate) fn ask(&self, set_timer: impl FnOnce(MonoNs) -> Task) {
        if self.asked.is_raised() {
            return;
        }
        let not_before = {
            let state = self.state.lock();
            if state.closed || !self.asked.raise() {
                return;
            }
            state.not_before
        };
        // A runtime that panics takes no timer: the next request asks it again.
        let Ok(timer) = caught(|| set_timer(not_before)) else { return self.asked.lower() };
        let mut state = self.state.lock();
        let (spare, closed) = (state.timer.replace(timer), state.closed);
        let timer = if closed { state.timer.take() } else { None };
        drop(state);
        drop(spare);
        if let Some(timer) = timer {
            shielded(|| timer.abort());
        }
    }

    /// Counts that the store has been found full. Returns whether that has happened `often` times
    /// since the last sweep.
    pub(crate) fn is_full_often(&self, often: u64) -> bool {
        // Relaxed: a count that spaces sweeps; nothing is published by it.
        self.found_full.fetch_add(1, Ordering::Relaxed) >= often
    }

    /// Begins a sweep: a request from now on is for another.
    pub(crate) fn answer(&self) {
        self.found_full.store(0, Ordering::Relaxed); // Relaxed: as in `is_full_often`.
        self.asked.lower();
    }

    /// Lets no sweep begin before an instant.
    pub(crate) fn rest_until(&self, instant: MonoNs) {
        self.state.lock().not_before = instant;
    }

    /// Ends the timer, and refuses another.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let timer = state.timer.take();
        drop(state);
        if let Some(timer) = timer {
            shielded(|| timer.abort());
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.close();
    }
}
