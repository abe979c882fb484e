// The operating system's time, one for all caches of the process: precise readings, and what a hit takes.
// Never knows: caches, deadlines, or how a thread ticks and parks.
// Read next: `coarse.rs` for the published word; `ticker.rs` for the thread and the clocks behind this.
// Why: `docs/decisions/0020-a-hit-takes-a-published-time.md`.

use std::cell::Cell;

use kairos_metrics::forks;

use super::coarse::{Coarse, reading};
use super::steps::Steps;
use crate::policy::{MonoNs, WallNs};
use crate::sync::{AtomicU64, Ordering};

/// A thread looks whether the published time still is what it seems once in so many hits.
const CHECKED_EVERY: u32 = 16;

/// A hit that has read the processor's counter looks if the last one to look was so many hits ago.
const CHECKED_AT_HAND: u32 = 4;

/// How far a published time may be behind where a hit looks.
const BEHIND_NS: u64 = 1_000_000;

/// How soon a thread for the ticker is asked for again after there was none.
const RETRY_NS: u64 = 1_000_000_000;

thread_local! {
    /// At which hit from here on this thread looks, whichever caches they are of.
    static LEFT: Cell<u32> = const { Cell::new(CHECKED_EVERY) };
}

/// Counts a hit of this thread; whether it is one that looks.
#[inline]
fn looks() -> bool {
    let left = LEFT.get().wrapping_sub(1);
    LEFT.set(left);
    left == 0
}

/// Where readings come from, and the thread that ticks.
pub(super) trait Machine: Send + Sync + Sized + 'static {
    /// The processor's counter.
    fn count(&self) -> u64;

    /// Nanoseconds from one reading of the counter to another; zero where it has run backwards.
    fn between_ns(&self, from: u64, to: u64) -> u64;

    /// Nanoseconds since a reading of the counter.
    #[inline]
    fn since_ns(&self, count: u64) -> u64 {
        self.between_ns(count, self.count())
    }

    /// Nanoseconds on the monotonic clock, since a beginning of its own.
    fn mono(&self) -> u64;

    /// The wall clock.
    fn wall(&self) -> WallNs;

    /// Starts the thread that ticks for `time`, or wakes it where it parks. Whether there is one.
    fn wake(&self, time: &'static MachineTime<Self>) -> bool;
}

/// The time of a machine, for all caches of a process.
#[derive(Debug)]
pub(super) struct MachineTime<M> {
    /// What a hit reads, on a cache line of its own.
    coarse: Coarse,
    steps: Steps,
    /// Which process of a line of forks has the ticker: a child has none of its parent's threads.
    forks: u64,
    /// No thread is asked for before this reading.
    no_thread_until: AtomicU64,
    machine: M,
}

impl<M: Machine> MachineTime<M> {
    pub(super) fn new(machine: M) -> MachineTime<M> {
        let ahead = machine.wall().saturating_sub(reading(machine.mono()).cast_signed());
        MachineTime {
            coarse: Coarse::new(),
            steps: Steps::new(ahead),
            forks: forks(),
            no_thread_until: AtomicU64::new(0),
            machine,
        }
    }

    /// Counts the steps of the wall clock.
    pub(super) fn steps(&self) -> &Steps {
        &self.steps
    }

    pub(super) fn machine(&self) -> &M {
        &self.machine
    }

    /// A precise reading of both clocks. Notices a step of the wall clock, and publishes itself.
    pub(super) fn now(&self) -> (MonoNs, WallNs) {
        let (mono, wall) = self.read();
        (self.coarse.follow(mono), wall)
    }

    /// A precise reading of the monotonic clock alone. Not published: whoever takes a published time has
    /// found the steps up to it counted.
    pub(super) fn mono(&self) -> MonoNs {
        reading(self.machine.mono())
    }

