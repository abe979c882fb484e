// Matches: how one is resolved by name, and what is told of it besides events: odds, kickoff, line-up.
// Never knows: entries, or which reader asks.
// Read next: `../matches/mod.rs` for the table of names, `../matches/handle.rs` for what is told.
// Why: `docs/decisions/0005-matches-beyond-the-bound-are-not-cached.md`.

use std::time::SystemTime;

use crate::cache::Cache;
use crate::cache::feeds::observations;
use crate::error::Error;
use crate::matches::{Given, Observation, Scope};
use crate::policy::Volatility;
use crate::runtime::{system_time, wall_ns};
use crate::stats::Bounded;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Returns the match of a name, created if it is new. Keep the handle: reads through it do not
    /// hash the name, and the match is not forgotten.
    ///
    /// Beyond `bounds.matches` the match has no state and is not cached: see [`Scope`]. Counted.
    pub fn scope(&self, name: &str) -> Scope {
        let engine = &self.engine;
        engine.scope(name).unwrap_or_else(|| {
            engine.stats().over_bound(Bounded::Matches);
            engine.matches().over_bound(name)
        })
    }

    /// Returns the match of a name, created if it is new, and never one without a state.
    ///
    /// ```
    /// # use kairos_cache::{Cache, Error};
    /// let cache: Cache<u8, u8> = Cache::builder().max_matches(1).build()?;
    /// let held = cache.try_scope("12345")?;
    /// assert!(matches!(cache.try_scope("12346"), Err(Error::TooManyMatches)));
    /// assert!(!held.is_over_bound() && cache.scope("12346").is_over_bound());
    /// # Ok::<_, Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TooManyMatches`] beyond `bounds.matches`.
    pub fn try_scope(&self, name: &str) -> Result<Scope, Error> {
        self.engine.scope(name).ok_or(Error::TooManyMatches)
    }

    /// Returns the match of a name if it has a state, and creates none.
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// assert!(cache.find_scope("12345").is_none());
    /// let scope = cache.scope("12345");
    /// assert_eq!(cache.find_scope("12345"), Some(scope));
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn find_scope(&self, name: &str) -> Option<Scope> {
        self.engine.matches().find(name)
    }

    /// Returns every match that has a state, in no order. O(matches); locks a part of the table at a
    /// time, so that a match that comes or goes meanwhile may be missed. Held, none of them is forgotten.
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// let _held = [cache.scope("12345"), cache.scope("12346")];
    /// let mut names: Vec<String> =
    ///     cache.scopes().iter().map(|scope| scope.name().to_owned()).collect();
    /// names.sort();
    /// assert_eq!(names, ["12345", "12346"]);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn scopes(&self) -> Vec<Scope> {
        self.engine.matches().all()
    }

    /// Adds a decimal price to the window of one of a match's odds markets. Returns the status by
    /// which the price was scored against the window before it was added.
    ///
    /// A panic or warning is published to readers of the match for `status_hold`. Amortised O(1)
    /// in the window's length; locks the match's odds; allocates for a market's first price only.
    ///
    /// # Errors
    /// [`Error::Observation`] for a price that is not finite or not above 1.0, one older than the
    /// window or than its market's newest, one dated more than 60 s ahead, and the first of a market
    /// beyond `bounds.markets`. The refusal is counted, and the windows stay as they were.
    /// [`Error::ForeignScope`] for a match of another cache; [`Error::TooManyMatches`] for one over
    /// the bound ([`Scope`]).
    pub fn observe_odds(
        &self,
        scope: &Scope,
        market: &str,
        price: f64,
        at: SystemTime,
    ) -> Result<Volatility, Error> {
        let observation = Observation { market, price, at: wall_ns(at) };
        self.engine.observe(scope, Some(&self.engine.default_feed()), observation)
    }

    /// Adds prices of one match that belong together, such as a snapshot, as [`Cache::observe_odds`] adds
    /// one: together they are at most one move of the match. Returns the outcome of each.
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// use kairos_cache::Volatility;
    ///
    /// let scope = cache.scope("12345");
    /// let now = std::time::SystemTime::now();
    /// let prices = [("home_win", 1.85), ("draw", 3.4), ("away_win", 0.9)];
    /// let outcomes = cache.observe_many(&scope, prices, now)?;
    /// assert!(matches!(outcomes[..], [Ok(Volatility::Normal), Ok(Volatility::Normal), Err(_)]));
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// For all of them [`Error::ForeignScope`] and [`Error::TooManyMatches`]; for each
    /// [`Error::Observation`].
    pub fn observe_many<'a>(
        &self,
        scope: &Scope,
        prices: impl IntoIterator<Item = (&'a str, f64)>,
        at: SystemTime,
    ) -> Result<Vec<Result<Volatility, Error>>, Error> {
        let observations = observations(prices, at);
        self.engine.observe_many(scope, Some(&self.engine.default_feed()), &observations)
    }

    /// Publishes the kickoff of a match, as a context that gives one does: every reader obeys it at
    /// once. Of kickoffs the one stands that was given last, here or by
    /// [`Context::kickoff`](crate::Context::kickoff): reads with contexts from before this call do
    /// not bring theirs back.
    ///
    /// # Errors
    /// [`Error::ForeignScope`] for a match of another cache; [`Error::TooManyMatches`] for one over
    /// the bound ([`Scope`]).
    pub fn set_kickoff(&self, scope: &Scope, kickoff: SystemTime) -> Result<(), Error> {
        self.engine.require_own(scope)?;
        scope.set_kickoff(kickoff)
    }

    /// Publishes whether the line-up of a match is confirmed, as a context that gives it does. What
    /// was given last stands, as for [`Cache::set_kickoff`].
    ///
    /// # Errors
    /// [`Error::ForeignScope`] for a match of another cache; [`Error::TooManyMatches`] for one over
    /// the bound ([`Scope`]).
    pub fn set_lineup_confirmed(&self, scope: &Scope, confirmed: bool) -> Result<(), Error> {
        self.engine.require_own(scope)?;
        scope.set_lineup_confirmed(confirmed)
    }
}

