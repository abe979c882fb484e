// From a claim to a stored result: how computes are admitted, run, timed, stored and settled.
// Never knows: how a read decided that it needs one.
// Read next: `dispatch.rs`, `launch.rs`, `crew.rs`, `running.rs`, in the order of a compute's life.

pub(crate) mod batch;
pub(super) mod claim;
mod crew;
pub(crate) mod dispatch;
pub(crate) mod fill;
mod launch;
mod outcome;
mod publish;
mod running;
mod settle;
mod watch;

pub(crate) use crew::Together;
