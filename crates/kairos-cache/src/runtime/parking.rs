// How a thread waits for a future: parked, and only where no runtime stops by that.
// Never knows: what is waited for.
// Read next: `../cache/blocking.rs`, whose reads wait here; `mod.rs` for what they wait for.
// Why: `docs/decisions/0009-a-blocking-read-is-refused-where-it-would-wait.md`.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::error::Error;
use crate::policy::MonoNs;
use crate::runtime::Runtime;
use crate::sync::{AtomicBool, Ordering};

thread_local! {
    /// The runtime on whose blocking thread work of a cache runs: the thread drives that one not.
    static BESIDE: Cell<Option<Id>> = const { Cell::new(None) };
}

/// Runs blocking work on a thread that drives no runtime.
pub(super) fn on_blocking_thread(work: impl FnOnce()) {
    struct Before(Option<Id>);
    impl Drop for Before {
        fn drop(&mut self) {
            BESIDE.set(self.0);
        }
    }
    let beside = Handle::try_current().ok().map(|runtime| runtime.id());
    let _before = Before(BESIDE.replace(beside));
    work();
}

/// Whether this is a thread for blocking work beside those of a runtime. Work that drives another
/// runtime itself has left it meanwhile.
fn is_beside(current: &Handle) -> bool {
    BESIDE.get() == Some(current.id())
}

/// Whether this thread may wait, as far as it can be told without asking tokio: not where the
/// current runtime is driven by one thread, which may be this one.
pub(crate) fn may_wait() -> bool {
    Handle::try_current().map_or(true, |current| {
        is_beside(&current) || current.runtime_flavor() != RuntimeFlavor::CurrentThread
    })
}

/// Polls a future to its end on this thread. What is ready at once neither parks nor allocates.
///
/// # Errors
/// [`Error::BlocksRuntime`] when it comes to waiting, where this thread may not: see [`may_wait`]; and
/// in a `LocalSet` of a multi-thread runtime.
pub(crate) fn wait<F: Future>(runtime: &dyn Runtime, future: F) -> Result<F::Output, Error> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending if !may_wait() => Err(Error::BlocksRuntime),
        Poll::Pending => parking(|| park_until_ready(runtime, future)),
    }
}

/// Waits for a future until this instant at most, and drops it then.
///
/// # Errors
/// [`Error::Timeout`] at that instant.
pub(crate) async fn before<F: Future>(
    runtime: &dyn Runtime,
    until: Option<MonoNs>,
    future: F,
) -> Result<F::Output, Error> {
    let Some(until) = until else { return Ok(future.await) };
    let (mut future, mut timer) = (pin!(future), None);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => {
            let timer = timer.get_or_insert_with(|| runtime.sleep_until(until));
            timer.as_mut().poll(cx).map(|()| Err(Error::Timeout))
        }
    })
    .await
}

fn park_until_ready<F: Future>(runtime: &dyn Runtime, mut future: Pin<&mut F>) -> F::Output {
    let alarm = Arc::new(Alarm { thread: thread::current(), rung: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&alarm));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        runtime.before_park();
        alarm.wait();
    }
}

/// Does what may park this thread. A worker of a multi-thread runtime hands its tasks on first.
fn parking<T>(wait: impl FnOnce() -> T) -> Result<T, Error> {
    if Handle::try_current().map_or(true, |current| is_beside(&current)) {
        return Ok(wait());
    }
    // tokio alone knows whether this is a `LocalSet`. It says so by a panic, before it calls the
    // closure.
    let mut allowed = false;
    let waited = catch_unwind(AssertUnwindSafe(|| {
        block_in_place(|| {
            allowed = true;
            wait()
        })
    }));
    waited.map_err(|panic| if allowed { resume_unwind(panic) } else { Error::BlocksRuntime })
}

/// Wakes a parked thread. The flag stands beside the thread's own token, which what the future
/// does may use up.
struct Alarm {
    thread: Thread,
    rung: AtomicBool,
}

impl Alarm {
    fn wait(&self) {
        // Acquire: what was done before the alarm is seen by the next poll; pairs with `wake`.
        while !self.rung.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release); // Release: pairs with the Acquire in `wait`.
        self.thread.unpark();
    }
}
