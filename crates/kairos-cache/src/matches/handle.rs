// The handle of a match, which callers, contexts and entries keep: with a state behind it, or a name alone.
// Never knows: how a name is looked up, or which reader asks.
// Read next: `one.rs` for what is behind it.
// Why: `docs/decisions/0005-matches-beyond-the-bound-are-not-cached.md`.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

use crate::matches::given::Given;
use crate::matches::observation::OddsRule;
use crate::matches::one::Match;
use crate::matches::state::{ScopeState, TradingStatus};
use crate::matches::{Known, Table};
use crate::policy::{
    MarketId, MatchFacts, MonoNs, Now, ScoreRule, Signal, Standing, Volatility, WallNs, Watch,
};

/// The handle of a match. Cheap to clone; while it is held, the match is not forgotten.
///
/// A handle that was resolved beyond `bounds.matches` ([`Scope::is_over_bound`]) has no state behind
/// it. Each operation through it looks the name up again, and reaches the match if the match has a
/// state by then. Until then
/// - a read computes, together with concurrent reads of its key, and stores nothing
///   ([`Reason::OverBound`](crate::Reason::OverBound)); kickoff and line-up of its context count for
///   that read alone;
/// - prices, status, kickoff, line-up and events are refused
///   ([`Error::TooManyMatches`](crate::Error::TooManyMatches)).
///
/// ```
/// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
/// let scope = cache.scope("12345");
/// assert_eq!((scope.name(), scope.is_over_bound()), ("12345", false));
/// assert_eq!(scope, cache.scope("12345"));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scope(Of);

#[derive(Debug, Clone)]
enum Of {
    Known(Arc<Match>),
    OverBound(Arc<OverBound>),
}

/// A match without a state, as one handle knows it.
#[derive(Debug)]
struct OverBound {
    /// The cache to which the match belongs.
    owner: u64,
    name: Arc<str>,
    /// What the context of one read gives; nothing in the handles of callers.
    facts: MatchFacts,
    /// Where the match is, should it have a state by now.
    table: Weak<Table>,
}

impl Scope {
    /// The handle of a match that has a state.
    pub(super) fn new(of: Arc<Match>) -> Scope {
        Scope(Of::Known(of))
    }

    /// The handle of a match that has none.
    pub(super) fn over_bound(name: &str, owner: u64, table: Weak<Table>) -> Scope {
        let of = OverBound { owner, name: name.into(), facts: MatchFacts::default(), table };
        Scope(Of::OverBound(Arc::new(of)))
    }

    /// Returns the name under which the match was resolved.
    pub fn name(&self) -> &str {
        match &self.0 {
            Of::Known(of) => of.state.name(),
            Of::OverBound(of) => &of.name,
        }
    }

