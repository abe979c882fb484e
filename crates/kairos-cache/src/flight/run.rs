// One compute as its waiters see it: a result that arrives once, wakers, a way to abort it.
// Never knows: keys, what is computed, or which computes come before and after.
// Read next: `core.rs`, which decides which compute a read waits for.

use std::task::{Context, Poll, Waker};

use crate::contain::shielded;
use crate::sync::Mutex;

/// How a compute is aborted.
pub type Abort = Box<dyn FnOnce() + Send>;

/// A compute that runs or will run, shared between its task and its waiters.
pub struct Run<R> {
    state: Mutex<State<R>>,
}

struct State<R> {
    result: Option<R>,
    wakers: Wakers,
    next_place: u64,
    abort: AbortState,
    leader: Option<u64>,
    given_up: bool,
    /// How many reads inside computes wait for this one.
    hurried: usize,
    overdue: bool,
}

/// The wakers of the waiters, by their places: in order of arrival. Most computes have one waiter, which
/// takes no memory of its own.
#[derive(Default)]
struct Wakers {
    first: Option<(u64, Waker)>,
    /// Their places come after the first one's, in order; `None` where a waiter has left.
    others: Vec<(u64, Option<Waker>)>,
    /// How many of the others have left.
    left: usize,
}

impl Wakers {
    /// Puts a waiter's waker in its place. Returns the one that was there.
    fn put(&mut self, place: u64, waker: Waker) -> Option<Waker> {
        if let Some((first, old)) = &mut self.first
            && *first == place
        {
            return Some(std::mem::replace(old, waker));
        }
        if self.first.is_none() && self.others.is_empty() {
            self.first = Some((place, waker));
            return None;
        }
        if self.others.last().is_none_or(|(last, _)| *last < place) {
            self.others.push((place, Some(waker)));
            return None;
        }
        match self.find(place) {
            Ok(at) => self.others[at].1.replace(waker),
            // Of two waiters the later one may come first.
            Err(at) => {
                self.others.insert(at, (place, Some(waker)));
                None
            }
        }
    }

    fn take(&mut self, place: u64) -> Option<Waker> {
        if let Some((_, waker)) = self.first.take_if(|(first, _)| *first == place) {
            return Some(waker);
        }
        let at = self.find(place).ok()?;
        let waker = self.others[at].1.take()?;
        self.left += 1;
        // So that each who has left is moved past a few times.
        if self.left > self.others.len() / 2 {
            self.others.retain(|(_, waker)| waker.is_some());
            self.left = 0;
        }
        Some(waker)
    }

    fn find(&self, place: u64) -> Result<usize, usize> {
        self.others.binary_search_by_key(&place, |(place, _)| *place)
    }

    fn into_all(self) -> impl Iterator<Item = Waker> {
        let others = self.others.into_iter().filter_map(|(_, waker)| waker);
        self.first.map(|(_, waker)| waker).into_iter().chain(others)
    }
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
pub struct Seat(Option<u64>);

impl<R: Clone> Run<R> {
    /// A run without a result.
    pub fn new() -> Run<R> {
        Run {
            state: Mutex::new(State {
                result: None,
                wakers: Wakers::default(),
                next_place: 0,
                abort: AbortState::Unset,
                leader: None,
                given_up: false,
                hurried: 0,
                overdue: false,
            }),
        }
    }

    /// Hands the result to every waiter, present and future. Only the first result counts; returns
    /// whether this was the first.
    pub fn complete(&self, result: R) -> bool {
        let wakers = {
            let mut state = self.state.lock();
            if state.result.is_some() {
                return false;
            }
            state.result = Some(result);
            std::mem::take(&mut state.wakers)
        };
        // Outside the lock: a waker may run its task at once. One that panics wakes the others too.
        for waker in wakers.into_all() {
            shielded(|| waker.wake());
        }
        true
    }

    /// Marks the run as one that has used up its time.
    pub fn set_overdue(&self) {
        self.state.lock().overdue = true;
    }

    /// Whether the run has used up its time.
    pub fn is_overdue(&self) -> bool {
        self.state.lock().overdue
    }

    /// The result, or a promise to wake the caller when it arrives.
    pub fn poll(&self, seat: &mut Seat, cx: &Context<'_>) -> Poll<R> {
        self.poll_with(seat, cx, |_, result| result.clone())
    }

    /// The same for a waiter of this number, with whether its closure ran.
    pub fn poll_led(&self, seat: &mut Seat, waiter: u64, cx: &Context<'_>) -> Poll<(R, bool)> {
        self.poll_with(seat, cx, |leader, result| (result.clone(), leader == Some(waiter)))
    }

