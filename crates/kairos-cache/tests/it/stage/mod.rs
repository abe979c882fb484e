// The stage of the tests: a cache on virtual time, and those who act on it.
// Never knows: what a test claims.
// Read next: `task.rs`, a read that runs; `work.rs`, `loader.rs` and `backend.rs`, what answers it.

mod backend;
mod loader;
mod park;
mod presence;
mod runtime;
mod task;
mod work;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Builder, Cache, Scope, Sim, Volatility};

pub(crate) use backend::{Backend, Desk, Does};
pub(crate) use loader::{Load, Loading};
pub(crate) use park::block_on;
pub(crate) use presence::Present;
pub(crate) use runtime::Lent;
pub(crate) use task::{Read, Running};
pub(crate) use work::{Failure, Work};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// What the wall clock says when a stage begins.
pub(crate) fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

/// A deterministic executor and a cache on it.
pub(crate) struct Stage<V: Send + Sync + 'static = u64> {
    pub(crate) sim: Sim,
    pub(crate) cache: Cache<String, V>,
}

impl Stage {
    /// Whose values are fresh for a minute and served for two.
    pub(crate) fn new() -> Stage {
        Stage::with(|builder| builder.default_ttl(60 * SECOND))
    }
}

impl<V: Send + Sync + 'static> Stage<V> {
    pub(crate) fn with(
        configure: impl FnOnce(Builder<String, V>) -> Builder<String, V>,
    ) -> Stage<V> {
        Stage::on(Sim::new(start()), configure)
    }

    /// On an executor that the test knows already.
    pub(crate) fn on(
        sim: Sim,
        configure: impl FnOnce(Builder<String, V>) -> Builder<String, V>,
    ) -> Stage<V> {
        let cache = configure(Cache::builder().sim(&sim)).build().expect("in range");
        Stage { sim, cache }
    }

    /// Starts a task and runs everything until nothing can go on.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Running<T> {
        Running::start(&self.sim, future)
    }

    /// Moves the time on, and runs what comes due.
    pub(crate) fn seconds(&self, seconds: u32) {
        self.sim.advance_to(self.sim.now() + seconds * SECOND);
    }

    /// Moves the time to this second of the stage, and runs what comes due.
    pub(crate) fn at(&self, second: u64) {
        self.sim.advance_to(Duration::from_secs(second));
    }

    /// Makes a match panic for as long as the clock stands.
    pub(crate) fn panic(&self, scope: &Scope) {
        for second in 0..10 {
            let at = start() - Duration::from_secs(10 - second);
            self.cache.observe_odds(scope, "home_win", 2.0, at).expect("in order");
        }
        let status = self.cache.observe_odds(scope, "home_win", 9.0, start()).expect("in order");
        assert_eq!(status, Volatility::Panic);
    }
}
