//! Reports: what a run amounts to, as plain data, as text and as JSON.
//! Must never measure a cache or write anywhere.
//! Read next: `rows.rs` for what is told, `text.rs` for how it looks.

mod instant;
mod json;
mod operations;
mod rows;
mod run;
mod spread;
mod table;
mod text;

pub(crate) use self::operations::{Operations, facts_of};
pub(crate) use self::run::{EngineRun, Run, STRATEGIES};
pub(crate) use self::spread::Samples;
pub(crate) use self::table::{Fact, Report};
pub(crate) use self::text::Paint;

#[cfg(test)]
mod tests;
