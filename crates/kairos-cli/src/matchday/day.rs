// The whole day in order of time: what happens to the matches, the reads, and the metrics every hour.
// Never reads a clock or a file.
// Read next: `timeline.rs` for one match, `crowd.rs` for the reads.

use super::crowd::Crowd;
use super::fixture;
use super::hours::{DAY_START_MS, HOUR_MS};
use super::prices::OddsMarkets;
use super::shape::{Shape, Stream};
use super::timeline::{self, Beat};
use crate::error::Error;
use crate::scenario::{Kickoffs, Name, Op, OpKind};

/// The whole day in order of time, its operations numbered from 1, like the lines of a scenario.
///
/// What happens to the matches is made at once and held in memory, some 4000 operations or 300 kB per match; the reads
/// are made as the iterator advances.
pub(crate) struct Day {
    ops: Crowd,
    pending: Option<(i64, OpKind)>,
    next_look_ms: i64,
    last_ms: i64,
    line: u64,
    ended: bool,
    about: u64,
    kickoffs: Kickoffs,
}

impl Day {
    /// Makes the day of a shape; about 380 000 operations for the default shape.
    ///
    /// # Errors
    /// [`Error::Usage`] if a field of the shape is outside its range.
    pub(crate) fn new(shape: &Shape) -> Result<Self, Error> {
        shape.check()?;
        let fixtures = fixture::slate(shape.fixtures, &mut shape.rng(Stream::Slate));
        let odds = OddsMarkets::new();
        let mut beats: Vec<Beat> = Vec::new();
        for (index, fixture) in fixtures.iter().enumerate() {
            // Each fixture has a stream of its own, so that one more fixture does not change the others.
            let mut rng = shape.rng(Stream::Timeline(index));
            timeline::run(fixture, index, &odds, &mut rng, &mut beats);
        }
        // A stable sort: beats of the same millisecond keep the order of their fixtures, and of one fixture's beats.
        beats.sort_by_key(|beat| beat.t_ms);
        let seconds = beats.last().map_or(0, |last| last.t_ms - DAY_START_MS) as f64 / 1000.0;
        let about = beats.len() as u64 + (seconds * shape.reads_per_s) as u64;
        let kickoffs = fixtures.iter().map(|of| (Name::clone(&of.match_id), of.kickoff_ms));
        Ok(Self {
            kickoffs: kickoffs.collect(),
            ops: Crowd::new(shape.clone(), fixtures, odds, beats),
            pending: None,
            next_look_ms: DAY_START_MS + HOUR_MS,
            last_ms: DAY_START_MS,
            line: 0,
            ended: false,
            about,
        })
    }

    /// The approximate number of operations of the day, for a progress bar.
    pub(crate) fn about(&self) -> u64 {
        self.about
    }

    /// The kickoffs of the matches.
    pub(crate) fn kickoffs(&self) -> Kickoffs {
        self.kickoffs.clone()
    }

    fn op(&mut self, t_ms: i64, kind: OpKind) -> Op {
        self.line += 1;
        Op::new(t_ms, self.line, kind)
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
            // The metrics are written on every full hour.
            let look_ms = self.next_look_ms;
            self.next_look_ms += HOUR_MS;
            self.pending = Some((t_ms, kind));
            return Some(self.op(look_ms, OpKind::Metrics));
        }
        self.last_ms = t_ms;
        Some(self.op(t_ms, kind))
    }
}

#[cfg(test)]
mod tests;
