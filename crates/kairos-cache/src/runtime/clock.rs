// Time: of the operating system, of a tokio runtime, and a manual clock for tests and replay.
// Never knows: what a deadline means.
// Read next: `machine_time.rs` for the operating system's; `mod.rs` for timers and tasks.

#![expect(clippy::disallowed_methods, reason = "this is the clock")]

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::BoxFuture;
use super::machine_time::{Machine, MachineTime};
use super::manual::{Manual, Sleep};
use super::nanos::{nanos, wall_ns};
use super::steps::Steps;
use super::ticker::{Os, machine_time};
use super::tokio_time::TokioTime;
use crate::policy::{MonoNs, Now, WallNs};
use crate::sync::{AtomicBool, Ordering};
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
pub struct Clock {
    source: Source,
    /// The wall reading when the monotonic one was zero.
    began: WallNs,
    /// Every reading asks the operating system, for a cache without a coarse time. Shared by a cache's parts.
    is_exact: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
enum Source {
    /// The operating system's clocks, and the monotonic reading that is this one's zero.
    System(&'static MachineTime<Os>, MonoNs),
    Given(Arc<Given>),
}

/// A time that is not the operating system's.
#[derive(Debug)]
struct Given {
    kind: Kind,
    steps: Steps,
}

#[derive(Debug)]
enum Kind {
    Manual(Arc<Manual>),
    Tokio(TokioTime),
}

impl Clock {
    /// Returns the operating system's clocks.
    pub fn system() -> Clock {
        let time = machine_time();
        let (origin, began) = time.now();
        Clock { source: Source::System(time, origin), began, is_exact: Arc::default() }
    }

    /// Returns a clock that stands still, and the hand that moves it.
    pub fn manual(start: SystemTime) -> (Clock, ManualClock) {
        let wall = wall_ns(start);
        let readings = Arc::new(Manual::new(wall));
        (Clock::given(Kind::Manual(Arc::clone(&readings)), wall), ManualClock(readings))
    }

    /// Returns the clock of the current tokio runtime: it stands still while that time is paused,
    /// and moves with it. The wall reading moves along.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn tokio() -> Clock {
        Clock::given(Kind::Tokio(TokioTime::of_current()), wall_ns(SystemTime::now()))
    }

    fn given(kind: Kind, began: WallNs) -> Clock {
        // The monotonic reading is zero now, or as good as that.
        let given = Given { kind, steps: Steps::new(began) };
        Clock { source: Source::Given(Arc::new(given)), began, is_exact: Arc::default() }
    }

    /// The same clock for the parts of one cache.
    pub(crate) fn of_a_cache(&self) -> Clock {
        Clock { is_exact: Arc::default(), ..self.clone() }
    }

    /// Whether every reading is to ask the operating system.
    pub(crate) fn set_exact(&self, is_exact: bool) {
        // Relaxed: who reads after this has returned sees it by that alone.
        self.is_exact.store(is_exact, Ordering::Relaxed);
    }

    fn is_exact(&self) -> bool {
        self.is_exact.load(Ordering::Relaxed) // Relaxed: as above.
    }

    /// One reading of both clocks. Notices a step of the wall clock.
    pub(crate) fn now(&self) -> Now {
        match &self.source {
            Source::System(time, origin) => {
                let (mono, wall) = time.now_as(self.is_exact());
                Now { mono: mono.saturating_sub(*origin), wall }
            }
            Source::Given(given) => {
                let now = given.read(self.began);
                given.steps.note(now.wall.saturating_sub(now.mono.cast_signed()));
                now
            }
        }
    }

    /// The reading of the wall clock alone. Notices no step.
    pub(crate) fn wall(&self) -> WallNs {
        match &self.source {
            Source::System(time, _) => time.wall_as(self.is_exact()),
            Source::Given(given) => given.read(self.began).wall,
        }
    }

    /// The reading of the monotonic clock alone.
    pub(crate) fn mono(&self) -> MonoNs {
        match &self.source {
            Source::System(time, origin) => time.mono_as(self.is_exact()).saturating_sub(*origin),
            Source::Given(given) => given.mono(),
        }
    }

    /// What a hit takes for the monotonic reading. A `coarse` one of the operating system's is at most
    /// 1 ms behind while the ticker runs, and if that has stopped for at most 16 hits of a thread; never
    /// behind an earlier hit of the same thread, nor 50 µs behind its last `now`. Any other is precise. Notices a step of the wall
    /// clock: whoever finds a time from beyond it here finds it counted.
    #[inline]
    pub(crate) fn of_hit(&self, coarse: bool) -> MonoNs {
        match &self.source {
            // A clock may be younger than what is published.
            Source::System(time, origin) if coarse => time.of_hit().saturating_sub(*origin),
            _ => self.precise(),
        }
    }

