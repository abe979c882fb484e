// One match's odds: a window per market behind a lock, what readers need published beside it.
// Never knows: entries, keys, or what a panic leads to.
// Read next: `policy/volatility.rs` for the statistics, `one.rs` for the owner.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::error::ObservationError;
use crate::matches::published::Published;
use crate::policy::{Moments, MonoNs, Now, ScoreRule, Signal, Volatility, WallNs, Window};
use crate::sync::Mutex;

/// The rules by which odds are observed and scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OddsRule {
    pub(crate) enabled: bool,
    pub(crate) window_ns: u64,
    pub(crate) max_samples: usize,
    pub(crate) max_markets: usize,
    pub(crate) status_hold_ns: u64,
    pub(crate) score: ScoreRule,
}

/// An observation may be dated at most this far ahead of now.
const MAX_AHEAD_NS: i64 = 60_000_000_000;

/// An observation of a match's odds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observation<'a> {
    pub(crate) market: &'a str,
    pub(crate) price: f64,
    pub(crate) at: WallNs,
}

/// The outcome of an observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Observed {
    /// The status that the price was scored with.
    pub(crate) status: Volatility,
    /// The z-score of the price.
    pub(crate) z: f64,
    /// When the price leaves the window.
    pub(crate) leaves_window: MonoNs,
    /// Whether what readers of the match see has changed.
    pub(crate) changed: bool,
}

/// The odds markets of one match.
#[derive(Debug)]
pub(crate) struct OddsBook {
    writer: Mutex<Markets>,
    /// Readers' view of the windows; replaced when a market is seen for the first time.
    scores: ArcSwap<HashMap<Arc<str>, Arc<Published<4>>>>,
    holds: Published<5>,
}

#[derive(Debug, Default)]
struct Markets {
    windows: HashMap<Arc<str>, Market>,
    /// Before this no window can be reclaimed: a full book need not look.
    full_until: MonoNs,
}

#[derive(Debug)]
struct Market {
    window: Window,
    published: Arc<Published<4>>,
}

impl Market {
    /// When the newest sample leaves the window: from then on the window counts as empty.
    fn leaves_window(&self) -> MonoNs {
        self.published.load()[3]
    }
}

/// A published status: until when a panic and a warning hold, and the newest observation.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Holds {
    panic_until: MonoNs,
    panic_z: f64,
    warning_until: MonoNs,
    warning_z: f64,
    /// The first instant without the newest sample in the window; zero before the first sample.
    observed_until: MonoNs,
}

impl Holds {
    const NONE: Holds =
        Holds { panic_until: 0, panic_z: 0.0, warning_until: 0, warning_z: 0.0, observed_until: 0 };

    fn from_words(w: [u64; 5]) -> Holds {
        Holds {
            panic_until: w[0],
            panic_z: f64::from_bits(w[1]),
            warning_until: w[2],
            warning_z: f64::from_bits(w[3]),
            observed_until: w[4],
        }
    }

    fn words(&self) -> [u64; 5] {
        [
            self.panic_until,
            self.panic_z.to_bits(),
            self.warning_until,
            self.warning_z.to_bits(),
            self.observed_until,
        ]
    }

    /// The signal at `now`, and the instant until which it stays the same by itself.
    fn at(&self, now: MonoNs) -> (Signal, MonoNs) {
        if now < self.panic_until {
            (Signal::Scored(Volatility::Panic, self.panic_z), self.panic_until)
        } else if now < self.warning_until {
            (Signal::Scored(Volatility::Warning, self.warning_z), self.warning_until)
        } else if now < self.observed_until {
            (Signal::Scored(Volatility::Normal, 0.0), self.observed_until)
        } else {
            (Signal::Unscored, MonoNs::MAX)
        }
    }
}

impl OddsBook {
    pub(crate) fn new() -> OddsBook {
        OddsBook {
            writer: Mutex::new(Markets::default()),
            scores: ArcSwap::from_pointee(HashMap::new()),
            holds: Published::new(Holds::NONE.words()),
        }
    }

