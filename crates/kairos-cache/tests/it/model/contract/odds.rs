// Odds windows: what is refused, how a price is scored, and how long a status holds.
// Never knows: entries and reads.
// Read next: `decide.rs`, which scores the prices of a read.

use kairos_cache::{FeedStatus, Volatility};

use crate::model::operation::{MINUTE, PRICED, SECOND};
use crate::model::setup::Setup;

use super::Instant;

const WINDOW: i64 = (30 * MINUTE).cast_signed();
const HOLD: i64 = (30 * SECOND).cast_signed();
const FUTURE: i64 = (60 * SECOND).cast_signed();

/// What a read meets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Signal {
    pub(super) status: Volatility,
    pub(super) z: f64,
    pub(super) scored: bool,
    /// What the feeds of the match say.
    pub(super) feed: FeedStatus,
}

impl Signal {
    pub(super) const NONE: Signal =
        Signal { status: Volatility::Normal, z: 0.0, scored: false, feed: FeedStatus::None };

    fn scored(status: Volatility, z: f64) -> Signal {
        Signal { status, z, scored: true, ..Signal::NONE }
    }
}

/// The windows of one match.
#[derive(Debug, Default)]
pub(super) struct Book {
    windows: [Window; PRICED.len()],
    /// Every panic and warning that was observed, in order.
    observed: Vec<Observed>,
    /// The date of the newest observation of any market, on the monotonic clock.
    newest: Option<i64>,
}

#[derive(Debug, Default)]
struct Window {
    /// Dated by the wall clock, oldest first.
    samples: Vec<(i64, f64)>,
    /// The date of the newest on the monotonic clock: there it ages, however the wall clock steps.
    newest: i64,
}

#[derive(Debug)]
struct Observed {
    status: Volatility,
    z: f64,
    /// On the monotonic clock.
    until: i64,
}

impl Book {
    /// Nothing if the observation is refused.
    pub(super) fn observe(
        &mut self,
        setup: &Setup,
        priced: usize,
        price: f64,
        at: i64,
        now: Instant,
    ) -> Option<Volatility> {
        let window = &mut self.windows[priced];
        let newest = window.samples.last().map_or(i64::MIN, |sample| sample.0);
        let stepped_back = newest > now.wall + FUTURE;
        let newest = if stepped_back { i64::MIN } else { newest };
        if !is_decimal(price) || now.wall - at > WINDOW || at < newest || at - now.wall > FUTURE {
            return None;
        }
        if stepped_back {
            window.samples.clear();
        }
        window.samples.retain(|sample| at - sample.0 <= WINDOW);
        let z = window.z(setup, price);
        let status = status(z);
        if status != Volatility::Normal {
            let ago = (now.wall - at).max(0);
            self.observed.push(Observed { status, z, until: now.mono.cast_signed() - ago + HOLD });
        }
        window.newest = now.mono.cast_signed() + at - now.wall;
        self.newest = self.newest.max(Some(window.newest));
        window.samples.push((at, price));
        if window.samples.len() > setup.max_samples {
            window.samples.remove(0);
        }
        Some(status)
    }

    /// The read's own prices against the windows.
    pub(super) fn score(&self, setup: &Setup, prices: &[(usize, f64)], now: Instant) -> Signal {
        let score = |(priced, price): &(usize, f64)| {
            let window = &self.windows[*priced];
            let usable = is_decimal(*price) && window.is_current(now);
            if usable { window.z(setup, *price) } else { 0.0 }
        };
        let z = prices.iter().map(score).fold(0.0, f64::max);
        Signal::scored(status(z), z)
    }

    /// Whether there has been an observation of the market that was accepted.
    pub(super) fn knows(&self, priced: usize) -> bool {
        !self.windows[priced].samples.is_empty()
    }

    /// The status that observations have published.
    pub(super) fn published(&self, now: Instant) -> Signal {
        if self.newest.is_none_or(|newest| now.mono.cast_signed() - newest > WINDOW) {
            return Signal::NONE;
        }
        for status in [Volatility::Panic, Volatility::Warning] {
            let holding = self
                .observed
                .iter()
                .filter(|o| o.status == status && now.mono.cast_signed() < o.until)
                .max_by_key(|o| o.until);
            if let Some(observed) = holding {
                return Signal::scored(status, observed.z);
            }
        }
        Signal::scored(Volatility::Normal, 0.0)
    }

    /// When the published status may change next, on the monotonic clock.
    pub(super) fn edges(&self) -> impl Iterator<Item = i64> {
        self.observed.iter().map(|o| o.until)
    }
}

impl Window {
    fn is_current(&self, now: Instant) -> bool {
        !self.samples.is_empty() && now.mono.cast_signed() - self.newest <= WINDOW
    }

    /// The z of a price that has not joined the window.
    fn z(&self, setup: &Setup, price: f64) -> f64 {
        let n = self.samples.len();
        if n < 3 {
            return 0.0;
        }
        let mean = self.samples.iter().map(|sample| sample.1).sum::<f64>() / n as f64;
        let squares: f64 = self.samples.iter().map(|sample| (sample.1 - mean).powi(2)).sum();
        let sigma = (squares / (n - 1) as f64).sqrt().max(setup.min_relative_sigma * mean);
        // A flat window of equal prices may leave a rounding error behind instead of zero.
        if sigma < 1e-12 { 0.0 } else { (price - mean).abs() / sigma }
    }
}

/// Whether an observation that was refused may have been a price: a better one of now may be missing.
pub(super) fn may_be_price(price: f64, at: i64, now: Instant) -> bool {
    !is_decimal(price) || at - now.wall > FUTURE
}

fn is_decimal(price: f64) -> bool {
    price.is_finite() && price > 1.0
}

fn status(z: f64) -> Volatility {
    if z >= 2.0 - 1e-9 {
        Volatility::Panic
    } else if z >= 1.5 - 1e-9 {
        Volatility::Warning
    } else {
        Volatility::Normal
    }
}
