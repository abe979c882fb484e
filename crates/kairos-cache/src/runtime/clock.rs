// Time: the only file that asks the operating system for it, and a manual clock for tests and replay.
// Never knows: what a deadline means.
// Read next: `mod.rs` for timers and tasks.

#![expect(clippy::disallowed_methods, reason = "this is the clock")]

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::BoxFuture;
use super::manual::{Manual, Sleep};
use super::steps::Steps;
use super::tokio_time::TokioTime;
use crate::policy::{MonoNs, Now, WallNs};
use crate::truth::Version;

/// What stands for a deadline that the platform's clock does not reach.
const FAR_AWAY: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// A source of monotonic and wall time, cheap to clone.
///
/// ```
/// use kairos_cache::{Cache, Clock};
///
/// let cache: Cache<u8, u8> = Cache::builder().clock(Clock::system()).build()?; // The default.
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
struct Source {
    kind: Kind,
    /// The wall reading when the monotonic one was zero.
    began: WallNs,
    steps: Steps,
}

#[derive(Debug)]
enum Kind {
    System { origin: Instant },
    Manual(Arc<Manual>),
    Tokio(TokioTime),
}

impl Clock {
    /// Returns the operating system's clocks.
    pub fn system() -> Clock {
        Clock::of(Kind::System { origin: Instant::now() }, wall_ns(SystemTime::now()))
    }

    /// Returns a clock that stands still, and the hand that moves it.
    pub fn manual(start: SystemTime) -> (Clock, ManualClock) {
        let wall = wall_ns(start);
        let readings = Arc::new(Manual::new(wall));
        (Clock::of(Kind::Manual(Arc::clone(&readings)), wall), ManualClock(readings))
    }

    /// Returns the clock of the current tokio runtime: it stands still while that time is paused,
    /// and moves with it. The wall reading moves along.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn tokio() -> Clock {
        Clock::of(Kind::Tokio(TokioTime::of_current()), wall_ns(SystemTime::now()))
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

    /// The reading of the monotonic clock alone.
    pub(crate) fn mono(&self) -> MonoNs {
        match &self.0.kind {
            Kind::System { origin } => nanos(origin.elapsed()),
            Kind::Manual(manual) => manual.read().mono,
            Kind::Tokio(time) => nanos(time.elapsed()),
        }
    }

    /// What a hit takes for the time.
    pub(crate) fn of_hit(&self, _coarse: bool) -> MonoNs {
        self.now().mono
    }

    /// Starts to time something.
    #[inline]
    pub(crate) fn begin(&self) -> Timing {
        Timing(self.mono())
    }

    /// The nanoseconds since.
    pub(crate) fn took(&self, since: Timing) -> u64 {
        self.mono().saturating_sub(since.0)
    }

    /// The second of the day's clock as it was when this one began: it never goes back.
    pub(crate) fn second(&self, now: MonoNs) -> u64 {
        let began = u64::try_from(self.0.began).unwrap_or(0);
        began.saturating_add(now) / 1_000_000_000
    }

    /// Counts the steps of the wall clock by more than 100 ms.
    pub(crate) fn steps(&self) -> &Version {
        self.0.steps.version()
    }

    fn read(&self) -> Now {
        match &self.0.kind {
            Kind::System { .. } => Now { mono: self.mono(), wall: wall_ns(SystemTime::now()) },
            Kind::Manual(manual) => manual.read(),
            Kind::Tokio(_) => {
                let mono = self.mono();
                Now { mono, wall: self.0.began.saturating_add_unsigned(mono) }
            }
        }
    }

    /// When a deadline comes by the operating system's clock, of which this is to be one.
    pub(super) fn instant(&self, deadline: MonoNs) -> Instant {
        let origin = match &self.0.kind {
            Kind::System { origin } => *origin,
            Kind::Manual(_) | Kind::Tokio(_) => Instant::now(),
        };
        let after = |time| origin.checked_add(time);
        after(Duration::from_nanos(deadline)).or_else(|| after(FAR_AWAY)).unwrap_or(origin)
    }

    /// A sleep by this clock, if its time is not the operating system's.
    pub(super) fn sleep_until(&self, deadline: MonoNs) -> Option<BoxFuture> {
        match &self.0.kind {
            Kind::System { .. } => None,
            Kind::Manual(readings) => Some(Box::pin(Sleep::new(Arc::clone(readings), deadline))),
            Kind::Tokio(time) => Some(Box::pin(time.sleep_until(Duration::from_nanos(deadline)))),
        }
    }
}

/// The hand that moves a manual [`Clock`].
///
/// ```
/// # use kairos_cache::{Cache, Clock, Context};
/// # use std::time::{Duration, UNIX_EPOCH};
/// let (clock, hand) = Clock::manual(UNIX_EPOCH);
/// let cache: Cache<u8, u32> = Cache::builder().clock(clock).build()?;
/// cache.insert(&1, &Context::none(), 10)?;
/// hand.advance(Duration::from_secs(60));
/// hand.step_wall(UNIX_EPOCH); // The age goes by the other reading.
/// assert_eq!(cache.get(&1).expect("fresh").receipt().age, Duration::from_secs(60));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[derive(Debug)]
pub struct ManualClock(Arc<Manual>);

impl ManualClock {
    /// Moves both readings forward, and wakes what sleeps by the clock and is due.
    pub fn advance(&self, by: Duration) {
        self.advance_ns(nanos(by));
    }

    /// Moves the wall reading alone: a clock step.
    pub fn step_wall(&self, to: SystemTime) {
        self.0.set_wall(wall_ns(to));
    }

    pub(crate) fn advance_ns(&self, by: u64) {
        self.0.advance(by);
    }
}

/// The start of something that is timed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing(u64);

/// A duration in nanoseconds, saturating after 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The system's time that is so many nanoseconds after the Unix epoch.
pub(crate) fn system_time(wall: WallNs) -> SystemTime {
    let distance = Duration::from_nanos(wall.unsigned_abs());
    if wall < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
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

#[cfg(all(test, not(kairos_loom)))]
mod tests;
