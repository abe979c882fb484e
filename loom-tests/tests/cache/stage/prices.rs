// The prices of the match on the stage: one odds market, judged as the engine judges it.
// Never knows: windows and scores, which stand behind an arc-swap.
//
// What is judged, renewed and held is production code. Who holds the lock names the steps, as the engine's
// book of odds does, and a move covers the match by the calls that the engine's match makes.

use std::sync::Arc;

use kairos_cache::model::{
    DriftRule, FeedState, Judged, Marks, Move, Moved, Prices as Judging, Quote, Renew, Watched,
};
use kairos_cache::{DriftBound, DriftMeasure};

use super::World;

/// The price by which the match is judged first.
pub(crate) const REFERENCE: f64 = 2.0;

/// A price beyond the soft bound, within the hard one.
pub(crate) const NEAR: f64 = 2.03;

/// A price beyond both bounds.
pub(crate) const FAR: f64 = 2.5;

const RULE: DriftRule =
    DriftRule { soft: 0.01, hard: 0.05, measure: DriftMeasure::Price, dry_run: false };

/// The prices of a match, behind their lock.
pub(crate) struct Prices(Judged<Sheet>);

/// What is known of them.
struct Sheet {
    prices: Judging,
    quote: Quote,
}

impl Sheet {
    fn accept(&mut self, price: f64, feed: Option<&Arc<FeedState>>) -> Moved {
        self.prices.accept(&mut self.quote, price, feed).0
    }
}

impl Renew for Sheet {
    fn renew(&mut self, moved: Moved) -> Option<DriftBound> {
        self.prices.renew(moved, [&mut self.quote].into_iter())
    }

    fn is_dry_run(&self) -> bool {
        self.prices.is_dry_run()
    }
}

/// What a move does to the match.
struct OfMatch<'a>(&'a World);

impl Marks for OfMatch<'_> {
    fn changed(&self) {
        self.0.scope.version().touch();
    }

    fn moved(&self, bound: DriftBound) -> u64 {
        let sequence = self.0.invalidations.sequence();
        match bound {
            DriftBound::Hard => self.0.scope.kill_all(sequence),
            DriftBound::Soft => {
                self.0.scope.expire_all(sequence);
                0
            }
        }
    }
}

/// A move that is noted, and not made.
struct Noted;

impl Marks for Noted {
    fn changed(&self) {}

    fn moved(&self, _: DriftBound) -> u64 {
        0
    }
}

impl Prices {
    /// One odds market with a price, which is its reference.
    pub(super) fn new() -> Prices {
        let mut sheet = Sheet { prices: Judging::new(), quote: Quote::default() };
        sheet.prices.adopt(1, RULE);
        let first = sheet.accept(REFERENCE, None);
        sheet.renew(first);
        Prices(Judged::new(sheet))
    }

    /// What readers are told of the feeds.
    pub(crate) fn watched(&self) -> Watched {
        self.0.judge(&Noted, |sheet| (Moved::default(), sheet.prices.watched())).0
    }
}

impl World {
    /// A price is observed.
    pub(crate) fn observe(&self, price: f64) -> Option<Move> {
        self.observe_by(price, None)
    }

    /// A price is observed that a feed tells.
    pub(crate) fn observe_by(&self, price: f64, feed: Option<&Arc<FeedState>>) -> Option<Move> {
        self.prices.0.judge(&OfMatch(self), |sheet| (sheet.accept(price, feed), ())).1
    }

    /// The mistake that the models must find: the marks after the lock.
    pub(crate) fn observe_and_mark_later(&self, price: f64) -> Option<Move> {
        let noted = self.prices.0.judge(&Noted, |sheet| (sheet.accept(price, None), ())).1?;
        Some(Move { died: OfMatch(self).moved(noted.bound), ..noted })
    }

    /// A feed is taken out.
    pub(crate) fn retire(&self, feed: &Arc<FeedState>) {
        feed.retire();
        self.prices.0.judge(&OfMatch(self), |sheet| {
            let had_any = sheet.prices.retire(feed, [&mut sheet.quote].into_iter());
            (Moved { soft: had_any, hard: had_any }, ())
        });
    }
}
