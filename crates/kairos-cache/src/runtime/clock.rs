// Time: the only file that asks the operating system for it, and a manual clock for tests and replay.
// Never knows: what a deadline means.
// Read next: `mod.rs` for timers and tasks.

#![expect(clippy::disallowed_methods, reason = "this is the clock")]

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::policy::{MonoNs, Now, WallNs};
use crate::sync::{AtomicI64, AtomicU64, Mutex, Ordering};
use crate::truth::Version;

/// A wall clock that moves by more than this against the monotonic one has stepped.
const STEP_NS: u64 = 100_000_000;

/// A source of monotonic and wall time, cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
struct Source {
    kind: Kind,
    /// The wall reading when the monotonic one was zero.
    began: WallNs,
    steps: Steps,
}

/// Notices when the wall clock has stepped.
#[derive(Debug)]
pub struct Steps {
    /// Wall minus monotonic, when a step was last noticed.
    offset: AtomicI64,
    version: Version,
}

impl Steps {
    /// A clock whose wall reading is this far ahead of its monotonic one.
    pub fn new(offset: i64) -> Steps {
        Steps { offset: AtomicI64::new(offset), version: Version::new() }
    }

    /// Counts the steps noticed.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Compares a reading with the offset known. When this returns, a step that the reading shows
    /// has been counted.
    pub fn note(&self, offset: i64) {
        // Acquire: a reader that finds the offset known sees the step counted; pairs with the
        // Release below.
        // Model: a_reading_after_a_step.
        if offset.abs_diff(self.offset.load(Ordering::Acquire)) > STEP_NS {
            // Counted before it is known: see above.
            self.version.touch();
            // Release: pairs with the Acquire above. Two readers that notice one step count two.
            self.offset.store(offset, Ordering::Release);
        }
    }
}

#[derive(Debug)]
enum Kind {
    System { origin: Instant },
    Manual { mono: AtomicU64, wall: AtomicI64 },
}

impl Clock {
    /// Returns the operating system's clocks.
    pub fn system() -> Clock {
        Clock::of(Kind::System { origin: Instant::now() }, wall_ns(SystemTime::now()))
    }

    /// Returns a clock that stands still, and the hand that moves it.
    pub fn manual(start: SystemTime) -> (Clock, ManualClock) {
        let wall = AtomicI64::new(wall_ns(start));
        let clock = Clock::of(Kind::Manual { mono: AtomicU64::new(0), wall }, wall_ns(start));
        (clock.clone(), ManualClock(clock))
    }

    fn of(kind: Kind, began: WallNs) -> Clock {
        // The monotonic reading is zero now, or as good as that.
        Clock(Arc::new(Source { kind, began, steps: Steps::new(began) }))
    }

    /// One reading of both clocks. Notices a step of the wall clock.
    pub(crate) fn now(&self) -> Now {
        let now = self.read();
        self.0.steps.note(now.wall.saturating_sub(now.mono.cast_signed()));
        now
    }

    /// The second of the day's clock as it was when this one began: it never goes back.
    pub(crate) fn second(&self, now: Now) -> u64 {
        let began = u64::try_from(self.0.began).unwrap_or(0);
        began.saturating_add(now.mono) / 1_000_000_000
    }

    /// Counts the steps of the wall clock by more than 100 ms.
    pub(crate) fn steps(&self) -> &Version {
        self.0.steps.version()
    }

    fn read(&self) -> Now {
        match &self.0.kind {
            Kind::System { origin } => {
                Now { mono: nanos(origin.elapsed()), wall: wall_ns(SystemTime::now()) }
            }
            Kind::Manual { mono, wall } => {
                // Acquire: what the owner did before it moved the clock is visible; pairs with
                // the Release in `ManualClock`.
                Now { mono: mono.load(Ordering::Acquire), wall: wall.load(Ordering::Acquire) }
            }
        }
    }
}

/// The hand that moves a manual [`Clock`].
#[derive(Debug)]
pub struct ManualClock(Clock);

impl ManualClock {
    /// Moves both readings forward.
    pub fn advance(&self, by: Duration) {
        self.advance_ns(nanos(by));
    }

    /// Moves the wall reading alone: a clock step.
    pub fn step_wall(&self, to: SystemTime) {
        if let Kind::Manual { wall, .. } = &self.0.0.kind {
            wall.store(wall_ns(to), Ordering::Release); // Release: pairs with `Clock::read`.
        }
    }

    pub(crate) fn advance_ns(&self, by: u64) {
        if let Kind::Manual { mono, wall } = &self.0.0.kind {
            // Release: pairs with the Acquire in `Clock::read`. Only the owner writes, so a load
            // and a store lose nothing. Relaxed: the owner's own writes.
            mono.store(mono.load(Ordering::Relaxed).saturating_add(by), Ordering::Release);
            let ahead = i64::try_from(by).unwrap_or(i64::MAX);
            // Release and Relaxed: as above.
            wall.store(wall.load(Ordering::Relaxed).saturating_add(ahead), Ordering::Release);
        }
    }
}

/// Lets something happen once in each second in which anything happens.
#[derive(Debug)]
pub struct SecondHand<T> {
    /// The newest second that has begun.
    second: AtomicU64,
    state: Mutex<T>,
}

impl<T> SecondHand<T> {
    /// A hand at zero.
    pub fn new(state: T) -> SecondHand<T> {
        SecondHand { second: AtomicU64::new(0), state: Mutex::new(state) }
    }

    /// Whether a second, or a later one, has begun.
    pub fn has_begun(&self, second: u64) -> bool {
        // Acquire: a caller that finds the second begun sees what its beginning did; pairs with
        // the Release in `note`. Model: a_second_begins_once.
        self.second.load(Ordering::Acquire) >= second
    }

    /// Runs `begin` unless `second` or a later one has begun already. When this returns it has.
    ///
    /// `then` gets what `begin` returned, in the order of the seconds, and may look at the time.
    pub fn note<R>(&self, second: u64, begin: impl FnOnce(&mut T) -> R, then: impl FnOnce(R)) {
        if self.has_begun(second) {
            return;
        }
        let mut state = self.state.lock();
        // Relaxed: written under the lock only.
        if self.second.load(Ordering::Relaxed) >= second {
            return;
        }
        let outcome = begin(&mut state);
        // Release: pairs with the Acquire in `has_begun`.
        self.second.store(second, Ordering::Release);
        then(outcome);
    }
}

/// A duration in nanoseconds, saturating after 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds since the Unix epoch, saturating at the ends of `i64`.
pub(crate) fn wall_ns(time: SystemTime) -> WallNs {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, i64::wrapping_neg)
        }
    }
}

/// How long from `now` until `deadline`; zero if it has passed.
pub(crate) fn until(now: Now, deadline: MonoNs) -> Duration {
    Duration::from_nanos(deadline.saturating_sub(now.mono))
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
