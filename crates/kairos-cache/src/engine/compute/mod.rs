// The parts of a cache in one struct, and the ways through them.
// Never knows: what callers may do.

pub(crate) mod batch;
pub(crate) mod claim;
pub(crate) mod dispatch;
pub(crate) mod launch;
pub(crate) mod outcome;
pub(crate) mod publish;
pub(crate) mod running;
pub(crate) mod settle;
pub(crate) mod watch;
