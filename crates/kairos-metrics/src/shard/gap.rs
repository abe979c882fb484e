// Which of a thread's timings are taken: the first, and then one after each gap of random length.
// Never knows: what is timed, and by which clock.
// Read next: `tally.rs`, which has one for each histogram of a thread.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use super::cell::Cell;
use crate::sync::const_where_atomics_are;

/// The gap between the last timing that was taken and the next; its owner writes it alone.
///
/// Gaps of one length would take every timing of a kind, or none, where the kinds alternate: a gap is
/// drawn evenly from 1 to twice the mean. The timing that ends a gap has its length for a weight, so
/// that it stands for those that were not taken before it, and the weights never exceed the timings.
#[derive(Debug)]
pub(super) struct Gap {
    /// How many timings there are up to the next that is taken, itself included; 0 before the first.
    left: Cell,
    /// The length of the gap.
    length: Cell,
    /// The mean that it was drawn for, as it was asked for.
    mean: Cell,
    /// The state of the generator; 0 before the first gap.
    random: Cell,
}

impl Gap {
    const_where_atomics_are! {
        pub(super) fn new() -> Gap {
            Gap { left: Cell::new(0), length: Cell::new(0), mean: Cell::new(0), random: Cell::new(0) }
        }
    }

    const_where_atomics_are! {
        /// Nobody's, of which no timing is told at once: by none of the short ways.
        pub(super) fn nowhere() -> Gap {
            Gap { left: Cell::new(0), length: Cell::new(1), mean: Cell::new(0), random: Cell::new(0) }
        }
    }

    /// Passes a timing over, if that is all there is to do.
    #[inline]
    pub(super) fn passes_over(&self, every: u32) -> bool {
        let left = self.left.load();
        let passes = left > 1 && self.mean.load() == every.into();
        if passes {
            self.left.set(left - 1);
        }
        passes
    }

    /// Whether the owner's next timing is passed over, and nothing else is to be done about it.
    #[inline]
    pub(super) fn would_pass_over(&self, every: u32) -> bool {
        self.left.load() > 1 && self.mean.load() == every.into()
    }

    /// Counts a timing that is passed over, as `would_pass_over` has said. What was counted meanwhile may have
    /// ended the gap but for one, which waits then.
    #[inline]
    pub(super) fn pass_over(&self) {
        let left = self.left.load();
        if left > 1 {
            self.left.set(left - 1);
        }
    }

    /// Whether a timing is taken for itself alone: each is, and nothing waits to be stood for.
    #[inline]
    pub(super) fn takes_each(&self, every: u32) -> bool {
        every <= 1 && self.left.load() == self.length.load()
    }

    /// Whether the next timing is to be taken, if the gap was drawn for this mean; of
    /// [`nowhere`](Self::nowhere) with 0 it is, which is true of every gap.
    #[inline]
    pub(super) fn short_is_due(&self, every: u32) -> Option<bool> {
        let left = self.left.load();
        (self.mean.load() == every.into()).then_some(left <= 1)
    }

    /// The weight of the owner's next timing, if it is to be taken; one in `every` is, or all with 0
    /// or 1.
    pub(super) fn due(&self, every: u32) -> Option<u32> {
        if self.takes_each(every) {
            return Some(1);
        }
        if !self.is_due(every) {
            self.left.set(self.left.load() - 1);
            return None;
        }
        // Those since the last that was taken, this one included; each of them once, whatever mean
        // they were passed over with.
        let passed = self.length.load() - self.left.load() + 1;
        let length = self.draw(every);
        self.begin(every, length, length);
        Some(u32::try_from(passed).unwrap_or(u32::MAX))
    }

    /// Whether [`due`](Self::due) would take the owner's next timing. A gap that was drawn for another
    /// mean is drawn anew, as if the mean had been this one from its start.
    pub(super) fn is_due(&self, every: u32) -> bool {
        let left = self.left.load();
        if left > 1 && self.mean.load() != every.into() {
            let passed = self.length.load() - left + 1;
            // One that would have ended by now ends with the next timing.
            let length = self.draw(every).max(passed);
            self.begin(every, length, length - passed + 1);
        } else {
            // Where the next timing ends the gap, its mean says no more, and may be asked for again.
            self.mean.set(every.into());
        }
        self.left.load() <= 1
    }

    fn begin(&self, mean: u32, length: u64, left: u64) {
        self.mean.set(mean.into());
        self.length.set(length);
        self.left.set(left);
    }

    /// A length of that mean, 0 for 1: from 1 to twice the mean less one, all alike likely; of a mean
    /// above 2^31 as far to both sides as a weight of 32 bits allows.
    fn draw(&self, mean: u32) -> u64 {
        let mean = u64::from(mean.max(1));
        let reach = (mean - 1).min(u64::from(u32::MAX) - mean);
        if reach == 0 {
            return mean;
        }
        let numbers = u128::from(2 * reach + 1);
        // The upper half of the product is even to one part in 2^31.
        mean - reach + ((u128::from(self.random()) * numbers) >> u64::BITS) as u64
    }

