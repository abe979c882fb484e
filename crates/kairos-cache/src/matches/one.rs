// One match: its state and its odds side by side, and what concerns both.
// Never knows: how it is found by its name, or who holds it.
// Read next: `state.rs` and `odds.rs`, the two.

use std::fmt;

use crate::error::ObservationError;
use crate::matches::odds::{Observation, Observed, OddsBook, OddsRule};
use crate::matches::state::{Loss, ScopeState};
use crate::policy::Now;

/// A match. Entries, contexts and computes hold it, so that one in use is never forgotten.
pub(crate) struct Match {
    pub(crate) state: ScopeState,
    pub(crate) odds: OddsBook,
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

impl Match {
    /// A match of which nothing is known, with a status for each market of the event graph.
    pub(super) fn new(name: &str, markets: usize) -> Match {
        Match { state: ScopeState::new(name, markets), odds: OddsBook::new() }
    }

    /// Scores a price against its market's window, then lets it join.
    pub(super) fn observe(
        &self,
        observation: Observation<'_>,
        now: Now,
        rule: &OddsRule,
    ) -> Result<Observed, ObservationError> {
        self.odds.observe(observation, now, rule, || self.state.version().touch())
    }

    /// What would be lost with this match, of which nobody else holds anything.
    pub(super) fn loss(&self, now: Now) -> Loss {
        self.state.loss(now, || self.odds.is_over(now.mono))
    }
}
