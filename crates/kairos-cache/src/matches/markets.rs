// The odds markets of one match: the window of each and its newest price, and room for more of them.
// Never knows: what is published of them, how a price is judged, or the lock that they stand under.
// Read next: `odds.rs`, which takes prices in; `prices.rs` for how far they have moved.

use std::sync::Arc;

use crate::matches::judged::Renew;
use crate::matches::prices::{Prices, Quote};
use crate::matches::scores::{ByMarket, Score};
use crate::policy::{DriftBound, MonoNs, Moved, Window};

/// The odds markets of one match, by name.
#[derive(Debug)]
pub(super) struct Markets {
    pub(super) windows: ByMarket<Market>,
    pub(super) prices: Prices,
    /// Before this no window can be reclaimed: a full book need not look.
    full_until: MonoNs,
}

/// One odds market: its window, and what readers and moves see of it.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) window: Window,
    pub(super) published: Arc<Score>,
    pub(super) quote: Quote,
}

impl Market {
    /// When the newest sample leaves the window: from then on the window counts as empty.
    fn leaves_window(&self) -> MonoNs {
        self.published.leaves_window()
    }
}

impl Renew for Markets {
    /// O(odds markets).
    fn renew(&mut self, moved: Moved) -> Option<DriftBound> {
        self.prices.renew(moved, self.windows.values_mut().map(|market| &mut market.quote))
    }

    fn is_dry_run(&self) -> bool {
        self.prices.is_dry_run()
    }
}

impl Markets {
    pub(super) fn new() -> Markets {
        Markets { windows: ByMarket::default(), prices: Prices::new(), full_until: 0 }
    }

    /// Whether one more market may have a window; if need be, forgets empty windows. Returns first beyond
    /// which bounds the match has moved by that.
    pub(super) fn make_room(&mut self, now: MonoNs, bound: usize) -> (Moved, bool) {
        let mut moved = Moved::default();
        if self.windows.len() >= bound && now > self.full_until {
            let prices = &mut self.prices;
            self.windows.retain(|_, market| {
                let stays = now <= market.leaves_window();
                if !stays {
                    moved = moved.or(prices.forget(&market.quote));
                }
                stays
            });
            self.full_until = self.windows.values().map(Market::leaves_window).min().unwrap_or(0);
        }
        (moved, self.windows.len() < bound)
    }
}
