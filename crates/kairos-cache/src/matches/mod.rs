// Every match by name: at most `bounds.matches` have a state; one is forgotten only where that revives nothing.
// Never knows: entries, or how their slots let go of a match.
// Read next: `handle.rs` for the way to a match, `one.rs` for the match; `../engine/reclaim.rs`.
// Why: `docs/decisions/0005-matches-beyond-the-bound-are-not-cached.md`.
//
// A name stands for one state at a time, or an invalidation through one handle would miss what is
// stored through another. So a match is forgotten only while the table alone holds it: then it has no
// entry, no compute, and no handle.
//
// A match beyond the bound has no state, and so no entries that anything could have to reach. A
// handle to it is a name, and is looked up anew by each read and each operation. What is left of it
// is its running computes, which other readers may join. They capture a class of their own with one
// mark that they all share. Every invalidation of a match raises that mark, whether the match has a
// state or not: a compute may have begun without the state that is invalidated, and may outlive it.

mod belonging;
mod classes;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod feed;
mod feeds;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod given;
mod handle;
mod holds;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod judged;
mod markets;
mod moves;
mod observation;
mod odds;
mod one;
mod pace;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod prices;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod published;
mod scores;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
mod state;

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use dashmap::{DashMap, Entry};
use foldhash::fast::FixedState;

use crate::matches::one::{Common, Match};
use crate::matches::pace::Pace;
use crate::matches::state::Loss;
use crate::policy::Now;
use crate::sync::{AtomicU64, AtomicUsize, Mutex, Ordering};
use crate::truth::{Invalidations, Sequence, Version};

#[cfg(not(kairos_loom))]
pub(crate) use feed::{FeedState, Turned};
#[cfg(kairos_loom)]
pub use feed::{FeedState, Turned};
pub(crate) use feeds::Feeds;
#[cfg(not(kairos_loom))]
pub(crate) use given::Given;
#[cfg(kairos_loom)]
pub use given::Given;
pub(crate) use handle::Place;
pub use handle::Scope;
#[cfg(not(kairos_loom))]
pub(crate) use judged::Move;
#[cfg(kairos_loom)]
pub use judged::{Judged, Marks, Move, Renew};
pub(crate) use observation::{Observation, Observed, OddsRule, Told};
pub(crate) use pace::Sweeps;
#[cfg(kairos_loom)]
pub use prices::{Prices, Quote, Watched};
#[cfg(kairos_loom)]
pub use published::Published;
#[cfg(kairos_loom)]
pub use state::ScopeState;
pub use state::TradingStatus;

/// Whoever finds no room looks at so many matches for some that may be forgotten.
const ROWS_A_CALL: usize = 64;

/// And at so many times more, where there is none among those. The next calls then look at none.
const CALLS_A_LOOK: usize = 4;

/// How many matches are looked at for some that may be forgotten.
struct Look {
    most: usize,
    /// So many, if some of them may be forgotten.
    least: usize,
    /// What may be lost by it.
    worst: Loss,
    /// In the order in which they came, those that are held stand in long rows.
    at_random: bool,
}

/// What a call looks at that finds no room.
const A_FEW: Look = Look {
    most: ROWS_A_CALL * CALLS_A_LOOK,
    least: ROWS_A_CALL,
    worst: Loss::Kickoff,
    at_random: true,
};

/// A part of all.
const PART: Look = Look { most: 1024, least: 1024, worst: Loss::Nothing, at_random: false };

/// The matches of a cache.
pub(crate) struct Matches {
    /// The cache to which the matches belong.
    owner: u64,
    table: Arc<Table>,
    /// The number of markets in the event graph.
    markets: usize,
    /// Rows come and go under their shard's lock, and are counted beside them.
    count: AtomicUsize,
    /// The name of each row, from which those are drawn that are looked at.
    names: Mutex<VecDeque<Box<str>>>,
    drawn: AtomicU64,
    pace: Pace,
    looks: Pace,
    /// The home of entries without a match: it has classes, and nothing else is ever set.
    no_match: state::ScopeState,
    common: Arc<Common>,
}