    /// The time for a hit: the published one, or where that is not known, or this hit looks and it is not
    /// of the last millisecond, a precise reading. One load and a thread's own count where there is nothing
    /// to be done.
    ///
    /// To look is to read the processor's counter, which takes a fifth of what a precise reading takes. A
    /// count of less than a millisecond since the publication says what a precise reading would say of the
    /// published time: that it is at most that far behind.
    #[inline]
    pub(super) fn of_hit(&'static self) -> MonoNs {
        let looks = looks();
        match self.coarse.seen().known() {
            Some(now) if !looks => now,
            _ => self.of_hit_that_looks(looks),
        }
    }

    /// The same for a hit that has read the processor's counter a moment ago, and looks for those to come.
    #[inline]
    pub(super) fn of_hit_begun(&'static self, count: u64) -> MonoNs {
        let since = CHECKED_EVERY.wrapping_sub(LEFT.get());
        if since < CHECKED_AT_HAND { self.of_hit() } else { self.of_hit_that_looks_at(count) }
    }

    #[inline(never)]
    fn of_hit_that_looks_at(&'static self, count: u64) -> MonoNs {
        LEFT.set(CHECKED_EVERY);
        // As below.
        let stamp = self.coarse.stamp();
        let seen = self.coarse.seen();
        if seen.is_known() && self.machine.between_ns(stamp, count) < BEHIND_NS {
            return seen.reading();
        }
        self.of_hit_that_reads(true)
    }

    /// The same if that is all there is to do, and the time is before `until`: a hit that returns nothing is
    /// none yet, and asks [`MachineTime::of_hit`].
    #[inline]
    pub(super) fn of_hit_before(&self, until: MonoNs) -> Option<MonoNs> {
        if looks() {
            // So does the one that asks again.
            LEFT.set(1);
            return None;
        }
        self.coarse.seen().known().filter(|now| *now < until)
    }

    #[inline(never)]
    fn of_hit_that_looks(&'static self, looks: bool) -> MonoNs {
        if looks {
            LEFT.set(CHECKED_EVERY);
        }
        // 1. The stamp before the word, which is no older then.
        let stamp = self.coarse.stamp();
        let seen = self.coarse.seen();
        if seen.is_known() && self.machine.since_ns(stamp) < BEHIND_NS {
            return seen.reading();
        }
        self.of_hit_that_reads(looks)
    }

    #[cold]
    fn of_hit_that_reads(&'static self, looks: bool) -> MonoNs {
        // 2. The count before the reading, which is no older then.
        let count = self.machine.count();
        let read = self.read().0;
        // 3. A child of a fork has nobody who would keep what it publishes.
        if forks() != self.forks {
            return read;
        }
        // 4. A parked ticker is woken for many hits, not for each of a few: one costs less than a tick.
        let wakes = looks && self.may_wake(read);
        // 5. Published before the ticker wakes, which would park again if it found the word as it was.
        let (now, woken) = self.coarse.publish(read, count, wakes);
        if woken {
            self.wake(now);
        }
        now
    }

    /// Takes back what a parent has published, in its child.
    pub(super) fn leave_parent(&self) {
        self.coarse.park();
    }

    fn may_wake(&self, now: MonoNs) -> bool {
        // Relaxed: a bound on how often a thread is asked for; nothing is published by it.
        now >= self.no_thread_until.load(Ordering::Relaxed)
    }

    fn wake(&'static self, now: MonoNs) {
        if !self.machine.wake(self) {
            // Relaxed: as in `may_wake`.
            self.no_thread_until.store(now.saturating_add(RETRY_NS), Ordering::Relaxed);
            self.coarse.park();
        }
    }

    /// What the ticker does at each tick. Whether it is to park, until `is_parked` says no more.
    pub(super) fn tick(&self, asks: bool) -> bool {
        let count = self.machine.count();
        let now = self.read().0;
        self.coarse.tick(now, count, asks).is_parked()
    }

    /// Whether the ticker is to stay parked.
    pub(super) fn is_parked(&self) -> bool {
        self.coarse.seen().is_parked()
    }

    fn read(&self) -> (MonoNs, WallNs) {
        let (mono, wall) = (reading(self.machine.mono()), self.machine.wall());
        // Before the reading is published: see `Coarse::seen`.
        self.steps.note(wall.saturating_sub(mono.cast_signed()));
        (mono, wall)
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
