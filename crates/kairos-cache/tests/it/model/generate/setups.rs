// Draws configurations, those that a running cache takes included.
// Never knows: what a sequence does under them.
// Read next: `../setup.rs`, for what there is to be drawn.

use kairos_cache::{DriftMeasure, EvaluateAt};

use crate::model::operation::{HOUR, MINUTE, MS, SECOND};
use crate::model::setup::Setup;

use super::Draw;

pub(super) fn setup(draw: &mut Draw) -> Setup {
    // Odd nanoseconds, here and in `work`: two timers hardly ever share an instant, and so no
    // order among them has to be foretold.
    let soft_timeout = if draw.one_in(2) { 0 } else { draw.of(&[50 * MS, SECOND]) + 333 };
    // Bounds on either side of what prices usually move by.
    let (soft, hard) = draw.of(&[(0.0, 0.0), (0.01, 0.0), (0.0, 0.01), (0.01, 0.03), (0.01, 0.05)]);
    let setup = Setup {
        seed: draw.next(),
        loader: draw.one_in(2),
        capacity: if draw.one_in(6) { draw.of(&[2, 4]) } else { 10_000 },
        enabled: !draw.one_in(40),
        default_ttl: draw.of(&[HOUR, HOUR, 10 * SECOND]),
        jitter: draw.of(&[0.0, 0.0, 0.0, 0.1, 0.5]),
        negative_ttl: draw.of(&[0, 0, 20 * SECOND, 2 * HOUR]),
        in_play_ttl: draw.of(&[0, 0, 10 * SECOND]),
        evaluate: draw.of(&[
            EvaluateAt::Read,
            EvaluateAt::Read,
            EvaluateAt::Read,
            EvaluateAt::Insert,
        ]),
        volatility: !draw.one_in(16),
        min_relative_sigma: draw.of(&[0.005, 0.005, 0.0]),
        max_samples: draw.of(&[100, 100, 5]),
        breaker: !draw.one_in(8),
        breaker_min_reads: draw.of(&[60, 3, 10]),
        max_stale: draw.of(&[HOUR, HOUR, 20 * SECOND]),
        max_concurrent_refreshes: draw.of(&[5, 1, 2]),
        xfetch: draw.one_in(2),
        soft_timeout,
        max_concurrent: draw.of(&[0, 0, 2]),
        queue: draw.of(&[1000, 1, 0]),
        max_stale_if_error: draw.of(&[0, 24 * HOUR, 3 * MINUTE]),
        throttle: draw.of(&[5 * SECOND, 5 * SECOND, 0]),
        soft,
        hard,
        measure: draw.of(DriftMeasure::ALL),
        dry_run: draw.one_in(10),
        silence_after: draw.of(&[0, 30 * SECOND + 777, 5 * MINUTE + 777]),
        silent_ttl: draw.of(&[60 * SECOND, 5 * SECOND]),
        max_feeds: draw.of(&[64, 1]),
        quiet: draw.of(&[
            [0; 6],
            [0, 0, 0, 0, 0, 24 * HOUR],
            [30 * SECOND, MINUTE, 2 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR],
        ]),
    };
    setup.grounded()
}

/// Another configuration that a running cache may take.
pub(super) fn reloaded(draw: &mut Draw, setup: &Setup) -> Setup {
    let mut other = self::setup(draw);
    if draw.one_in(2) {
        // One field alone, so that what is under way meets it.
        let mut same = setup.clone();
        match draw.below(10) {
            0 => same.breaker = !same.breaker,
            1 => same.soft_timeout = other.soft_timeout,
            2 => same.max_stale_if_error = other.max_stale_if_error,
            3 => same.negative_ttl = other.negative_ttl,
            4 => same.in_play_ttl = other.in_play_ttl,
            5 => same.evaluate = other.evaluate,
            6 => same.max_concurrent_refreshes = other.max_concurrent_refreshes,
            7 => (same.max_concurrent, same.queue) = (other.max_concurrent, other.queue),
            8 => {
                (same.soft, same.hard) = (other.soft, other.hard);
                (same.measure, same.dry_run) = (other.measure, other.dry_run);
            }
            _ => same.throttle = other.throttle,
        }
        other = same;
    }
    // A running book of odds keeps its windows; how a shorter one is cut is not a read's business.
    other.max_samples = setup.max_samples;
    other.loader = setup.loader;
    other.capacity = setup.capacity;
    // What a feed has been under the one is not said again under the other.
    (other.silence_after, other.max_feeds) = (setup.silence_after, setup.max_feeds);
    other.grounded()
}
