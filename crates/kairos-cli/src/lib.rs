//! The `kairos` command as a library: scenarios in, operations out, reports as plain data.
//! Nothing here decides what a cache would do; the engine does, and knows none of this.
//! Read next: `scenario/op.rs` for the operations, `scenario.rs` and `matchday.rs` for where they come from.

pub mod chance;
pub mod columns;
pub mod command;
pub mod error;
pub mod matchday;
pub mod report;
pub mod scenario;

pub use error::{Error, Reason};
