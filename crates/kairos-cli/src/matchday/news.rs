// The news of a match before it starts: when, as which event, and how far it moves the prices.
// Never knows: the prices.
// Read next: `timeline.rs`, which applies it.

use super::fixture::Fixture;
use super::hours::{DAY_START_MS, HOUR_MS, MINUTE_MS};
use crate::chance::Rng;

/// One piece of news.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct News {
    pub(super) t_ms: i64,
    /// A name of the default event graph.
    pub(super) event: &'static str,
    /// The factor on the expected goals of each side.
    pub(super) factor: [f64; 2],
    /// The number of steps in which the prices follow.
    pub(super) steps: u32,
}

/// The news before kickoff, in order of time.
pub(super) fn before(fixture: &Fixture, rng: &mut Rng) -> Vec<News> {
    let kickoff_ms = fixture.kickoff_ms;
    let mut news = Vec::new();
    let mut tell = |t_ms: i64, event, factor, steps| {
        news.push(News { t_ms, event, factor, steps });
    };
    let early =
        |rng: &mut Rng| within(rng, DAY_START_MS + 30 * MINUTE_MS, DAY_START_MS + 3 * HOUR_MS);
    let daytime = |rng: &mut Rng| within(rng, DAY_START_MS + HOUR_MS, kickoff_ms - 70 * MINUTE_MS);

    if rng.chance(0.7) {
        tell(early(rng), "referee_assigned", [1.0, 1.0], 1);
    }
    if rng.chance(0.02) {
        tell(early(rng), "venue_changed", [rng.between(0.92, 0.98), 1.0], 1);
    }
    if rng.chance(0.35) {
        let (event, fewer) = match rng.unit() {
            u if u < 0.65 => ("weather_rain", 0.99),
            u if u < 0.9 => ("weather_wind", 0.98),
            _ => ("weather_snow", 0.94),
        };
        tell(daytime(rng), event, [fewer, fewer], 1);
    }
    for event in ["player_injury", "key_player_suspended"] {
        let heard = if event == "player_injury" { 0.35 } else { 0.08 };
        if rng.chance(heard) {
            let worse = rng.between(0.92, 0.98);
            tell(daytime(rng), event, one_side(rng, worse), 1);
        }
    }
    if rng.chance(0.3) {
        let better = rng.between(1.01, 1.03);
        tell(daytime(rng), "sharp_money", one_side(rng, better), 3);
    }
    if rng.chance(0.3) {
        let better = rng.between(1.005, 1.015);
        tell(daytime(rng), "line_movement", one_side(rng, better), 1);
    }
    if rng.chance(0.2) {
        let better = rng.between(1.04, 1.08);
        tell(daytime(rng), "odds_steam", one_side(rng, better), 5);
    }
    let lineup_ms = kickoff_ms - within(rng, 55 * MINUTE_MS, 65 * MINUTE_MS);
    let factor = [1.0 + 0.01 * rng.normal(), 1.0 + 0.01 * rng.normal()];
    tell(lineup_ms, "lineup_confirmed", factor, 1);
    if rng.chance(0.12) {
        // A keeper's injury in the warm-up helps the other side.
        let better = rng.between(1.02, 1.06);
        let t_ms = within(rng, lineup_ms + MINUTE_MS, kickoff_ms - 5 * MINUTE_MS);
        tell(t_ms, "goalkeeper_change", one_side(rng, better), 1);
    }
    news.sort_by_key(|news| news.t_ms);
    news
}

fn one_side(rng: &mut Rng, factor: f64) -> [f64; 2] {
    if rng.chance(0.5) { [factor, 1.0] } else { [1.0, factor] }
}

fn within(rng: &mut Rng, from_ms: i64, to_ms: i64) -> i64 {
    from_ms + rng.below((to_ms - from_ms) as usize) as i64
}
