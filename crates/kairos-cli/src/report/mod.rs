// Reports: the numbers of a run, as plain data, as text and as JSON.
// Never measures a cache or writes to a file.
// Read next: `rows.rs` for the rows, `text.rs` for the layout.

mod exposures;
mod instant;
mod json;
mod meta;
mod operations;
mod rows;
mod run;
mod spread;
mod summary;
mod table;
mod text;
mod warnings;
mod worst;

pub(crate) use self::exposures::Exposures;
pub(crate) use self::meta::{Meta, Source};
pub(crate) use self::operations::{Operations, facts_of};
pub(crate) use self::run::{EngineRun, Moves, Run, STRATEGIES};
pub(crate) use self::spread::Samples;
pub(crate) use self::table::{Fact, Report};
pub(crate) use self::text::Paint;
pub(crate) use self::warnings::warnings_of;
#[cfg(test)]
use self::worst::Incident;
pub(crate) use self::worst::{Moved, Worst, WorstRead};

#[cfg(test)]
mod tests;
