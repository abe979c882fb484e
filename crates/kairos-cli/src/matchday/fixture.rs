// The matches of the day: when they start, how strong their sides are, how long they last.
// Never knows: what happens in them.
// Read next: `timeline.rs`, which plays one.

use super::hours::{DAY_START_MS, HOUR_MS, MINUTE_MS};
use crate::chance::Rng;
use crate::scenario::Name;

/// One match.
#[derive(Clone, Debug)]
pub(super) struct Fixture {
    pub(super) match_id: Name,
    /// The `team:` tags of the home and the away side.
    pub(super) teams: [Name; 2],
    pub(super) kickoff_ms: i64,
    /// The goals that the home and the away side are expected to score.
    pub(super) expected_goals: [f64; 2],
    /// The stoppage time of each half, in minutes.
    pub(super) stoppage: [i64; 2],
}

const BREAK_MINUTES: i64 = 15;

impl Fixture {
    /// The minutes of play, without the break.
    pub(super) fn minutes_of_play(&self) -> f64 {
        (90 + self.stoppage[0] + self.stoppage[1]) as f64
    }

    /// The instant of a minute of play; the break is added in the second half.
    pub(super) fn instant_of(&self, minute: f64) -> i64 {
        let first_half = (45 + self.stoppage[0]) as f64;
        let pause = if minute > first_half { BREAK_MINUTES * MINUTE_MS } else { 0 };
        self.kickoff_ms + (minute * MINUTE_MS as f64) as i64 + pause
    }

    /// The minutes played at an instant; the clock stops during the break.
    pub(super) fn minute_at(&self, t_ms: i64) -> f64 {
        let since = (t_ms - self.kickoff_ms).max(0) as f64 / MINUTE_MS as f64;
        let first_half = (45 + self.stoppage[0]) as f64;
        let second_half = (since - BREAK_MINUTES as f64).max(first_half);
        if since <= first_half { since } else { second_half.min(self.minutes_of_play()) }
    }

    /// The final whistle.
    pub(super) fn full_time_ms(&self) -> i64 {
        self.instant_of(self.minutes_of_play())
    }
}

/// The kickoffs of ten matches: one early, six at three o'clock, two in the evening, one at night. A slate repeats
/// them, so that a small slate has its share of each.
const KICKOFFS: [(i64, i64); 10] =
    [(15, 0), (12, 30), (15, 0), (17, 30), (15, 0), (20, 0), (15, 0), (15, 0), (17, 30), (15, 0)];

/// `count` matches, the most popular first.
pub(super) fn slate(count: usize, rng: &mut Rng) -> Vec<Fixture> {
    let fixture = |index: usize| {
        let (hour, minute) = KICKOFFS[index % KICKOFFS.len()];
        let number = index + 1;
        let team = |n: usize| Name::from(format!("team:t{n:03}"));
        Fixture {
            match_id: Name::from(format!("m{number:03}")),
            teams: [team(2 * index + 1), team(2 * index + 2)],
            kickoff_ms: DAY_START_MS + (hour - 6) * HOUR_MS + minute * MINUTE_MS,
            expected_goals: [rng.between(0.9, 2.1), rng.between(0.7, 1.7)],
            stoppage: [1 + rng.below(4) as i64, 3 + rng.below(5) as i64],
        }
    };
    (0..count).map(fixture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_play_stands_during_the_break() {
        let mut fixture = slate(1, &mut Rng::new(0, 0)).remove(0);
        fixture.stoppage = [2, 4];
        let at = |minutes: i64| fixture.minute_at(fixture.kickoff_ms + minutes * MINUTE_MS);
        for (wall, played) in [
            (-5, 0.0),
            (0, 0.0),
            (47, 47.0),
            (55, 47.0),
            (62, 47.0),
            (63, 48.0),
            (111, 96.0),
            (500, 96.0),
        ] {
            assert!((at(wall) - played).abs() < 1e-9, "{wall}: {}", at(wall));
        }
        assert_eq!(fixture.full_time_ms(), fixture.kickoff_ms + 111 * MINUTE_MS);
        for minute in [0.5, 47.0, 47.5, 95.9] {
            assert!((fixture.minute_at(fixture.instant_of(minute)) - minute).abs() < 1e-3);
        }
    }

    #[test]
    fn forty_matches_start_at_four_times_most_of_them_at_three() {
        let slate = slate(40, &mut Rng::new(0, 0));
        let at = |hour: i64, minute: i64| {
            let kickoff_ms = DAY_START_MS + (hour - 6) * HOUR_MS + minute * MINUTE_MS;
            slate.iter().filter(|fixture| fixture.kickoff_ms == kickoff_ms).count()
        };
        assert_eq!([at(12, 30), at(15, 0), at(17, 30), at(20, 0)], [4, 24, 8, 4]);
    }

    #[test]
    fn the_day_is_a_saturday_from_six() {
        let days = DAY_START_MS / (24 * HOUR_MS);
        // 1 January 1970 was a Thursday.
        assert_eq!((days + 4) % 7, 6);
        assert_eq!(DAY_START_MS % (24 * HOUR_MS), 6 * HOUR_MS);
    }
}
