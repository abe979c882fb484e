// Seeded randomness: a number for each stored value, the same for the same seed, key and instant.
// Never knows: what is decided by a draw.
// Why: `docs/decisions/0016-draws-by-seed-key-and-instant.md`.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

use crate::policy::MonoNs;

/// The purpose of a draw. Draws for one purpose are independent of those for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    /// How much jitter takes from a TTL.
    Jitter = 1,
    /// How early a fresh value is refreshed.
    EarlyRefresh = 2,
}

/// Draws by seed, key and version. A draw reads no shared state, so that neither its time nor its
/// order changes it.
#[derive(Debug)]
pub(crate) struct Draws {
    hasher: FixedState,
}

impl Draws {
    pub(crate) fn new(hasher: FixedState) -> Draws {
        Draws { hasher }
    }

    /// A number from (0, 1] for the value of a key whose compute finished at `version`.
    pub(crate) fn draw(
        &self,
        purpose: Purpose,
        key: &(impl Hash + ?Sized),
        version: MonoNs,
    ) -> f64 {
        let key = self.hasher.hash_one(key);
        let bits = mixed(key ^ mixed(version.wrapping_add(mixed(purpose as u64))));
        ((bits >> 11) + 1) as f64 / (1u64 << 53) as f64
    }
}

/// One step of `SplitMix64` (Steele, Lea and Flood, 2014).
fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "a draw is the same to the last bit, or another")]
    fn draws_are_the_same_for_the_same_seed_key_and_version_and_evenly_spread() {
        let draws = |seed| Draws::new(FixedState::with_seed(seed));
        let (one, same, other) = (draws(7), draws(7), draws(8));
        let early =
            |draws: &Draws, key: u64, version| draws.draw(Purpose::EarlyRefresh, &key, version);
        let of_one: Vec<f64> = (0..10_000).map(|version| early(&one, 3, version)).collect();
        assert!(of_one.iter().all(|u| *u > 0.0 && *u <= 1.0));
        assert!(of_one.iter().zip(0..).all(|(u, version)| *u == early(&same, 3, version)));
        assert!(of_one.iter().zip(0..).all(|(u, version)| *u != early(&other, 3, version)));
        let mean = of_one.iter().sum::<f64>() / 10_000.0;
        assert!((0.49..0.51).contains(&mean), "{mean}");
        let of_keys: f64 = (0..10_000).map(|key| early(&one, key, 5)).sum();
        assert!((4_900.0..5_100.0).contains(&of_keys), "{of_keys}");
        assert_ne!(one.draw(Purpose::Jitter, &3, 9), early(&one, 3, 9));
        assert_eq!(
            one.draw(Purpose::Jitter, "k", 9),
            one.draw(Purpose::Jitter, &"k".to_owned(), 9)
        );
    }
}
