// From a claim to a stored result: how computes are admitted, run, timed, stored and settled.
// Never knows: how a read decided that it needs one.
// Read next: `dispatch.rs`, `launch.rs`, `crew.rs`, `running.rs`, in the order of a compute's life.

mod batch;
mod claim;
mod crew;
mod dispatch;
mod fill;
mod launch;
mod outcome;
mod publish;
mod renew;
mod running;
mod said;
mod settle;
mod watch;

pub(crate) use batch::Batch;
pub(super) use claim::{Claim, Launched};
pub(crate) use crew::{FoundTogether, Together};
pub(super) use dispatch::{Alone, Dispatch};
pub(crate) use dispatch::{blocking_work, work};
pub(crate) use fill::Filling;
