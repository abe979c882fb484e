// The handle of a match, which callers, contexts and entries keep.
// Never knows: how its name was looked up, or who reads.
// Read next: `state.rs` and `odds.rs` for what is behind it.

use std::sync::Arc;

use crate::error::ObservationError;
use crate::matches::odds::{Observation, Observed, OddsBook, OddsRule};
use crate::matches::one::Match;
use crate::matches::overflow::Member;
use crate::matches::state::{ScopeState, TradingStatus};
use crate::policy::events::MarketId;
use crate::policy::volatility::{ScoreRule, Signal};
use crate::policy::{MonoNs, Now, WallNs};
use crate::truth::generation::Sequence;

/// A match: a handle that is cheap to clone and keeps the match from being forgotten.
#[derive(Debug, Clone)]
pub struct Scope {
    of: Arc<Match>,
    /// The cache whose match it is.
    owner: u64,
    /// What a match beyond the bound has of its own.
    member: Option<Arc<Member>>,
}

impl Scope {
    /// A match with a state of its own.
    pub(crate) fn own(of: Arc<Match>, owner: u64) -> Scope {
        Scope { of, owner, member: None }
    }

    /// A match that shares its state.
    pub(crate) fn shared(member: Arc<Member>, owner: u64) -> Scope {
        Scope { of: Arc::clone(member.overflow.state()), owner, member: Some(member) }
    }

    /// The name under which the match was resolved.
    pub fn name(&self) -> &str {
        self.member.as_ref().map_or(self.of.state.name(), |member| &member.name)
    }

    /// Whether the match shares its state with others, because there are too many: what is done
    /// to one of them is done to all, and each obeys the earliest kickoff among them.
    pub fn is_overflow(&self) -> bool {
        self.member.is_some()
    }

    /// Whether it is a match of this cache.
    pub(crate) fn is_of(&self, owner: u64) -> bool {
        self.owner == owner
    }

    pub(crate) fn state(&self) -> &ScopeState {
        &self.of.state
    }

    pub(crate) fn odds(&self) -> &OddsBook {
        &self.of.odds
    }

    /// Whether this is the same match.
    pub(crate) fn is(&self, other: &Scope) -> bool {
        let same_name = match (&self.member, &other.member) {
            (None, None) => true,
            (Some(own), Some(other)) => own.name == other.name,
            _ => false,
        };
        same_name && Arc::ptr_eq(&self.of, &other.of)
    }

    /// Publishes what a context says of its match.
    pub(crate) fn publish(&self, kickoff: Option<WallNs>, lineup_confirmed: Option<bool>) {
        match (&self.member, kickoff) {
            (None, _) => self.of.state.publish(kickoff, lineup_confirmed),
            (Some(member), Some(kickoff)) => member.overflow.publish(kickoff),
            (Some(_), None) => {}
        }
    }

    /// Whether the match, or this market of it, is suspended or closed.
    pub(crate) fn is_suspended(&self, market: Option<MarketId>) -> bool {
        match &self.member {
            None => self.of.state.is_suspended(market),
            Some(member) => member.overflow.is_suspended(&member.name, market),
        }
    }

    /// Scores a read's own prices against the match's windows.
    pub(crate) fn score<'a>(
        &self,
        prices: impl Iterator<Item = (&'a str, f64)>,
        now: MonoNs,
        rule: &ScoreRule,
    ) -> Signal {
        match &self.member {
            None => self.of.odds.score(prices, now, rule),
            Some(member) => member.overflow.score(&member.name, prices, now, rule),
        }
    }

    /// Scores a price against its market's window, then lets it join.
    pub(crate) fn observe(
        &self,
        observation: Observation<'_>,
        now: Now,
        rule: &OddsRule,
    ) -> Result<Observed, ObservationError> {
        match &self.member {
            None => self.of.observe(observation, now, rule),
            Some(member) => member.overflow.observe(&member.name, observation, now, rule),
        }
    }

    /// Sets the status of the match or of one market; see [`ScopeState::set_status`]. Beyond the
    /// bound of matches at most `bound` names are remembered.
    pub(crate) fn set_status(
        &self,
        market: Option<MarketId>,
        status: TradingStatus,
        bound: usize,
        sequence: &Sequence,
    ) -> Option<u64> {
        match &self.member {
            None => self.of.state.set_status(market, status, sequence),
            Some(member) => {
                member.overflow.set_status(&member.name, market, status, bound, sequence)
            }
        }
    }
}
