// The stage's executor as a runtime of the user's: its time and tasks, and nothing else of it.
// Never knows: who spawns, or what.
// Read next: `../operation/shutdown.rs`.

use kairos_cache::{BoxFuture, Runtime, Sim, Task};

/// A runtime whose life shows whether anything still holds the cache; closures that block run on
/// threads of their own.
pub(crate) struct Lent(pub(crate) Sim);

impl Runtime for Lent {
    fn spawn(&self, future: BoxFuture) -> Task {
        self.0.spawn(future)
    }

    fn sleep_until(&self, deadline: u64) -> BoxFuture {
        self.0.sleep_until(deadline)
    }
}
