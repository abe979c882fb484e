// The timing of a piece of work into a histogram: raw ticks at the start, converted at the stop.
// Never knows: which clock ticks, and where the histogram counts.
// Read next: `clock.rs`.

use super::histogram::Histogram;
use crate::shard::{self, Skipped};

/// Records the time from its start to its drop in a [`Histogram`].
///
/// Costs two raw clock readings and one record. Ticks are converted to nanoseconds before they are
/// counted: counted ticks would let the meaning of a bucket drift with the calibration.
///
/// ```
/// use kairos_metrics::{Clock, Precision, Registry};
///
/// let (clock, hand) = Clock::manual();
/// let registry = Registry::builder().clock(clock).build();
/// let steps = registry.histogram("step", "Steps of the work", Precision::two_digits())?;
/// let mut timer = steps.start();
/// hand.advance(30);
/// assert_eq!(timer.lap(), 30);
/// hand.advance(20);
/// assert_eq!(timer.stop(), 20);
/// steps.start().discard();
/// steps.time(|| hand.advance(5));
/// drop(steps.start_sampled(1));
/// assert_eq!(steps.snapshot().count(), 4);
/// # Ok::<(), kairos_metrics::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a timer that is dropped at once times nothing"]
pub struct Timer<'a> {
    histogram: &'a Histogram,
    start: u64,
    /// 0 when this timing is not taken.
    weight: u32,
}

/// A timing that is not taken; see [`Histogram::skip`].
#[derive(Clone, Copy, Debug)]
#[must_use = "it counts when `count` is called"]
pub struct Skip(Skipped);

impl Skip {
    /// Counts it.
    #[inline]
    pub fn count(self) {
        self.0.count();
    }
}

impl Histogram {
    /// Returns the weight of this thread's next timing, or `None` when that timing is not taken.
    ///
    /// A thread's first timing has the weight one; of the following ones, one in `every` is taken on
    /// average, after a gap of random length, which is its weight: the weights never exceed the
    /// number of calls, also where `every` changes. With 0 or 1, every timing is taken.
    #[inline]
    pub fn due(&self, every: u32) -> Option<u32> {
        shard::due(&self.place, every)
    }

    /// Returns whether [`due`](Self::due) would take this thread's next timing, which stays the next.
    ///
    /// Who learns only at the end of some work whether it is to be timed reads the clock at its start
    /// for no others. Costs two loads.
    ///
    /// ```
    /// use kairos_metrics::{Precision, Registry};
    ///
    /// let registry = Registry::new();
    /// let hits = registry.histogram("hit", "Latency of a hit", Precision::two_digits())?;
    /// let clock = hits.clock();
    /// for n in 0..100_u32 {
    ///     let start = hits.is_due(16).then(|| clock.raw());
    ///     let is_hit = n % 3 > 0;
    ///     if is_hit && let (Some(start), Some(weight)) = (start, hits.due(16)) {
    ///         hits.record_n(clock.delta_ns(start, clock.raw()), weight.into());
    ///     }
    /// }
    /// assert!(hits.snapshot().count() <= 66, "misses count for nothing");
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    #[inline]
    pub fn is_due(&self, every: u32) -> bool {
        shard::is_due(&self.place, every)
    }

    /// Returns how to count this thread's next timing as one that [`due`](Self::due) does not take; `None`
    /// where it takes it, or has a new gap to draw.
    ///
    /// What is dropped without [`count`](Skip::count) is as if it had never been asked for. With the count
    /// this costs four loads and a store, less than [`is_due`](Self::is_due) and `due`.
    ///
    /// ```
    /// use kairos_metrics::{Precision, Registry, Skip};
    ///
    /// let registry = Registry::new();
    /// let hits = registry.histogram("hit", "Latency of a hit", Precision::two_digits())?;
    /// let clock = hits.clock();
    /// for _ in 0..100 {
    ///     let skip: Option<Skip> = hits.skip(16);
    ///     let start = skip.is_none().then(|| clock.raw());
    ///     match (skip, start) {
    ///         (Some(skip), _) => skip.count(),
    ///         (None, Some(start)) => {
    ///             if let Some(weight) = hits.due(16) {
    ///                 hits.record_n(clock.delta_ns(start, clock.raw()), weight.into());
    ///             }
    ///         }
    ///         (None, None) => {}
    ///     }
    /// }
    /// let count = hits.snapshot().count();
    /// assert!(count > 0 && count <= 100);
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    #[inline]
    pub fn skip(&self, every: u32) -> Option<Skip> {
        shard::skip(&self.place, every).map(Skip)
    }

