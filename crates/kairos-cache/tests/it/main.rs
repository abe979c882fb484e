//! The tests of the cache that may run side by side in one process.
// Never knows: the insides of the cache; every test speaks to its public surface alone.
// Read next: `stage/mod.rs`, on which most of them run; `model/mod.rs`, the contract as a program.

mod bounds;
mod drift;
mod faults;
mod flights;
mod invalidation;
mod loader;
mod many;
#[cfg(feature = "serde")]
mod model;
mod operation;
mod reads;
mod resilience;
mod said;
mod stage;
mod stress;
