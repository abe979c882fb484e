// The size of a day, its seed, and the stream of the seed that each part of the day draws from.
// Never knows: what is drawn.
// Read next: `day.rs`, which makes the day.

use crate::chance::Rng;
use crate::error::Error;

/// The size of the day.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// The number of matches, from 1 to 1000.
    pub(crate) fixtures: usize,
    /// The seed of every draw.
    pub(crate) seed: u64,
    /// The number of callers, from 1.
    pub(crate) readers: u32,
    /// The average number of reads per second over all callers while matches are still to start, above 0; fewer once
    /// all are in play.
    pub(crate) reads_per_s: f64,
    /// The average duration of a compute, in ms; each takes between half and one and a half times as long.
    pub(crate) compute_ms: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { fixtures: 40, seed: 0, readers: 200, reads_per_s: 4.0, compute_ms: 40 }
    }
}

impl Shape {
    /// Checks that every field is in its range.
    ///
    /// # Errors
    /// [`Error::Usage`] with the range that a field is outside of.
    pub(super) fn check(&self) -> Result<(), Error> {
        let message = if !(1..=1000).contains(&self.fixtures) {
            "a matchday must have 1 to 1000 matches"
        } else if self.readers == 0 {
            "a matchday requires at least one reader"
        } else if !(self.reads_per_s.is_finite() && self.reads_per_s > 0.0) {
            "the read rate must be a finite number of reads per second above 0"
        } else {
            return Ok(());
        };
        Err(Error::Usage(message.into()))
    }

    /// The generator of one stream of the seed, at its start.
    pub(super) fn rng(&self, stream: Stream) -> Rng {
        // A day depends on these numbers as on its seed: if they changed, the same seed would give another day.
        const FIRST: u64 = 0x6d61_7463_6800_0000;
        let number = match stream {
            Stream::Slate => FIRST,
            Stream::Arrivals => FIRST + 1,
            Stream::Choices => FIRST + 2,
            Stream::Timeline(fixture) => FIRST + 0x10_0000 + fixture as u64,
        };
        Rng::new(self.seed, number)
    }
}

/// The stream that a part of the day draws from: draws from one stream do not shift those from another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    /// The matches themselves.
    Slate,
    /// When reads arrive.
    Arrivals,
    /// Which caller reads which key.
    Choices,
    /// What happens to a match, given its index in the slate.
    Timeline(usize),
}
