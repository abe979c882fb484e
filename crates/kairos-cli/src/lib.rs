// The rooms of the command, from top to bottom: command, matchday, columns, report, advice, scenario, chance,
// error.
// Never knows: what a cache would do; the engine decides, and knows none of this.
// Read next: `command/mod.rs`, where a run begins.
//! The command `kairos` as a library with one function, [`run`], which the binary calls.

mod advice;
mod chance;
mod columns;
mod command;
mod error;
mod matchday;
mod report;
mod scenario;

pub use self::command::run;
