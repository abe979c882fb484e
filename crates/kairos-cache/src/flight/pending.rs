//! The pending compute of a flight: whoever waits for it, with what each would run.
//! Never knows: the running compute, or when this one starts.
//! Read next: `../flight.rs`, which starts it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::run::Run;
use super::steps::Kind;

/// The compute that starts when the running one has ended.
pub(super) struct Pending<J, R> {
    pub(super) run: Arc<Run<R>>,
    /// What each caller would run, in order of arrival.
    pub(super) jobs: VecDeque<(u64, Kind, J)>,
    /// Those of `jobs` whose callers have gone and want the compute to go on.
    pub(super) departed: Vec<u64>,
    /// It stood here at the last check of a compute that does not end.
    pub(super) seen_stuck: bool,
}

impl<J, R> Pending<J, R> {
    /// The job of the first caller who still waits; if nobody does, of the first who left it.
    pub(super) fn take_leader(&mut self) -> Option<(u64, Kind, J)> {
        let waits = |(id, ..): &(u64, Kind, J)| !self.departed.contains(id);
        let first = self.jobs.iter().position(waits).unwrap_or(0);
        self.jobs.remove(first)
    }
}
