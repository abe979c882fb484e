// What a read says about itself: match, market, kickoff, line-up, prices, tags, how old is too old.
// Never knows: the cache that will read it, or whether its names exist there.
// Read next: `engine/read/mod.rs`, which resolves the names.

use std::time::{Duration, SystemTime};

use crate::matches::{Given, Scope};
use crate::policy::WallNs;
use crate::runtime::wall_ns;

/// The context of a read: match, market, tags and limits. Build it once per key and reuse it.
///
/// Kickoff and line-up belong to the match: a read with a context that gives them publishes them
/// there, and every other reader of the match obeys them at once. Of two kickoffs the one stands
/// that was given later, by [`Context::kickoff`] or
/// [`Cache::set_kickoff`](crate::Cache::set_kickoff), in one order for the whole process: a context
/// that is kept, and its clones, never bring back an old one. The same holds for line-ups.
///
/// A value belongs to the match, market and tags of the context whose read computed it; a refresh
/// by a read that names no match leaves it where it belongs. Reads of one key should agree on them.
///
/// ```
/// # use kairos_cache::{Cache, Context};
/// # let cache: Cache<u8, u8> = Cache::builder().build()?;
/// let context = Context::new(&cache.scope("12345")).market("btts").tag("team:arsenal");
/// assert_eq!(context.scope().map(|scope| scope.name()), Some("12345"));
/// assert_eq!(context.market_name(), Some("btts"));
/// assert_eq!(context.tags().collect::<Vec<_>>(), ["team:arsenal"]);
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Context {
    pub(crate) scope: Option<Scope>,
    pub(crate) market: Option<Box<str>>,
    pub(crate) kickoff: Option<Given<WallNs>>,
    pub(crate) lineup_confirmed: Option<Given<bool>>,
    pub(crate) current_odds: Vec<(Box<str>, f64)>,
    /// Sorted, without repetition.
    pub(crate) tags: Vec<Box<str>>,
    pub(crate) force_refresh: bool,
    pub(crate) max_age: Option<Duration>,
}

impl Context {
    /// Returns a context within a match.
    pub fn new(scope: &Scope) -> Context {
        Context { scope: Some(scope.clone()), ..Context::default() }
    }

    /// Returns a context without a match: the default TTL, no events, no volatility. Not for keys
    /// whose values belong to a match: see [`Context`].
    pub fn none() -> Context {
        Context::default()
    }

    /// Sets the market of the event graph to which the value belongs.
    #[must_use]
    pub fn market(mut self, market: &str) -> Context {
        self.market = Some(market.into());
        self
    }

    /// Sets the kickoff that a read publishes to the match. It is given now, whenever it is read.
    #[must_use]
    pub fn kickoff(mut self, kickoff: SystemTime) -> Context {
        self.kickoff = Some(Given::now(wall_ns(kickoff)));
        self
    }

    /// Sets whether the line-up is confirmed, which a read publishes to the match. It is given now.
    #[must_use]
    pub fn lineup_confirmed(mut self, confirmed: bool) -> Context {
        self.lineup_confirmed = Some(Given::now(confirmed));
        self
    }

    /// Adds a current decimal price, to be scored against its market's window at the read.
    #[must_use]
    pub fn current_odds(mut self, market: &str, price: f64) -> Context {
        self.current_odds.push((market.into(), price));
        self
    }

    /// Adds a tag to the value that a compute stores, such as `team:arsenal`.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Context {
        if let Err(place) = self.tags.binary_search_by(|t| (**t).cmp(tag)) {
            self.tags.insert(place, tag.into());
        }
        self
    }

    /// Requires a new value even if a fresh one is stored.
    #[must_use]
    pub fn force_refresh(mut self, force: bool) -> Context {
        self.force_refresh = force;
        self
    }

    /// Refuses values older than `max_age`.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Context {
        self.max_age = Some(max_age);
        self
    }

    /// Returns the match, if the context names one.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Returns the name of the market, if the context names one.
    pub fn market_name(&self) -> Option<&str> {
        self.market.as_deref()
    }

    /// Returns the tags that the context adds to its market's own, sorted.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tags.iter().map(|tag| &**tag)
    }

    /// The name of a property that needs a match, if the context gives one but no match.
    pub(crate) fn needs_match(&self) -> Option<&'static str> {
        if self.scope.is_some() {
            None
        } else if self.market.is_some() {
            Some("a market")
        } else if self.kickoff.is_some() {
            Some("a kickoff")
        } else if self.lineup_confirmed.is_some() {
            Some("a line-up")
        } else if !self.current_odds.is_empty() {
            Some("current odds")
        } else {
            None
        }
    }
}
