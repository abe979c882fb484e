// The rules, as pure functions: plain values in, a verdict out.
// Never knows: a clock, an atomic, a lock, a future, moka, or any other module of this crate.
// Read next: `decide.rs`, which joins the others into the order of decisions of a read.

mod breaker;
mod decide;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod drift;
mod events;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod feed;
mod fnv;
mod freshness;
mod golden_hour;
mod volatility;

pub use breaker::BreakerLevel;
pub(crate) use breaker::{Breaker, BreakerRule, Scored};
pub(crate) use decide::{ReadPolicy, Signals, Standing, Verdict, freshness};
pub use decide::{Reason, Strategy};
pub(crate) use drift::References;
pub use drift::{DriftBound, DriftMeasure};
#[cfg(not(kairos_loom))]
pub(crate) use drift::{DriftRule, Moved};
#[cfg(kairos_loom)]
pub use drift::{DriftRule, Moved};
pub(crate) use events::impact_tenths;
pub use events::{EventGraph, EventId, GraphError, MarketId, MarketName};
pub use feed::FeedStatus;
#[cfg(not(kairos_loom))]
pub(crate) use feed::{FeedRule, Watch};
#[cfg(kairos_loom)]
pub use feed::{FeedRule, Watch};
pub(crate) use freshness::{EntryView, Evaluate, FreshnessPolicy, StaleRule, XFetchRule};
pub use golden_hour::Zone;
pub(crate) use golden_hour::{GoldenHour, ZoneRule, ZoneTtl};
pub use volatility::Volatility;
pub(crate) use volatility::{Moments, ScoreRule, Signal, Window};

/// Nanoseconds on the monotonic clock, counted from the clock's own origin.
pub(crate) type MonoNs = u64;

/// Nanoseconds since the Unix epoch, saturating at the ends of `i64` (years 1677 and 2262).
pub(crate) type WallNs = i64;

/// One reading of the clock: what an operation knows about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// Monotonic reading: ages and deadlines.
    pub mono: MonoNs,
    /// Wall reading: time to kickoff.
    pub wall: WallNs,
}

impl Now {
    /// The monotonic instant at which the wall clock will show `wall`, if it does not step; the
    /// past is clamped to the origin.
    pub(crate) fn mono_at(self, wall: WallNs) -> MonoNs {
        let ahead = wall.saturating_sub(self.wall);
        if ahead >= 0 {
            self.mono.saturating_add(ahead.unsigned_abs())
        } else {
            self.mono.saturating_sub(ahead.unsigned_abs())
        }
    }
}

/// The facts of a match that every reader of its entries obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub struct MatchFacts {
    /// Kickoff on the wall clock, if the match has been given one.
    pub kickoff: Option<WallNs>,
    /// Whether the line-up has been confirmed.
    pub lineup_confirmed: bool,
    /// Whether no move of its prices can have been missed, so that `quiet_ttl` applies.
    pub is_watched: bool,
}
