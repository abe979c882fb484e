// Counts as plain data: every cell read once, and what stood there when a category was reset.
// Never knows: how counts are recorded, or which keys are derived from them.
// Read next: `mod.rs` records them, `keys.rs` derives the 34 keys.
// Why: `docs/decisions/0006-reads-are-counted-by-reason-and-volatility.md`.

use kairos_metrics::HistogramSnapshot;

use crate::policy::{Reason, Strategy, Volatility, Zone};
use crate::stats::event_counts::EventSums;
use crate::truth::Fate;

/// Columns of the table of reads: how volatility was scored.
pub(crate) const SCORES: [&str; 4] =
    ["unscored", Volatility::Normal.name(), Volatility::Warning.name(), Volatility::Panic.name()];

/// A group of keys that can be reset by itself.
///
/// ```
/// use kairos_cache::Category;
///
/// assert_eq!((Category::Swr.name(), "base".parse()), ("swr", Ok(Category::Base)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Hits, misses, errors.
    Base,
    /// `vix_*` and `cache_bypass_vix`.
    Volatility,
    /// `golden_hour_*`.
    GoldenHour,
    /// `swr_*`.
    Swr,
    /// Events and invalidations.
    Tags,
    /// `strategy_*`.
    Strategy,
    /// Requests and latency.
    Performance,
}

impl Category {
    /// Every category.
    pub const ALL: [Category; 7] = [
        Category::Base,
        Category::Volatility,
        Category::GoldenHour,
        Category::Swr,
        Category::Tags,
        Category::Strategy,
        Category::Performance,
    ];

    /// Returns the category's name.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Base => "base",
            Category::Volatility => "volatility",
            Category::GoldenHour => "golden_hour",
            Category::Swr => "swr",
            Category::Tags => "tags",
            Category::Strategy => "strategy",
            Category::Performance => "performance",
        }
    }
}

/// Every cell, read once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) reads: [[u64; SCORES.len()]; Reason::ALL.len()],
    pub(crate) stored: [u64; Zone::ALL.len()],
    pub(crate) failed: u64,
    pub(crate) refreshed: u64,
    pub(crate) refresh_failed: u64,
    pub(crate) events: EventSums,
    pub(crate) full: u64,
    pub(crate) markets_invalidated: u64,
}

impl Counts {
    pub(crate) fn of(&self, which: impl Fn(Reason) -> bool) -> u64 {
        let rows = Reason::ALL.iter().zip(&self.reads);
        rows.filter(|(reason, _)| which(**reason)).map(|(_, row)| row.iter().sum::<u64>()).sum()
    }

    pub(crate) fn strategy(&self, strategy: Strategy) -> u64 {
        self.of(|reason| reason.strategy() == strategy)
    }

    pub(crate) fn scored(&self, score: usize) -> u64 {
        self.reads.iter().map(|row| row[score]).sum()
    }

    pub(crate) fn stored(&self, zone: Zone) -> u64 {
        self.stored[zone as usize]
    }
}

/// The counts when each category was last reset. Counters themselves never go back.
#[derive(Default)]
pub(crate) struct Baselines {
    pub(crate) counts: [Counts; Category::ALL.len()],
    pub(crate) latency: Option<HistogramSnapshot>,
}

/// Counts since the cache was built, beside the 34 keys.
///
/// With the feature `serde` an object of its fields; on reading back an absent one is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Activity {
    /// Misses and too-stale reads that another caller's compute answered.
    pub coalesced_computes: u64,
    /// Bypasses that another caller's compute answered.
    pub coalesced_bypasses: u64,
    /// Bypasses that arrived while a compute of their key ran, and so waited for the next one.
    pub queued_bypasses: u64,
    /// Computes started for misses and too-stale reads.
    pub computes_for_misses: u64,
    /// Computes started for bypasses.
    pub computes_for_bypasses: u64,
    /// Computes started as background refreshes.
    pub computes_for_refreshes: u64,
    /// Computes that waited because too many were running.
    pub computes_queued: u64,
    /// Computes refused because the queue was full or the cache had shut down.
    pub computes_refused: u64,
    /// Refreshes not started because too many were running.
    pub refreshes_skipped: u64,
    /// Steps of the panic breaker, up or down.
    pub breaker_steps: u64,
    /// Reads of suspended or closed markets.
    pub suspended_reads: u64,
    /// Odds observations refused.
    pub observations_refused: u64,
    /// Live entries evicted to make room.
    pub evictions: u64,
    /// Times a match was resolved without a state because too many were in use.
    pub matches_over_bound: u64,
    /// Times a tag was given the shared mark because too many were in use.
    pub tags_over_bound: u64,
    /// Reads and fills refused because too many keys were being computed or filled.
    pub flights_over_bound: u64,
    /// Words of feeds that count for none, because there were too many feeds.
    pub feeds_over_bound: u64,
    /// Moves of prices beyond the soft bound on drift, and not beyond the hard one.
    pub moves_soft: u64,
    /// Moves of prices beyond the hard bound on drift.
    pub moves_hard: u64,
    /// Live entries that died by a move.
    pub died_by_moves: u64,
    /// Times that a feed has fallen silent.
    pub feed_silences: u64,
}

/// Something for which there was no room.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bounded {
    /// A match that gets no state.
    Matches,
    /// A tag that has to share its mark.
    Tags,
    /// A read or fill whose key got no flight.
    Flights,
    /// A feed whose words count for none.
    Feeds,
}

impl Bounded {
    pub(crate) const ALL: [Bounded; 4] =
        [Bounded::Matches, Bounded::Tags, Bounded::Flights, Bounded::Feeds];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Bounded::Matches => "matches",
            Bounded::Tags => "tags",
            Bounded::Flights => "flights",
            Bounded::Feeds => "feeds",
        }
    }
}

/// Why a value that a compute found was not stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Discarded {
    /// An invalidation has covered it, or its match bars storing.
    Covered,
    /// What began later stands.
    Older,
    /// Its TTL is zero, the cache is off, or its match has no state.
    NotStorable,
    /// It weighs more than the bound, or cannot be weighed.
    TooHeavy,
}

impl Discarded {
    pub(crate) const ALL: [Discarded; 4] =
        [Discarded::Covered, Discarded::Older, Discarded::NotStorable, Discarded::TooHeavy];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Discarded::Covered => "covered",
            Discarded::Older => "older",
            Discarded::NotStorable => "not_storable",
            Discarded::TooHeavy => "too_heavy",
        }
    }

    /// The reason of what became of a value, unless that stands.
    pub(crate) fn of(fate: Fate) -> Option<Discarded> {
        match fate {
            Fate::Stands => None,
            Fate::Covered => Some(Discarded::Covered),
            Fate::Older => Some(Discarded::Older),
            Fate::NotStorable => Some(Discarded::NotStorable),
            // Of a value that is said only where it cannot be kept.
            Fate::Gone => Some(Discarded::TooHeavy),
        }
    }
}

/// The current size of everything in a cache that has a bound.
///
/// With the feature `serde` an object of its fields; on reading back an absent one is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Sizes {
    /// Entries, including dead ones that are not reclaimed yet.
    pub entries: u64,
    /// Matches that have a state.
    pub matches: usize,
    /// Tags with a mark of their own.
    pub tags: usize,
    /// Keys with a compute running, waiting or held by a fill.
    pub flights: usize,
}
