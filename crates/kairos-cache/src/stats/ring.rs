// A bounded ring of what is told, for any number of listeners: a slow one loses the oldest.
// Never knows: what is told, or which locks the teller holds.
// Read next: `notices.rs`, what a cache tells by it.
//
// Telling is two steps. `put` keeps what is told and runs nothing of anybody's: it may be called under
// any lock. `wake` wakes the listeners and drops what the ring has lost, each by itself: that is code of
// theirs, which may come back here, block or panic, and is called under no lock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::contain::{drop_each, shielded};
use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering};

/// A ring of `T`, which its listeners share.
#[derive(Debug)]
pub struct Ring<T> {
    bound: usize,
    listeners: AtomicUsize,
    /// Something has been put since listeners were woken last.
    due: AtomicBool,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    kept: VecDeque<Arc<T>>,
    /// The number of the oldest that is kept.
    oldest: u64,
    /// What had to make room, until it can be dropped.
    lost: Vec<Arc<T>>,
    wakers: BTreeMap<u64, Waker>,
    came: u64,
    closed: bool,
}

/// A listener, from the moment it is made.
#[derive(Debug)]
pub struct Listener<T> {
    ring: Arc<Ring<T>>,
    id: u64,
    next: u64,
}

/// What a listener receives.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<T> {
    /// The next thing that was told.
    Next(Arc<T>),
    /// This many were lost before it.
    Lost(u64),
}

impl<T> Ring<T> {
    /// A ring that keeps at most `bound`.
    pub fn new(bound: usize) -> Arc<Ring<T>> {
        let state = State {
            kept: VecDeque::new(),
            oldest: 0,
            lost: Vec::new(),
            wakers: BTreeMap::new(),
            came: 0,
            closed: false,
        };
        let (listeners, due) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Ring { bound, listeners, due, state: Mutex::new(state) })
    }

    /// Whether anybody listens. May be out of date at once.
    pub fn is_heard(&self) -> bool {
        // Relaxed: a listener that came before the teller began is seen by that alone.
        self.listeners.load(Ordering::Relaxed) > 0
    }

    /// Listens from now on.
    pub fn listen(self: &Arc<Self>) -> Listener<T> {
        let mut state = self.state.lock();
        state.came += 1;
        // Relaxed: as in `is_heard`.
        self.listeners.fetch_add(1, Ordering::Relaxed);
        let next = state.oldest + state.kept.len() as u64;
        Listener { ring: Arc::clone(self), id: state.came, next }
    }

    /// Keeps what is told. The listeners are woken by the next `wake`.
    pub fn put(&self, told: T) {
        let told = Arc::new(told);
        let mut state = self.state.lock();
        if state.closed {
            // Who has heard the end hears nothing after it.
            state.lost.push(told);
        } else {
            state.kept.push_back(told);
        }
        if state.kept.len() > self.bound
            && let Some(lost) = state.kept.pop_front()
        {
            state.oldest += 1;
            state.lost.push(lost);
        }
        // Relaxed: written under the lock, and read under it where it counts.
        self.due.store(true, Ordering::Relaxed);
    }

    /// Wakes the listeners, if anything has been put since. To be called under no lock.
    pub fn wake(&self) {
        // Relaxed: a caller that has put something sees that; what others put they wake for.
        if !self.due.load(Ordering::Relaxed) {
            return;
        }
        let (wakers, lost) = {
            let mut state = self.state.lock();
            self.due.store(false, Ordering::Relaxed); // Relaxed: as in `put`.
            (std::mem::take(&mut state.wakers), std::mem::take(&mut state.lost))
        };
        for waker in wakers.into_values() {
            shielded(|| waker.wake());
        }
        drop_each(lost);
    }

    /// Nothing more is told: listeners hear what is kept, and then the end.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.due.store(true, Ordering::Relaxed); // Relaxed: as in `put`.
    }
}

impl<T> Listener<T> {
    /// The next thing that was told, if there is one already.
    pub fn try_next(&mut self) -> Option<Heard<T>> {
        let ring = Arc::clone(&self.ring);
        let state = ring.state.lock();
        self.take(&state)
    }