    /// The same for a hit that is timed since a moment ago.
    #[inline]
    pub(crate) fn of_hit_begun(&self, begun: Timing, coarse: bool) -> MonoNs {
        match &self.source {
            Source::System(time, origin) if coarse => {
                time.of_hit_begun(begun.0).saturating_sub(*origin)
            }
            _ => self.precise(),
        }
    }

    /// An instant for hits that ask often whether it has come; nothing where each has to read the clock.
    pub(crate) fn deadline(&self, until: MonoNs, coarse: bool) -> Option<Deadline> {
        match self.source {
            Source::System(time, origin) if coarse => {
                Some(Deadline { time, origin, until: until.saturating_add(origin) })
            }
            _ => None,
        }
    }

    /// Both readings for a hit that goes by rules: `mono` is what [`Clock::of_hit`] has returned to it. The wall
    /// reading of a `coarse` one is the wall clock's as it was then, but for steps that are too small to be
    /// noticed; any other is precise.
    pub(crate) fn now_of_hit(&self, mono: MonoNs, coarse: bool) -> Now {
        match &self.source {
            Source::System(time, origin) if coarse => {
                Now { mono, wall: time.steps().wall_at(mono.saturating_add(*origin)) }
            }
            _ => self.now(),
        }
    }

    /// Out of line, so that hits are as short as a published time allows.
    #[inline(never)]
    fn precise(&self) -> MonoNs {
        self.now().mono
    }

    /// Starts to time something, by the processor's counter where the time is the operating system's.
    #[inline]
    pub(crate) fn begin(&self) -> Timing {
        match &self.source {
            Source::System(time, _) => Timing(time.machine().count()),
            Source::Given(given) => Timing(given.mono()),
        }
    }

    /// The nanoseconds since.
    #[inline]
    pub(crate) fn took(&self, since: Timing) -> u64 {
        match &self.source {
            Source::System(time, _) => time.machine().since_ns(since.0),
            Source::Given(given) => given.mono().saturating_sub(since.0),
        }
    }

    /// The second of the day's clock as it was when this one began: it never goes back.
    pub(crate) fn second(&self, now: MonoNs) -> u64 {
        let began = u64::try_from(self.began).unwrap_or(0);
        began.saturating_add(now) / 1_000_000_000
    }

    /// When the second after this one begins.
    pub(crate) fn end_of_second(&self, second: u64) -> MonoNs {
        let began = u64::try_from(self.began).unwrap_or(0);
        second.saturating_add(1).saturating_mul(1_000_000_000).saturating_sub(began)
    }

    /// Counts the steps of the wall clock by more than 100 ms.
    pub(crate) fn steps(&self) -> &Arc<Version> {
        match &self.source {
            Source::System(time, _) => time.steps().version(),
            Source::Given(given) => given.steps.version(),
        }
    }

    /// When a deadline comes by the operating system's clock, of which this is to be one.
    pub(super) fn instant(&self, deadline: MonoNs) -> Instant {
        let (origin, deadline) = match &self.source {
            Source::System(time, origin) => {
                (time.machine().began(), deadline.saturating_add(*origin))
            }
            Source::Given(_) => (Instant::now(), deadline),
        };
        let after = |time| origin.checked_add(time);
        after(Duration::from_nanos(deadline)).or_else(|| after(FAR_AWAY)).unwrap_or(origin)
    }

    /// A sleep by this clock, if its time is not the operating system's.
    pub(super) fn sleep_until(&self, deadline: MonoNs) -> Option<BoxFuture> {
        let Source::Given(given) = &self.source else { return None };
        Some(match &given.kind {
            Kind::Manual(readings) => Box::pin(Sleep::new(Arc::clone(readings), deadline)),
            Kind::Tokio(time) => Box::pin(time.sleep_until(Duration::from_nanos(deadline))),
        })
    }
}

impl Given {
    fn mono(&self) -> MonoNs {
        match &self.kind {
            Kind::Manual(manual) => manual.read().mono,
            Kind::Tokio(time) => nanos(time.elapsed()),
        }
    }

    fn read(&self, began: WallNs) -> Now {
        match &self.kind {
            Kind::Manual(manual) => manual.read(),
            Kind::Tokio(_) => {
                let mono = self.mono();
                Now { mono, wall: began.saturating_add_unsigned(mono) }
            }
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

/// An instant as the published time is compared with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    time: &'static MachineTime<Os>,
    origin: MonoNs,
    /// By the operating system's clock.
    until: MonoNs,
}

impl Deadline {
    /// The time of a hit as [`Clock::of_hit`] returns it, if it is published and before the deadline. A hit that
    /// returns nothing asks the clock.
    #[inline]
    pub(crate) fn is_ahead(&self) -> Option<MonoNs> {
        Some(self.time.of_hit_before(self.until)?.saturating_sub(self.origin))
    }
}

/// The start of something that is timed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing(u64);

#[cfg(all(test, not(kairos_loom)))]
mod tests;
