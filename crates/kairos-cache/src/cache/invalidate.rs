// Invalidation and expiry: of a key, a tag, a match, an event, everything.
// Never knows: how many entries it kills, except where a class word says so.
// Read next: `../truth/generation.rs` for why nothing computed before survives.

use std::hash::Hash;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::cache::Cache;
use crate::error::Error;
use crate::matches::{Scope, TradingStatus};
use crate::policy::{MarketName, impact_tenths};
use crate::stats::Notice;
use crate::to_key::{Key, Value};

/// The effect of an event on the entries of a match.
///
/// With the feature `serde` an object of its fields, of which `markets`, `died` and `cpu_saved_pct` are
/// those of the event's line in `kairos replay --decisions`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EventOutcome {
    /// The markets that share a tag with the event.
    pub markets: Arc<[MarketName]>,
    /// The number of markets in the graph.
    pub total_markets: usize,
    /// The share of markets affected, rounded to 0.1.
    pub impact_pct: f64,
    /// `100 - impact_pct`: the share that need not be computed again.
    pub cpu_saved_pct: f64,
    /// Entries that died by this event.
    pub died: u64,
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Invalidates one key. Returns whether this call ended a live entry: of calls that race for one
    /// entry, one returns true.
    ///
    /// When this returns, no later read is served a value whose compute started before the call.
    /// The same holds for every other invalidation. O(1); locks the key's flight and slot.
    pub fn invalidate<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let engine = &self.engine;
        engine.kill_key(key)
    }

    /// Makes one key's entry stale at once. A compute under way stores its result already stale.
    pub fn expire<Q>(&self, key: &Q)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let engine = &self.engine;
        engine.note_second();
        engine.expire_key(key);
    }

    /// Invalidates every entry that carries a tag, such as `team:arsenal`, across matches. O(1).
    pub fn invalidate_tag(&self, tag: &str) {
        self.engine.note_second();
        self.engine.invalidations().kill_tag(self.engine.tags(), tag);
        self.engine.sweep_soon();
    }

    /// Makes every entry that carries a tag stale at once. O(1).
    pub fn expire_tag(&self, tag: &str) {
        self.engine.note_second();
        self.engine.invalidations().expire_tag(self.engine.tags(), tag);
    }

    /// Invalidates every entry of a match. Returns how many died: 0 for a match of another cache,
    /// and for one over the bound ([`Scope`]). O(distinct sets of tags).
    pub fn invalidate_match(&self, scope: &Scope) -> u64 {
        if !self.engine.matches().own(scope) {
            return 0;
        }
        self.engine.note_second();
        let died = self.engine.matches().kill_all(scope, self.engine.invalidations().sequence());
        self.engine.stats().full_invalidation();
        self.engine.sweep_dead(died);
        died
    }

    /// Makes every entry of a match stale at once.
    pub fn expire_match(&self, scope: &Scope) {
        if !self.engine.matches().own(scope) {
            return;
        }
        self.engine.note_second();
        self.engine.matches().expire_all(scope, self.engine.invalidations().sequence());
    }

    /// Invalidates everything. O(1).
    pub fn invalidate_all(&self) {
        self.engine.note_second();
        self.engine.invalidations().kill_everything();
        self.engine.stats().full_invalidation();
        self.engine.sweep_soon();
    }

    /// Makes everything stale at once. O(1).
    pub fn expire_all(&self) {
        self.engine.note_second();
        self.engine.invalidations().expire_everything();
    }

    /// Applies an event to a match: kills its entries that share a tag with the event.
    ///
    /// O(distinct sets of tags of the match), however many entries die; allocates nothing.
    ///
    /// # Errors
    /// [`Error::UnknownEvent`]; [`Error::ForeignScope`] for a match of another cache;
    /// [`Error::TooManyMatches`] for one over the bound, which has no entries ([`Scope`]).
    pub fn invalidate_event(&self, scope: &Scope, name: &str) -> Result<EventOutcome, Error> {
        let engine = &self.engine;
        engine.require_own(scope)?;
        let event = engine.graph().event(name).ok_or_else(|| Error::UnknownEvent(name.into()))?;
        let known = engine.known(scope)?;
        engine.note_second();
        let died = known.kill_event(event, engine.invalidations().sequence());
        let markets = engine.graph().share_affected(event);
        let total_markets = engine.graph().market_count();
        let impact = impact_tenths(markets.len(), total_markets);
        engine.stats().event(event, died);
        engine.sweep_dead(died);
        engine.notices().tell(|| Notice::Event {
            scope: scope.name().into(),
            event: name.into(),
            died,
        });
        Ok(EventOutcome {
            markets,
            total_markets,
            impact_pct: f64::from(impact) / 10.0,
            cpu_saved_pct: f64::from(1000 - impact) / 10.0,
            died,
        })
    }

    /// Sets whether a match, or one market of it, trades. Suspended and closed kill the entries
    /// concerned and bar storing and serving until the status is open again. Returns how many
    /// entries died; a status that is already set changes nothing.
    ///
    /// # Errors
    /// [`Error::UnknownMarket`]; [`Error::ForeignScope`] for a match of another cache;
    /// [`Error::TooManyMatches`] for one over the bound ([`Scope`]).
    pub fn set_status(
        &self,
        scope: &Scope,
        market: Option<&str>,
        status: TradingStatus,
    ) -> Result<u64, Error> {
        let (engine, name) = (&self.engine, market);
        engine.require_own(scope)?;
        let market = engine.market(name)?;
        let known = engine.known(scope)?;
        engine.note_second();
        let died = known.set_status(market, status, engine.invalidations().sequence());
        if let Some(died) = died {
            engine.sweep_dead(died);
            let (scope, market) = (scope.name(), name);
            engine.notices().tell(|| Notice::Status {
                scope: scope.into(),
                market: market.map(Arc::from),
                status,
                died,
            });
        }
        Ok(died.unwrap_or(0))
    }
}
