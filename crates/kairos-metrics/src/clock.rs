// Time: raw ticks of the processor's counter, and their length.
// Never knows: histograms, names. It is the only file that reads the system's time.
// Read next: `instrument/timer.rs`, which times with it.

#![expect(clippy::disallowed_methods, reason = "this is the clock")]

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::sync::{AtomicU64, Ordering};

/// The source of time of a registry: for its timers, creation stamps and idle series.
///
/// Cloning is cheap, and clones share their source.
///
/// ```
/// use kairos_metrics::Clock;
///
/// for clock in [Clock::ticks(), Clock::system()] {
///     let start = clock.raw();
///     let end = clock.raw();
///     assert_eq!(clock.delta_ns(end, start.min(end)), 0, "never negative");
/// }
/// let (clock, hand) = Clock::manual();
/// let start = clock.raw();
/// hand.advance(1_500);
/// assert_eq!(clock.delta_ns(start, clock.raw()), 1_500);
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    /// Nanoseconds in 2^[`SCALE_BITS`] ticks.
    scale: u64,
}

/// Enough for a tick of 4 µs, and for differences of 2^52 ticks (weeks, of a fast counter) without
/// arithmetic of 128 bits.
const SCALE_BITS: u32 = 52;

#[derive(Clone, Debug)]
enum Source {
    /// The invariant TSC of x86-64 or the virtual counter of aarch64 where there is one, else the
    /// operating system's monotonic clock; quanta finds out which and calibrates once a process.
    Ticks(quanta::Clock),
    /// The operating system's monotonic clock; its ticks are nanoseconds.
    System(Instant),
    /// Set by hand.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// Creates a clock on the processor's counter: the invariant TSC of x86-64, the virtual counter
    /// of aarch64.
    ///
    /// On a machine without a counter that can be trusted across processors, and in a build with
    /// `--cfg kairos_os_clock`, it is [`Clock::system`]. The first call in a process calibrates the
    /// counter against the operating system's clock, which takes about 10 ms and at most 200 ms.
    pub fn ticks() -> Clock {
        if cfg!(kairos_os_clock) {
            return Clock::system();
        }
        let clock = quanta::Clock::new();
        let scale = clock.delta_as_nanos(0, 1 << SCALE_BITS);
        Clock { source: Source::Ticks(clock), scale }
    }

    /// Creates a clock on the operating system's monotonic clock, which needs no calibration; a
    /// reading costs two to three times that of [`Clock::ticks`].
    pub fn system() -> Clock {
        Clock { source: Source::System(Instant::now()), scale: 1 << SCALE_BITS }
    }

    /// Creates a clock that stays at zero until its [`ManualClock`] moves it; for tests and
    /// simulations.
    pub fn manual() -> (Clock, ManualClock) {
        let now = Arc::new(AtomicU64::new(0));
        let source = Source::Manual(Arc::clone(&now));
        (Clock { source, scale: 1 << SCALE_BITS }, ManualClock(now))
    }

    /// Returns a raw reading, of which only the [difference](Clock::delta_ns) to another one has a
    /// meaning.
    #[inline]
    pub fn raw(&self) -> u64 {
        match &self.source {
            Source::Ticks(clock) => clock.raw(),
            Source::System(_) | Source::Manual(_) => self.raw_slowly(),
        }
    }

    /// Out of line: it would keep what reads the counter from being inlined.
    #[inline(never)]
    fn raw_slowly(&self) -> u64 {
        match &self.source {
            Source::Ticks(clock) => clock.raw(),
            Source::System(origin) => origin.elapsed().as_nanos() as u64,
            // Relaxed: a reading publishes nothing.
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Returns the nanoseconds between two raw readings; zero when `end` is before `start`, as
    /// readings on different processors may be.
    #[inline]
    pub fn delta_ns(&self, start: u64, end: u64) -> u64 {
        let ticks = end.wrapping_sub(start);
        if ticks >> SCALE_BITS != 0 {
            return self.long_delta_ns(start, end);
        }
        // Shifted up, so that the upper half of the product is the result.
        let ticks = u128::from(ticks << (u64::BITS - SCALE_BITS));
        ((ticks * u128::from(self.scale)) >> u64::BITS) as u64
    }

    /// `delta_ns` of what runs backwards, or on for weeks.
    #[cold]
    fn long_delta_ns(&self, start: u64, end: u64) -> u64 {
        let ns = u128::from(end.saturating_sub(start)) * u128::from(self.scale);
        u64::try_from(ns >> SCALE_BITS).unwrap_or(u64::MAX)
    }

    /// Nanoseconds of wall time since the epoch, zero before it; of a manual clock, its own time.
    pub(crate) fn unix_ns(&self) -> u64 {
        match &self.source {
            Source::Manual(_) => self.raw(),
            Source::Ticks(_) | Source::System(_) => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)),
        }
    }
}

