// Whether computes may still begin, and how many are under way: what a shutdown closes and waits for.
// Never knows: what a compute is, or who wants the end.
// Read next: `../engine/compute/launch.rs`, where computes enter; `../engine/control.rs`, which waits for the end.
// Why: `docs/decisions/0013-dropping-the-last-clone-stops-nothing.md`.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use kairos_metrics::forks;

use crate::contain::shielded;
use crate::flight::run::{Run, Seat};
use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering};

const CLOSED: usize = 1;
const ONE: usize = 2;

/// Counts the computes under way.
pub struct Drain(Arc<Shared>);

struct Shared {
    /// [`ONE`] for each compute under way, and [`CLOSED`] once no other may begin.
    word: AtomicUsize,
    /// Complete once no compute is under way and none may begin. Its waiters are the shutdowns.
    emptied: Run<()>,
    /// Called before they are woken.
    at_end: Box<dyn Fn() + Send + Sync>,
}

/// A shutdown's place among those that wait.
struct Place<'a>(&'a Run<()>, Seat);

/// A compute under way, shared by its task and its timer: it ends when both are gone.
pub struct Underway {
    shared: Arc<Shared>,
    left: AtomicBool,
    /// In which process of a line of forks it is under way: another has forgotten it.
    forks: u64,
    /// The task is being polled right now, or it may block its thread, whenever that begins.
    polled: AtomicBool,
    /// What the task will do, until it is polled for the first time.
    waits: Mutex<Option<Unit>>,
}

type Unit = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A task's future, gone before its compute leaves.
struct Tracked {
    future: Option<Unit>,
    underway: Arc<Underway>,
}

impl Drain {
    /// An open drain. `at_end` is called once, when it is closed and no compute is under way any more.
    pub fn new(at_end: impl Fn() + Send + Sync + 'static) -> Drain {
        let (word, emptied) = (AtomicUsize::new(0), Run::new());
        Drain(Arc::new(Shared { word, emptied, at_end: Box::new(at_end) }))
    }

    /// Enters the computes of a task, or a sweep; `None` once no compute may begin.
    pub fn enter(&self) -> Option<Arc<Underway>> {
        let one_more = |word| (word & CLOSED == 0).then_some(word + ONE);
        // Release: pairs with the Acquire in `close`, so that the closing call finds the flight of
        // each compute that has entered. Relaxed: a refusal publishes nothing.
        let entered =
            self.0.word.fetch_update(Ordering::Release, Ordering::Relaxed, one_more).is_ok();
        entered.then(|| {
            let shared = Arc::clone(&self.0);
            let (left, polled) = (AtomicBool::new(false), AtomicBool::new(false));
            Arc::new(Underway { shared, left, forks: forks(), polled, waits: Mutex::new(None) })
        })
    }

    /// Lets no other compute begin.
    pub fn close(&self) {
        // Acquire: pairs with the Release in `enter`, and with that in `Underway::leave`, should all
        // have left. Model: whoever_closes_a_drain_sees_what_was_done.
        if self.0.word.fetch_or(CLOSED, Ordering::Acquire) == 0 {
            self.0.end();
        }
    }

    /// Whether computes may no longer begin.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: it only saves work. A caller that must not miss the closing holds or has held a
        // lock that the closing call took after it.
        self.0.word.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// In a forked child, before any other thread is let in: nothing is under way.
    pub(crate) fn restart(&self) {
        // Relaxed: the caller alone is inside.
        let before = self.0.word.fetch_and(CLOSED, Ordering::Relaxed);
        if before & CLOSED != 0 && before != CLOSED {
            self.0.end();
        }
    }

    /// Resolves once no compute is under way and none may begin.
    pub async fn emptied(&self) {
        let mut place = Place(&self.0.emptied, Seat::default());
        poll_fn(|cx| {
            let Place(emptied, seat) = &mut place;
            emptied.poll(seat, cx)
        })
        .await;
    }
}

impl Shared {
    /// No compute is under way, and none may begin. Called once, under no lock.
    fn end(&self) {
        shielded(&self.at_end);
        self.emptied.complete(());
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.leave(&self.1);
    }
}