    /// The next thing that was told; `None` once there will be no more.
    pub fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Option<Heard<T>>> {
        let waker = cx.waker().clone();
        let ring = Arc::clone(&self.ring);
        let mut state = ring.state.lock();
        if let Some(heard) = self.take(&state) {
            return Poll::Ready(Some(heard));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        let old = state.wakers.insert(self.id, waker);
        drop(state);
        shielded(|| drop(old)); // Outside the lock: it may be the last share in a task.
        Poll::Pending
    }

    fn take(&mut self, state: &State<T>) -> Option<Heard<T>> {
        let lost = state.oldest.saturating_sub(self.next);
        if lost > 0 {
            self.next = state.oldest;
            return Some(Heard::Lost(lost));
        }
        let place = usize::try_from(self.next - state.oldest).ok()?;
        let told = state.kept.get(place).map(Arc::clone)?;
        self.next += 1;
        Some(Heard::Next(told))
    }
}

impl<T> Drop for Listener<T> {
    fn drop(&mut self) {
        let waker = self.ring.state.lock().wakers.remove(&self.id);
        self.ring.listeners.fetch_sub(1, Ordering::Relaxed); // Relaxed: as in `is_heard`.
        shielded(|| drop(waker)); // Outside the lock: it may be the last share in a task.
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    fn heard(listener: &mut Listener<u32>) -> Option<u32> {
        match listener.try_next()? {
            Heard::Next(told) => Some(*told),
            Heard::Lost(lost) => panic!("lost {lost}"),
        }
    }

    #[test]
    fn each_listener_hears_what_is_told_from_its_beginning_on_and_then_the_end() {
        let ring = Ring::new(4);
        let mut first = ring.listen();
        ring.put(1);
        let mut second = ring.listen();
        ring.put(2);
        ring.close();
        assert_eq!([heard(&mut first), heard(&mut first)], [Some(1), Some(2)]);
        assert_eq!([heard(&mut second), heard(&mut second)], [Some(2), None]);
        let mut after = ring.listen();
        ring.put(3);
        ring.wake();
        for listener in [&mut first, &mut second, &mut after] {
            let end = listener.poll_next(&Context::from_waker(Waker::noop()));
            assert_eq!(end, Poll::Ready(None));
        }
    }

    #[test]
    fn a_slow_listener_is_told_how_many_it_has_lost() {
        let ring = Ring::new(2);
        let mut listener = ring.listen();
        (0..5).for_each(|told| ring.put(told));
        assert_eq!(listener.try_next(), Some(Heard::Lost(3)));
        assert_eq!([heard(&mut listener), heard(&mut listener)], [Some(3), Some(4)]);
        assert!(ring.is_heard());
        drop(listener);
        assert!(!ring.is_heard());
    }

    /// Its listener holds the last share in a task whose drop panics.
    #[test]
    fn a_listener_goes_whatever_its_waker_does_as_it_is_dropped() {
        struct Fragile;
        impl std::task::Wake for Fragile {
            fn wake(self: Arc<Self>) {}
        }
        impl Drop for Fragile {
            fn drop(&mut self) {
                panic!("a waker's drop");
            }
        }
        let ring: Arc<Ring<u32>> = Ring::new(4);
        let mut listener = ring.listen();
        for _ in 0..2 {
            let waker = Waker::from(Arc::new(Fragile));
            assert!(listener.poll_next(&Context::from_waker(&waker)).is_pending());
        }
        drop(listener);
        assert!(!ring.is_heard());
    }

    /// Drops and wakes may come back, and panic.
    #[test]
    fn what_is_lost_is_dropped_by_waking_and_not_by_telling() {
        struct Counted(Arc<std::sync::atomic::AtomicUsize>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed); // Relaxed: one thread.
                panic!("a notice's drop");
            }
        }
        let (ring, dropped) = (Ring::new(1), Arc::default());
        let listener = ring.listen();
        (0..3).for_each(|_| ring.put(Counted(Arc::clone(&dropped))));
        let count = || dropped.load(std::sync::atomic::Ordering::Relaxed); // Relaxed: as above.
        assert_eq!(count(), 0);
        ring.wake();
        assert_eq!(count(), 2);
        std::mem::forget((ring, listener));
    }
}