/// The matches that have a state, by name.
type Table = DashMap<Box<str>, Arc<Match>, FixedState>;

/// A match that has a state, as an operation through a handle reaches it.
pub(crate) enum Known<'a> {
    /// The handle keeps it.
    Held(&'a Match),
    /// The match was found by the name of a handle that was resolved over the bound.
    Found(Arc<Match>),
}

impl Deref for Known<'_> {
    type Target = Match;

    fn deref(&self) -> &Match {
        match self {
            Known::Held(of) => of,
            Known::Found(of) => of,
        }
    }
}

impl Matches {
    /// `invalidations` are the cache's; `now` reads its clock.
    pub(crate) fn new(
        owner: u64,
        hasher: FixedState,
        markets: usize,
        invalidations: &Invalidations,
        now: impl Fn() -> Now + Send + Sync + 'static,
    ) -> Matches {
        Matches {
            owner,
            table: Arc::new(DashMap::with_hasher(hasher)),
            markets,
            count: AtomicUsize::new(0),
            names: Mutex::new(VecDeque::new()),
            drawn: AtomicU64::new(0),
            pace: Pace::new(),
            looks: Pace::new(),
            no_match: state::ScopeState::new("", markets)
                .within(invalidations.all(), invalidations.everything()),
            common: Common::new(invalidations, now),
        }
    }

    /// The match of a name that has a state. Locks one shard.
    pub(crate) fn find(&self, name: &str) -> Option<Scope> {
        self.table.get(name).map(|of| Scope::new(Arc::clone(&of)))
    }

    /// The match of a name, created if there are fewer than `bound`. At the bound this looks at a few
    /// matches, for one that may be forgotten.
    pub(crate) fn find_or_create(&self, name: &str, bound: usize, now: Now) -> Option<Scope> {
        let found = self.find(name).or_else(|| self.create(name, bound));
        let calls = self.len().div_ceil(ROWS_A_CALL).clamp(1, CALLS_A_LOOK);
        if found.is_some() || !self.looks.is_due(calls - 1) {
            return found;
        }
        let before = self.len();
        self.forget_some(&A_FEW, bound, now);
        if self.len() < before {
            self.looks.made_room(CALLS_A_LOOK);
        }
        self.create(name, bound)
    }

    /// Whether a call that has found no room is to have the whole table looked at: once in so many
    /// calls that each pays for a bounded number of matches.
    pub(crate) fn is_due(&self) -> bool {
        self.len() > ROWS_A_CALL && self.pace.is_due(self.len() / ROWS_A_CALL)
    }

    /// The handle of a match for which there is no room.
    pub(crate) fn over_bound(&self, name: &str) -> Scope {
        Scope::over_bound(name, self.owner, Arc::downgrade(&self.table))
    }

    /// The handle for a read: with a state, if the match has one by now.
    pub(crate) fn current(&self, scope: &Scope) -> Scope {
        let found = if scope.is_over_bound() { self.find(scope.name()) } else { None };
        found.unwrap_or_else(|| scope.clone())
    }

