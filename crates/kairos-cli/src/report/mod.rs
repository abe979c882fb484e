//! Reports: what a run amounts to, as plain data, as text and as JSON.
//! Must never measure a cache or write anywhere.
//! Read next: `rows.rs` for what is told, `text.rs` for how it looks.

mod instant;
mod json;
pub mod operations;
pub mod rows;
pub mod run;
pub mod spread;
mod table;
mod text;

pub use self::table::{Body, Cell, Fact, Report, Row, Section};
pub use self::text::Paint;

#[cfg(test)]
mod tests;
