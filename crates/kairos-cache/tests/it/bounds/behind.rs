// Full tables are swept behind whoever finds them full: a caller looks at a few rows, and goes on.
// Never knows: how often a table is swept. Everything runs on virtual time.
// Read next: `floods.rs`, whose tables keep to their bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kairos_cache::{BoxFuture, Builder, Cache, Context, Runtime, Scope, Sim, Task};

use crate::stage::{HOUR, start};

const MANY: u64 = 5_000;

/// A value that counts those of its kind that are in memory.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed); // Relaxed, here and below: one thread.
    }
}

struct World {
    sim: Sim,
    cache: Cache<u64, Counted>,
    living: Arc<AtomicUsize>,
}

impl World {
    fn new(configure: impl FnOnce(Builder<u64, Counted>) -> Builder<u64, Counted>) -> World {
        let sim = Sim::new(start());
        let builder = Cache::builder().sim(&sim).seed(7).max_capacity(2 * MANY);
        let cache = configure(builder.default_ttl(HOUR)).build().expect("in range");
        World { sim, cache, living: Arc::default() }
    }

    fn put(&self, key: u64, context: &Context) {
        self.living.fetch_add(1, Ordering::Relaxed);
        let value = Counted(Arc::clone(&self.living));
        assert!(self.cache.insert(&key, context, value).expect("room"));
    }

    fn living(&self) -> u64 {
        self.living.load(Ordering::Relaxed) as u64
    }
}

#[test]
fn a_full_table_of_matches_is_freed_of_dead_entries_behind_the_caller() {
    let world = World::new(|builder| builder.max_matches(500));
    for key in 0..MANY {
        let scope = world.cache.scope(&format!("m{}", key % 500));
        world.put(key, &Context::new(&scope).market("btts"));
    }
    world.cache.invalidate_all();
    for i in 0..100 {
        assert!(world.cache.try_scope(&format!("new {i}")).is_err());
    }
    assert_eq!(world.living(), MANY, "the caller has swept nothing");
    world.sim.run_until_idle();
    assert_eq!(world.living(), 0);
    assert!(world.cache.try_scope("new").is_ok());
    assert!(world.cache.sizes().matches < 500);
}

#[test]
fn a_full_table_of_tags_is_freed_of_dead_entries_behind_the_caller() {
    let world = World::new(|builder| builder.max_tags(1_000));
    let tagged = |i: u64| Context::none().tag(&format!("tag {i}"));
    for key in 0..MANY {
        world.put(key, &tagged(key % 980));
    }
    world.cache.invalidate_all();
    for key in 0..20 {
        world.put(MANY + key, &tagged(1_000 + key));
    }
    assert_eq!(world.living(), MANY + 20, "the caller has swept nothing");
    world.sim.run_until_idle();
    assert_eq!(world.living(), 20);
    assert!(world.cache.sizes().tags <= 40, "{:?}", world.cache.sizes());
}

#[test]
fn matches_that_nobody_holds_make_room_at_once_in_a_large_table() {
    let world = World::new(|builder| builder.max_matches(2_000));
    let held: Vec<Scope> = (0..200).map(|i| world.cache.scope(&format!("held {i}"))).collect();
    for i in 0..10_000 {
        assert!(!world.cache.scope(&format!("m{i}")).is_over_bound(), "m{i}");
    }
    assert!(world.cache.sizes().matches <= 2_000);
    assert!(held.iter().all(|scope| !world.cache.scope(scope.name()).is_over_bound()));
}

#[test]
fn after_a_shutdown_no_task_sweeps_and_the_caller_does() {
    let world = World::new(|builder| builder.max_matches(300));
    for key in 0..MANY {
        let scope = world.cache.scope(&format!("m{}", key % 300));
        world.put(key, &Context::new(&scope));
    }
    let cache = world.cache.clone();
    let ended = crate::stage::Running::start(&world.sim, async move { cache.shutdown().await });
    assert!(ended.has_ended());
    world.cache.invalidate_all();
    let room = (0..200).find_map(|_| world.cache.try_scope("new").ok());
    assert!(room.is_some(), "{:?}", world.cache.sizes());
}

/// Counts the sweeps that are handed to it.
struct Counting(Sim, AtomicUsize);

impl Runtime for Counting {
    fn spawn(&self, future: BoxFuture) -> Task {
        self.0.spawn(future)
    }

    fn sleep_until(&self, deadline: u64) -> BoxFuture {
        Runtime::sleep_until(&self.0, deadline)
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.spawn_blocking(work)
    }
}

#[test]
fn a_call_that_finds_no_room_pays_for_few_matches_however_few_entries_there_are() {
    const MATCHES: usize = 4_000;
    const CALLS: usize = 1_000;
    for entries in [0, 300, 3_000] {
        let sim = Sim::new(start());
        let counting = Arc::new(Counting(sim.clone(), AtomicUsize::new(0)));
        let builder = Cache::builder().clock(sim.clock()).runtime(Arc::clone(&counting) as _);
        let cache: Cache<u64, u64> = builder.max_matches(MATCHES).build().expect("in range");
        let held: Vec<Scope> = (0..MATCHES).map(|i| cache.scope(&format!("held {i}"))).collect();
        for key in 0..entries {
            assert!(cache.insert(&key, &Context::none(), key).expect("room"));
        }
        cache.run_pending_tasks();
        let before = counting.1.load(Ordering::Relaxed);
        for i in 0..CALLS {
            assert!(cache.try_scope(&format!("new {i}")).is_err());
            sim.run_until_idle();
        }
        // Once in 62 calls for the matches, and as often at most for the entries.
        let sweeps = counting.1.load(Ordering::Relaxed) - before;
        assert!((1..=2 * (CALLS / (MATCHES / 64) + 1)).contains(&sweeps), "{entries}: {sweeps}");
        drop(held);
    }
}
