// A Zipf choice among ranks whose number may differ from draw to draw.
// Never knows: what is ranked.
// Read next: `../scenario/load.rs` and `../matchday/crowd.rs`, which rank matches.

use crate::chance::rng::Rng;

/// A choice in which rank `k`, counted from 1, has a probability proportional to 1 / k (exponent 1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Zipf {
    /// The harmonic numbers: entry `k` is 1 + 1/2 + … + 1/(k + 1).
    harmonic: Vec<f64>,
}

impl Zipf {
    /// A choice without precomputed ranks.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Draws one of `0..n`; returns 0 for `n` = 0. O(log n), and O(n) once for the largest `n` so far.
    pub(crate) fn draw(&mut self, rng: &mut Rng, n: usize) -> usize {
        while self.harmonic.len() < n {
            let rank = self.harmonic.len() as f64 + 1.0;
            self.harmonic.push(self.harmonic.last().unwrap_or(&0.0) + 1.0 / rank);
        }
        let Some(total) = n.checked_sub(1).map(|last| self.harmonic[last]) else { return 0 };
        let point = rng.unit() * total;
        // Rounding may land on the total itself.
        self.harmonic[..n].partition_point(|reached| *reached <= point).min(n - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fall_with_the_rank() {
        let mut rng = Rng::new(3, 0);
        let mut zipf = Zipf::new();
        let mut counts = [0_u32; 4];
        for _ in 0..100_000 {
            counts[zipf.draw(&mut rng, 4)] += 1;
        }
        // 1, 1/2, 1/3, 1/4 of their sum, 25/12.
        for (count, share) in counts.into_iter().zip([0.48, 0.24, 0.16, 0.12]) {
            assert!((f64::from(count) / 100_000.0 - share).abs() < 0.01, "{counts:?}");
        }
    }

    #[test]
    fn the_number_of_ranks_may_grow_and_shrink() {
        let mut rng = Rng::new(4, 0);
        let mut zipf = Zipf::new();
        for n in [0, 1, 50, 2, 1, 0, 7] {
            for _ in 0..1000 {
                assert!(zipf.draw(&mut rng, n) < n.max(1));
            }
        }
    }
}
