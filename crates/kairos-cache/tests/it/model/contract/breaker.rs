// The panic breaker: which level, by the reads of the last half hour.
// Never knows: what a level does to a read, apart from its caps.
// Read next: `decide.rs`.

use std::collections::BTreeMap;

use kairos_cache::{BreakerLevel, Volatility};

use crate::model::operation::SECOND;
use crate::model::setup::Setup;

const WINDOW_SECONDS: u64 = 30 * 60;

#[derive(Debug)]
pub(super) struct Breaker {
    level: BreakerLevel,
    second: u64,
    /// Scored and panicking reads by second.
    reads: BTreeMap<u64, (u64, u64)>,
}

impl Breaker {
    pub(super) fn new() -> Breaker {
        Breaker { level: BreakerLevel::Normal, second: 0, reads: BTreeMap::new() }
    }

    pub(super) fn level(&self, setup: &Setup) -> BreakerLevel {
        if setup.breaker { self.level } else { BreakerLevel::Normal }
    }

    /// Something happens at `now`.
    pub(super) fn tick(&mut self, setup: &Setup, now: u64) {
        let second = now / SECOND;
        if second == self.second {
            return;
        }
        self.second = second;
        if !setup.breaker {
            self.level = BreakerLevel::Normal;
            return;
        }
        let window = self.reads.range(second.saturating_sub(WINDOW_SECONDS)..second);
        let (scored, panics) =
            window.fold((0, 0), |sum, (_, reads)| (sum.0 + reads.0, sum.1 + reads.1));
        let ratio = if scored < setup.breaker_min_reads || scored == 0 {
            0.0
        } else {
            panics as f64 / scored as f64
        };
        self.level = match self.level {
            BreakerLevel::Normal if ratio > 0.5 => BreakerLevel::HighVolatility,
            BreakerLevel::HighVolatility if ratio > 0.8 => BreakerLevel::CircuitOpen,
            BreakerLevel::HighVolatility if ratio < 0.3 => BreakerLevel::Normal,
            BreakerLevel::CircuitOpen if ratio < 0.6 => BreakerLevel::HighVolatility,
            level => level,
        };
    }

    /// A scored read has finished.
    pub(super) fn read(&mut self, status: Volatility, now: u64) {
        let reads = self.reads.entry(now / SECOND).or_default();
        reads.0 += 1;
        reads.1 += u64::from(status == Volatility::Panic);
    }

    /// When the oldest reads leave the window, and the next second begins.
    pub(super) fn edges(&self) -> impl Iterator<Item = u64> {
        let oldest = self.reads.keys().find(|at| **at + WINDOW_SECONDS >= self.second);
        let leaves = oldest.map(|at| (at + WINDOW_SECONDS + 1) * SECOND);
        leaves.into_iter().chain(leaves.map(|at| at - SECOND)).chain([(self.second + 1) * SECOND])
    }

    /// The cap on a read's TTL, warnings included.
    pub(super) fn cap(&self, setup: &Setup, status: Volatility) -> u64 {
        let seconds = match (self.level(setup), status) {
            (BreakerLevel::Normal, Volatility::Warning)
            | (BreakerLevel::CircuitOpen, Volatility::Normal) => 60,
            (BreakerLevel::Normal, _) | (BreakerLevel::HighVolatility, Volatility::Normal) => {
                return u64::MAX;
            }
            (BreakerLevel::HighVolatility, Volatility::Warning)
            | (BreakerLevel::CircuitOpen, Volatility::Panic) => 10,
            (BreakerLevel::HighVolatility, Volatility::Panic) => 5,
            (BreakerLevel::CircuitOpen, Volatility::Warning) => 30,
        };
        seconds * SECOND
    }
}
