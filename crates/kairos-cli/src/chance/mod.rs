//! Chance: seeded draws, the same on every machine.
//! Never knows: what is drawn for.
//! Read next: `rng.rs`, the generator.

pub mod rng;
pub mod zipf;
