// The newest prices of one match's odds markets: how far they have moved, whose they are, and whether any can
// have been missed.
// Never knows: windows and scores, locks, entries, or what a move does.
// Read next: `odds.rs`, which takes prices in under its lock; `../policy/drift.rs` for the bounds.

use std::sync::Arc;

use crate::matches::feed::FeedState;
use crate::policy::{
    DriftBound, DriftRule, FeedRule, FeedStatus, MonoNs, Moved, References, Watch,
};

/// What is known of the price of one odds market.
#[derive(Debug, Default)]
pub struct Quote {
    last: Option<Last>,
    /// An observation was refused since the last one that was accepted, though it may have been a price.
    is_distrusted: bool,
}

/// The newest accepted price of an odds market.
#[derive(Debug)]
struct Last {
    price: f64,
    references: References,
    /// The feed that gave it, if that is one of the bound.
    feed: Option<Arc<FeedState>>,
}

/// A feed that has priced the match.
#[derive(Debug, Clone)]
struct Heard {
    feed: Arc<FeedState>,
    /// The silences that it had ended when it last priced the match.
    spells: u64,
    /// How many odds markets it priced last.
    markets: usize,
}

/// The prices of one match, together.
#[derive(Debug)]
pub struct Prices {
    /// The number of the configuration that the references are by, and its bounds.
    epoch: u64,
    rule: Option<DriftRule>,
    feeds: Vec<Heard>,
    priced: usize,
    distrusted: usize,
}

/// What readers need to know of the feeds of a match.
#[derive(Debug, Default)]
pub struct Watched {
    /// Those that have priced an odds market last, with the silences that they had ended then.
    feeds: Box<[(Arc<FeedState>, u64)]>,
    /// A priced odds market belongs to no feed: nobody says whether its price still holds.
    has_orphans: bool,
    is_distrusted: bool,
}

impl Prices {
    /// Of a match without a price, and without bounds.
    pub fn new() -> Prices {
        Prices { epoch: 0, rule: None, feeds: Vec::new(), priced: 0, distrusted: 0 }
    }

    /// Goes by these bounds from now on, unless it goes by newer ones. Returns beyond which bounds the
    /// match has moved: both, if there are prices. The references are to be renewed then.
    pub fn adopt(&mut self, epoch: u64, rule: DriftRule) -> Moved {
        if self.rule.is_some() && epoch <= self.epoch {
            return Moved::default();
        }
        (self.epoch, self.rule) = (epoch, Some(rule));
        if self.priced > 0 { Moved::BOTH } else { Moved::default() }
    }

