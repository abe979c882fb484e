// Whether computes may still begin, and how many are under way: what a shutdown closes and waits for.
// Never knows: what a compute is, or who wants the end.
// Read next: `../engine/compute/launch.rs`, where computes enter; `../engine/control.rs`, which waits for the end.
// Why: `docs/decisions/0013-dropping-the-last-clone-stops-nothing.md`.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Notify;

use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering};

const CLOSED: usize = 1;
const ONE: usize = 2;

/// Counts the computes under way.
pub(crate) struct Drain(Arc<Shared>);

struct Shared {
    /// [`ONE`] for each compute under way, and [`CLOSED`] once no other may begin.
    word: AtomicUsize,
    empty: Notify,
}

/// A compute under way, shared by its task and its timer: it ends when both are gone.
pub(crate) struct Underway {
    shared: Arc<Shared>,
    left: AtomicBool,
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
    pub(crate) fn new() -> Drain {
        Drain(Arc::new(Shared { word: AtomicUsize::new(0), empty: Notify::new() }))
    }

    /// Enters the computes of a task, or a sweep; `None` once no compute may begin.
    pub(crate) fn enter(&self) -> Option<Arc<Underway>> {
        let one_more = |word| (word & CLOSED == 0).then_some(word + ONE);
        // Release: pairs with the Acquire in `close`, so that the closing call finds the flight of
        // each compute that has entered. Relaxed: a refusal publishes nothing.
        let entered =
            self.0.word.fetch_update(Ordering::Release, Ordering::Relaxed, one_more).is_ok();
        entered.then(|| {
            let shared = Arc::clone(&self.0);
            let (left, polled) = (AtomicBool::new(false), AtomicBool::new(false));
            Arc::new(Underway { shared, left, polled, waits: Mutex::new(None) })
        })
    }

    /// Lets no other compute begin.
    pub(crate) fn close(&self) {
        self.0.word.fetch_or(CLOSED, Ordering::Acquire); // Acquire: pairs with `enter`.
    }

    /// Whether computes may no longer begin.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: it only saves work. A caller that must not miss the closing holds or has held a
        // lock that the closing call took after it.
        self.0.word.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// In a forked child: nothing is under way.
    pub(crate) fn restart(&self) {
        self.0.word.fetch_and(CLOSED, Ordering::Relaxed); // Relaxed: a child begins with one thread.
    }

    /// Resolves once no compute is under way. To be called after `close` only.
    pub(crate) async fn emptied(&self) {
        loop {
            let mut changed = pin!(self.0.empty.notified());
            changed.as_mut().enable();
            // Acquire: pairs with the Release in `Underway::leave`.
            if self.0.word.load(Ordering::Acquire) == CLOSED {
                return;
            }
            changed.await;
        }
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
        // Release: pairs with the Acquire in `Drain::emptied`; what the compute did is done.
        let one_less = |word: usize| word.checked_sub(ONE);
        // A forked child has forgotten what its parent had under way. Relaxed: that publishes nothing.
        let before = self.shared.word.fetch_update(Ordering::Release, Ordering::Relaxed, one_less);
        if before == Ok(CLOSED + ONE) {
            self.shared.empty.notify_waiters();
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
        self.underway.withdraw();
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
    use std::task::Waker;

    use super::*;

    fn is_empty(drain: &Drain) -> bool {
        pin!(drain.emptied()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn nothing_enters_a_closed_drain_and_it_empties_when_the_last_is_gone() {
        let drain = Drain::new();
        let (first, second) = (drain.enter().expect("open"), drain.enter().expect("open"));
        let timer = Arc::clone(&first);
        drain.close();
        drain.close();
        assert!(drain.enter().is_none() && drain.is_closed());
        drop((first, second));
        assert!(!is_empty(&drain), "a timer is left");
        drop(timer);
        assert!(is_empty(&drain));
    }

    #[test]
    fn whoever_waits_is_woken_by_the_last() {
        let drain = Drain::new();
        let last = drain.enter().expect("open");
        drain.close();
        let mut emptied = pin!(drain.emptied());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(emptied.as_mut().poll(&mut cx).is_pending());
        drop(last);
        assert!(emptied.as_mut().poll(&mut cx).is_ready());
    }

    #[test]
    fn a_task_leaves_early_only_while_it_is_polled_and_only_once() {
        let drain = Drain::new();
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
