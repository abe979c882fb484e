// Readings that are moved by hand, and those who sleep by them.
// Never knows: runtimes, or what a sleeper waits for.
// Read next: `clock.rs`, one kind of which this is.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::policy::{MonoNs, Now, WallNs};
use crate::sync::{AtomicI64, AtomicU64, Mutex, Ordering};

/// Readings that are moved by hand.
#[derive(Debug)]
pub(super) struct Manual {
    mono: AtomicU64,
    wall: AtomicI64,
    sleepers: Mutex<Sleepers>,
}

/// The wakers of sleepers, by deadline and then by the order in which they came.
#[derive(Debug, Default)]
struct Sleepers {
    came: u64,
    wakers: BTreeMap<(MonoNs, u64), Waker>,
}

impl Manual {
    pub(super) fn new(wall: WallNs) -> Manual {
        Manual {
            mono: AtomicU64::new(0),
            wall: AtomicI64::new(wall),
            sleepers: Mutex::new(Sleepers::default()),
        }
    }

    pub(super) fn read(&self) -> Now {
        // Acquire: what the owner did before it moved the clock is visible; pairs with the Release
        // in `ManualClock`.
        Now { mono: self.mono.load(Ordering::Acquire), wall: self.wall.load(Ordering::Acquire) }
    }

    /// Moves the wall reading alone.
    pub(super) fn set_wall(&self, wall: WallNs) {
        self.wall.store(wall, Ordering::Release); // Release: pairs with `read`.
    }

    /// Moves both readings forward, and wakes the sleepers that are due.
    pub(super) fn advance(&self, by: u64) {
        let (mono, wall) = (&self.mono, &self.wall);
        // Release: pairs with the Acquire in `read`. Only the owner writes, so a load and a store
        // lose nothing. Relaxed: the owner's own writes.
        mono.store(mono.load(Ordering::Relaxed).saturating_add(by), Ordering::Release);
        let ahead = i64::try_from(by).unwrap_or(i64::MAX);
        // Release and Relaxed: as above.
        wall.store(wall.load(Ordering::Relaxed).saturating_add(ahead), Ordering::Release);
        self.wake_due();
    }

    /// Wakes the sleepers whose deadline has come, in order.
    fn wake_due(&self) {
        let now = self.read().mono;
        loop {
            let due = {
                let mut sleepers = self.sleepers.lock();
                match sleepers.wakers.first_key_value() {
                    Some((place, _)) if place.0 <= now => sleepers.wakers.pop_first(),
                    _ => None,
                }
            };
            let Some((_, waker)) = due else { return };
            // Outside the lock: a waker may run its task at once, which may sleep again. One that
            // panics wakes the others too.
            let _told = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }
}

/// A sleep until the readings have been moved to its deadline.
pub(super) struct Sleep {
    readings: Arc<Manual>,
    deadline: MonoNs,
    /// Its number among those who came, once it has a waker there.
    place: Option<u64>,
}

impl Sleep {
    pub(super) fn new(readings: Arc<Manual>, deadline: MonoNs) -> Sleep {
        Sleep { readings, deadline, place: None }
    }

    fn leave(&mut self) {
        if let Some(place) = self.place.take() {
            let waker = self.readings.sleepers.lock().wakers.remove(&(self.deadline, place));
            drop(waker); // Outside the lock: it may be the last share in a task.
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut sleepers = self.readings.sleepers.lock();
        // Under the lock: a hand that moves the clock from here on takes it after this.
        if self.readings.read().mono >= self.deadline {
            drop(sleepers);
            self.leave();
            return Poll::Ready(());
        }
        let place = self.place.unwrap_or_else(|| {
            sleepers.came += 1;
            sleepers.came
        });
        let old = sleepers.wakers.insert((self.deadline, place), waker);
        drop(sleepers);
        drop(old); // Outside the lock: as in `leave`.
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}
