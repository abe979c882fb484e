//! The command `kairos` as a library with one function, [`run`], which the binary calls.
//! Nothing here decides what a cache would do; the engine does, and knows none of this.
//! Read next: `command/mod.rs`, where a run begins.

mod chance;
mod columns;
mod command;
mod error;
mod matchday;
mod report;
mod scenario;

pub use self::command::run;
