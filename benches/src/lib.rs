//! What the benchmarks share: how contestants race, what peers expose, how a result is judged.
// Never knows: what is measured.
// Read next: `report.rs`, then a question in `../benches/`.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

/// What a thread has allocated.
pub mod allocations;
/// The caches that are raced, each as it is read.
pub mod caches;
/// The totals in a peer's own exposition, against which its counts are checked.
pub mod exposition;
mod findings;
mod instructions;
/// The values and bounds of every histogram that is raced.
pub mod latencies;
/// Keys, and the order in which they are read.
pub mod order;
/// Interleaved rounds of contestants, and the medians of their times.
pub mod race;
/// The command line, the output and the verdicts of a benchmark program.
pub mod report;
/// The entry that is measured: a real one, of a match with all that a match has.
pub mod stage;
