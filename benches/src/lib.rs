//! What the benchmarks share: how contestants race, what peers expose, how a result is judged.
// Never knows: what is measured.
// Read next: `report.rs`, then a question in `../benches/`.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

/// The totals in a peer's own exposition, against which its counts are checked.
pub mod exposition;
mod instructions;
/// The values and bounds of every histogram that is raced.
pub mod latencies;
/// Interleaved rounds of contestants, and the medians of their times.
pub mod race;
/// The command line, the output and the verdicts of a benchmark program.
pub mod report;
