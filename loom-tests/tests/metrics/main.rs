//! The models of kairos-metrics, in folders named as its rooms: each runs the production functions under loom.
//! Never knows: exposition, or the facade.
#![cfg(kairos_loom)]

mod registry;
mod shard;
