// The rules, as pure functions: plain values in, a verdict out.
// Never knows: a clock, an atomic, a lock, a future, moka, or any other module of this crate.
// Read next: `decide.rs`, which joins the others into the order of decisions of a read.

pub(crate) mod breaker;
pub(crate) mod decide;
pub(crate) mod events;
pub(crate) mod freshness;
pub(crate) mod golden_hour;
pub(crate) mod volatility;

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

/// What a match tells every reader of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub struct MatchFacts {
    /// Kickoff on the wall clock, if the match has been given one.
    pub kickoff: Option<WallNs>,
    /// Whether the line-up has been confirmed.
    pub lineup_confirmed: bool,
}
