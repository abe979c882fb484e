// User code that panics, or calls the cache from where it is dropped: nobody else is harmed, and no key hangs.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `drops.rs`, `broken.rs`.

mod ambient;
mod broken;
mod drops;
mod nested;
mod readers;
mod runtimes;
mod sweeps;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use kairos_cache::{Builder, Cache, Computed, Context, Error, Runtime, Sim};

use crate::stage::{SECOND, Stage};

/// What its drop does.
type AtDrop = Arc<dyn Fn() + Send + Sync>;

/// A value, or a closure's capture, whose drop is user code.
struct Mine(u32, Option<AtDrop>);

impl Mine {
    fn plain(value: u32) -> Mine {
        Mine(value, None)
    }

    fn panics(value: u32) -> Mine {
        Mine(value, Some(Arc::new(|| panic!("a drop of the user's"))))
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        if let Some(at_drop) = self.1.take() {
            at_drop();
        }
    }
}

type Results<T> = Arc<Mutex<Vec<(&'static str, Result<T, Error>)>>>;

struct World {
    sim: Sim,
    cache: Cache<String, Mine>,
    results: Results<u32>,
}

impl World {
    fn new() -> World {
        World::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(Builder<String, Mine>) -> Builder<String, Mine>) -> World {
        let Stage { sim, cache } = Stage::with(configure);
        World { sim, cache, results: Arc::default() }
    }

    /// Starts a read of "k" that goes around the cache.
    fn bypass(&self, name: &'static str, find: impl FnOnce() -> Computed<Mine> + Send + 'static) {
        let (cache, sim) = (self.cache.clone(), self.sim.clone());
        let results = Arc::clone(&self.results);
        let _task = self.sim.spawn(Box::pin(async move {
            let compute = move || async move {
                sim.sleep(SECOND).await;
                Ok::<_, std::io::Error>(find())
            };
            let forced = Context::none().force_refresh(true);
            let hit = cache.get_or_compute("k", &forced, compute).await;
            results.lock().expect("no panic").push((name, hit.map(|hit| hit.0)));
        }));
        self.sim.run_until_idle();
    }

    fn insert(&self, key: &str, value: Mine) {
        assert!(self.cache.insert(key, &Context::none(), value).expect("a plain context"));
    }

    /// Runs tasks for so many seconds more, also those after one that panics.
    fn run(&self, seconds: u32) {
        let until = self.sim.now() + SECOND * seconds;
        while catch_unwind(AssertUnwindSafe(|| self.sim.advance_to(until))).is_err() {}
    }

    fn got(&self) -> Vec<(&'static str, Option<u32>)> {
        let results = self.results.lock().expect("no panic");
        results.iter().map(|(name, result)| (*name, result.as_ref().ok().copied())).collect()
    }
}