    /// Takes in an accepted price. Returns beyond which bounds the match has moved by it, and whether
    /// readers see other feeds, or trust other prices, than before.
    pub fn accept(
        &mut self,
        quote: &mut Quote,
        price: f64,
        feed: Option<&Arc<FeedState>>,
    ) -> (Moved, bool) {
        let feed = feed.filter(|feed| !feed.is_retired());
        let mut changed = std::mem::take(&mut quote.is_distrusted);
        self.distrusted -= usize::from(changed);
        let is_first = self.priced == 0;
        let mut moved = if is_first { Moved::BOTH } else { Moved::default() };
        if let Some(feed) = feed {
            let heard = self.feeds.iter_mut().find(|heard| Arc::ptr_eq(&heard.feed, feed));
            let spells = feed.spells();
            match heard {
                Some(heard) if heard.spells != spells => {
                    // Prices may have moved and come back while it was silent.
                    heard.spells = spells;
                    (moved, changed) = (Moved::BOTH, true);
                }
                Some(_) => {}
                None => {
                    self.feeds.push(Heard { feed: Arc::clone(feed), spells, markets: 0 });
                    changed = true;
                }
            }
        }
        let on = self.rule.filter(DriftRule::is_on);
        let x = on.map_or(0.0, |rule| rule.measure.of(price));
        let Some(last) = &mut quote.last else {
            let references = References { soft: x, hard: x };
            quote.last = Some(Last { price, references, feed: feed.cloned() });
            self.priced += 1;
            return (moved, self.take(feed) | changed | feed.is_none());
        };
        if let Some(rule) = on {
            moved = moved.or(rule.exceeded(x, last.references));
        }
        last.price = price;
        let is_same = match (&last.feed, feed) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            let old = std::mem::replace(&mut last.feed, feed.cloned());
            self.give_up(old.as_ref());
            self.take(feed);
            changed = true;
        }
        (moved, changed)
    }

    /// An observation was refused that may have been a price: what is known of its market may be out of
    /// date. Returns whether that is new.
    pub fn distrust(&mut self, quote: &mut Quote) -> bool {
        let is_new = !quote.is_distrusted;
        quote.is_distrusted = true;
        self.distrusted += usize::from(is_new);
        is_new
    }

    /// Forgets an odds market. Returns beyond which bounds the match has moved by that.
    pub fn forget(&mut self, quote: &Quote) -> Moved {
        self.distrusted -= usize::from(quote.is_distrusted);
        let Some(last) = &quote.last else { return Moved::default() };
        self.priced -= 1;
        self.give_up(last.feed.as_ref());
        Moved::BOTH
    }

    /// Forgets a feed: its markets are nobody's. Returns whether it had any.
    pub fn retire<'a>(
        &mut self,
        feed: &Arc<FeedState>,
        quotes: impl Iterator<Item = &'a mut Quote>,
    ) -> bool {
        let mut had_any = false;
        for last in quotes.filter_map(|quote| quote.last.as_mut()) {
            if last.feed.as_ref().is_some_and(|own| Arc::ptr_eq(own, feed)) {
                last.feed = None;
                had_any = true;
            }
        }
        self.feeds.retain(|heard| !Arc::ptr_eq(&heard.feed, feed));
        had_any
    }

    /// The bound of a move, if there is one, once every newest price is its reference. O(odds markets).
    pub fn renew<'a>(
        &self,
        moved: Moved,
        quotes: impl Iterator<Item = &'a mut Quote>,
    ) -> Option<DriftBound> {
        let rule = self.rule?;
        let bound = rule.bound_of(moved)?;
        for last in quotes.filter_map(|quote| quote.last.as_mut()) {
            let x = rule.measure.of(last.price);
            last.references.soft = x;
            if bound == DriftBound::Hard {
                last.references.hard = x;
            }
        }
        Some(bound)
    }

    /// Whether moves are counted only.
    pub fn is_dry_run(&self) -> bool {
        self.rule.is_some_and(|rule| rule.dry_run)
    }

    /// What readers need to know.
    pub fn watched(&self) -> Watched {
        let owning = self.feeds.iter().filter(|heard| heard.markets > 0);
        let owned: usize = owning.clone().map(|heard| heard.markets).sum();
        Watched {
            has_orphans: owned < self.priced,
            feeds: owning.map(|heard| (Arc::clone(&heard.feed), heard.spells)).collect(),
            is_distrusted: self.distrusted > 0,
        }
    }

    fn take(&mut self, feed: Option<&Arc<FeedState>>) -> bool {
        let heard = feed.and_then(|feed| self.of(feed));
        if let Some(heard) = heard {
            heard.markets += 1;
            return heard.markets == 1;
        }
        false
    }

    fn give_up(&mut self, feed: Option<&Arc<FeedState>>) {
        if let Some(heard) = feed.and_then(|feed| self.of(feed)) {
            heard.markets -= 1;
        }
    }

    fn of(&mut self, feed: &Arc<FeedState>) -> Option<&mut Heard> {
        self.feeds.iter_mut().find(|heard| Arc::ptr_eq(&heard.feed, feed))
    }
}

impl Watched {
    /// What the feeds say of the match at `now`, and until when that stays so by itself. `is_bound` is
    /// whether a bound on drift is on.
    pub fn at(&self, now: MonoNs, rule: FeedRule, is_bound: bool) -> (Watch, MonoNs) {
        let (mut status, mut until, mut is_whole) = (FeedStatus::None, MonoNs::MAX, true);
        if rule.silence_after_ns == 0 {
            return (Watch::default(), until);
        }
        for (feed, spells) in &self.feeds {
            // The word before the silences: whoever finds a feed alive again finds its silence counted.
            let silent_at = feed.silent_at(rule).unwrap_or(0);
            is_whole &= feed.spells() == *spells;
            if now >= silent_at {
                status = FeedStatus::Silent;
            } else {
                until = until.min(silent_at);
                if status == FeedStatus::None {
                    status = FeedStatus::Alive;
                }
            }
        }
        if self.has_orphans && status == FeedStatus::Alive {
            status = FeedStatus::None;
        }
        let is_alive = status == FeedStatus::Alive;
        if status == FeedStatus::Silent {
            // A word of any kind ends it, unannounced.
            until = 0;
        }
        let is_watched = is_bound && is_alive && is_whole && !self.is_distrusted;
        (Watch { status, is_watched }, until)
    }
}