impl Scope {
    /// Returns the kickoff that was given last. `None` too for a match without a state.
    pub fn kickoff(&self) -> Option<SystemTime> {
        self.known()?.facts().kickoff.map(system_time)
    }

    /// Returns whether the line-up was last said to be confirmed. False too for a match without a
    /// state.
    pub fn lineup(&self) -> bool {
        self.known().is_some_and(|of| of.facts().lineup_confirmed)
    }

    /// Publishes the kickoff of the match, as [`Cache::set_kickoff`] does.
    ///
    /// ```
    /// # let cache: kairos_cache::Cache<u8, u8> = kairos_cache::Cache::builder().build()?;
    /// let scope = cache.scope("12345");
    /// let kickoff = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    /// scope.set_kickoff(kickoff)?;
    /// scope.set_lineup_confirmed(true)?;
    /// assert_eq!((scope.kickoff(), scope.lineup()), (Some(kickoff), true));
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TooManyMatches`] for a match over the bound ([`Scope`]).
    pub fn set_kickoff(&self, kickoff: SystemTime) -> Result<(), Error> {
        let known = self.known().ok_or(Error::TooManyMatches)?;
        known.publish(Some(Given::now(wall_ns(kickoff))), None);
        Ok(())
    }

    /// Publishes whether the line-up of the match is confirmed, as [`Cache::set_lineup_confirmed`] does.
    ///
    /// # Errors
    /// [`Error::TooManyMatches`] for a match over the bound ([`Scope`]).
    pub fn set_lineup_confirmed(&self, confirmed: bool) -> Result<(), Error> {
        let known = self.known().ok_or(Error::TooManyMatches)?;
        known.publish(None, Some(Given::now(confirmed)));
        Ok(())
    }
}
