//! The matches beyond the bound: they share one state, and each is treated as the worst of them.
//! Never knows: entries, keys, or how many matches have a state of their own.
//! Read next: `matches.rs`, which decides who is in it; `scope.rs`, the state that they share.
//!
//! It over-invalidates and never under-invalidates, because every rule errs to one side:
//!
//! - Classes are shared: an event, or an invalidation or expiry of a match, reaches the entries of
//!   all of them. An entry still knows the name it belongs to: a read naming another misses.
//! - The earliest kickoff ever published among them is everybody's: nothing is served past a
//!   kickoff. The line-up, which could only lengthen a TTL, is not published, and no TTL exceeds the
//!   default, which a match without a kickoff has.
//! - Every change of a status kills the entries of all of them. Which names and markets do not trade
//!   is kept by name. Where there is no room for one more, all of them are barred for good.
//! - Odds windows are kept by name, so that matches do not dilute one another. A panic or warning
//!   of one is published to all.
//!
//! The order is that of `ScopeState::set_status`: what bars is written before the kill, a result is
//! stored by looking at what bars before it is admitted. Whoever looked too early captured before
//! the kill, and dies by it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::ObservationError;
use crate::matches::odds::{Observation, Observed, OddsBook, OddsRule};
use crate::matches::one::Match;
use crate::matches::state::{TradingStatus, is_over};
use crate::policy::events::MarketId;
use crate::policy::volatility::{ScoreRule, Signal, Volatility};
use crate::policy::{MonoNs, Now, WallNs};
use crate::sync::Mutex;
use crate::truth::generation::Sequence;

/// What the matches beyond the bound share.
#[derive(Debug)]
pub(crate) struct Overflow {
    state: Arc<Match>,
    known: Mutex<Known>,
}

/// A match beyond the bound: its name, and what it shares.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: Box<str>,
    pub(crate) overflow: Arc<Overflow>,
}

/// What is known of single matches.
#[derive(Debug, Default)]
struct Known {
    /// What does not trade: markets by match, `None` standing for the whole match.
    barred: HashMap<Box<str>, Vec<(Option<MarketId>, TradingStatus)>>,
    /// There was no room for a name above.
    barred_for_good: bool,
    latest_kickoff: Option<WallNs>,
    books: HashMap<Box<str>, Arc<OddsBook>>,
}

impl Overflow {
    pub(crate) fn new(markets: usize) -> Overflow {
        let state = Arc::new(Match::new("", markets));
        Overflow { state, known: Mutex::new(Known::default()) }
    }

    pub(crate) fn state(&self) -> &Arc<Match> {
        &self.state
    }

    /// Publishes a kickoff: the earliest rules.
    pub(crate) fn publish(&self, kickoff: WallNs) {
        let mut known = self.known.lock();
        known.latest_kickoff = known.latest_kickoff.max(Some(kickoff));
        if self.state.state.facts().kickoff.is_none_or(|earliest| kickoff < earliest) {
            self.state.state.publish(Some(kickoff), None);
        }
    }

    /// Whether a match, or this market of it, is suspended or closed.
    pub(crate) fn is_suspended(&self, name: &str, market: Option<MarketId>) -> bool {
        // The shared flag spares the lock while everything trades.
        self.state.state.is_suspended(None) && self.known.lock().bars(name, market)
    }

    /// Sets the status of a match or of one market of it. Returns how many entries of all matches
    /// died by it, or nothing if it was set already. Keeps at most `bound` names.
    pub(crate) fn set_status(
        &self,
        name: &str,
        market: Option<MarketId>,
        status: TradingStatus,
        bound: usize,
        sequence: &Sequence,
    ) -> Option<u64> {
        let mut known = self.known.lock();
        if !known.set(name, market, status, bound) {
            return None;
        }
        let all_trade = known.barred.is_empty() && !known.barred_for_good;
        let flag = if all_trade { TradingStatus::Open } else { TradingStatus::Suspended };
        let died = self.state.state.set_status(None, flag, sequence);
        Some(died.unwrap_or_else(|| self.state.state.kill_all(sequence)))
    }

