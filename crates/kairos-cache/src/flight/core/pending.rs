// The pending compute of a flight: its callers, and the job of each.
// Never knows: the running compute, or when this one starts.
// Read next: `../core.rs`, which starts it.
// Why: `docs/decisions/0003-a-pending-compute-keeps-every-closure.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::flight::{Offered, Run};

/// The compute that starts when the running one has ended.
pub(in crate::flight) struct Pending<J, R> {
    pub(in crate::flight) run: Arc<Run<R>>,
    /// The jobs by the numbers of their callers, which are in order of arrival.
    pub(super) jobs: BTreeMap<u64, Offered<J>>,
    /// The last check of a stuck compute found it.
    pub(super) seen_stuck: bool,
}

impl<J, R: Clone> Pending<J, R> {
    pub(super) fn new() -> Pending<J, R> {
        Pending { run: Arc::default(), jobs: BTreeMap::new(), seen_stuck: false }
    }

    /// The job of the first caller that still waits; of the first, if all have departed.
    pub(super) fn take_leader(&mut self) -> Option<(u64, Offered<J>)> {
        let waits = self.jobs.iter().find(|(_, offered)| !offered.departed);
        let (&first, _) = waits.or_else(|| self.jobs.first_key_value())?;
        self.jobs.remove_entry(&first)
    }
}