/// Moves a manual clock; made by [`Clock::manual`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Moves the clock forward by `ns` nanoseconds.
    ///
    /// ```
    /// use kairos_metrics::{Clock, ManualClock};
    ///
    /// let (clock, hand): (Clock, ManualClock) = Clock::manual();
    /// hand.advance(7);
    /// assert_eq!(clock.delta_ns(0, clock.raw()), 7);
    /// ```
    pub fn advance(&self, ns: u64) {
        // Relaxed: whoever moves the clock orders that with the readers itself.
        self.0.fetch_add(ns, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let (clock, hand) = Clock::manual();
        let start = clock.raw();
        hand.advance(1_500);
        assert_eq!(clock.delta_ns(start, clock.raw()), 1_500);
        assert_eq!(clock.unix_ns(), 1_500);
        assert_eq!(clock.delta_ns(clock.raw(), start), 0);
    }

    #[test]
    fn readings_never_decrease_on_one_thread_and_deltas_never_underflow() {
        for clock in [Clock::ticks(), Clock::system()] {
            let mut last = clock.raw();
            for _ in 0..10_000 {
                let now = clock.raw();
                assert!(now >= last);
                assert_eq!(clock.delta_ns(now, last), clock.delta_ns(last.max(now), last));
                last = now;
            }
            assert_eq!(clock.delta_ns(5, 3), 0);
        }
    }

    /// A clock whose ticks are `scale / 2^52` nanoseconds long.
    fn scaled(scale: u64) -> Clock {
        Clock { scale, ..Clock::system() }
    }

    #[test]
    fn ticks_of_every_length_are_converted_as_exact_arithmetic_does() {
        // A third of a nanosecond, one, and 52 (a counter of 19.2 MHz).
        for scale in [(1 << 52) / 3, 1 << 52, 52 << 52] {
            let clock = scaled(scale);
            for power in 0..64 {
                for ticks in [(1_u64 << power) - 1, 1 << power, (1 << power) + 1] {
                    let exact = (u128::from(ticks) * u128::from(scale)) >> 52;
                    let expected = u64::try_from(exact).unwrap_or(u64::MAX);
                    assert_eq!(clock.delta_ns(0, ticks), expected, "{ticks} of {scale}");
                }
            }
            for start in [1, 1 << 52, 1 << 62] {
                assert_eq!(clock.delta_ns(start, 0), 0, "what runs backwards is zero");
                assert_eq!(clock.delta_ns(start, start), 0);
            }
        }
    }

    #[test]
    fn the_system_clock_counts_in_nanoseconds_as_ticks_do_without_a_counter() {
        for power in [0, 20, 51, 52, 53, 63] {
            assert_eq!(Clock::system().delta_ns(7, 7 + (1 << power)), 1 << power);
        }
        #[cfg(kairos_os_clock)]
        assert!(matches!(Clock::ticks().source, Source::System(_)));
    }

    #[test]
    fn calibrated_ticks_agree_with_the_system_clock() {
        // The two clocks bracket each other, so that a descheduled thread widens the bracket
        // instead of failing the claim.
        let (ticks, system) = (Clock::ticks(), Clock::system());
        let (outer_start, start) = (system.raw(), ticks.raw());
        let inner_start = system.raw();
        while system.delta_ns(inner_start, system.raw()) < 20_000_000 {
            std::hint::spin_loop();
        }
        let (inner_end, end) = (system.raw(), ticks.raw());
        let outer_end = system.raw();
        let measured = ticks.delta_ns(start, end) as f64;
        assert!(measured >= (inner_end - inner_start) as f64 * 0.99, "{measured}");
        assert!(measured <= (outer_end - outer_start) as f64 * 1.01, "{measured}");
    }
}
