//! Time: raw ticks of the processor's counter, and how long they are.
//! Never knows: histograms, names. It is the only file that asks the system for the time.
//! Read next: `timer.rs`, which times with it.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::sync::{AtomicU64, Ordering};

/// Where a registry's timers and creation stamps come from.
///
/// Cloning is cheap; clones share their source.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The invariant TSC of x86-64 or the virtual counter of aarch64 where there is one, else the
    /// operating system's monotonic clock; quanta finds out which and calibrates once a process.
    Ticks {
        clock: quanta::Clock,
        /// Nanoseconds in 2^32 ticks.
        scale: u64,
    },
    /// The operating system's monotonic clock; its ticks are nanoseconds.
    System(Instant),
    /// Set by hand.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The fastest counter that this machine has and that can be trusted across processors.
    ///
    /// The first call in a process calibrates it against the operating system's clock, which
    /// takes about 10 ms and at most 200 ms.
    pub fn ticks() -> Clock {
        let clock = quanta::Clock::new();
        let scale = clock.delta_as_nanos(0, 1 << 32);
        Clock(Source::Ticks { clock, scale })
    }

    /// The operating system's monotonic clock: no calibration, two to three times the cost.
    pub fn system() -> Clock {
        Clock(Source::System(Instant::now()))
    }

    /// A clock that stands at zero until it is moved; for tests and simulations.
    pub fn manual() -> (Clock, ManualClock) {
        let now = Arc::new(AtomicU64::new(0));
        (Clock(Source::Manual(Arc::clone(&now))), ManualClock(now))
    }

    /// A raw reading; only differences mean something, to [`Clock::delta_ns`].
    #[inline]
    pub fn raw(&self) -> u64 {
        match &self.0 {
            Source::Ticks { clock, .. } => clock.raw(),
            Source::System(origin) => origin.elapsed().as_nanos() as u64,
            // Relaxed: a reading publishes nothing.
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Nanoseconds between two raw readings; zero when `end` lies before `start`, as it may when
    /// they were taken on different processors.
    #[inline]
    pub fn delta_ns(&self, start: u64, end: u64) -> u64 {
        match &self.0 {
            Source::Ticks { scale, .. } => {
                let ticks = end.saturating_sub(start);
                ((u128::from(ticks) * u128::from(*scale)) >> 32) as u64
            }
            Source::System(_) | Source::Manual(_) => end.saturating_sub(start),
        }
    }

    /// Seconds and nanoseconds of wall time since the epoch; zero before it, and the manual
    /// clock's own time for a manual clock.
    pub(crate) fn unix_ns(&self) -> u64 {
        match &self.0 {
            Source::Manual(_) => self.raw(),
            Source::Ticks { .. } | Source::System(_) => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)),
        }
    }
}

/// The hand of a manual clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Moves the clock forward by `ns` nanoseconds.
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
