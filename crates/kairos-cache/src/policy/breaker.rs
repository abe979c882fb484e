// The panic breaker: when panic lasts, readers get short TTLs instead of bypasses.
// Never knows: who counts reads, or what a level does to a read beyond its cap.
// Read next: `decide.rs`, which caps TTLs by level; `../engine/breaker.rs`, which feeds seconds in.

use std::collections::VecDeque;

use super::volatility::Volatility;

/// How far lasting panic has opened the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum BreakerLevel {
    /// Panicking reads bypass the cache.
    #[default]
    Normal,
    /// Panicking reads are served with a TTL of seconds.
    HighVolatility,
    /// All reads are served with capped TTLs, to spare the backend.
    CircuitOpen,
}

impl BreakerLevel {
    /// Every level, in order.
    pub const ALL: [BreakerLevel; 3] =
        [BreakerLevel::Normal, BreakerLevel::HighVolatility, BreakerLevel::CircuitOpen];

    /// Returns the level's name.
    pub const fn name(self) -> &'static str {
        match self {
            BreakerLevel::Normal => "normal",
            BreakerLevel::HighVolatility => "high_volatility",
            BreakerLevel::CircuitOpen => "circuit_open",
        }
    }
}

/// Thresholds and caps. Ratios are of panicking to scored reads, from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BreakerRule {
    pub enabled: bool,
    pub window_s: u64,
    pub min_reads: u64,
    pub high_enter: f64,
    pub high_exit: f64,
    pub open_enter: f64,
    pub open_exit: f64,
    pub high_panic_ttl_ns: u64,
    pub high_warning_ttl_ns: u64,
    pub open_panic_ttl_ns: u64,
    pub open_warning_ttl_ns: u64,
    pub open_normal_ttl_ns: u64,
}

impl BreakerRule {
    /// The cap on a TTL at a level; `u64::MAX` for none.
    pub(crate) fn cap_ns(&self, level: BreakerLevel, status: Volatility) -> u64 {
        match (level, status) {
            (BreakerLevel::Normal, _) | (BreakerLevel::HighVolatility, Volatility::Normal) => {
                u64::MAX
            }
            (BreakerLevel::HighVolatility, Volatility::Warning) => self.high_warning_ttl_ns,
            (BreakerLevel::HighVolatility, Volatility::Panic) => self.high_panic_ttl_ns,
            (BreakerLevel::CircuitOpen, Volatility::Normal) => self.open_normal_ttl_ns,
            (BreakerLevel::CircuitOpen, Volatility::Warning) => self.open_warning_ttl_ns,
            (BreakerLevel::CircuitOpen, Volatility::Panic) => self.open_panic_ttl_ns,
        }
    }

    /// The level after one evaluation: at most one step away.
    fn step(&self, level: BreakerLevel, ratio: f64) -> BreakerLevel {
        match level {
            BreakerLevel::Normal if ratio > self.high_enter => BreakerLevel::HighVolatility,
            BreakerLevel::HighVolatility if ratio > self.open_enter => BreakerLevel::CircuitOpen,
            BreakerLevel::HighVolatility if ratio < self.high_exit => BreakerLevel::Normal,
            BreakerLevel::CircuitOpen if ratio < self.open_exit => BreakerLevel::HighVolatility,
            same => same,
        }
    }
}

/// Room is kept for at most so many seconds: those of a week. A longer window takes more as it fills.
const MOST_SECONDS: u64 = 7 * 86_400;

/// Reads that have been scored, and those of them that met a panic, since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Scored {
    pub reads: u64,
    pub panics: u64,
}

/// The rolling window of completed seconds, and the level.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker {
    level: BreakerLevel,
    /// The second that is under way.
    second: u64,
    /// Totals when it began.
    before: Scored,
    /// Completed seconds in which something was scored, oldest first.
    buckets: VecDeque<(u64, Scored)>,
    window: Scored,
}

impl Breaker {
    /// Keeps room for a window of so many seconds: a second that a hit begins takes no memory.
    pub(crate) fn reserve(&mut self, window_s: u64) {
        // The one that has just been completed stands beside those of the window for a moment.
        let most = window_s.min(MOST_SECONDS) as usize + 2;
        self.buckets.reserve_exact(most.saturating_sub(self.buckets.len()));
    }

    /// Begins a new second: completes the one before it, and evaluates once.
    pub(crate) fn begin_second(
        &mut self,
        second: u64,
        total: Scored,
        rule: &BreakerRule,
    ) -> BreakerLevel {
        let completed = Scored {
            reads: total.reads.saturating_sub(self.before.reads),
            panics: total.panics.saturating_sub(self.before.panics),
        };
        if completed.reads > 0 {
            self.buckets.push_back((self.second, completed));
            self.window.reads += completed.reads;
            self.window.panics += completed.panics;
        }
        self.before = total;
        self.second = second;
        while let Some((at, old)) = self.buckets.front()
            && at.saturating_add(rule.window_s) < second
        {
            self.window.reads -= old.reads;
            self.window.panics -= old.panics;
            self.buckets.pop_front();
        }
        self.level = if rule.enabled {
            rule.step(self.level, self.ratio(rule))
        } else {
            BreakerLevel::Normal
        };
        self.level
    }

    /// The ratio in the window; zero with too few reads, which keeps no breaker open.
    fn ratio(&self, rule: &BreakerRule) -> f64 {
        if self.window.reads < rule.min_reads.max(1) {
            0.0
        } else {
            self.window.panics as f64 / self.window.reads as f64
        }
    }
}

#[cfg(test)]
mod tests;
