// Chance: seeded draws, the same on every machine.
// Never knows: what a draw decides.
// Read next: `rng.rs`, the generator.

mod rng;
mod zipf;

pub(crate) use self::rng::Rng;
pub(crate) use self::zipf::Zipf;
