// An observation of a match's odds: the rules for it, who tells it, and what came of it.
// Never knows: windows, locks, or entries.
// Read next: `odds.rs`, which takes observations in.

use std::sync::Arc;

use crate::error::ObservationError;
use crate::matches::feed::{FeedState, Turned};
use crate::policy::{DriftRule, FeedRule, MonoNs, Now, ScoreRule, Volatility, WallNs};

/// The rules by which odds are observed and scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OddsRule {
    pub(crate) enabled: bool,
    pub(crate) window_ns: u64,
    pub(crate) max_samples: usize,
    pub(crate) max_markets: usize,
    pub(crate) status_hold_ns: u64,
    pub(crate) score: ScoreRule,
    pub(crate) drift: DriftRule,
    /// The number of the configuration that `drift` is of, among those that have changed it.
    pub(crate) drift_epoch: u64,
    pub(crate) feed: FeedRule,
}

/// An observation may be dated at most this far ahead of now.
pub(super) const MAX_AHEAD_NS: i64 = 60_000_000_000;

/// An observation of a match's odds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observation<'a> {
    pub(crate) market: &'a str,
    pub(crate) price: f64,
    pub(crate) at: WallNs,
}

/// Who tells an observation, and when.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) now: Now,
    /// The feed; `None` for one beyond the bound.
    pub(crate) feed: Option<&'a Arc<FeedState>>,
}

/// The outcome of an observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Observed {
    /// The status that the price was scored with.
    pub(crate) status: Volatility,
    /// The z-score of the price.
    pub(crate) z: f64,
    /// When the price leaves the window.
    pub(crate) leaves_window: MonoNs,
    /// Whether what readers of the match see has changed.
    pub(crate) changed: bool,
    /// What the feed's word has changed.
    pub(crate) turned: Option<Turned>,
}

/// Whether an observation can be a price of now.
pub(super) fn check(
    Observation { price, at, .. }: Observation<'_>,
    now: Now,
    rule: &OddsRule,
) -> Result<(), ObservationError> {
    if !(price.is_finite() && price > 1.0) {
        return Err(ObservationError::Price(price));
    }
    let ahead = at.saturating_sub(now.wall);
    if ahead > MAX_AHEAD_NS {
        return Err(ObservationError::InFuture);
    }
    if ahead < -signed(rule.window_ns) {
        return Err(ObservationError::TooOld);
    }
    Ok(())
}

pub(super) fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}
