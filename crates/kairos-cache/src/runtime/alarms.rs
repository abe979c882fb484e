// Deadlines on the thread of timers: many of them, one timer, which rings at the first.
// Never knows: what has a deadline, or what a ring does.
// Read next: `timers.rs` for the thread, `../engine/compute/watch.rs` for what is rung.
// Why: `docs/decisions/0002-a-timer-beside-each-compute.md`.
//
// A deadline is set and taken back for every compute, and hardly ever comes. To set one wakes the
// thread of timers only if it is earlier than the timer, to take one back never does. A timer that
// rings in vain sets the next.

#![expect(clippy::disallowed_methods, reason = "this is the runtime, which waits")]

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ::tokio::runtime::Handle;
use ::tokio::task::AbortHandle;
use ::tokio::time::sleep_until;

use crate::contain::caught;
use crate::sync::Mutex;

/// How soon a thread is asked for again after there was none.
const RETRY: Duration = Duration::from_millis(10);

/// What a deadline does when it comes, on a thread beside that of timers.
pub(super) type Bell = Box<dyn FnOnce() + Send>;

/// A deadline, and its number among all.
pub(super) type Place = (Instant, u64);

/// The deadlines of a thread of timers.
pub(super) struct Alarms {
    timers: Handle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    numbers: u64,
    bells: BTreeMap<Place, Bell>,
    /// The timer, and when it rings: no later than the first deadline.
    timer: Option<(Instant, AbortHandle)>,
}

impl Alarms {
    pub(super) fn new(timers: Handle) -> Arc<Alarms> {
        Arc::new(Alarms { timers, state: Mutex::new(State::default()) })
    }

    /// Has `bell` ring at `at`, unless it is taken back before.
    pub(super) fn set(self: &Arc<Self>, at: Instant, bell: Bell) -> Place {
        let mut state = self.state.lock();
        state.numbers += 1;
        let place = (at, state.numbers);
        state.bells.insert(place, bell);
        self.set_timer(&mut state);
        place
    }

    /// Takes back a deadline that has not come.
    pub(super) fn take_back(&self, place: Place) {
        let taken_back = self.state.lock().bells.remove(&place);
        drop(taken_back); // Outside the lock: it holds what is its user's.
    }

    /// Sets the timer to the first deadline, unless it rings no later.
    fn set_timer(self: &Arc<Self>, state: &mut State) {
        let Some(((first, _), _)) = state.bells.first_key_value() else { return };
        let first = *first;
        if state.timer.as_ref().is_some_and(|(rings, _)| *rings <= first) {
            return;
        }
        let alarms: Weak<Alarms> = Arc::downgrade(self);
        let timer = self.timers.spawn(async move {
            sleep_until(first.into()).await;
            if let Some(alarms) = alarms.upgrade() {
                alarms.ring(::tokio::time::Instant::now().into_std());
            }
        });
        if let Some((_, later)) = state.timer.replace((first, timer.abort_handle())) {
            later.abort();
        }
    }

    /// Rings what is due, each on a thread of its own: it may take long, and run code of users.
    fn ring(self: &Arc<Self>, now: Instant) {
        let due = {
            let mut state = self.state.lock();
            let mut due = Vec::new();
            while let Some(first) = state.bells.first_entry().filter(|bell| bell.key().0 <= now) {
                due.push(first.remove());
            }
            if let Some((_, timer)) = state.timer.take() {
                // The one that rings, unless another has just taken its place.
                timer.abort();
            }
            self.set_timer(&mut state);
            due
        };
        for bell in due {
            self.ring_beside(bell);
        }
    }

