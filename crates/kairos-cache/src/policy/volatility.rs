// Volatility: rolling window statistics, the z-score of a price, the status it means.
// Never knows: matches, holds, the wall clock, or how statistics reach a reader.
// Read next: `../matches/odds.rs`, which keeps one window per market and publishes it.

use std::collections::VecDeque;

/// The volatility status of a match's odds.
///
/// ```
/// use kairos_cache::Volatility;
///
/// assert!(Volatility::Panic > Volatility::Warning);
/// assert_eq!((Volatility::Panic.name(), "normal".parse()), ("panic", Ok(Volatility::Normal)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Volatility {
    /// Below the warning threshold, or with too few samples to score.
    #[default]
    Normal,
    /// Beyond the warning threshold: TTLs are capped.
    Warning,
    /// Beyond the panic threshold: reads bypass the cache.
    Panic,
}

impl Volatility {
    /// Every status, from calm to panic.
    pub const ALL: [Volatility; 3] = [Volatility::Normal, Volatility::Warning, Volatility::Panic];

    /// Returns the status's name in metrics and receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Volatility::Normal => "normal",
            Volatility::Warning => "warning",
            Volatility::Panic => "panic",
        }
    }
}

/// The volatility signal of one read.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Signal {
    /// Nothing was scored: the status counts as normal and no volatility counter moves.
    #[default]
    Unscored,
    /// A status, with the z-score that stands for it.
    Scored(Volatility, f64),
}

impl Signal {
    /// The status that the read obeys.
    pub(crate) const fn status(self) -> Volatility {
        match self {
            Signal::Unscored => Volatility::Normal,
            Signal::Scored(status, _) => status,
        }
    }

    /// The z-score that the receipt reports; zero where nothing was scored.
    pub(crate) const fn z(self) -> f64 {
        match self {
            Signal::Unscored => 0.0,
            Signal::Scored(_, z) => z,
        }
    }

    /// The more nervous of two signals, with the larger z-score.
    #[must_use]
    pub(crate) fn worst(self, other: Signal) -> Signal {
        match (self, other) {
            (Signal::Unscored, scored) | (scored, Signal::Unscored) => scored,
            (Signal::Scored(a, x), Signal::Scored(b, y)) => Signal::Scored(a.max(b), x.max(y)),
        }
    }
}

/// The thresholds of the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScoreRule {
    /// Fewer samples than this score nothing.
    pub min_samples: u32,
    /// z from which a price is a warning.
    pub warning_sigma: f64,
    /// z from which a price is a panic.
    pub panic_sigma: f64,
    /// Floor of the standard deviation, relative to the mean.
    pub min_relative_sigma: f64,
}

/// A z this close below a threshold reaches it.
const THRESHOLD_TOLERANCE: f64 = 1e-9;

impl ScoreRule {
    /// The z-score of a price against a window; zero with too few samples or no spread.
    pub(crate) fn z(&self, price: f64, window: &Moments) -> f64 {
        if window.count < self.min_samples.max(2) {
            return 0.0;
        }
        let sigma = window.sample_sigma().max(self.min_relative_sigma * window.mean.abs());
        if sigma > 0.0 { (price - window.mean).abs() / sigma } else { 0.0 }
    }

    /// The status that a z-score means.
    pub(crate) fn status(&self, z: f64) -> Volatility {
        if z + THRESHOLD_TOLERANCE >= self.panic_sigma {
            Volatility::Panic
        } else if z + THRESHOLD_TOLERANCE >= self.warning_sigma {
            Volatility::Warning
        } else {
            Volatility::Normal
        }
    }

    /// The status and z-score of a price against a window.
    pub(crate) fn score(&self, price: f64, window: &Moments) -> (Volatility, f64) {
        let z = self.z(price, window);
        (self.status(z), z)
    }
}

/// Count, mean and sum of squared deviations of a set of samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Moments {
    /// The number of samples.
    pub count: u32,
    /// Their mean.
    pub mean: f64,
    /// The sum of their squared deviations from the mean.
    pub squares: f64,
}

impl Moments {
    /// The moments of one sample.
    pub(crate) const fn of(price: f64) -> Moments {
        Moments { count: 1, mean: price, squares: 0.0 }
    }

    /// The moments of two disjoint sets together (Chan, Golub and `LeVeque` 1979).
    #[must_use]
    pub(crate) fn merge(self, other: Moments) -> Moments {
        if self.count == 0 {
            return other;
        }
        if other.count == 0 {
            return self;
        }
        let (a, b) = (f64::from(self.count), f64::from(other.count));
        let delta = other.mean - self.mean;
        let total = a + b;
        Moments {
            count: self.count + other.count,
            mean: self.mean + delta * (b / total),
            squares: self.squares + other.squares + delta * delta * (a * b / total),
        }
    }

    /// The sample standard deviation (divisor n - 1); zero below two samples.
    pub(crate) fn sample_sigma(&self) -> f64 {
        if self.count < 2 { 0.0 } else { (self.squares / f64::from(self.count - 1)).sqrt() }
    }
}

/// A first-in-first-out window of timed samples whose moments cost amortised O(1).
///
/// Two stacks: old samples lie in `front` with the moments of everything from themselves to the
/// end of the stack, new ones in `back` with running moments. Nothing is ever subtracted, so no
/// error accumulates (two-stack sliding aggregation; Tangwongsan, Hirzel, Schneider 2015).
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    /// Oldest sample last; each with the moments of itself and all above it in age order.
    front: Vec<(i64, Moments)>,
    /// Newest sample last.
    back: VecDeque<(i64, f64)>,
    back_moments: Moments,
}

impl Window {
    fn len(&self) -> usize {
        self.front.len() + self.back.len()
    }

    /// The moments of all samples.
    pub(crate) fn moments(&self) -> Moments {
        self.front.last().map_or(self.back_moments, |&(_, m)| m.merge(self.back_moments))
    }

    /// The time of the newest sample.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.back.back().map(|s| s.0).or_else(|| self.front.first().map(|s| s.0))
    }

    /// Adds a sample, which must not be older than the newest.
    pub(crate) fn push(&mut self, at: i64, price: f64) {
        self.back.push_back((at, price));
        self.back_moments = self.back_moments.merge(Moments::of(price));
    }

    /// Removes every sample older than `oldest`.
    pub(crate) fn trim_before(&mut self, oldest: i64) {
        while self.oldest().is_some_and(|at| at < oldest) {
            self.pop();
        }
    }

    /// Removes the oldest samples beyond `max`.
    pub(crate) fn trim_to(&mut self, max: usize) {
        while self.len() > max {
            self.pop();
        }
    }

    fn oldest(&self) -> Option<i64> {
        self.front.last().map(|s| s.0).or_else(|| self.back.front().map(|s| s.0))
    }

    fn pop(&mut self) {
        if self.front.is_empty() {
            self.flip();
        }
        self.front.pop();
    }

    /// Moves the back stack to the front, newest first, with moments accumulated on the way.
    fn flip(&mut self) {
        let mut moments = Moments::default();
        while let Some((at, price)) = self.back.pop_back() {
            moments = Moments::of(price).merge(moments);
            self.front.push((at, moments));
        }
        self.back_moments = Moments::default();
    }
}

#[cfg(test)]
mod tests;
