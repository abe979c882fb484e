// The operating system's time, one for all caches of the process: precise readings, and what a hit takes.
// Never knows: caches, deadlines, or how a thread ticks and parks.
// Read next: `coarse.rs` for the published word; `ticker.rs` for the thread and the clocks behind this.
// Why: `docs/decisions/0020-a-hit-takes-a-published-time.md`.

use std::cell::Cell;

use kairos_metrics::forks;

use super::coarse::{Coarse, reading, unmarked};
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

/// For how long after a reading of the clocks a thread goes by the processor's counter from there on. In that
/// time a counter that is a ten-thousandth off is off by 20 ns.
const ANCHORED_NS: u64 = 200_000;

/// A reading that took longer was held up: by the count from before it the time would be ahead.
const HELD_UP_NS: u64 = 2_000;

/// A reading of both clocks by one thread, and the processor's counter right before it.
#[derive(Clone, Copy)]
struct Anchor {
    /// The machine whose clocks these are.
    of: usize,
    count: u64,
    /// How many steps of the wall clock had been noticed before.
    steps: u64,
    mono: MonoNs,
    wall: WallNs,
}

thread_local! {
    /// The newest reading of this thread.
    static ANCHOR: Cell<Anchor> =
        const { Cell::new(Anchor { of: 0, count: 0, steps: 0, mono: 0, wall: 0 }) };

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

    /// A precise reading of both clocks. Notices a step of the wall clock, within [`ANCHORED_NS`], and publishes
    /// itself where that pays.
    #[inline]
    pub(super) fn now(&self) -> (MonoNs, WallNs) {
        self.now_as(false)
    }

    /// The same, or an `exact` one, which asks the operating system and notices a step at once.
    #[inline]
    pub(super) fn now_as(&self, exact: bool) -> (MonoNs, WallNs) {
        if let Some((mono, wall)) = self.anchored().filter(|_| !exact)
            && let Some(mono) = self.coarse.newest(mono)
        {
            return (mono, wall);
        }
        let (mono, wall) = self.anchor();
        (self.coarse.follow(mono), wall)
    }

    /// The wall clock alone.
    pub(super) fn wall_as(&self, exact: bool) -> WallNs {
        self.anchored().filter(|_| !exact).unwrap_or_else(|| self.anchor()).1
    }

    /// A reading by the counter, if the thread has read the clocks just now: what the counter has added since,
    /// at a quarter of the cost of reading both. Not published, since it has looked for no step.
    #[inline]
    fn anchored(&self) -> Option<(MonoNs, WallNs)> {
        let Anchor { of, count, steps, mono, wall } = ANCHOR.get();
        let now = self.machine.count();
        // A counter that has run backwards, as on a machine that was moved, says nothing.
        let ns = self.machine.between_ns(count, now);
        // Whoever has found a step counted goes by no wall reading from before it.
        let is_near = of == self.name()
            && now >= count
            && ns < ANCHORED_NS
            && steps == self.steps.version().current();
        is_near.then(|| (reading(mono + ns), wall.saturating_add_unsigned(ns)))
    }

    /// A reading of both clocks, from which the thread goes on by the counter.
    #[inline(never)]
    fn anchor(&self) -> (MonoNs, WallNs) {
        // Before them: what is due by the clocks is due by the counter. Ahead by as much as the reading takes.
        let (steps, count) = (self.steps.version().current(), self.machine.count());
        let (mono, wall) = self.read();
        let took = self.machine.since_ns(count);
        let last = ANCHOR.get();
        // The thread has had at most this: its time does not go back.
        let added = self.machine.between_ns(last.count, count).min(ANCHORED_NS);
        let had = if last.of == self.name() { reading(last.mono + added) } else { 0 };
        let mono = mono.max(had);
        if took < HELD_UP_NS {
            let mono = unmarked(mono);
            ANCHOR.set(Anchor { of: self.name(), count, steps, mono, wall });
        }
        (mono, wall)
    }

    /// What tells this machine from others.
    #[inline]
    fn name(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// A precise reading of the monotonic clock alone. Not published.
    pub(super) fn mono_as(&self, exact: bool) -> MonoNs {
        self.anchored().filter(|_| !exact).unwrap_or_else(|| self.anchor()).0
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
