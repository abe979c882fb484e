// Prices of a match: their references, what is a move, and whether any can have been missed.
// Never knows: windows, or what a read does with any of it.
// Read next: `feeds.rs`, for who tells them.

use std::collections::BTreeMap;

use kairos_cache::{DriftBound, FeedStatus};

use crate::model::operation::PRICED;
use crate::model::setup::Setup;

use super::changes::Died;
use super::entries::Reach;
use super::feeds::Life;
use super::{Match, Model};

/// The newest price of an odds market, and the prices at the last move of each bound.
#[derive(Debug)]
struct Price {
    newest: f64,
    soft: f64,
    hard: f64,
    /// The feed that told it last.
    feed: Option<Life>,
}

#[derive(Debug, Default)]
pub(super) struct Prices {
    markets: [Option<Price>; PRICED.len()],
    /// Since the last accepted price one was refused that may have been one.
    doubted: [bool; PRICED.len()],
    /// The feeds that have priced the match, and whether they have been heard ever since.
    heard: BTreeMap<Life, bool>,
}

/// Beyond which bounds the prices have moved, whether or not those are on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beyond {
    soft: bool,
    hard: bool,
}

impl Beyond {
    pub(super) const BOTH: Beyond = Beyond { soft: true, hard: true };

    pub(super) fn or(self, other: Beyond) -> Beyond {
        Beyond { soft: self.soft || other.soft, hard: self.hard || other.hard }
    }
}

/// The moves of a cache, and how many entries have died by them.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    pub(crate) soft: u64,
    pub(crate) hard: u64,
    pub(crate) died: Died,
}

impl Prices {
    pub(super) fn has_any(&self) -> bool {
        self.markets.iter().any(Option::is_some)
    }

    /// Beyond which bounds an accepted price moves the match.
    fn accept(&mut self, setup: &Setup, priced: usize, price: f64, feed: Option<Life>) -> Beyond {
        let mut beyond = Beyond::default();
        let is_first = !self.has_any();
        // What a feed has said before its silence may have changed, and changed back.
        let returns = feed.is_some_and(|feed| self.heard.insert(feed, true) == Some(false));
        if is_first || returns {
            beyond = Beyond::BOTH;
        }
        self.doubted[priced] = false;
        match &mut self.markets[priced] {
            Some(known) => {
                let far = |reference: f64, bound: f64| {
                    let by = (setup.measure(price) - setup.measure(reference)).abs();
                    bound > 0.0 && by > bound / 2.0 + 1e-12
                };
                let soft = far(known.soft, setup.soft);
                beyond = beyond.or(Beyond { soft, hard: far(known.hard, setup.hard) });
                (known.newest, known.feed) = (price, feed);
            }
            none => *none = Some(Price { newest: price, soft: price, hard: price, feed }),
        }
        beyond
    }

    /// The bound of a move, if it is one: every newest price is its reference then.
    fn renew(&mut self, setup: &Setup, beyond: Beyond) -> Option<DriftBound> {
        let bound = match (beyond.hard && setup.hard > 0.0, beyond.soft && setup.soft > 0.0) {
            (true, _) => DriftBound::Hard,
            (false, true) => DriftBound::Soft,
            (false, false) => return None,
        };
        for known in self.markets.iter_mut().flatten() {
            known.soft = known.newest;
            if bound == DriftBound::Hard {
                known.hard = known.newest;
            }
        }
        Some(bound)
    }

    /// A feed was silent.
    pub(super) fn interrupt(&mut self, feed: Life) {
        if let Some(heard) = self.heard.get_mut(&feed) {
            *heard = false;
        }
    }

    /// A feed is gone. Says whether it had priced a market last.
    pub(super) fn leave(&mut self, feed: Life) -> bool {
        self.heard.remove(&feed);
        let own = self.markets.iter_mut().flatten().filter(|known| known.feed == Some(feed));
        own.map(|known| known.feed = None).count() > 0
    }

    /// Whether a priced market belongs to no feed.
    fn has_orphans(&self) -> bool {
        self.markets.iter().flatten().any(|known| known.feed.is_none())
    }

    /// The feeds of its markets.
    fn feeds(&self) -> impl Iterator<Item = Life> {
        self.markets.iter().flatten().filter_map(|known| known.feed)
    }
}

impl Model {
    /// Accepted prices of a match, and refused ones that may have been prices.
    pub(super) fn take_in(
        &mut self,
        of: usize,
        feed: Option<Life>,
        observed: &[(usize, Observed)],
    ) {
        let mut beyond = Beyond::default();
        for &(priced, observed) in observed {
            match observed {
                Observed::Accepted(price) => {
                    if let Some(feed) = feed {
                        self.speak(feed);
                    }
                    let prices = &mut self.matches[of].prices;
                    beyond = beyond.or(prices.accept(&self.setup, priced, price, feed));
                }
                Observed::Doubtful => {
                    let Match { prices, odds, .. } = &mut self.matches[of];
                    // Of a market that nobody knows only where somebody asks whether it is watched.
                    let is_asked = self.setup.has_bounds() && self.setup.silence_after > 0;
                    prices.doubted[priced] |= is_asked || odds.knows(priced);
                }
                Observed::Refused => {}
            }
        }
        self.mark(of, beyond);
    }

    /// The match has moved, if these bounds are on.
    pub(super) fn mark(&mut self, of: usize, beyond: Beyond) {
        let Some(bound) = self.matches[of].prices.renew(&self.setup, beyond) else { return };
        match bound {
            DriftBound::Soft => self.moves.soft += 1,
            DriftBound::Hard => self.moves.hard += 1,
        }
        if self.setup.dry_run {
            return;
        }
        match bound {
            DriftBound::Soft => self.expire_reach(Reach::Match(of)),
            DriftBound::Hard => {
                let died = self.kill(Reach::Match(of));
                self.moves.died.least += died.least;
                self.moves.died.most += died.most;
            }
        }
    }

    /// What the feeds of a match say of it now, and whether it is watched.
    pub(super) fn watch(&self, in_match: Option<usize>) -> (FeedStatus, bool) {
        let Some(of) = in_match.filter(|_| self.setup.silence_after > 0) else {
            return (FeedStatus::None, false);
        };
        let prices = &self.matches[of].prices;
        let mut status = FeedStatus::None;
        let mut is_whole = self.setup.has_bounds() && !prices.doubted.contains(&true);
        for feed in prices.feeds() {
            if self.is_silent(feed) {
                status = FeedStatus::Silent;
            } else if status == FeedStatus::None {
                status = FeedStatus::Alive;
            }
            is_whole &= prices.heard[&feed];
        }
        // Of a market that belongs to nobody it is not known whether its price still holds.
        if status == FeedStatus::Alive && prices.has_orphans() {
            status = FeedStatus::None;
        }
        (status, is_whole && status == FeedStatus::Alive)
    }

    /// How many matches are watched.
    pub(crate) fn watched(&self) -> i64 {
        (0..self.matches.len()).filter(|of| self.watch(Some(*of)).1).count() as i64
    }
}

/// What has become of an observation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Observed {
    Accepted(f64),
    /// Refused for its price, or for lying ahead of the clock.
    Doubtful,
    Refused,
}
