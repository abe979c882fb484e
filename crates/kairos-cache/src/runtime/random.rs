//! Seeded randomness: draws for jitter and early refresh, the same for the same seed.
//! Never knows: what is decided by a draw.
//! Read next: `policy/freshness.rs`, which says where draws matter.

use crate::sync::{AtomicU64, Ordering};

/// `SplitMix64` (Steele, Lea and Flood, 2014) over a shared counter.
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(AtomicU64::new(seed))
    }

    /// A number from (0, 1].
    pub(crate) fn draw(&self) -> f64 {
        const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
        // Relaxed: each caller gets a number of its own; nothing is published by it.
        let mut z = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 11) + 1) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    fn draws_are_from_above_zero_to_one_and_repeat_with_the_seed() {
        let (a, b) = (Random::new(7), Random::new(7));
        let draws: Vec<f64> = (0..10_000).map(|_| a.draw()).collect();
        assert!(draws.iter().all(|u| *u > 0.0 && *u <= 1.0));
        assert!(
            draws
                .iter()
                .zip((0..10_000).map(|_| b.draw()))
                .all(|(x, y)| x.to_bits() == y.to_bits())
        );
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