    fn poll_with<T>(
        &self,
        seat: &mut Seat,
        cx: &Context<'_>,
        answer: impl Fn(Option<u64>, &R) -> T,
    ) -> Poll<T> {
        let found = |state: &State<R>| {
            let result = state.result.as_ref()?;
            Some(answer(state.leader, result))
        };
        // Who has been woken finds the result, and needs no waker.
        if seat.0.is_some()
            && let Some(answer) = found(&self.state.lock())
        {
            return Poll::Ready(answer);
        }
        // A waker's clone and its drop are code of its executor: both are called outside the lock.
        let waker = cx.waker().clone();
        let (polled, unused) = {
            let mut state = self.state.lock();
            if let Some(answer) = found(&state) {
                (Poll::Ready(answer), Some(waker))
            } else {
                let place = *seat.0.get_or_insert(state.next_place);
                state.next_place = state.next_place.max(place + 1);
                (Poll::Pending, state.wakers.put(place, waker))
            }
        };
        shielded(|| drop(unused));
        polled
    }

    /// Gives up a waiter's place.
    pub fn leave(&self, seat: &Seat) {
        let Some(place) = seat.0 else { return };
        let waker = self.state.lock().wakers.take(place);
        // Outside the lock, as above. A panic in it ends nothing but itself.
        shielded(|| drop(waker));
    }

    /// Sets how the compute is aborted from now on; aborts at once if that was requested.
    pub fn set_abort(&self, abort: Abort) {
        let mut state = self.state.lock();
        match state.abort {
            AbortState::Unset | AbortState::Set(_) => {
                let before = std::mem::replace(&mut state.abort, AbortState::Set(abort));
                drop(state);
                drop(before); // Outside the lock: it holds a task of its runtime's.
            }
            AbortState::Requested => {
                state.abort = AbortState::Done;
                drop(state);
                abort();
            }
            AbortState::Done => drop(state),
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

    /// Marks the run as one that will not begin: its last waiter left while it waited for its turn.
    pub fn give_up(&self) {
        self.state.lock().given_up = true;
    }

    /// Whether the run will not begin. Takes no lock of its flight, so that it can be called under
    /// locks that a flight's steps take.
    pub fn is_given_up(&self) -> bool {
        self.state.lock().given_up
    }

    /// A read inside a compute waits for the run, which waits for no turn meanwhile.
    pub fn hurry(&self) {
        self.state.lock().hurried += 1;
    }

    /// Ends one [`Run::hurry`]: that read waits no longer.
    pub fn end_hurry(&self) {
        let mut state = self.state.lock();
        state.hurried = state.hurried.saturating_sub(1);
    }

    /// Whether the run waits for no turn. Takes no lock of its flight, as `is_given_up`.
    pub fn is_urgent(&self) -> bool {
        self.state.lock().hurried > 0
    }

    /// Sets the waiter whose closure runs.
    pub fn set_leader(&self, waiter: u64) {
        self.state.lock().leader = Some(waiter);
    }

    /// Whether this waiter's closure ran.
    #[cfg(any(test, kairos_loom))]
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

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// Counts its wakes, and panics if it is told to.
    struct Counted(AtomicUsize, bool);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread wakes and looks.
            assert!(!self.1, "a waker panics");
        }
    }

    impl Counted {
        fn wakes(&self) -> usize {
            self.0.load(Ordering::Relaxed) // Relaxed: as in `wake`.
        }
    }

    fn sit(run: &Run<u32>, panics: bool) -> (Seat, Arc<Counted>) {
        let counted = Arc::new(Counted(AtomicUsize::new(0), panics));
        let mut seat = Seat::default();
        let waker = Waker::from(Arc::clone(&counted));
        assert!(run.poll(&mut seat, &Context::from_waker(&waker)).is_pending());
        (seat, counted)
    }

    #[test]
    fn readers_who_came_and_went_leave_nothing_behind() {
        let run = Run::new();
        let (_stays, stayed) = sit(&run, false);
        for _ in 0..1000 {
            let ((first, left), (second, _)) = (sit(&run, false), sit(&run, false));
            run.leave(&first);
            run.leave(&second);
            assert_eq!(Arc::strong_count(&left), 1, "its waker is gone");
        }
        assert!(run.state.lock().wakers.others.is_empty());
        let (_last, came) = sit(&run, false);
        assert!(run.complete(1));
        assert_eq!([stayed, came].map(|counted| counted.wakes()), [1, 1]);
    }

    #[test]
    fn a_waker_that_panics_wakes_the_others_too() {
        let run = Run::new();
        let waiting = [true, false].map(|panics| sit(&run, panics).1);
        assert!(run.complete(1));
        assert_eq!(waiting.map(|counted| counted.wakes()), [1, 1]);
    }
}
