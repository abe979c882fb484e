// Decimal prices from expected goals and the score: two Poisson counts and a bookmaker's margin.
// Never knows: the time. Never draws a number.
// Read next: `timeline.rs`, which quotes prices as a match goes on.

use crate::scenario::Name;

/// The number of odds markets.
pub(super) const ODDS: usize = 6;

/// The names of the odds markets, in the order of [`quote`].
#[derive(Clone, Debug)]
pub(super) struct OddsMarkets {
    pub(super) names: [Name; ODDS],
}

impl OddsMarkets {
    pub(super) fn new() -> Self {
        Self {
            names: ["home_win", "draw", "away_win", "over_2.5", "under_2.5", "btts_yes"]
                .map(Name::from),
        }
    }
}

/// Whether the score has settled an odds market, so that it no longer has a price.
pub(super) fn settled(market: usize, score: [u32; 2]) -> bool {
    match market {
        3 | 4 => score[0] + score[1] >= 3,
        5 => score[0] >= 1 && score[1] >= 1,
        _ => false,
    }
}

/// The prices of all odds markets, from the goals still expected and the goals scored.
///
/// Rounded to 0.01 and kept within 1.01 and 101, as bookmakers do. O(`MOST`²), no allocation.
pub(super) fn quote(still_expected: [f64; 2], score: [u32; 2]) -> [f64; ODDS] {
    let goals = still_expected.map(poisson);
    let [mut home, mut draw, mut away, mut over, mut both] = [0.0; 5];
    for (h, p_home) in goals[0].iter().enumerate() {
        for (a, p_away) in goals[1].iter().enumerate() {
            let p = p_home * p_away;
            let (h, a) = (score[0] + h as u32, score[1] + a as u32);
            match h.cmp(&a) {
                std::cmp::Ordering::Greater => home += p,
                std::cmp::Ordering::Equal => draw += p,
                std::cmp::Ordering::Less => away += p,
            }
            if h + a >= 3 {
                over += p;
            }
            if h >= 1 && a >= 1 {
                both += p;
            }
        }
    }
    [home, draw, away, over, 1.0 - over, both].map(price)
}

/// Scores with this many goals of one side, or more, are left out: rarer than one in 100 000 at 2.3 expected.
const MOST: usize = 12;

const MARGIN: f64 = 1.05;

fn poisson(mean: f64) -> [f64; MOST] {
    let mut p = [0.0; MOST];
    let mut term = (-mean).exp();
    for (goals, slot) in p.iter_mut().enumerate() {
        *slot = term;
        term *= mean / (goals + 1) as f64;
    }
    p
}

fn price(probability: f64) -> f64 {
    let price = 1.0 / (probability * MARGIN).max(1e-6);
    (price.clamp(1.01, 101.0) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_adds_up_to_the_margin() {
        let prices = quote([1.5, 1.1], [0, 0]);
        let book = |markets: &[usize]| markets.iter().map(|m| 1.0 / prices[*m]).sum::<f64>();
        assert!((book(&[0, 1, 2]) - MARGIN).abs() < 0.01);
        assert!((book(&[3, 4]) - MARGIN).abs() < 0.01);
    }

    #[test]
    fn a_goal_shortens_the_scorer_and_the_overs() {
        let before = quote([1.0, 0.8], [0, 0]);
        let after = quote([1.0, 0.8], [1, 0]);
        assert!(after[0] < before[0] && after[2] > before[2] && after[3] < before[3]);
    }

    #[test]
    fn prices_stay_prices_when_all_is_decided() {
        for price in quote([1e-9, 1e-9], [5, 0]) {
            assert!((1.01..=101.0).contains(&price));
        }
        assert!(
            settled(3, [2, 1]) && !settled(3, [2, 0]) && settled(5, [1, 1]) && !settled(0, [9, 0])
        );
    }
}