impl Underway {
    /// The future of the task. It takes `future` over when it is first polled: until then
    /// [`Underway::withdraw`] takes that back.
    pub(crate) fn track(
        self: Arc<Self>,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Unit {
        *self.waits.lock() = Some(Box::pin(future));
        Box::pin(Tracked { future: None, underway: self })
    }

    /// Drops what the task would have done, if it has not begun: nothing will run it.
    pub(crate) fn withdraw(&self) {
        let withdrawn = self.waits.lock().take();
        drop(withdrawn); // Outside the lock: it holds the user's closure.
    }

    /// Marks the task as one that may block its thread, and may have to wait for one: once aborted
    /// it will not begin, or is not waited for, and nothing tells which.
    pub(crate) fn may_block(&self) {
        self.polled.store(true, Ordering::Release); // Release: as in `Tracked::poll`.
    }

    /// Leaves if the task is being polled right now, or may block. Called after the task was aborted:
    /// a task that is not being polled will be dropped, one that is may never yield.
    pub(crate) fn leave_if_stuck(&self) {
        // Acquire: pairs with the Release in `Tracked::poll`.
        if self.polled.load(Ordering::Acquire) {
            self.leave();
        }
    }

    /// Is no longer waited for.
    pub(crate) fn leave(&self) {
        // Relaxed: it only decides which caller counts down.
        if self.left.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.forks != forks() {
            return;
        }
        // AcqRel: the last to leave has seen what the others did, and hands that on to the shutdowns;
        // pairs with itself and with the Acquire in `Drain::close`. Model:
        // a_shutdown_sees_what_every_compute_has_done.
        if self.shared.word.fetch_sub(ONE, Ordering::AcqRel) == CLOSED + ONE {
            self.shared.end();
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        shielded(|| self.underway.withdraw());
    }
}

impl Future for Tracked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Tracked { future, underway } = &mut *self;
        if future.is_none() {
            *future = underway.waits.lock().take();
        }
        let Some(future) = future else { return Poll::Ready(()) };
        // Release: pairs with the Acquire in `leave_if_stuck`.
        underway.polled.store(true, Ordering::Release);
        let poll = future.as_mut().poll(cx);
        underway.polled.store(false, Ordering::Release); // Release: as above.
        poll
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use std::pin::pin;
    use std::task::{Wake, Waker};

    use super::*;

    fn is_empty(drain: &Drain) -> bool {
        pin!(drain.emptied()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn open() -> (Drain, Arc<AtomicUsize>) {
        let ends = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ends);
        let at_end = move || {
            count.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread counts and looks.
        };
        (Drain::new(at_end), ends)
    }

    fn ended(ends: &AtomicUsize) -> usize {
        ends.load(Ordering::Relaxed) // Relaxed: as above.
    }

    #[test]
    fn nothing_enters_a_closed_drain_and_it_empties_when_the_last_is_gone() {
        let (drain, ends) = open();
        let (first, second) = (drain.enter().expect("open"), drain.enter().expect("open"));
        let timer = Arc::clone(&first);
        drain.close();
        drain.close();
        assert!(drain.enter().is_none() && drain.is_closed());
        drop((first, second));
        assert!(!is_empty(&drain), "a timer is left");
        assert_eq!(ended(&ends), 0);
        drop(timer);
        assert!(is_empty(&drain));
        drain.close();
        assert_eq!(ended(&ends), 1);
    }

    #[test]
    fn a_drain_that_nothing_is_in_empties_as_it_is_closed_and_not_before() {
        let (drain, ends) = open();
        drop(drain.enter().expect("open"));
        assert!(!is_empty(&drain), "it is open");
        drain.close();
        drain.close();
        assert!(is_empty(&drain));
        assert_eq!(ended(&ends), 1);
    }

    /// Counts its wakes, and panics as it is woken if it is told to.
    struct Woken(AtomicUsize, bool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread wakes and looks.
            assert!(!self.1, "a waker panics");
        }
    }

    #[test]
    fn every_shutdown_is_woken_by_the_last_whatever_their_wakers_do() {
        let drain = Drain::new(|| panic!("the end panics"));
        let last = drain.enter().expect("open");
        drain.close();
        let woken = [true, false, true, false].map(|panics| Arc::new(Woken(0.into(), panics)));
        let mut waiting: Vec<_> = woken.iter().map(|_| Box::pin(drain.emptied())).collect();
        for (waits, woken) in waiting.iter_mut().zip(&woken) {
            let waker = Waker::from(Arc::clone(woken));
            assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        drop(waiting.pop());
        drop(last);
        // Relaxed: as in `wake`.
        assert_eq!(woken.map(|woken| woken.0.load(Ordering::Relaxed)), [1, 1, 1, 0]);
        for waits in &mut waiting {
            assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    }

    #[test]
    fn a_task_leaves_early_only_while_it_is_polled_and_only_once() {
        let (drain, _) = open();
        let (task, other) = (drain.enter().expect("open"), drain.enter().expect("open"));
        drain.close();
        task.leave_if_stuck();
        let own = Arc::clone(&task);
        let mut polled = task.track(async move {
            own.leave_if_stuck();
            own.leave_if_stuck();
        });
        assert!(polled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        drop(polled);
        assert!(!is_empty(&drain), "the other is still there");
        drop(other);
        assert!(is_empty(&drain));
    }
}
