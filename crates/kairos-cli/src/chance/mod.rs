//! Chance: seeded draws, the same on every machine.
//! Never knows: what is drawn for.
//! Read next: `rng.rs`, the generator.

mod rng;
mod zipf;

pub(crate) use self::rng::Rng;
pub(crate) use self::zipf::Zipf;
