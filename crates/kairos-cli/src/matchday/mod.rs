//! A Saturday of football, made from a seed: prices, news, goals, suspensions and the reads beside them.
//! Must never read a clock or a file, nor know what an engine makes of the day.
//! Read next: `matchday/fixture.rs`, `matchday/timeline.rs`, `matchday/crowd.rs`, in that order.
//!
//! Nothing here is recorded: no team, person or price is real. What is meant to be true to life is the
//! rhythm. Most ticks change nothing; line-ups come an hour before kickoff; news moves prices in steps;
//! goals suspend a match and reopen it at other prices; readers crowd around the next kickoff.

use crate::chance::rng::Rng;
use crate::error::Error;
use crate::scenario::op::{Op, OpKind};

mod crowd;
mod fixture;
mod news;
mod prices;
mod timeline;

use self::crowd::Crowd;
use self::prices::OddsMarkets;
use self::timeline::Beat;

/// The markets of the default event graph, which are the second half of every cache key.
pub const DEFAULT_MARKETS: [&str; 12] = [
    "over_under_25",
    "btts",
    "first_goalscorer",
    "corners_over_under",
    "cards_over_under",
    "handicap",
    "match_result",
    "double_chance",
    "halftime_fulltime",
    "clean_sheet",
    "penalty",
    "edge_calculation",
];

/// The first instant of the day, in ms since the Unix epoch: Saturday 15 November 2025, 06:00 UTC.
pub const DAY_START_MS: i64 = 1_763_186_400_000;

/// How big the day is.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// The number of matches, from 1 to 1000.
    pub fixtures: usize,
    /// The seed of every draw.
    pub seed: u64,
    /// The number of callers, from 1.
    pub readers: u32,
    /// Reads a second on average over all callers while matches lie ahead, above 0; fewer when all are in play.
    pub reads_per_s: f64,
    /// How long a compute takes on average, in ms; each takes between half and one and a half of it.
    pub compute_ms: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { fixtures: 40, seed: 0, readers: 200, reads_per_s: 4.0, compute_ms: 40 }
    }
}

/// The whole day in order of time, its operations numbered from 1 as the lines that they would be.
///
/// What happens to the matches is made at once and held in memory, some 4000 operations or 300 kB a match;
/// the reads are made as they are taken.
pub struct Day {
    ops: Crowd,
    pending: Option<(i64, OpKind)>,
    next_look_ms: i64,
    last_ms: i64,
    line: u64,
    ended: bool,
    about: u64,
}

impl Day {
    /// The day of this shape; about 380 000 operations for the default one.
    ///
    /// # Errors
    /// [`Error::Usage`] where the shape is outside the ranges that its fields name.
    pub fn new(shape: &Shape) -> Result<Self, Error> {
        check(shape)?;
        let fixtures = fixture::slate(shape.fixtures, &mut Rng::new(shape.seed, stream::SLATE));
        let odds = OddsMarkets::new();
        let mut beats: Vec<Beat> = Vec::new();
        for (index, fixture) in fixtures.iter().enumerate() {
            // A stream for each fixture: one more fixture leaves the others as they are.
            let mut rng = Rng::new(shape.seed, stream::TIMELINE + index as u64);
            timeline::run(fixture, index, &odds, &mut rng, &mut beats);
        }
        // Stable: beats of the same millisecond stay in the order of their fixtures and of their making.
        beats.sort_by_key(|beat| beat.t_ms);
        let seconds = beats.last().map_or(0, |last| last.t_ms - DAY_START_MS) as f64 / 1000.0;
        let about = beats.len() as u64 + (seconds * shape.reads_per_s) as u64;
        Ok(Self {
            ops: Crowd::new(shape.clone(), fixtures, odds, beats),
            pending: None,
            next_look_ms: DAY_START_MS + HOUR_MS,
            last_ms: DAY_START_MS,
            line: 0,
            ended: false,
            about,
        })
    }

    /// About how many operations the day has, for a progress bar.
    pub fn about(&self) -> u64 {
        self.about
    }

    fn op(&mut self, t_ms: i64, kind: OpKind) -> Op {
        self.line += 1;
        Op { t_ms, line: self.line, kind }
    }
}

impl Iterator for Day {
    type Item = Op;

    fn next(&mut self) -> Option<Op> {
        if self.ended {
            return None;
        }
        let Some((t_ms, kind)) = self.pending.take().or_else(|| self.ops.next()) else {
            self.ended = true;
            return Some(self.op(self.last_ms, OpKind::Metrics));
        };
        if t_ms >= self.next_look_ms {
            // A look at the metrics on every full hour.
            let look_ms = self.next_look_ms;
            self.next_look_ms += HOUR_MS;
            self.pending = Some((t_ms, kind));
            return Some(self.op(look_ms, OpKind::Metrics));
        }
        self.last_ms = t_ms;
        Some(self.op(t_ms, kind))
    }
}

/// The streams of a seed; timelines take one for each fixture.
mod stream {
    pub(super) const SLATE: u64 = 0x6d61_7463_6800_0000;
    pub(super) const TIMELINE: u64 = SLATE + 0x10_0000;
    pub(super) const ARRIVALS: u64 = SLATE + 1;
    pub(super) const CHOICES: u64 = SLATE + 2;
}

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

fn check(shape: &Shape) -> Result<(), Error> {
    let complaint = if !(1..=1000).contains(&shape.fixtures) {
        "a matchday has 1 to 1000 fixtures"
    } else if shape.readers == 0 {
        "a matchday needs at least one reader"
    } else if !(shape.reads_per_s.is_finite() && shape.reads_per_s > 0.0) {
        "the read rate must be above 0 a second"
    } else {
        return Ok(());
    };
    Err(Error::Usage(complaint.into()))
}

#[cfg(test)]
mod tests;
