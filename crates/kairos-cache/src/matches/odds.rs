// One match's odds: a window per market behind a lock, what readers need published beside it.
// Never knows: entries, keys, or what a panic leads to.
// Read next: `scores.rs` for what reads score by, `policy/volatility.rs` for the statistics, `one.rs` for the owner.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::error::ObservationError;
use crate::matches::feed::FeedState;
use crate::matches::holds::Holds;
use crate::matches::judged::{Judged, Marks, Move};
use crate::matches::markets::{Market, Markets};
use crate::matches::observation::{
    MAX_AHEAD_NS, Observation, Observed, OddsRule, Told, check, signed,
};
use crate::matches::prices::{Quote, Watched};
use crate::matches::published::Published;
use crate::matches::scores::Scores;
use crate::policy::{MonoNs, Moved, Now, Signal, WallNs, Watch, Window};
use crate::sync::{AtomicBool, Ordering};

/// The odds markets of one match.
#[derive(Debug)]
pub(crate) struct OddsBook {
    writer: Judged<Markets>,
    /// Readers' view of the windows.
    pub(super) scores: Scores,
    holds: Published<5>,
    /// Readers' view of the feeds.
    watched: ArcSwap<Watched>,
    /// Whether the match counts as watched, where that is shown.
    is_counted: AtomicBool,
}

impl OddsBook {
    pub(crate) fn new() -> OddsBook {
        OddsBook {
            writer: Judged::new(Markets::new()),
            scores: Scores::default(),
            holds: Published::new(Holds::NONE.words()),
            watched: ArcSwap::default(),
            is_counted: AtomicBool::new(false),
        }
    }

    /// Scores a price against its market's window, then adds it to the window. Amortised O(1), and
    /// O(odds markets and classes) for a move.
    pub(crate) fn observe(
        &self,
        observation: Observation<'_>,
        told: Told<'_>,
        rule: &OddsRule,
        marks: &impl Marks,
    ) -> (Result<Observed, ObservationError>, Option<Move>) {
        self.writer.judge(marks, |markets| {
            let before = markets.prices.adopt(rule.drift_epoch, rule.drift);
            let (moved, observed) = self.take_in(markets, observation, told, rule, marks);
            (before.or(moved), observed)
        })
    }

    /// Observes as [`OddsBook::observe`] does, many prices that are one move at most.
    pub(crate) fn observe_many(
        &self,
        observations: &[Observation<'_>],
        told: Told<'_>,
        rule: &OddsRule,
        marks: &impl Marks,
    ) -> (Vec<Result<Observed, ObservationError>>, Option<Move>) {
        self.writer.judge(marks, |markets| {
            let mut moved = markets.prices.adopt(rule.drift_epoch, rule.drift);
            let take_in = |observation: &Observation<'_>| {
                let (more, observed) = self.take_in(markets, *observation, told, rule, marks);
                moved = moved.or(more);
                observed
            };
            let observed = observations.iter().map(take_in).collect();
            (moved, observed)
        })
    }

    /// Goes by another rule on drift: a move of the match.
    pub(crate) fn adopt(&self, rule: &OddsRule, marks: &impl Marks) -> Option<Move> {
        let adopt = |markets: &mut Markets| markets.prices.adopt(rule.drift_epoch, rule.drift);
        self.writer.judge(marks, |markets| (adopt(markets), ())).1
    }

    /// A feed is gone: its markets are nobody's, which is a move of the match if it has any.
    pub(crate) fn retire(&self, feed: &Arc<FeedState>, marks: &impl Marks) -> Option<Move> {
        let retire = |markets: &mut Markets| {
            let quotes = markets.windows.values_mut().map(|market| &mut market.quote);
            if !markets.prices.retire(feed, quotes) {
                return Moved::default();
            }
            self.publish_watched(markets, marks);
            Moved::BOTH
        };
        self.writer.judge(marks, |markets| (retire(markets), ())).1
    }

    /// What the feeds say of the match at `now`, and until when that stays so by itself.
    pub(crate) fn watch(&self, now: MonoNs, rule: &OddsRule) -> (Watch, MonoNs) {
        if rule.feed.silence_after_ns == 0 {
            return (Watch::default(), MonoNs::MAX);
        }
        self.watched.load().at(now, rule.feed, rule.drift.is_on())
    }

    /// Whether the match is watched at `now`, as a change since it was last asked.
    pub(crate) fn recount(&self, now: MonoNs, rule: &OddsRule) -> i64 {
        let is_watched = self.watch(now, rule).0.is_watched;
        // Relaxed: a count that is shown.
        let was_watched = self.is_counted.swap(is_watched, Ordering::Relaxed);
        i64::from(is_watched) - i64::from(was_watched)
    }

    fn publish_watched(&self, markets: &Markets, marks: &impl Marks) {
        self.watched.store(Arc::new(markets.prices.watched()));
        marks.changed();
    }