    /// `SplitMix64` (Steele, Lea and Flood, 2014).
    fn random(&self) -> u64 {
        let state = match self.random.load() {
            0 => RandomState::new().build_hasher().finish(),
            state => state,
        };
        let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next timing is a new owner's first.
    pub(super) fn restart(&self) {
        self.left.set(0);
        self.length.set(0);
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A gap whose generator starts at a known number.
    fn gap(seed: u64) -> Gap {
        let gap = Gap::new();
        gap.random.set(seed);
        gap
    }

    #[test]
    fn the_first_timing_stands_for_itself_and_the_others_for_their_gap() {
        for (seed, every) in [(1, 2_u32), (2, 3), (3, 10), (4, 1_000), (5, 1), (6, 0)] {
            let gap = gap(seed);
            assert_eq!(gap.due(every), Some(1));
            let (mut since, mut lengths) = (0, Vec::new());
            for _ in 0..2_000 * every.max(1) {
                since += 1;
                if let Some(weight) = gap.due(every) {
                    assert_eq!(weight, since, "the gap that ended");
                    lengths.push(u64::from(weight));
                    since = 0;
                }
            }
            let mean = lengths.iter().sum::<u64>() as f64 / lengths.len() as f64;
            let every = every.max(1);
            assert!((mean / f64::from(every) - 1.0).abs() < 0.06, "{mean} of {every}");
            assert!(lengths.iter().all(|length| (1..2 * u64::from(every)).contains(length)));
            assert!(every == 1 || lengths.iter().any(|length| *length != lengths[0]));
        }
    }

    #[test]
    fn a_period_of_any_length_is_seen_by_its_weight() {
        for (seed, every, period) in [(1, 2, 2), (2, 4, 2), (3, 64, 2), (4, 64, 64), (5, 6, 3)] {
            let gap = gap(seed);
            let mut weights = vec![0_u64; period];
            let calls = 400_000;
            for call in 0..calls {
                weights[call % period] += u64::from(gap.due(every).unwrap_or(0));
            }
            let share = (calls / period) as f64;
            for weight in &weights[..2] {
                let of_share = *weight as f64 / share;
                assert!((0.75..1.25).contains(&of_share), "{of_share} with {every} of {period}");
            }
        }
    }

    #[test]
    fn weights_are_the_timings_passed_over_whatever_the_mean_changes_to() {
        let gap = gap(7);
        let (mut weights, mut calls, mut since) = (0, 0, 0);
        let means = [1_u32, 5, 1_000, 3, 0, u32::MAX, 2, 40, 1, 1, 7, 100_000, 50];
        for turn in 0..20_000 {
            let every = means[turn / 3 % means.len()];
            (calls, since) = (calls + 1, since + 1);
            if let Some(weight) = gap.due(every) {
                weights += weight;
                assert_eq!(weight, since, "each is stood for once");
                since = 0;
            }
            assert!(weights <= calls);
        }
        assert_eq!(gap.due(1), Some(since + 1), "what waits is stood for by the next");
        assert_eq!([gap.due(1), gap.due(0), gap.due(1)], [Some(1); 3]);
    }

    proptest! {
        #[test]
        fn what_is_due_is_told_and_nothing_changes_by_it(
            seed in 1_u64..,
            means in prop::collection::vec((0_u32..20, 0_u8..4), 1..400),
        ) {
            let gap = gap(seed);
            let mut since = 0;
            for (every, asked) in means {
                let short = gap.short_is_due(every);
                let told = (asked > 0).then(|| gap.is_due(every));
                prop_assert!(short.is_none() || told.is_none() || short == told);
                (1..asked).for_each(|_| assert_eq!(Some(gap.is_due(every)), told));
                prop_assert!(told.is_none() || gap.short_is_due(every) == told);
                // The short ways first, as they are gone.
                let taken = if gap.would_pass_over(every) && asked % 2 == 0 {
                    gap.pass_over();
                    None
                } else if gap.passes_over(every) {
                    None
                } else if gap.takes_each(every) {
                    Some(1)
                } else {
                    gap.due(every)
                };
                prop_assert!(told.is_none_or(|told| told == taken.is_some()));
                prop_assert!(short.is_none_or(|short| short == taken.is_some()));
                since += 1;
                if let Some(weight) = taken {
                    prop_assert_eq!(weight, since);
                    since = 0;
                }
            }
        }
    }

    #[test]
    fn of_nobodys_gap_nothing_is_told_at_once() {
        let gap = Gap::nowhere();
        for every in [0, 1, 2, 16, u32::MAX] {
            assert!(!gap.passes_over(every) && !gap.takes_each(every));
            assert!(!gap.would_pass_over(every));
            assert_eq!(gap.short_is_due(every), (every == 0).then_some(true));
        }
    }

    #[test]
    fn a_length_is_drawn_around_every_mean() {
        let gap = gap(9);
        for mean in [1, 2, 3, 1 << 31, (1 << 31) + 1, u32::MAX - 1, u32::MAX] {
            let lengths: Vec<u64> = (0..1_000).map(|_| gap.draw(mean)).collect();
            assert!(lengths.iter().all(|length| (1..=u64::from(u32::MAX)).contains(length)));
            let average = lengths.iter().sum::<u64>() as f64 / 1_000.0;
            assert!((average / f64::from(mean) - 1.0).abs() < 0.1, "{average} of {mean}");
        }
    }
}
