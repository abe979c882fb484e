// What feeds tell the real cache: prices, status, that they are there, and that they are gone.
// Never knows: what follows from any of it.
// Read next: `mod.rs`.

use kairos_cache::{Feed, TradingStatus, Volatility};

use crate::model::operation::{FEEDS, MARKETS, PRICED};

use super::{Stage, time};

impl Stage {
    fn feed(&self, feed: usize) -> Feed<u32, u64> {
        self.cache.feed(FEEDS[feed])
    }

    /// Nothing if the observation is refused. The cache itself speaks for the first of the feeds.
    pub(crate) fn observe(
        &self,
        of: usize,
        feed: usize,
        (priced, price): (usize, f64),
        at: i64,
    ) -> Option<Volatility> {
        let (scope, market) = (&self.scopes[of], PRICED[priced]);
        match feed {
            0 => self.cache.observe_odds(scope, market, price, time(at)).ok(),
            _ => self.feed(feed).observe_odds(scope, market, price, time(at)).ok(),
        }
    }

    pub(crate) fn observe_many(
        &self,
        of: usize,
        feed: usize,
        prices: &[(usize, f64)],
        at: i64,
    ) -> Vec<Option<Volatility>> {
        let scope = &self.scopes[of];
        let prices = prices.iter().map(|(priced, price)| (PRICED[*priced], *price));
        let told = match feed {
            0 => self.cache.observe_many(scope, prices, time(at)),
            _ => self.feed(feed).observe_many(scope, prices, time(at)),
        };
        told.expect("its own match").into_iter().map(Result::ok).collect()
    }

    pub(crate) fn heartbeat(&self, feed: usize) {
        self.feed(feed).heartbeat();
    }

    pub(crate) fn retire(&self, feed: usize) {
        self.feed(feed).retire();
    }

    pub(crate) fn set_status(
        &self,
        of: usize,
        feed: Option<usize>,
        market: Option<usize>,
        status: TradingStatus,
    ) -> u64 {
        let (scope, market) = (&self.scopes[of], market.map(|market| MARKETS[market].0));
        let died = match feed {
            Some(feed) => self.feed(feed).set_status(scope, market, status),
            None => self.cache.set_status(scope, market, status),
        };
        died.expect("the market exists")
    }
}
