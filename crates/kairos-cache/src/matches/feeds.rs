// Feeds by name: at most so many beside the default one.
// Never knows: when a feed has spoken, prices, matches, or entries.
// Read next: `feed.rs` for one of them; `../engine/feeds.rs`, which tells of silence.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use dashmap::{DashMap, Entry};
use foldhash::fast::FixedState;

use crate::matches::feed::FeedState;
use crate::sync::{AtomicUsize, Ordering};

/// The feed that speaks where none is named.
pub(crate) const DEFAULT: &str = "default";

/// The feeds of a cache: `default`, and at most so many others as the bound allows.
pub(crate) struct Feeds {
    default: ArcSwap<FeedState>,
    others: DashMap<Arc<str>, Arc<FeedState>, FixedState>,
    count: AtomicUsize,
}

impl Feeds {
    pub(crate) fn new(hasher: FixedState) -> Feeds {
        Feeds {
            default: ArcSwap::new(FeedState::new(DEFAULT.into())),
            others: DashMap::with_hasher(hasher),
            count: AtomicUsize::new(0),
        }
    }

    /// The feed that speaks where none is named.
    pub(crate) fn default(&self) -> Guard<Arc<FeedState>> {
        self.default.load()
    }

    /// The feed of a name, if it is there.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<FeedState>> {
        if name == DEFAULT {
            return Some(self.default.load_full());
        }
        self.others.get(name).map(|feed| Arc::clone(&feed))
    }

    /// The feed of a name, created if there are fewer than `bound` beside the default one.
    pub(crate) fn find_or_create(&self, name: &str, bound: usize) -> Option<Arc<FeedState>> {
        if let Some(feed) = self.find(name) {
            return Some(feed);
        }
        match self.others.entry(name.into()) {
            Entry::Occupied(feed) => Some(Arc::clone(feed.get())),
            Entry::Vacant(row) => {
                let one_more = |count| if count < bound { Some(count + 1) } else { None };
                // Relaxed: the count bounds memory and publishes nothing.
                self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
                let feed = FeedState::new(name.into());
                Some(Arc::clone(&row.insert(feed)))
            }
        }
    }

    /// Takes a feed out: whoever names it from here on gets another.
    pub(crate) fn retire(&self, feed: &Arc<FeedState>) {
        feed.retire();
        if **feed.name() == *DEFAULT {
            let fresh = FeedState::new(DEFAULT.into());
            self.default.rcu(|now| Arc::clone(if Arc::ptr_eq(now, feed) { &fresh } else { now }));
            return;
        }
        let removed = self.others.remove_if(feed.name(), |_, row| Arc::ptr_eq(row, feed));
        if removed.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed); // Relaxed: as in `find_or_create`.
        }
    }

    /// Every feed.
    pub(crate) fn all(&self) -> Vec<Arc<FeedState>> {
        let others = self.others.iter().map(|feed| Arc::clone(&feed));
        [self.default.load_full()].into_iter().chain(others).collect()
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn feeds_beyond_the_bound_are_none_and_one_that_is_retired_makes_room() {
        let feeds = Feeds::new(FixedState::default());
        let a = feeds.find_or_create("a", 1).expect("room");
        assert!(feeds.find_or_create("b", 1).is_none());
        assert!(Arc::ptr_eq(&feeds.find_or_create("a", 1).expect("there"), &a));
        let default = feeds.find_or_create(DEFAULT, 0).expect("beside the bound");
        feeds.retire(&a);
        feeds.retire(&a);
        assert!(a.is_retired() && feeds.find_or_create("b", 1).is_some());
        feeds.retire(&default);
        assert!(!Arc::ptr_eq(&feeds.default(), &default) && !feeds.default().is_retired());
        assert_eq!(feeds.all().len(), 2);
    }
}