    /// Publishes the status after an observation. Returns whether readers see another one.
    fn hold(
        &self,
        observed: &Observed,
        at: WallNs,
        now: Now,
        rule: &OddsRule,
        marks: &impl Marks,
    ) -> bool {
        let before = Holds::from_words(self.holds.load());
        let after = before.after(observed, at, now, rule);
        if after == before {
            return false;
        }
        self.holds.store(after.words());
        let is_changed = after.at(now.mono).0 != before.at(now.mono).0;
        if is_changed {
            marks.changed();
        }
        is_changed
    }

    /// Takes one observation in. Returns beyond which bounds the match has moved by it.
    fn take_in(
        &self,
        markets: &mut Markets,
        observation: Observation<'_>,
        told: Told<'_>,
        rule: &OddsRule,
        marks: &impl Marks,
    ) -> (Moved, Result<Observed, ObservationError>) {
        let mut moved = Moved::default();
        if let Err(refused) = check(observation, told.now, rule) {
            let may_be_price =
                matches!(refused, ObservationError::Price(_) | ObservationError::InFuture);
            if may_be_price {
                self.distrust(markets, observation.market, told.now, rule, marks);
            }
            return (moved, Err(refused));
        }
        let Observation { market, price, at } = observation;
        let (now, window_ns) = (told.now, signed(rule.window_ns));
        let entry = if let Some(entry) = markets.windows.get_mut(market) {
            entry
        } else {
            let (more, is_there) = self.make_market(markets, market, now, rule, marks);
            moved = moved.or(more);
            if !is_there {
                return (moved, Err(ObservationError::TooManyMarkets));
            }
            markets.windows.get_mut(market).expect("just made")
        };
        let newest_ahead = |newest: WallNs| newest.saturating_sub(now.wall) > MAX_AHEAD_NS;
        if entry.window.newest().is_some_and(newest_ahead) {
            // No price so far ahead is accepted: the wall clock has stepped back since. The window
            // would refuse every price until the clock is there again.
            entry.window = Window::default();
        }
        if entry.window.newest().is_some_and(|newest| at < newest) {
            return (moved, Err(ObservationError::OutOfOrder));
        }
        // Accepted: the feed has spoken, which says whether it was silent before.
        let turned = told.feed.map(|feed| feed.speak(now.mono, rule.feed));
        let (more, is_new) = markets.prices.accept(&mut entry.quote, price, told.feed);
        moved = moved.or(more);
        entry.window.trim_before(at.saturating_sub(window_ns));
        let (status, z) = rule.score.score(price, &entry.window.moments());
        entry.window.push(at, price);
        entry.window.trim_to(rule.max_samples);
        // Added on the wall clock: what lies before the monotonic clock's origin would be lost. One
        // more, because a window counts until its newest sample is older than its length.
        let leaves_window = now.mono_at(at.saturating_add(window_ns).saturating_add(1));
        entry.published.store(&entry.window.moments(), leaves_window);
        if is_new {
            self.publish_watched(markets, marks);
        }
        let observed = Observed { status, z, leaves_window, changed: false, turned };
        let changed = self.hold(&observed, at, now, rule, marks);
        (moved, Ok(Observed { changed, ..observed }))
    }

    /// An odds market whose price may have been refused is trusted no more until its next one.
    fn distrust(
        &self,
        markets: &mut Markets,
        market: &str,
        now: Now,
        rule: &OddsRule,
        marks: &impl Marks,
    ) {
        // Where nobody asks whether the match is watched, what is no price makes no odds market; nor
        // does it where another would have to be forgotten for it, which is a move.
        let makes_market = rule.drift.is_on()
            && rule.feed.silence_after_ns > 0
            && markets.windows.len() < rule.max_markets;
        if makes_market && !markets.windows.contains_key(market) {
            self.make_market(markets, market, now, rule, marks);
        }
        let Markets { windows, prices, .. } = markets;
        if windows.get_mut(market).is_some_and(|market| prices.distrust(&mut market.quote)) {
            self.publish_watched(markets, marks);
        }
    }

    /// Makes an odds market that is new, if there is room. Returns beyond which bounds the match has
    /// moved by what had to be forgotten, and whether the market is there.
    fn make_market(
        &self,
        markets: &mut Markets,
        market: &str,
        now: Now,
        rule: &OddsRule,
        marks: &impl Marks,
    ) -> (Moved, bool) {
        let before = markets.windows.len();
        let (moved, has_room) = markets.make_room(now.mono, rule.max_markets);
        if markets.windows.len() < before {
            self.publish_watched(markets, marks);
        }
        if has_room {
            let published = Arc::default();
            let row = Market { window: Window::default(), published, quote: Quote::default() };
            markets.windows.insert(market.into(), row);
            let of = |(name, market): (&Arc<str>, &Market)| {
                (Arc::clone(name), Arc::clone(&market.published))
            };
            self.scores.replace(markets.windows.iter().map(of));
        }
        (moved, has_room)
    }

    /// Whether no status holds and every window counts as empty: forgetting the book changes
    /// nothing.
    pub(crate) fn is_over(&self, now: MonoNs) -> bool {
        self.published(now).0 == Signal::Unscored
    }

    /// The match's published status at `now`, and until when it holds by itself.
    pub(crate) fn published(&self, now: MonoNs) -> (Signal, MonoNs) {
        Holds::from_words(self.holds.load()).at(now)
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
