// Feeds: whether the prices of a match are still told, and what silence does to a read.
// Never knows: feeds by name, when they spoke, or clocks.
// Read next: `freshness.rs`, whose TTLs depend on it.

/// Whether the feeds that price a match are alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FeedStatus {
    /// No feed prices the match, or not all of its priced odds markets belong to one; or silence is not
    /// looked for (`feed.silence_after`).
    #[default]
    None,
    /// Every priced odds market of the match belongs to a feed that has spoken lately.
    Alive,
    /// A feed that prices the match has not.
    Silent,
}

impl FeedStatus {
    /// Every status.
    pub const ALL: &'static [FeedStatus] =
        &[FeedStatus::None, FeedStatus::Alive, FeedStatus::Silent];

    /// Returns the status' name in receipts.
    ///
    /// ```
    /// assert_eq!(kairos_cache::FeedStatus::Silent.name(), "silent");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            FeedStatus::None => "none",
            FeedStatus::Alive => "alive",
            FeedStatus::Silent => "silent",
        }
    }
}

/// When a feed is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedRule {
    /// How long after its last word; zero for never.
    pub silence_after_ns: u64,
}

/// What the feeds of a match say about its prices, as of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watch {
    /// Whether its feeds are alive.
    pub status: FeedStatus,
    /// Nothing that would move the match can have been missed: its entries live by `quiet_ttl`.
    pub is_watched: bool,
}
