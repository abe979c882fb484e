// Moves of prices and turns of feeds, counted; which feeds are alive and how many matches are watched.
// Never knows: prices, or when a feed falls silent.
// Read next: `mod.rs`, which counts the rest.

use kairos_metrics::{Counter, Error, Gauge, GaugeFamily, Registry};

use crate::policy::{DriftBound, FeedStatus};
use crate::sync::Mutex;

/// What drift and feeds have come to.
pub(crate) struct Moves {
    by_bound: [Counter; DriftBound::ALL.len()],
    died: Counter,
    silences: Counter,
    alive: GaugeFamily<1>,
    /// Held while it is found out what is shown of a feed.
    showing: Mutex<()>,
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
            showing: Mutex::new(()),
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

    /// Shows whether a feed is alive, and nothing of one that is neither that nor silent. It is asked
    /// under a lock: of two who show a feed, the last one shows what it has become.
    pub(crate) fn show(&self, feed: &str, status: impl FnOnce() -> FeedStatus) {
        let _alone = self.showing.lock();
        match status() {
            FeedStatus::None => drop(self.alive.remove([feed])),
            status => self.alive.with([feed]).set(i64::from(status == FeedStatus::Alive)),
        }
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
