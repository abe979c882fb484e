// A sleep by the thread of timers, on which nothing of the sleeper's is woken or dropped.
// Never knows: who sleeps, or why.
// Read next: `alarms.rs`, which rings.

#![expect(clippy::disallowed_methods, reason = "this is the runtime, which waits")]

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::alarms::{Alarms, Place};
use super::timers::timers;
use crate::sync::Mutex;

/// A sleep until an instant of the operating system's clock. It begins when it is first polled, and
/// any executor may poll it.
pub(super) struct Sleeping {
    until: Instant,
    begun: Option<Begun>,
}

struct Begun {
    alarms: Arc<Alarms>,
    place: Place,
    /// The sleeper's alone: what rings has it weakly, so that a waker which is not woken is dropped
    /// by its sleeper.
    bell: Arc<Mutex<Bell>>,
}

#[derive(Default)]
struct Bell {
    has_rung: bool,
    waker: Option<Waker>,
}

impl Sleeping {
    pub(super) fn new(until: Instant) -> Sleeping {
        Sleeping { until, begun: None }
    }

    /// A sleep of this long from now on.
    pub(super) fn after(time: Duration) -> Sleeping {
        let now = Instant::now();
        Sleeping::new(now.checked_add(time).unwrap_or(now))
    }
}

impl Begun {
    fn new(until: Instant) -> Begun {
        let timers = timers().expect("the operating system has a thread for timers");
        let bell = Arc::new(Mutex::new(Bell::default()));
        let rings = Arc::downgrade(&bell);
        let place = timers.alarms.set(until, Box::new(move || ring(&rings)));
        Begun { alarms: Arc::clone(&timers.alarms), place, bell }
    }
}

fn ring(bell: &Weak<Mutex<Bell>>) {
    let Some(bell) = bell.upgrade() else { return };
    let waker = {
        let mut bell = bell.lock();
        bell.has_rung = true;
        bell.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Future for Sleeping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        let begun = self.begun.get_or_insert_with(|| Begun::new(until));
        // Cloned, and the one before dropped, under no lock: both are its user's code.
        let waker = cx.waker().clone();
        let (has_rung, before) = {
            let mut bell = begun.bell.lock();
            (bell.has_rung, bell.waker.replace(waker))
        };
        drop(before);
        if has_rung { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.alarms.take_back(self.place);
        let waker = self.bell.lock().waker.take();
        drop(waker);
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::task::Wake;
    use std::thread;

    use super::*;

    /// Tells on which thread it is woken.
    struct Told(Sender<Option<String>>);

    impl Wake for Told {
        fn wake(self: Arc<Self>) {
            let name = thread::current().name().map(str::to_owned);
            self.0.send(name).expect("the test waits");
        }
    }

    #[test]
    fn a_sleeper_that_goes_takes_its_waker_along() {
        let told = Arc::new(Told(channel().0));
        for polls in 1..4 {
            let waker = Waker::from(Arc::clone(&told));
            let mut sleep = Box::pin(Sleeping::after(Duration::from_secs(3600)));
            for _ in 0..polls {
                assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
            drop((sleep, waker));
            assert_eq!(Arc::strong_count(&told), 1, "another thread is to drop a waker");
        }
    }

    #[test]
    fn a_sleeper_is_woken_beside_the_thread_of_timers() {
        let (tells, told) = channel();
        let waker = Waker::from(Arc::new(Told(tells)));
        let mut sleep = Box::pin(Sleeping::after(Duration::from_millis(1)));
        let mut poll = || sleep.as_mut().poll(&mut Context::from_waker(&waker));
        if poll().is_pending() {
            assert_eq!(told.recv().expect("it rings").as_deref(), Some("kairos-beside-timers"));
            assert!(poll().is_ready());
        }
    }
}