    /// Scores a price against its own match's window; a panic or warning is published to all.
    pub(crate) fn observe(
        &self,
        name: &str,
        observation: Observation<'_>,
        now: Now,
        rule: &OddsRule,
    ) -> Result<Observed, ObservationError> {
        let book = self.known.lock().book(name, now.mono, rule.max_markets)?;
        let observed = book.observe(observation, now, rule, || {})?;
        let changed = || self.state.state.version().touch();
        let changed = self.state.odds.share(&observed, observation.at, now, rule, changed);
        Ok(Observed { changed, ..observed })
    }

    /// Scores a read's own prices against its own match's windows.
    pub(crate) fn score<'a>(
        &self,
        name: &str,
        prices: impl Iterator<Item = (&'a str, f64)>,
        now: MonoNs,
        rule: &ScoreRule,
    ) -> Signal {
        let book = self.known.lock().books.get(name).cloned();
        match book {
            Some(book) => book.score(prices, now, rule),
            None => prices.fold(Signal::Unscored, |worst, _| {
                worst.worst(Signal::Scored(Volatility::Normal, 0.0))
            }),
        }
    }

    /// Whether nothing that bars would be lost with it. Who asks holds it alone.
    pub(crate) fn may_be_forgotten(&self, now: Now) -> bool {
        let known = self.known.lock();
        let latest_is_over = known.latest_kickoff.is_some_and(|latest| is_over(latest, now));
        let is_closed = |rows: &Vec<_>| rows.contains(&(None, TradingStatus::Closed));
        let all_trade =
            known.barred.is_empty() || latest_is_over && known.barred.values().all(is_closed);
        let ahead = self.state.state.facts().kickoff.is_none_or(|earliest| earliest > now.wall);
        all_trade
            && !known.barred_for_good
            && self.state.odds.is_over(now.mono)
            && (ahead || latest_is_over)
    }
}

impl Known {
    fn bars(&self, name: &str, market: Option<MarketId>) -> bool {
        let of_name = self.barred.get(name);
        self.barred_for_good
            || of_name.is_some_and(|rows| rows.iter().any(|(m, _)| m.is_none() || *m == market))
    }

    /// Says whether anything changed.
    fn set(
        &mut self,
        name: &str,
        market: Option<MarketId>,
        status: TradingStatus,
        bound: usize,
    ) -> bool {
        if status == TradingStatus::Open {
            let Some(rows) = self.barred.get_mut(name) else { return false };
            let before = rows.len();
            rows.retain(|(m, _)| *m != market);
            let changed = rows.len() < before;
            if rows.is_empty() {
                self.barred.remove(name);
            }
            return changed;
        }
        if !self.barred.contains_key(name) && self.barred.len() >= bound {
            return !std::mem::replace(&mut self.barred_for_good, true);
        }
        let rows = self.barred.entry(name.into()).or_default();
        if let Some((_, now)) = rows.iter_mut().find(|(m, _)| *m == market) {
            return std::mem::replace(now, status) != status;
        }
        rows.push((market, status));
        true
    }

    /// The windows of a match: as many matches have some as a match may have markets.
    fn book(
        &mut self,
        name: &str,
        now: MonoNs,
        bound: usize,
    ) -> Result<Arc<OddsBook>, ObservationError> {
        if let Some(book) = self.books.get(name) {
            return Ok(Arc::clone(book));
        }
        if self.books.len() >= bound {
            // One that an observer holds may be about to get its first sample.
            self.books.retain(|_, book| Arc::get_mut(book).is_none() || !book.is_over(now));
        }
        if self.books.len() >= bound {
            return Err(ObservationError::TooManyMarkets);
        }
        let book = Arc::new(OddsBook::new());
        self.books.insert(name.into(), Arc::clone(&book));
        Ok(book)
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