    /// Counts this thread's next timing as one that [`due`](Self::due) does not take, and returns true; false
    /// where it takes it, or has a new gap to draw: nothing is counted then.
    ///
    /// For what learns at its end that it is to be timed, and can be done once more: three loads and a store.
    ///
    /// ```
    /// use kairos_metrics::{Precision, Registry};
    ///
    /// let registry = Registry::new();
    /// let hits = registry.histogram("hit", "Latency of a hit", Precision::two_digits())?;
    /// let clock = hits.clock();
    /// for _ in 0..100 {
    ///     if !hits.pass_over(16) {
    ///         let start = clock.raw();
    ///         if let Some(weight) = hits.due(16) {
    ///             hits.record_n(clock.delta_ns(start, clock.raw()), weight.into());
    ///         }
    ///     }
    /// }
    /// let count = hits.snapshot().count();
    /// assert!(count > 0 && count <= 100);
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    #[inline]
    pub fn pass_over(&self, every: u32) -> bool {
        shard::passes_over(&self.place, every)
    }

    /// Starts a timer that records when it is dropped.
    #[inline]
    pub fn start(&self) -> Timer<'_> {
        Timer { histogram: self, start: self.clock().raw(), weight: 1 }
    }

    /// Starts a timer that is taken for this thread's first call, and then for one call in `every`
    /// on average, after gaps of random length; see [`Histogram::due`].
    ///
    /// A timing has the weight of the gap that it ends: the count lags the number of calls by fewer
    /// than `2 * every` per thread, and the clock is read only for timings that are taken.
    #[inline]
    pub fn start_sampled(&self, every: u32) -> Timer<'_> {
        match self.due(every) {
            Some(weight) => Timer { histogram: self, start: self.clock().raw(), weight },
            None => Timer { histogram: self, start: 0, weight: 0 },
        }
    }

    /// Runs `work` and records how long it took, including when it panics.
    #[inline]
    pub fn time<R>(&self, work: impl FnOnce() -> R) -> R {
        let _timer = self.start();
        work()
    }
}

impl Timer<'_> {
    /// Records the time since the start or the last lap and returns it in nanoseconds; 0 when this
    /// timing is not taken.
    #[inline]
    pub fn stop(self) -> u64 {
        let (ns, _) = record(self.histogram, self.start, self.weight);
        // Dropped, it would record again.
        std::mem::forget(self);
        ns
    }

    /// Records the time since the start or the last lap, returns it in nanoseconds, and starts the
    /// next lap; 0 when this timing is not taken.
    #[inline]
    pub fn lap(&mut self) -> u64 {
        let (ns, now) = record(self.histogram, self.start, self.weight);
        self.start = now;
        ns
    }

    /// Ends the timer without recording.
    #[inline]
    pub fn discard(self) {
        std::mem::forget(self);
    }
}

impl Drop for Timer<'_> {
    #[inline]
    fn drop(&mut self) {
        record_dropped(self.histogram, self.start, self.weight);
    }
}

/// Takes the parts of a timer, not the timer: one whose address is taken nowhere stays in
/// registers.
#[expect(clippy::inline_always, reason = "left to itself it becomes a call that saves registers")]
#[inline(always)]
fn record(histogram: &Histogram, start: u64, weight: u32) -> (u64, u64) {
    if weight == 0 {
        return (0, start);
    }
    let clock = histogram.clock();
    let now = clock.raw();
    let ns = clock.delta_ns(start, now);
    histogram.record_n(ns, weight.into());
    (ns, now)
}

/// Out of line, as a drop stands on every way out of the scope that is timed.
#[inline(never)]
fn record_dropped(histogram: &Histogram, start: u64, weight: u32) {
    record(histogram, start, weight);
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use crate::{Clock, Precision, Registry};

    #[test]
    fn a_timer_records_once_at_its_drop_its_stop_or_each_lap() {
        let (clock, hand) = Clock::manual();
        let registry = Registry::builder().clock(clock).build();
        let work = registry.histogram("work", "Work", Precision::three_digits()).unwrap();
        {
            let _timer = work.start();
            hand.advance(10);
        }
        let timer = work.start();
        hand.advance(20);
        assert_eq!(timer.stop(), 20);
        let mut timer = work.start();
        hand.advance(30);
        assert_eq!(timer.lap(), 30);
        hand.advance(5);
        assert_eq!(timer.lap(), 5, "a lap begins where the last one ended");
        hand.advance(40);
        timer.discard();
        assert_eq!(work.time(|| hand.advance(50)), ());
        let snapshot = work.snapshot();
        assert_eq!((snapshot.count(), snapshot.sum()), (5, 115));
        assert_eq!((snapshot.min(), snapshot.max()), (5, 50));
    }

    #[test]
    fn sampling_takes_the_first_timing_and_weighs_the_others_by_their_gap() {
        let (clock, hand) = Clock::manual();
        let registry = Registry::builder().clock(clock).build();
        let work = registry.histogram("work", "Work", Precision::two_digits()).unwrap();
        for calls in 1..=90 {
            let _timer = work.start_sampled(4);
            hand.advance(7);
            let counted = work.snapshot().count();
            assert!((calls - counted.min(calls)) < 8 && counted < calls, "{counted} of {calls}");
        }
        let waiting = 90 - work.snapshot().count();
        assert_eq!(work.snapshot().sum(), 7 * work.snapshot().count());
        assert_eq!(work.due(1), Some(1 + waiting as u32), "it stands for what waits, too");
        assert_eq!((work.due(0), work.due(1)), (Some(1), Some(1)));
    }
}
