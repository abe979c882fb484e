//! One compute as its waiters see it: a result that arrives once, wakers, a way to abort it.
//! Never knows: keys, what is computed, or which computes come before and after.
//! Read next: `../flight.rs`, which decides which compute a read waits for.

use std::task::{Context, Poll, Waker};

use crate::sync::Mutex;

type Abort = Box<dyn FnOnce() + Send>;

/// A compute that runs or will run, shared between its task and its waiters.
pub struct Run<R> {
    state: Mutex<State<R>>,
}

struct State<R> {
    result: Option<R>,
    wakers: Vec<Option<Waker>>,
    abort: AbortState,
    leader: Option<u64>,
    given_up: bool,
}

enum AbortState {
    /// The task is not known yet.
    Unset,
    /// The task is not known yet, and must be aborted once it is.
    Requested,
    Set(Abort),
    Done,
}

/// A waiter's place at a [`Run`].
#[derive(Debug, Default)]
pub struct Seat(Option<usize>);

impl<R: Clone> Run<R> {
    /// A run without a result.
    pub fn new() -> Run<R> {
        Run {
            state: Mutex::new(State {
                result: None,
                wakers: Vec::new(),
                abort: AbortState::Unset,
                leader: None,
                given_up: false,
            }),
        }
    }

    /// Hands the result to every waiter, present and future. Only the first result counts; says
    /// whether this was it.
    pub fn complete(&self, result: R) -> bool {
        let wakers = {
            let mut state = self.state.lock();
            if state.result.is_some() {
                return false;
            }
            state.result = Some(result);
            std::mem::take(&mut state.wakers)
        };
        // Outside the lock: a waker may run its task at once.
        wakers.into_iter().flatten().for_each(Waker::wake);
        true
    }

    /// The result, or a promise to wake the caller when it arrives.
    pub fn poll(&self, seat: &mut Seat, cx: &Context<'_>) -> Poll<R> {
        let mut state = self.state.lock();
        if let Some(result) = &state.result {
            return Poll::Ready(result.clone());
        }
        match seat.0 {
            None => {
                seat.0 = Some(state.wakers.len());
                state.wakers.push(Some(cx.waker().clone()));
            }
            Some(index) => match &mut state.wakers[index] {
                Some(waker) => waker.clone_from(cx.waker()),
                empty => *empty = Some(cx.waker().clone()),
            },
        }
        Poll::Pending
    }

    /// Gives up a waiter's place.
    pub fn leave(&self, seat: &Seat) {
        if let Some(index) = seat.0 {
            let mut state = self.state.lock();
            if let Some(waker) = state.wakers.get_mut(index) {
                *waker = None;
            }
        }
    }

    /// Says how the compute can be aborted from now on; does it at once if that was asked for.
    pub fn set_abort(&self, abort: impl FnOnce() + Send + 'static) {
        let mut state = self.state.lock();
        match state.abort {
            AbortState::Unset | AbortState::Set(_) => {
                state.abort = AbortState::Set(Box::new(abort));
            }
            AbortState::Requested => {
                state.abort = AbortState::Done;
                drop(state);
                abort();
            }
            AbortState::Done => {}
        }
    }

    /// Aborts the task, now or as soon as it is known. Idempotent.
    pub fn abort(&self) {
        let mut state = self.state.lock();
        let abort = match std::mem::replace(&mut state.abort, AbortState::Done) {
            AbortState::Unset | AbortState::Requested => {
                state.abort = AbortState::Requested;
                None
            }
            AbortState::Set(abort) => Some(abort),
            AbortState::Done => None,
        };
        drop(state);
        if let Some(abort) = abort {
            abort();
        }
    }

    /// Forgets the task, which has ended by itself.
    pub fn clear_abort(&self) {
        let abort = std::mem::replace(&mut self.state.lock().abort, AbortState::Done);
        drop(abort);
    }

    /// Says that it will not begin: everybody has left it while it waited for its turn.
    pub fn give_up(&self) {
        self.state.lock().given_up = true;
    }

    /// Whether it will not begin. Takes no lock of its flight, so that it can be asked under locks
    /// that a flight's steps take.
    pub fn is_given_up(&self) -> bool {
        self.state.lock().given_up
    }

    /// Names the waiter whose closure runs.
    pub fn set_leader(&self, waiter: u64) {
        self.state.lock().leader = Some(waiter);
    }

    /// Whether this waiter's closure ran.
    pub fn is_led_by(&self, waiter: u64) -> bool {
        self.state.lock().leader == Some(waiter)
    }
}

impl<R: Clone> Default for Run<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> std::fmt::Debug for Run<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Run")
    }
}
