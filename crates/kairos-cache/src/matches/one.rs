// One match: its state and its odds side by side, and the changes that concern more than one of them.
// Never knows: how it is found by its name, or what holds it.
// Read next: `state.rs` and `odds.rs`, the two.
// Why: `docs/decisions/0005-matches-beyond-the-bound-are-not-cached.md`.

use std::fmt;
use std::sync::Arc;

use crate::error::ObservationError;
use crate::matches::feed::FeedState;
use crate::matches::given::Given;
use crate::matches::judged::{Marks, Move};
use crate::matches::observation::{Observation, Observed, OddsRule, Told};
use crate::matches::odds::OddsBook;
use crate::matches::state::{Loss, ScopeState, TradingStatus};
use crate::policy::{
    DriftBound, EventId, MarketId, MatchFacts, MonoNs, Now, Volatility, WallNs, Watch,
};
use crate::truth::{Invalidations, Mark, Sequence, Version};

/// A match that has a state. Entries, contexts and computes hold it, so that one in use is never
/// forgotten.
///
/// What covers its entries also covers the computes of matches over the bound, by the mark that
/// those share: a compute that began before this match had a state belongs to none of its classes,
/// and a read that names no match could join it.
pub(crate) struct Match {
    /// The cache to which it belongs.
    pub(super) owner: u64,
    pub(super) state: ScopeState,
    pub(super) odds: OddsBook,
    common: Arc<Common>,
}

/// What the matches of a cache share.
pub(crate) struct Common {
    /// The mark that covers the computes of matches without a state.
    pub(super) over_bound: Arc<Mark>,
    /// The count of all changes in the cache.
    pub(super) changes: Arc<Version>,
    /// The mark that covers everything.
    pub(super) everything: Arc<Mark>,
    /// Reads the cache's clock, for a handle that is asked by itself.
    now: Box<dyn Fn() -> Now + Send + Sync>,
}

impl Common {
    pub(super) fn new(
        invalidations: &Invalidations,
        now: impl Fn() -> Now + Send + Sync + 'static,
    ) -> Arc<Common> {
        let changes = Arc::clone(invalidations.all());
        let everything = Arc::clone(invalidations.everything());
        Arc::new(Common { over_bound: Arc::default(), changes, everything, now: Box::new(now) })
    }
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

impl Match {
    /// A match of which nothing is known, with a status for each market of the event graph.
    pub(super) fn new(owner: u64, name: &str, markets: usize, common: &Arc<Common>) -> Match {
        Match {
            owner,
            state: ScopeState::new(name, markets).within(&common.changes, &common.everything),
            odds: OddsBook::new(),
            common: Arc::clone(common),
        }
    }

    /// Publishes kickoff and line-up, each unless a later one has been published.
    pub(crate) fn publish(
        &self,
        kickoff: Option<Given<WallNs>>,
        lineup_confirmed: Option<Given<bool>>,
    ) {
        self.state.publish(kickoff, lineup_confirmed);
    }

    /// Scores a price against its market's window, then adds it to the window.
    pub(crate) fn observe(
        &self,
        observation: Observation<'_>,
        told: Told<'_>,
        rule: &OddsRule,
        sequence: &Sequence,
    ) -> (Result<Observed, ObservationError>, Option<Move>) {
        self.odds.observe(observation, told, rule, &OfMatch { of: self, sequence })
    }

    /// Observes as [`Match::observe`] does, many prices that are one move at most.
    pub(crate) fn observe_many(
        &self,
        observations: &[Observation<'_>],
        told: Told<'_>,
        rule: &OddsRule,
        sequence: &Sequence,
    ) -> (Vec<Result<Observed, ObservationError>>, Option<Move>) {
        self.odds.observe_many(observations, told, rule, &OfMatch { of: self, sequence })
    }

    /// Goes by another rule on drift, which is a move.
    pub(super) fn adopt(&self, rule: &OddsRule, sequence: &Sequence) -> Option<Move> {
        self.odds.adopt(rule, &OfMatch { of: self, sequence })
    }

    /// A feed is gone, which is a move if it has priced the match.
    pub(super) fn retire(&self, feed: &Arc<FeedState>, sequence: &Sequence) -> Option<Move> {
        self.odds.retire(feed, &OfMatch { of: self, sequence })
    }

    /// Whether the match is watched at `now`, as a change of how many are.
    pub(crate) fn recount(&self, now: MonoNs, rule: &OddsRule) -> i64 {
        self.odds.recount(now, rule)
    }

    /// What the feeds say of the match at `now`, and until when that stays so by itself.
    pub(super) fn watch(&self, now: MonoNs, rule: &OddsRule) -> (Watch, MonoNs) {
        self.odds.watch(now, rule)
    }

    /// Sets the status of the match or of one market. Returns how many entries died by it, or
    /// `None` if the status was set already.
    pub(crate) fn set_status(
        &self,
        market: Option<MarketId>,
        status: TradingStatus,
        sequence: &Sequence,
    ) -> Option<u64> {
        let died = self.state.set_status(market, status, sequence);
        // Even if nothing changed: the call that changed it may not have come here yet.
        self.common.over_bound.kill(sequence.next());
        died
    }

    /// Kills every entry of the match. Returns how many lived.
    pub(crate) fn kill_all(&self, sequence: &Sequence) -> u64 {
        let died = self.state.kill_all(sequence);
        self.common.over_bound.kill(sequence.next());
        died
    }

    /// Kills the entries that carry a tag of the event. Returns how many lived.
    pub(crate) fn kill_event(&self, event: EventId, sequence: &Sequence) -> u64 {
        let died = self.state.kill_event(event, sequence);
        self.common.over_bound.kill(sequence.next());
        died
    }

    /// Expires every entry of the match.
    pub(crate) fn expire_all(&self, sequence: &Sequence) {
        self.state.expire_all(sequence);
        self.common.over_bound.kill(sequence.next());
    }

    /// Kickoff and line-up as last published.
    pub(crate) fn facts(&self) -> MatchFacts {
        self.state.facts()
    }

    /// The status that readers of the match go by right now.
    pub(super) fn volatility(&self) -> Volatility {
        self.odds.published((self.common.now)().mono).0.status()
    }

    /// What would be lost with this match, which the caller alone holds.
    pub(super) fn loss(&self, now: Now) -> Loss {
        self.state.loss(now, || self.odds.is_over(now.mono))
    }
}

/// What the odds of a match do to its entries.
struct OfMatch<'a> {
    of: &'a Match,
    sequence: &'a Sequence,
}

impl Marks for OfMatch<'_> {
    fn changed(&self) {
        self.of.state.version().touch();
    }

    fn moved(&self, bound: DriftBound) -> u64 {
        match bound {
            DriftBound::Hard => self.of.kill_all(self.sequence),
            DriftBound::Soft => {
                self.of.expire_all(self.sequence);
                0
            }
        }
    }
}