    /// Rings a bell on a thread beside that of timers. Where there is no thread to be had it is tried
    /// again: a timeout comes late then, and is not lost.
    pub(super) fn ring_beside(self: &Arc<Self>, bell: Bell) {
        let bell = Arc::new(Mutex::new(Some(bell)));
        let rings = Arc::clone(&bell);
        let ring = move || {
            let bell = rings.lock().take();
            if let Some(bell) = bell {
                bell();
            }
        };
        if caught(|| self.timers.spawn_blocking(ring)).is_err() {
            let untold = bell.lock().take();
            if let Some(bell) = untold {
                self.set(Instant::now() + RETRY, bell);
            }
        }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use ::tokio::runtime::{Builder, Runtime};
    use ::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;

    /// The time of the runtime, which is paused.
    fn tokio_now() -> Instant {
        ::tokio::time::Instant::now().into_std()
    }

    /// Alarms on a runtime whose time moves on when all that it has to do is to wait.
    struct Stage {
        runtime: Option<Runtime>,
        alarms: Arc<Alarms>,
        rung: UnboundedSender<u64>,
        rings: UnboundedReceiver<u64>,
    }

    impl Stage {
        fn new() -> Stage {
            let mut builder = Builder::new_current_thread();
            let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
            let alarms = Alarms::new(runtime.handle().clone());
            let (rung, rings) = unbounded_channel();
            Stage { runtime: Some(runtime), alarms, rung, rings }
        }

        /// Sets a deadline that rings with the number of seconds after which it comes.
        fn set(&self, began: Instant, after: u64) -> Place {
            let rung = self.rung.clone();
            let bell = move || rung.send(after).expect("the test waits");
            self.alarms.set(began + Duration::from_secs(after), Box::new(bell))
        }

        fn timer(&self) -> Option<AbortHandle> {
            self.alarms.state.lock().timer.as_ref().map(|(_, timer)| timer.clone())
        }
    }

    #[test]
    fn every_deadline_rings_in_order_whatever_the_order_in_which_they_are_set() {
        for order in [[10, 20, 30], [30, 20, 10], [20, 30, 10], [10, 10, 10]] {
            let mut stage = Stage::new();
            let mut sorted = order;
            sorted.sort_unstable();
            let runtime = stage.runtime.take().expect("once");
            runtime.block_on(async {
                let began = tokio_now();
                for after in order {
                    stage.set(began, after);
                }
                for after in sorted {
                    assert_eq!(stage.rings.recv().await, Some(after), "{order:?}");
                    assert_eq!(tokio_now().duration_since(began).as_secs(), after, "{order:?}");
                }
            });
            assert!(stage.alarms.state.lock().bells.is_empty() && stage.timer().is_none());
        }
    }

    #[test]
    fn a_deadline_that_is_taken_back_does_not_ring_and_moves_no_timer() {
        let mut stage = Stage::new();
        let runtime = stage.runtime.take().expect("once");
        runtime.block_on(async {
            let began = tokio_now();
            let first = stage.set(began, 30);
            let before = stage.timer().expect("set").id();
            stage.alarms.take_back(first);
            for later in 31..1000 {
                stage.alarms.take_back(stage.set(began, later));
            }
            assert_eq!(stage.timer().expect("still set").id(), before);
            stage.set(began, 60);
            let rung = stage.rings.recv().await;
            assert_eq!(rung, Some(60), "the timer rang in vain at 30 and set the next");
            assert_eq!(tokio_now().duration_since(began).as_secs(), 60);
        });
        assert!(stage.rings.is_empty() && stage.timer().is_none());
    }

    #[test]
    fn an_earlier_deadline_takes_the_place_of_a_later_timer() {
        let mut stage = Stage::new();
        let runtime = stage.runtime.take().expect("once");
        runtime.block_on(async {
            let began = tokio_now();
            for after in (1..=100).rev() {
                stage.set(began, after);
            }
            // Some turns of the runtime, in which it drops what was aborted.
            for _ in 0..10 {
                ::tokio::task::yield_now().await;
            }
            assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "one timer");
            assert_eq!(stage.rings.recv().await, Some(1));
            assert_eq!(tokio_now().duration_since(began).as_secs(), 1);
        });
    }
}
