// One match: its state and its odds side by side, and the changes that concern more than one of them.
// Never knows: how it is found by its name, or what holds it.
// Read next: `state.rs` and `odds.rs`, the two.
// Why: `docs/decisions/0005-matches-beyond-the-bound-are-not-cached.md`.

use std::fmt;
use std::sync::Arc;

use crate::error::ObservationError;
use crate::matches::given::Given;
use crate::matches::odds::{Observation, Observed, OddsBook, OddsRule};
use crate::matches::state::{Loss, ScopeState, TradingStatus};
use crate::policy::{EventId, MarketId, MatchFacts, Now, Volatility, WallNs};
use crate::truth::{Mark, Sequence};

/// A match that has a state. Entries, contexts and computes hold it, so that one in use is never
/// forgotten.
///
/// What covers its entries also covers the computes of matches over the bound, by the mark that
/// those share: a compute that began before this match had a state belongs to none of its classes,
/// and a read that names no match could join it.
pub(crate) struct Match {
    pub(super) state: ScopeState,
    pub(super) odds: OddsBook,
    common: Arc<Common>,
}

/// What the matches of a cache share.
pub(crate) struct Common {
    /// The mark that covers the computes of matches without a state.
    pub(super) over_bound: Arc<Mark>,
    /// Reads the cache's clock, for a handle that is asked by itself.
    now: Box<dyn Fn() -> Now + Send + Sync>,
}

impl Common {
    pub(super) fn new(now: impl Fn() -> Now + Send + Sync + 'static) -> Arc<Common> {
        Arc::new(Common { over_bound: Arc::default(), now: Box::new(now) })
    }
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

impl Match {
    /// A match of which nothing is known, with a status for each market of the event graph.
    pub(super) fn new(name: &str, markets: usize, common: &Arc<Common>) -> Match {
        Match {
            state: ScopeState::new(name, markets),
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
        now: Now,
        rule: &OddsRule,
    ) -> Result<Observed, ObservationError> {
        self.odds.observe(observation, now, rule, || self.state.version().touch())
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
