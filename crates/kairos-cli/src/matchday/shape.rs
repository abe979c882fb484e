// The size of a day, its seed, and the stream of the seed that each part of the day draws from.
// Never knows: what is drawn.
// Read next: `day.rs`, which makes the day.

use crate::chance::Rng;
use crate::error::Error;

/// How big the day is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// The number of matches, from 1 to 1000.
    pub(crate) fixtures: usize,
    /// The seed of every draw.
    pub(crate) seed: u64,
    /// The number of callers, from 1.
    pub(crate) readers: u32,
    /// Reads a second on average over all callers while matches lie ahead, above 0; fewer when all are in play.
    pub(crate) reads_per_s: f64,
    /// How long a compute takes on average, in ms; each takes between half and one and a half of it.
    pub(crate) compute_ms: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { fixtures: 40, seed: 0, readers: 200, reads_per_s: 4.0, compute_ms: 40 }
    }
}

impl Shape {
    /// Whether a day can be made of it.
    ///
    /// # Errors
    /// [`Error::Usage`] where a field is outside the range that it names.
    pub(super) fn check(&self) -> Result<(), Error> {
        let complaint = if !(1..=1000).contains(&self.fixtures) {
            "a matchday must have 1 to 1000 matches"
        } else if self.readers == 0 {
            "a matchday requires at least one reader"
        } else if !(self.reads_per_s.is_finite() && self.reads_per_s > 0.0) {
            "the read rate must be greater than 0 reads per second"
        } else {
            return Ok(());
        };
        Err(Error::Usage(complaint.into()))
    }

    /// The generator of one stream of the seed, at its beginning.
    pub(super) fn rng(&self, stream: Stream) -> Rng {
        // These numbers are part of what a seed means: the same seed gives the same day.
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

/// What a part of the day draws from: one stream does not move when another part draws more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    /// The matches themselves.
    Slate,
    /// When reads arrive.
    Arrivals,
    /// Who reads what.
    Choices,
    /// What happens to a match, by its place in the slate.
    Timeline(usize),
}