    /// Scores a price against its market's window, then adds it to the window. Amortised O(1).
    /// `changed` is called if readers see a change, before the next observation can be made.
    pub(crate) fn observe(
        &self,
        Observation { market, price, at }: Observation<'_>,
        now: Now,
        rule: &OddsRule,
        changed: impl FnOnce(),
    ) -> Result<Observed, ObservationError> {
        if !(price.is_finite() && price > 1.0) {
            return Err(ObservationError::Price(price));
        }
        let ahead = at.saturating_sub(now.wall);
        if ahead > MAX_AHEAD_NS {
            return Err(ObservationError::InFuture);
        }
        let window_ns = i64::try_from(rule.window_ns).unwrap_or(i64::MAX);
        if ahead < -window_ns {
            return Err(ObservationError::TooOld);
        }
        let mut markets = self.writer.lock();
        if !markets.windows.contains_key(market) {
            if !markets.has_room(now.mono, rule.max_markets) {
                return Err(ObservationError::TooManyMarkets);
            }
            let published = Arc::new(Published::new(score_words(&Moments::default(), 0)));
            let window = Market { window: Window::default(), published };
            markets.windows.insert(market.into(), window);
            let of = |(name, market): (&Arc<str>, &Market)| {
                (Arc::clone(name), Arc::clone(&market.published))
            };
            self.scores.store(Arc::new(markets.windows.iter().map(of).collect()));
        }
        let entry = markets.windows.get_mut(market).expect("inserted above if it was missing");
        let newest_ahead = |newest: WallNs| newest.saturating_sub(now.wall) > MAX_AHEAD_NS;
        if entry.window.newest().is_some_and(newest_ahead) {
            // No price so far ahead is accepted: the wall clock has stepped back since. The window
            // would refuse every price until the clock is there again.
            entry.window = Window::default();
        }
        if entry.window.newest().is_some_and(|newest| at < newest) {
            return Err(ObservationError::OutOfOrder);
        }
        entry.window.trim_before(at.saturating_sub(window_ns));
        let (status, z) = rule.score.score(price, &entry.window.moments());
        entry.window.push(at, price);
        entry.window.trim_to(rule.max_samples);
        // Added on the wall clock: what lies before the monotonic clock's origin would be lost. One
        // more, because a window counts until its newest sample is older than its length.
        let leaves_window = now.mono_at(at.saturating_add(window_ns).saturating_add(1));
        entry.published.store(score_words(&entry.window.moments(), leaves_window));
        let observed = Observed { status, z, leaves_window, changed: false };
        Ok(Observed { changed: self.hold(&observed, at, now, rule, changed), ..observed })
    }

    /// Whether no status holds and every window counts as empty: forgetting the book changes
    /// nothing.
    pub(crate) fn is_over(&self, now: MonoNs) -> bool {
        self.published(now).0 == Signal::Unscored
    }

    /// The match's published status at `now`, and until when it holds by itself.
    pub(crate) fn published(&self, now: MonoNs) -> (Signal, MonoNs) {
        Holds::from_words(self.holds.load()).at(now)
    }

    /// Scores a read's own prices against the windows. A market without one scores zero.
    pub(crate) fn score<'a>(
        &self,
        prices: impl Iterator<Item = (&'a str, f64)>,
        now: MonoNs,
        rule: &ScoreRule,
    ) -> Signal {
        let scores = self.scores.load();
        prices
            .map(|(market, price)| {
                let window = scores.get(market).map(|cell| moments_at(cell.load(), now));
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

    fn hold(
        &self,
        observed: &Observed,
        at: WallNs,
        now: Now,
        rule: &OddsRule,
        changed: impl FnOnce(),
    ) -> bool {
        let Observed { status, z, leaves_window, .. } = *observed;
        let before = Holds::from_words(self.holds.load());
        let mut after = before;
        let hold_ns = i64::try_from(rule.status_hold_ns).unwrap_or(i64::MAX);
        let until = now.mono_at(at.min(now.wall).saturating_add(hold_ns));
        if status == Volatility::Panic && until >= before.panic_until {
            (after.panic_until, after.panic_z) = (until, z);
        }
        if status == Volatility::Warning && until >= before.warning_until {
            (after.warning_until, after.warning_z) = (until, z);
        }
        after.observed_until = before.observed_until.max(leaves_window);
        if after == before {
            return false;
        }
        self.holds.store(after.words());
        let is_changed = after.at(now.mono).0 != before.at(now.mono).0;
        if is_changed {
            changed();
        }
        is_changed
    }
}

impl Markets {
    /// Returns whether one more market may have a window; if need be, forgets empty windows.
    fn has_room(&mut self, now: MonoNs, bound: usize) -> bool {
        if self.windows.len() >= bound && now > self.full_until {
            self.windows.retain(|_, market| now <= market.leaves_window());
            self.full_until = self.windows.values().map(Market::leaves_window).min().unwrap_or(0);
        }
        self.windows.len() < bound
    }
}

fn score_words(window: &Moments, leaves_window: MonoNs) -> [u64; 4] {
    [u64::from(window.count), window.mean.to_bits(), window.squares.to_bits(), leaves_window]
}

/// The moments that a read sees: none once the newest sample has left the window.
fn moments_at(words: [u64; 4], now: MonoNs) -> Moments {
    if now >= words[3] {
        return Moments::default();
    }
    Moments {
        count: u32::try_from(words[0]).unwrap_or(u32::MAX),
        mean: f64::from_bits(words[1]),
        squares: f64::from_bits(words[2]),
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
