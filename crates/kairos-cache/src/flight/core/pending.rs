// The pending compute of a flight: its waiters, with what each would run.
// Never knows: the running compute, or when this one starts.
// Read next: `../core.rs`, which starts it.
// Why: `docs/decisions/0003-a-pending-compute-keeps-every-closure.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::flight::{Offered, Run};

/// The compute that starts when the running one has ended.
pub(in crate::flight) struct Pending<J, R> {
    pub(in crate::flight) run: Arc<Run<R>>,
    /// What each caller would run, by the callers' numbers: in order of arrival.
    pub(super) jobs: BTreeMap<u64, Offered<J>>,
    /// The pending compute stood here at the last check of a running one that does not end.
    pub(super) seen_stuck: bool,
}

impl<J, R> Pending<J, R> {
    pub(super) fn new(run: Arc<Run<R>>) -> Pending<J, R> {
        Pending { run, jobs: BTreeMap::new(), seen_stuck: false }
    }

    /// The job of the first caller that still waits; if none does, of the first that left it.
    pub(super) fn take_leader(&mut self) -> Option<(u64, Offered<J>)> {
        let waits = self.jobs.iter().find(|(_, offered)| !offered.departed);
        let (&first, _) = waits.or_else(|| self.jobs.first_key_value())?;
        self.jobs.remove_entry(&first)
    }
}
