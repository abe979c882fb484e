//! Claims about the binary: what it writes, what it says, how it exits.
//! Must never look behind the command line.
//! Read next: `stage.rs`, then the claims at hand.

mod columns;
mod config;
mod gate;
mod inputs;
mod matchday;
mod refusals;
mod scenarios;
mod stage;
