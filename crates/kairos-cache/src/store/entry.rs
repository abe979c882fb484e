// A stored value, the match and market it belongs to, and how soon it may be computed again.
// Never knows: keys, or how it is found.
// Read next: `../flight/job.rs` for values on their way, `../engine/find.rs` for how an entry is looked at.

use std::sync::Arc;

use crate::context::Scope;
use crate::policy::events::MarketId;
use crate::policy::freshness::EntryView;
use crate::policy::volatility::Signal;
use crate::policy::{MatchFacts, MonoNs, Now};
use crate::sync::{AtomicU64, Ordering};

/// The match and market of a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) scope: Option<Scope>,
    pub(crate) market: Option<MarketId>,
}

impl Place {
    pub(crate) fn facts(&self) -> MatchFacts {
        self.scope.as_ref().map_or_else(MatchFacts::default, |scope| scope.state().facts())
    }

    pub(crate) fn is_overflow(&self) -> bool {
        self.scope.as_ref().is_some_and(Scope::is_overflow)
    }

    pub(crate) fn is_suspended(&self) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.is_suspended(self.market))
    }

    /// The match's published status, and until when it holds by itself.
    pub(crate) fn published(&self, now: Now) -> (Signal, MonoNs) {
        let none = (Signal::Unscored, MonoNs::MAX);
        self.scope.as_ref().map_or(none, |scope| scope.state().odds.published(now.mono))
    }

    pub(crate) fn is_within(&self, scope: &Scope) -> bool {
        self.scope.as_ref().is_some_and(|own| own.is(scope))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Place) -> bool {
        let same_scope = match (&self.scope, &other.scope) {
            (Some(a), Some(b)) => a.is(b),
            (None, None) => true,
            _ => false,
        };
        same_scope && self.market == other.market
    }
}

/// A stored value and what was known when it was stored.
pub(crate) struct Entry<V> {
    /// Nothing, where it is known that there is nothing.
    pub(crate) value: Option<Arc<V>>,
    pub(crate) rules_view: EntryView,
    pub(crate) place: Place,
    pub(crate) refresh_not_before: AtomicU64,
    pub(crate) weight: u32,
}

impl<V> Entry<V> {
    pub(crate) fn put_off_refresh(&self, until: MonoNs) {
        // Relaxed: a hint about pace; nothing is published by it.
        self.refresh_not_before.store(until, Ordering::Relaxed);
    }

    pub(crate) fn may_compute(&self, now: Now) -> bool {
        // Relaxed: as in `put_off_refresh`.
        now.mono >= self.refresh_not_before.load(Ordering::Relaxed)
    }
}
