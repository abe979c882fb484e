// The stale-price exposure of a run: of all answered reads, and by the time to kickoff.
// Never knows: how an exposure is measured.
// Read next: `spread.rs` for percentiles, `rows.rs` for the rows.

use super::spread::Samples;

/// The number of stretches of time to kickoff.
pub(crate) const STRETCHES: usize = 8;

/// The lower ends of the stretches before kickoff, in ms, the last first.
const BEFORE_KICKOFF_MS: [i64; 5] = [24 * HOUR_MS, 6 * HOUR_MS, 3 * HOUR_MS, HOUR_MS, HOUR_MS / 4];

const HOUR_MS: i64 = 3_600_000;

/// Exposures, summed up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exposures {
    /// Of all answered reads with prices.
    pub(crate) all: Samples,
    by_stretch: [Part; STRETCHES],
}

/// The exposures of the reads in one stretch of time to kickoff.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Part {
    /// Answered reads with prices.
    pub(crate) reads: u64,
    /// The sum of their exposures.
    pub(crate) sum: f64,
}

impl Exposures {
    /// Adds the exposure of one read, `to_kickoff_ms` before the kickoff of its match if that is known.
    pub(crate) fn add(&mut self, exposure: f64, to_kickoff_ms: Option<i64>) {
        self.all.add(exposure);
        let part = &mut self.by_stretch[stretch_of(to_kickoff_ms)];
        part.reads += 1;
        part.sum += exposure;
    }

    /// The stretches in the order of the report: from the farthest to the nearest, in play, without a kickoff.
    pub(crate) fn by_stretch(&self) -> &[Part; STRETCHES] {
        &self.by_stretch
    }
}

/// The place of an instant among the stretches.
fn stretch_of(to_kickoff_ms: Option<i64>) -> usize {
    let Some(to_kickoff_ms) = to_kickoff_ms else { return STRETCHES - 1 };
    if to_kickoff_ms < 0 {
        return STRETCHES - 2;
    }
    BEFORE_KICKOFF_MS.partition_point(|end| *end > to_kickoff_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_begins_with_its_lower_end_and_kickoff_ends_the_last() {
        let check = |to_kickoff_ms, expected| assert_eq!(stretch_of(to_kickoff_ms), expected);
        check(Some(i64::MAX), 0);
        check(Some(24 * HOUR_MS), 0);
        check(Some(24 * HOUR_MS - 1), 1);
        check(Some(6 * HOUR_MS), 1);
        check(Some(6 * HOUR_MS - 1), 2);
        check(Some(3 * HOUR_MS - 1), 3);
        check(Some(HOUR_MS), 3);
        check(Some(HOUR_MS - 1), 4);
        check(Some(HOUR_MS / 4 - 1), 5);
        check(Some(0), 5);
        check(Some(-1), 6);
        check(None, 7);
    }

    #[test]
    fn the_parts_add_up_to_the_whole() {
        let mut exposures = Exposures::default();
        for (exposure, to_kickoff_ms) in [(0.5, Some(0)), (0.0, Some(1)), (0.25, None)] {
            exposures.add(exposure, to_kickoff_ms);
        }
        let of = exposures.by_stretch();
        assert_eq!(of[5], Part { reads: 2, sum: 0.5 });
        assert_eq!(of[7], Part { reads: 1, sum: 0.25 });
        let whole = exposures.all.spread().unwrap();
        assert_eq!((whole.count, whole.sum), (3, of.iter().map(|part| part.sum).sum()));
    }
}
