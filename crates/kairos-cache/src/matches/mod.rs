// Every match by name: so many at most, forgotten only where that revives nothing.
// Never knows: entries, or how their slots let go of a match.
// Read next: `state.rs` for one match, `overflow.rs` for those beyond the bound, `reclaim.rs`.
//
// A name stands for one state at a time, or an invalidation through one handle would miss what is
// stored through another. A match with a state of its own is forgotten only while the table
// alone holds it. A name that was handed out beyond the bound stays there while anybody holds
// anything there: names are remembered as bits of their hashes, so that a name whose bit is not
// set was never there and may have a state of its own as soon as there is room.

mod classes;
mod handle;
pub(crate) mod odds;
mod one;
pub(crate) mod overflow;
mod pace;
mod place;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod published;
#[allow(unreachable_pub, reason = "public to the models in loom-tests")]
pub(crate) mod state;

use std::hash::BuildHasher;
use std::sync::Arc;

use dashmap::DashMap;
use foldhash::fast::FixedState;

use crate::matches::one::Match;
use crate::matches::overflow::{Member, Overflow};
use crate::matches::state::{Loss, ScopeState};
use crate::policy::Now;
use crate::sync::{AtomicUsize, Mutex, Ordering};

pub use handle::Scope;
pub(crate) use pace::Pace;
pub(crate) use place::Place;

/// The matches of a cache.
pub(crate) struct Matches {
    /// The cache whose matches these are.
    owner: u64,
    table: DashMap<Box<str>, Arc<Match>, FixedState>,
    hasher: FixedState,
    /// How many markets the event graph has.
    markets: usize,
    /// Written under the lock below only.
    count: AtomicUsize,
    pace: Pace,
    /// Held while a match is created or forgotten.
    beyond: Mutex<Option<Beyond>>,
}

/// The matches beyond the bound, and which they may be.
struct Beyond {
    overflow: Arc<Overflow>,
    names: Names,
}

impl Matches {
    pub(crate) fn new(owner: u64, hasher: FixedState, markets: usize) -> Matches {
        Matches {
            owner,
            table: DashMap::with_hasher(hasher.clone()),
            hasher,
            markets,
            count: AtomicUsize::new(0),
            pace: Pace::new(),
            beyond: Mutex::new(None),
        }
    }

    /// The match of a name that has a state of its own. Locks one shard.
    pub(crate) fn find(&self, name: &str) -> Option<Scope> {
        self.table.get(name).map(|state| Scope::own(Arc::clone(&state), self.owner))
    }

    /// The same, created if there are fewer than `bound`. At the bound it looks, now and then,
    /// for matches that may be forgotten.
    pub(crate) fn find_or_create(&self, name: &str, bound: usize, now: Now) -> Option<Scope> {
        let mut beyond = self.beyond.lock();
        if let Some(scope) = self.find(name) {
            return Some(scope);
        }
        beyond.take_if(|beyond| {
            Arc::get_mut(&mut beyond.overflow).is_some_and(|o| o.may_be_forgotten(now))
        });
        if beyond.as_ref().is_some_and(|beyond| beyond.names.may_hold(self.hash(name))) {
            return None;
        }
        if self.len() >= bound && self.pace.is_due(self.len() / 64) {
            self.forget_some(bound, now);
        }
        if self.len() >= bound {
            return None;
        }
        let state = Arc::new(Match::new(name, self.markets));
        self.table.insert(name.into(), Arc::clone(&state));
        self.count.fetch_add(1, Ordering::Relaxed); // Relaxed: the lock orders all who write it.
        Some(Scope::own(state, self.owner))
    }

    /// The match of a name: its own state if it has one by now, else the one that is shared.
    pub(crate) fn find_or_share(&self, name: &str) -> Scope {
        let mut beyond = self.beyond.lock();
        if let Some(scope) = self.find(name) {
            return scope;
        }
        let new =
            || Beyond { overflow: Arc::new(Overflow::new(self.markets)), names: Names::new() };
        let beyond = beyond.get_or_insert_with(new);
        beyond.names.insert(self.hash(name));
        let overflow = Arc::clone(&beyond.overflow);
        Scope::shared(Arc::new(Member { name: name.into(), overflow }), self.owner)
    }

    /// Forgets matches that nobody holds until there is some room. O(matches).
    pub(crate) fn make_room(&self, bound: usize, now: Now) {
        let _alone = self.beyond.lock();
        if self.len() >= bound {
            self.forget_some(bound, now);
        }
    }

    /// Calls `visit` with every state there is.
    pub(crate) fn for_each(&self, visit: impl Fn(&ScopeState)) {
        self.table.iter().for_each(|row| visit(&row.value().state));
        if let Some(beyond) = &*self.beyond.lock() {
            visit(&beyond.overflow.state().state);
        }
    }

    /// Whether a match is one of these.
    pub(crate) fn own(&self, scope: &Scope) -> bool {
        scope.is_of(self.owner)
    }

    /// How many matches have a state of their own.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed) // Relaxed: a count; it publishes nothing.
    }

    /// First what nothing is lost with, then kickoffs that lie ahead: who still cares for such a
    /// match holds it, or gives its kickoff again.
    fn forget_some(&self, bound: usize, now: Now) {
        let enough = bound.saturating_sub((bound / 64).max(1));
        let before = self.len();
        let mut count = before;
        for least in [Loss::Nothing, Loss::Kickoff] {
            self.table.retain(|_, state| {
                // Held by the table alone, and every former holder's last word is visible.
                let Some(state) = Arc::get_mut(state) else { return true };
                let forgotten = match state.loss(now) {
                    Loss::Nothing => true,
                    Loss::Kickoff => least == Loss::Kickoff && count > enough,
                    Loss::Bar => false,
                };
                count -= usize::from(forgotten);
                !forgotten
            });
            if count <= enough {
                break;
            }
        }
        self.count.store(count, Ordering::Relaxed); // Relaxed: as in `find_or_create`.
        self.pace.made_room(before - count);
    }

    fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
    }
}

/// A set of names as bits of their hashes: it may hold a name that was never put in, never the
/// reverse. 128 KiB; a hundred thousand names fill a tenth of it.
struct Names(Box<[u64]>);

const NAME_BITS: usize = 1 << 20;

impl Names {
    fn new() -> Names {
        Names(vec![0; NAME_BITS / 64].into())
    }

    fn insert(&mut self, hash: u64) {
        let (word, bit) = Names::place(hash);
        self.0[word] |= bit;
    }

    fn may_hold(&self, hash: u64) -> bool {
        let (word, bit) = Names::place(hash);
        self.0[word] & bit != 0
    }

    fn place(hash: u64) -> (usize, u64) {
        let at = hash as usize % NAME_BITS;
        (at / 64, 1 << (at % 64))
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