    /// Returns the trading status of the match as a whole; its markets may be closed by themselves.
    /// Open too for a match without a state.
    ///
    /// ```
    /// use kairos_cache::{Cache, TradingStatus};
    ///
    /// let cache: Cache<u8, u8> = Cache::builder().build()?;
    /// let scope = cache.scope("12345");
    /// cache.set_status(&scope, None, TradingStatus::Suspended)?;
    /// assert_eq!(scope.status(), TradingStatus::Suspended);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn status(&self) -> TradingStatus {
        self.known().map_or(TradingStatus::Open, |of| of.state.status())
    }

    /// Returns the volatility status that readers of the match go by: that of the latest panic or
    /// warning as long as it holds. Normal too for a match without a state. Reads obey it while
    /// `volatility.enabled` is set. Reads the clock, and locks nothing.
    ///
    /// ```
    /// use kairos_cache::{Cache, Volatility};
    ///
    /// let cache: Cache<u8, u8> = Cache::builder().build()?;
    /// let scope = cache.scope("12345");
    /// assert_eq!(scope.volatility(), Volatility::Normal);
    /// let now = std::time::SystemTime::now();
    /// for price in [1.85, 1.86, 1.85, 1.86, 3.5] {
    ///     cache.observe_odds(&scope, "home_win", price, now)?;
    /// }
    /// assert_eq!(scope.volatility(), Volatility::Panic);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn volatility(&self) -> Volatility {
        self.known().map_or(Volatility::Normal, |of| of.volatility())
    }

    /// Returns whether the match had no state when this handle was resolved, because as many as
    /// `bounds.matches` allows were in use: see [`Scope`]. Resolve the name again to get a handle
    /// that keeps the match, once there is room.
    pub fn is_over_bound(&self) -> bool {
        matches!(self.0, Of::OverBound(_))
    }

    /// The match behind the handle, or the one that its name has by now.
    pub(crate) fn known(&self) -> Option<Known<'_>> {
        match &self.0 {
            Of::Known(of) => Some(Known::Held(of)),
            Of::OverBound(of) => {
                let table = of.table.upgrade()?;
                let found = table.get(&*of.name).map(|found| Arc::clone(&found));
                found.map(Known::Found)
            }
        }
    }

    /// Whether the match is one of this cache.
    pub(super) fn is_of(&self, owner: u64) -> bool {
        self.owner() == owner
    }

    /// The cache to which the match belongs.
    fn owner(&self) -> u64 {
        match &self.0 {
            Of::Known(of) => of.owner,
            Of::OverBound(of) => of.owner,
        }
    }

    /// The match behind the handle, if it has a state.
    pub(super) fn of(&self) -> Option<&Arc<Match>> {
        match &self.0 {
            Of::Known(of) => Some(of),
            Of::OverBound(_) => None,
        }
    }

    /// The state of the match, if it has one.
    #[inline]
    pub(crate) fn state(&self) -> Option<&ScopeState> {
        self.of().map(|of| &of.state)
    }

    /// Whether both handles are of the same match. A match without a state differs from the same
    /// match with one: a compute of the one does not answer a read of the other.
    pub(super) fn is(&self, other: &Scope) -> bool {
        match (&self.0, &other.0) {
            (Of::Known(own), Of::Known(other)) => Arc::ptr_eq(own, other),
            (Of::OverBound(own), Of::OverBound(other)) => own.name == other.name,
            _ => false,
        }
    }

    /// Publishes kickoff and line-up of a read's context to the match. Over the bound they stay in
    /// this handle, which is the read's own.
    pub(crate) fn publish(
        &mut self,
        kickoff: Option<Given<WallNs>>,
        lineup_confirmed: Option<Given<bool>>,
    ) {
        match &mut self.0 {
            Of::Known(of) => of.state.publish(kickoff, lineup_confirmed),
            Of::OverBound(of) if kickoff.is_some() || lineup_confirmed.is_some() => {
                let facts = MatchFacts {
                    kickoff: kickoff.map(|given| given.value),
                    lineup_confirmed: lineup_confirmed.is_some_and(|given| given.value),
                    is_watched: false,
                };
                let (name, table) = (Arc::clone(&of.name), Weak::clone(&of.table));
                *of = Arc::new(OverBound { owner: of.owner, name, facts, table });
            }
            Of::OverBound(_) => {}
        }
    }

    /// Kickoff and line-up as last published.
    pub(crate) fn facts(&self) -> MatchFacts {
        match &self.0 {
            Of::Known(of) => of.state.facts(),
            Of::OverBound(of) => of.facts,
        }
    }

    /// The facts of the match as they apply at `now`, with what its feeds say, and until when that stays
    /// so by itself.
    pub(crate) fn facts_at(&self, now: Now, rule: &OddsRule) -> (MatchFacts, Watch, MonoNs) {
        let none = (Watch::default(), MonoNs::MAX);
        let is_looked_for = rule.feed.silence_after_ns > 0;
        let (watch, until) = if is_looked_for { self.watch(now.mono, rule) } else { none };
        (MatchFacts { is_watched: watch.is_watched, ..self.facts() }, watch, until)
    }

    /// Whether the match, or this market of it, lets anything be stored and served.
    pub(super) fn standing(&self, market: Option<MarketId>) -> Standing {
        match &self.0 {
            Of::Known(of) if of.state.is_suspended(market) => Standing::Suspended,
            Of::Known(_) => Standing::Open,
            Of::OverBound(_) => Standing::OverBound,
        }
    }

    /// The match's published status, and until when it holds by itself.
    pub(super) fn published(&self, now: MonoNs) -> (Signal, MonoNs) {
        self.of().map_or((Signal::Unscored, MonoNs::MAX), |of| of.odds.published(now))
    }

    /// What the feeds say of the match at `now`, and until when that stays so by itself.
    pub(super) fn watch(&self, now: MonoNs, rule: &OddsRule) -> (Watch, MonoNs) {
        self.of().map_or((Watch::default(), MonoNs::MAX), |of| of.watch(now, rule))
    }

    /// Scores a read's own prices against the match's windows; a market without one scores zero.
    pub(crate) fn score<'a>(
        &self,
        mut prices: impl Iterator<Item = (&'a str, f64)>,
        now: MonoNs,
        rule: &ScoreRule,
    ) -> Signal {
        match &self.0 {
            Of::Known(of) => of.odds.scores.score(prices, now, rule),
            Of::OverBound(_) => match prices.next() {
                Some(_) => Signal::Scored(Volatility::Normal, 0.0),
                None => Signal::Unscored,
            },
        }
    }
}

/// Handles of the same match of the same cache are equal, and so are handles of one name that has no
/// state. A handle that was resolved beyond the bound differs from one that was not.
impl PartialEq for Scope {
    fn eq(&self, other: &Scope) -> bool {
        self.owner() == other.owner() && self.is(other)
    }
}

impl Eq for Scope {}

impl Hash for Scope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.owner(), self.name()).hash(state);
    }
}

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

    /// The facts of the match as they apply at `now`, with what its feeds say, and until when that stays
    /// so by itself.
    pub(crate) fn facts_at(&self, now: Now, rule: &OddsRule) -> (MatchFacts, Watch, MonoNs) {
        let none = (MatchFacts::default(), Watch::default(), MonoNs::MAX);
        self.scope.as_ref().map_or(none, |scope| scope.facts_at(now, rule))
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
