// Moves of prices and turns of feeds, counted; which feeds are alive and how many matches are watched.
// Never knows: prices, or when a feed falls silent.
// Read next: `mod.rs`, which counts the rest.

use kairos_metrics::{Counter, Error, Gauge, GaugeFamily, Registry};

use crate::policy::{DriftBound, FeedStatus};

/// What drift and feeds have come to.
pub(crate) struct Moves {
    by_bound: [Counter; DriftBound::ALL.len()],
    died: Counter,
    silences: Counter,
    alive: GaugeFamily<1>,
    watched: Gauge,
}

impl Moves {
    pub(super) fn new(registry: &Registry) -> Result<Moves, Error> {
        let moves = registry.counter_family(
            "kairos_cache_moves",
            "Moves of a match's prices beyond a bound on drift, by bound",
            ["bound"],
        )?;
        Ok(Moves {
            by_bound: DriftBound::ALL.map(|bound| moves.with([bound.name()])),
            died: registry
                .counter("kairos_cache_moves_died", "Live entries that died by a move")?,
            silences: registry
                .counter("kairos_cache_feed_silences", "Times that a feed has fallen silent")?,
            alive: registry.gauge_family(
                "kairos_cache_feed_alive",
                "Whether a feed is alive (1) or silent (0)",
                ["feed"],
            )?,
            watched: registry.gauge(
                "kairos_cache_matches_watched",
                "Matches of which no price can have been missed",
            )?,
        })
    }

    /// Counts a move, and what died by it.
    pub(crate) fn moved(&self, bound: DriftBound, died: u64) {
        self.by_bound[bound as usize].inc();
        self.died.add(died);
    }

    /// A feed has spoken for the first time, or after a silence; or has fallen silent.
    pub(crate) fn turned(&self, feed: &str, status: FeedStatus) {
        self.alive.with([feed]).set(i64::from(status == FeedStatus::Alive));
    }

    /// A feed is gone.
    pub(crate) fn gone(&self, feed: &str) {
        self.alive.remove([feed]);
    }

    /// Counts a silence.
    pub(crate) fn silence(&self) {
        self.silences.inc();
    }

    /// So many matches are watched.
    pub(crate) fn watched(&self, matches: usize) {
        self.watched.set(i64::try_from(matches).unwrap_or(i64::MAX));
    }

    /// One match more is watched, or one less.
    pub(crate) fn watched_by(&self, change: i64) {
        self.watched.add(change);
    }

    pub(super) fn values(&self) -> ([u64; 2], u64, u64) {
        (self.by_bound.each_ref().map(Counter::value), self.died.value(), self.silences.value())
    }
}