    /// The match that an operation through a handle reaches; `None` if it still has no state.
    pub(crate) fn known<'a>(&self, scope: &'a Scope) -> Option<Known<'a>> {
        if self.own(scope) { scope.known() } else { None }
    }

    /// Kills every entry of a match. Returns how many lived.
    pub(crate) fn kill_all(&self, scope: &Scope, sequence: &Sequence) -> u64 {
        if let Some(known) = self.known(scope) {
            return known.kill_all(sequence);
        }
        // A match that gets a state from here on computes after this call began.
        self.common.over_bound.kill(sequence.next());
        0
    }

    /// Expires every entry of a match.
    pub(crate) fn expire_all(&self, scope: &Scope, sequence: &Sequence) {
        match self.known(scope) {
            Some(known) => known.expire_all(sequence),
            // As above. The match has nothing stored: an expiry bars from joining, as a kill does.
            None => self.common.over_bound.kill(sequence.next()),
        }
    }

    /// The count of the changes about the match of a place that could alter a decision.
    pub(crate) fn version<'a>(&'a self, place: &'a Place) -> &'a Arc<Version> {
        self.state_of(place).version()
    }

    /// Forgets matches without a holder until there is some room. O(matches).
    pub(crate) fn make_room(&self, bound: usize, now: Now) {
        if self.len() >= bound {
            let rows = self.names.lock().len();
            for worst in [Loss::Nothing, Loss::Kickoff] {
                for _ in 0..rows.div_ceil(PART.most) {
                    self.forget_some(&Look { worst, ..PART }, bound, now);
                }
            }
        }
    }

    /// Whether a match is one of this cache.
    pub(crate) fn own(&self, scope: &Scope) -> bool {
        scope.is_of(self.owner)
    }

    /// The number of matches with a state.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed) // Relaxed: a count; it publishes nothing.
    }

    /// The state of a place's match; where it has none, the home of entries without a match.
    fn state_of<'a>(&'a self, place: &'a Place) -> &'a state::ScopeState {
        place.scope.as_ref().and_then(Scope::of).map_or(&self.no_match, |of| &of.state)
    }

    fn create(&self, name: &str, bound: usize) -> Option<Scope> {
        let of = match self.table.entry(name.into()) {
            Entry::Occupied(row) => Arc::clone(row.get()),
            Entry::Vacant(row) => {
                let one_more = |count| if count < bound { Some(count + 1) } else { None };
                // Relaxed: the count bounds memory and publishes nothing.
                self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
                self.names.lock().push_back(name.into());
                let of = Arc::new(Match::new(self.owner, name, self.markets, &self.common));
                Arc::clone(&row.insert(of))
            }
        };
        Some(Scope::new(of))
    }

    /// Forgets of some matches first those with nothing to lose, then those whose kickoff lies ahead:
    /// a reader of such a match holds it, or gives its kickoff again.
    fn forget_some(&self, look: &Look, bound: usize, now: Now) {
        let enough = bound.saturating_sub((bound / 64).max(1));
        let before = self.len();
        let (mut ahead, mut kept) = (Vec::new(), Vec::new());
        for row in 0..look.most {
            if row >= look.least && (self.len() < before || !ahead.is_empty()) {
                break;
            }
            let Some(name) = self.draw(look) else { break };
            match self.forget(&name, Loss::Nothing, now) {
                None => {}
                Some(loss) if loss <= look.worst => ahead.push(name),
                Some(_) => kept.push(name),
            }
        }
        for name in ahead {
            let goes = self.len() > enough && self.forget(&name, Loss::Kickoff, now).is_none();
            if !goes {
                kept.push(name);
            }
        }
        self.names.lock().extend(kept);
        self.pace.made_room(before.saturating_sub(self.len()));
    }

    /// Takes a name to be looked at.
    fn draw(&self, look: &Look) -> Option<Box<str>> {
        let mut names = self.names.lock();
        if !look.at_random || names.len() <= look.most {
            return names.pop_front();
        }
        // Relaxed: a number that differs from call to call.
        let nth = self.drawn.fetch_add(1, Ordering::Relaxed);
        // The finalizer of splitmix64, after Steele, Lea and Flood (OOPSLA 2014).
        let mut bits = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let index = (bits ^ bits >> 31) % names.len() as u64;
        names.swap_remove_back(usize::try_from(index).expect("below a length"))
    }

    /// Forgets a match with no more than this to lose. Returns what would be lost, if it stays.
    fn forget(&self, name: &str, most: Loss, now: Now) -> Option<Loss> {
        let mut kept = None;
        let forgotten = self.table.remove_if_mut(name, |_, of| {
            // Held by the table alone, and every former holder's last word is visible.
            let loss = Arc::get_mut(of).map_or(Loss::Bar, |of| of.loss(now));
            kept = (loss > most).then_some(loss);
            kept.is_none()
        });
        if forgotten.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed); // Relaxed: as in `create`.
        }
        kept
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
