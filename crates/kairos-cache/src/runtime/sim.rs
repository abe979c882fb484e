// A deterministic executor on virtual time: the runtime of replay and of property tests.
// Never knows: caches, or what its tasks compute.
// Read next: `mod.rs` for the trait that it implements.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

use crate::policy::MonoNs;
use crate::runtime::clock::{Clock, ManualClock};
use crate::runtime::{BoxFuture, Runtime, Task};
use crate::sync::Mutex;

/// A deterministic executor on virtual time, which moves only by calls and on the calling thread.
///
/// Tasks run first-in-first-out; timers fire by time, then by the order in which they were set,
/// each followed by a run to quiescence. Two runs of the same program do the same in the same
/// order.
#[derive(Debug, Clone)]
pub struct Sim(Arc<Shared>);

struct Shared {
    clock: Clock,
    hand: ManualClock,
    state: Mutex<State>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sim")
    }
}

#[derive(Default)]
struct State {
    next_id: u64,
    tasks: HashMap<u64, TaskState>,
    ready: VecDeque<u64>,
    timers: BTreeMap<(MonoNs, u64), Waker>,
}

struct TaskState {
    /// `None` while the task is being polled.
    future: Option<BoxFuture>,
    /// Whether the task stands in the run queue.
    queued: bool,
    /// Its turn came on another thread while it was being polled.
    missed: bool,
}

impl State {
    fn enqueue(&mut self, id: u64) {
        if let Some(task) = self.tasks.get_mut(&id)
            && !std::mem::replace(&mut task.queued, true)
        {
            self.ready.push_back(id);
        }
    }

    fn take_next(&mut self) -> Option<(u64, BoxFuture)> {
        loop {
            let id = self.ready.pop_front()?;
            if let Some(task) = self.tasks.get_mut(&id) {
                task.queued = false;
                if let Some(future) = task.future.take() {
                    return Some((id, future));
                }
                task.missed = true;
            }
        }
    }
}

impl Sim {
    /// Returns an executor whose wall clock starts at `start` and whose monotonic clock at zero.
    pub fn new(start: SystemTime) -> Sim {
        let (clock, hand) = Clock::manual(start);
        Sim(Arc::new(Shared { clock, hand, state: Mutex::new(State::default()) }))
    }

    /// Returns the executor's clock, for a cache's builder.
    pub fn clock(&self) -> Clock {
        self.0.clock.clone()
    }

    /// Returns the virtual time since the start.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.clock.now().mono)
    }

    /// Sets the wall clock alone, as an operator or a time service does. Timers do not move.
    ///
    /// ```
    /// # use kairos_cache::{Cache, Context, Sim};
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// let sim = Sim::new(UNIX_EPOCH);
    /// let cache: Cache<u8, u32> = Cache::builder().sim(&sim).build()?;
    /// let kickoff = UNIX_EPOCH + Duration::from_secs(7200);
    /// cache.insert(&1, &Context::new(&cache.scope("12345")).kickoff(kickoff), 10)?;
    /// sim.step_wall(kickoff + Duration::from_secs(1));
    /// assert!(cache.get(&1).is_none());
    /// assert_eq!(sim.now(), Duration::ZERO);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn step_wall(&self, to: SystemTime) {
        self.0.hand.step_wall(to);
    }

    /// Returns a future that resolves after a stretch of virtual time.
    pub fn sleep(&self, duration: Duration) -> BoxFuture {
        let deadline = self.now().saturating_add(duration);
        self.sleep_until(u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Polls ready tasks until none is left.
    pub fn run_until_idle(&self) {
        loop {
            let Some((id, mut future)) = self.0.state.lock().take_next() else { return };
            let waker = Waker::from(Arc::new(Wakeup { id, shared: Arc::downgrade(&self.0) }));
            let done = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            let mut state = self.0.state.lock();
            if done {
                state.tasks.remove(&id);
            } else if let Some(task) = state.tasks.get_mut(&id) {
                task.future = Some(future);
                if std::mem::take(&mut task.missed) {
                    state.enqueue(id);
                }
                continue;
            }
            drop(state);
            // Finished, or aborted while it was polled. Dropped outside the lock: a future's drop
            // may spawn, abort or wake.
            drop(future);
        }
    }

    /// Moves time to `target` (since the start), firing every timer that is due on the way.
    pub fn advance_to(&self, target: Duration) {
        let target = u64::try_from(target.as_nanos()).unwrap_or(u64::MAX);
        self.run_until_idle();
        while let Some(due) = self.next_timer().filter(|due| *due <= target) {
            self.fire(due);
        }
        self.move_clock(target);
    }

    /// Moves time on by a stretch, firing every timer that is due on the way.
    pub fn advance(&self, by: Duration) {
        self.advance_to(self.now().saturating_add(by));
    }

    /// Moves time from timer to timer until none is left.
    pub fn run_to_end(&self) {
        self.run_until_idle();
        while let Some(due) = self.next_timer() {
            self.fire(due);
        }
    }

    fn next_timer(&self) -> Option<MonoNs> {
        self.0.state.lock().timers.keys().next().map(|key| key.0)
    }

    fn fire(&self, due: MonoNs) {
        self.move_clock(due);
        let first = self.0.state.lock().timers.pop_first();
        if let Some((_, waker)) = first {
            waker.wake();
        }
        self.run_until_idle();
    }

    fn move_clock(&self, to: MonoNs) {
        let now = self.0.clock.now().mono;
        self.0.hand.advance_ns(to.saturating_sub(now));
    }
}

impl Runtime for Sim {
    fn spawn(&self, future: BoxFuture) -> Task {
        let mut state = self.0.state.lock();
        let id = state.next_id;
        state.next_id += 1;
        state.tasks.insert(id, TaskState { future: Some(future), queued: false, missed: false });
        state.enqueue(id);
        drop(state);
        let shared = Arc::downgrade(&self.0);
        Task::new(move || {
            if let Some(shared) = shared.upgrade() {
                let task = shared.state.lock().tasks.remove(&id);
                drop(task); // Outside the lock: as above.
            }
        })
    }

    fn sleep_until(&self, deadline: MonoNs) -> BoxFuture {
        let mut timer = Timer { shared: Arc::downgrade(&self.0), key: None };
        Box::pin(poll_fn(move |cx| timer.poll(deadline, cx)))
    }

    /// A task like any other: it holds up the executor, and no virtual time passes in it.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        self.spawn(Box::pin(async move { work() }))
    }

    /// Runs the ready tasks, so that a blocking read on the executor's own thread is answered. Time
    /// does not move.
    fn before_park(&self) {
        self.run_until_idle();
    }
}

struct Wakeup {
    id: u64,
    shared: Weak<Shared>,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        if let Some(shared) = self.shared.upgrade() {
            shared.state.lock().enqueue(self.id);
        }
    }
}

struct Timer {
    shared: Weak<Shared>,
    key: Option<(MonoNs, u64)>,
}

impl Timer {
    fn poll(&mut self, deadline: MonoNs, cx: &Context<'_>) -> Poll<()> {
        let Some(shared) = self.shared.upgrade() else { return Poll::Pending };
        if shared.clock.now().mono >= deadline {
            return Poll::Ready(());
        }
        let mut state = shared.state.lock();
        let key = *self.key.get_or_insert_with(|| {
            state.next_id += 1;
            (deadline, state.next_id)
        });
        state.timers.insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let (Some(key), Some(shared)) = (self.key, self.shared.upgrade()) {
            let waker = shared.state.lock().timers.remove(&key);
            drop(waker);
        }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
