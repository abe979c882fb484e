// What a thread counts in: its cells by id, how it gets and returns them, how readers add them up.
// Never knows: names, formats, registries.
// Read next: `local.rs`, where a count goes; `process.rs`, which leases shards to threads.

mod cell;
#[cfg(all(unix, not(kairos_loom)))]
mod fork;
mod gap;
mod ids;
mod local;
mod pages;
mod process;
mod sampled;
mod shard;
mod sum;
mod tally;
mod window;

pub(crate) use ids::Released;
pub(crate) use local::{Place, add, increment, process, record};
pub use local::{forks, in_child, shards};
#[cfg(kairos_loom)]
pub(crate) use process::Process;
pub(crate) use process::Reader;
pub(crate) use sampled::{Skipped, due, is_due, passes_over, skip};
#[cfg(kairos_loom)]
pub(crate) use shard::{Shard, Sizes};
pub(crate) use sum::Sum;
