// What reads score their own prices by: the statistics of each odds market's window, published beside its lock.
// Never knows: the windows themselves, drift, or what a panic leads to.
// Read next: `odds.rs`, which publishes them; `published.rs` for how.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;

use crate::matches::published::Published;
use crate::policy::{Moments, MonoNs, ScoreRule, Signal, Volatility};

pub(super) type ByMarket<T> = HashMap<Arc<str>, T, RandomState>;

/// The scores of one match; replaced when an odds market is seen for the first time.
#[derive(Debug, Default)]
pub(super) struct Scores(ArcSwap<ByMarket<Arc<Score>>>);

/// The statistics of one odds market's window.
#[derive(Debug)]
pub(super) struct Score(Published<4>);

impl Scores {
    pub(super) fn replace(&self, scores: impl Iterator<Item = (Arc<str>, Arc<Score>)>) {
        self.0.store(Arc::new(scores.collect()));
    }

    /// Scores a read's own prices against the windows. A market without one scores zero.
    pub(super) fn score<'a>(
        &self,
        prices: impl Iterator<Item = (&'a str, f64)>,
        now: MonoNs,
        rule: &ScoreRule,
    ) -> Signal {
        let scores = self.0.load();
        prices
            .map(|(market, price)| {
                let window = scores.get(market).map(|score| score.moments_at(now));
                let usable = price.is_finite() && price > 1.0;
                match window {
                    Some(window) if usable => {
                        let (status, z) = rule.score(price, &window);
                        Signal::Scored(status, z)
                    }
                    _ => Signal::Scored(Volatility::Normal, 0.0),
                }
            })
            .fold(Signal::Unscored, Signal::worst)
    }
}

impl Score {
    pub(super) fn store(&self, window: &Moments, leaves_window: MonoNs) {
        self.0.store(words(window, leaves_window));
    }

    /// When the newest sample leaves the window: from then on the window counts as empty.
    pub(super) fn leaves_window(&self) -> MonoNs {
        self.0.load()[3]
    }

    /// The moments that a read sees: none once the newest sample has left the window.
    fn moments_at(&self, now: MonoNs) -> Moments {
        let words = self.0.load();
        if now >= words[3] {
            return Moments::default();
        }
        Moments {
            count: u32::try_from(words[0]).unwrap_or(u32::MAX),
            mean: f64::from_bits(words[1]),
            squares: f64::from_bits(words[2]),
        }
    }
}

impl Default for Score {
    fn default() -> Score {
        Score(Published::new(words(&Moments::default(), 0)))
    }
}

fn words(window: &Moments, leaves_window: MonoNs) -> [u64; 4] {
    [u64::from(window.count), window.mean.to_bits(), window.squares.to_bits(), leaves_window]
}
