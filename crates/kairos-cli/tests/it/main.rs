// Claims about the binary: what it writes, its messages, its exit codes.
// Never look behind the command line.
// Read next: `stage.rs`, then the claims in question.
//! Tests of the command `kairos`, from outside.

mod bound;
mod columns;
mod command;
mod config;
mod feeds;
mod gate;
mod inputs;
mod matchday;
mod outputs;
mod page;
mod refusals;
mod report;
mod samples;
mod scenarios;
mod stage;
