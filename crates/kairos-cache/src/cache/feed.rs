// What the outside tells the cache besides events: odds as they are observed, kickoff, line-up.
// Never knows: entries, or who reads.
// Read next: `market.rs`, which keeps the windows.

use std::time::SystemTime;

use crate::cache::Cache;
use crate::context::Scope;
use crate::error::Error;
use crate::matches::overflow::Observation;
use crate::policy::volatility::Volatility;
use crate::runtime::clock::wall_ns;
use crate::stats::notices::Notice;
use crate::to_key::{Key, Value};

impl<K: Key, V: Value> Cache<K, V> {
    /// Observes a decimal price of one of a match's odds markets, and returns the status it was
    /// scored with against the window before it joined.
    ///
    /// The status of a panic or warning is published to readers of the match for `status_hold`.
    /// Amortised O(1) in the window's length; locks the match's odds; allocates for a market's
    /// first price only.
    ///
    /// # Errors
    /// [`Error::Observation`] for a price that is not finite or not above 1.0, one older than the
    /// window or than its market's newest, one dated more than 60 s ahead, and the first of a market
    /// beyond `bounds.markets`. It is counted, and the windows stay as they were.
    /// [`Error::ForeignScope`] for a match of another cache.
    pub fn observe_odds(
        &self,
        scope: &Scope,
        market: &str,
        price: f64,
        at: SystemTime,
    ) -> Result<Volatility, Error> {
        let engine = &self.engine;
        engine.require_own(scope)?;
        let moment = engine.moment();
        let observation = Observation { market, price, at: wall_ns(at) };
        match scope.observe(observation, moment.now, &moment.rules.odds) {
            Ok(observed) => {
                if observed.status == Volatility::Panic {
                    engine.notices().tell(|| Notice::Panic {
                        scope: scope.name().into(),
                        market: market.into(),
                        price,
                        z: observed.z,
                    });
                }
                Ok(observed.status)
            }
            Err(refused) => {
                engine.stats().observation_refused(refused);
                Err(refused.into())
            }
        }
    }

    /// Publishes the kickoff of a match, as a context that gives one does: every reader obeys at
    /// once. The last writer wins, so a context that is kept must not go on giving the old one.
    ///
    /// # Errors
    /// [`Error::ForeignScope`] for a match of another cache.
    pub fn set_kickoff(&self, scope: &Scope, kickoff: SystemTime) -> Result<(), Error> {
        self.engine.require_own(scope)?;
        scope.publish(Some(wall_ns(kickoff)), None);
        Ok(())
    }

    /// Publishes whether the line-up of a match has been confirmed, as a context that says so does.
    ///
    /// # Errors
    /// [`Error::ForeignScope`] for a match of another cache.
    pub fn set_lineup_confirmed(&self, scope: &Scope, confirmed: bool) -> Result<(), Error> {
        self.engine.require_own(scope)?;
        scope.publish(None, Some(confirmed));
        Ok(())
    }
}
