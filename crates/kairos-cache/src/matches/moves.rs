// What concerns the prices of every match: other bounds on drift, a feed that is gone, how many are watched.
// Never knows: how prices are judged, or what a move does.
// Read next: `one.rs` for one match, `prices.rs` for its prices.

use std::sync::Arc;

use crate::matches::one::Match;
use crate::matches::{FeedState, Matches, Move, OddsRule, Scope};
use crate::policy::MonoNs;
use crate::truth::Sequence;

impl Matches {
    /// Every match that has a state, as the walk comes by them. Locks one shard at a time.
    pub(crate) fn all(&self) -> Vec<Scope> {
        self.table.iter().map(|of| Scope::new(Arc::clone(&of))).collect()
    }

    /// Goes by another rule on drift: a move of every match. Returns the moves. O(matches).
    pub(crate) fn adopt(&self, rule: &OddsRule, sequence: &Sequence) -> Vec<(Scope, Move)> {
        self.moves(|of| of.adopt(rule, sequence))
    }

    /// A feed is gone: a move of the matches that it has priced. Returns the moves. O(matches).
    pub(crate) fn retire(&self, feed: &Arc<FeedState>, sequence: &Sequence) -> Vec<(Scope, Move)> {
        self.moves(|of| of.retire(feed, sequence))
    }

    fn moves(&self, moved: impl Fn(&Match) -> Option<Move>) -> Vec<(Scope, Move)> {
        // Under no shard's lock: what is done takes the locks of matches.
        let of_one = |scope: Scope| {
            let moved = moved(scope.of()?)?;
            Some((scope, moved))
        };
        self.all().into_iter().filter_map(of_one).collect()
    }

    /// Counts the matches that are watched at `now`, each for the next count by itself. O(matches).
    pub(crate) fn recount(&self, now: MonoNs, rule: &OddsRule) -> usize {
        let is_watched = |scope: &Scope| {
            scope.of().is_some_and(|of| {
                of.recount(now, rule);
                of.watch(now, rule).0.is_watched
            })
        };
        self.all().iter().filter(|scope| is_watched(scope)).count()
    }
}
