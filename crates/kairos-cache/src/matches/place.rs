// The match and market of a value or a read.
// Never knows: keys, values, or what is decided about them.
// Read next: `handle.rs`, which it asks.

use crate::matches::handle::Scope;
use crate::policy::{MarketId, MatchFacts, MonoNs, Now, Signal, Standing};

/// The match and market of a value or a read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) scope: Option<Scope>,
    pub(crate) market: Option<MarketId>,
}

impl Place {
    pub(crate) fn facts(&self) -> MatchFacts {
        self.scope.as_ref().map_or_else(MatchFacts::default, Scope::facts)
    }

    /// Whether the place is in a match without a state.
    pub(crate) fn is_over_bound(&self) -> bool {
        self.scope.as_ref().is_some_and(Scope::is_over_bound)
    }

    /// Whether the place's match lets anything be stored and served.
    pub(crate) fn standing(&self) -> Standing {
        self.scope.as_ref().map_or(Standing::Open, |scope| scope.standing(self.market))
    }

    /// Whether nothing may be stored or served.
    pub(crate) fn is_barred(&self) -> bool {
        self.standing() != Standing::Open
    }

    /// The match's published status, and until when it holds by itself.
    pub(crate) fn published(&self, now: Now) -> (Signal, MonoNs) {
        let none = (Signal::Unscored, MonoNs::MAX);
        self.scope.as_ref().map_or(none, |scope| scope.published(now.mono))
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
