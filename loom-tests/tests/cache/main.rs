//! The models of kairos-cache, in folders named as its rooms: each runs the production functions under loom.
//! Never knows: moka, tokio, dashmap or arc-swap, which loom cannot see into.
#![cfg(kairos_loom)]

mod engine;
mod flight;
mod matches;
mod runtime;
mod stage;
mod stats;
mod store;
mod truth;
