// Memory behind invalidation: the dead leave the store soon, and never outrank the living.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../bounds/floods.rs`, memory under a flood of names.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kairos_cache::{Cache, Context, Error, Notice, Runtime, Sim, TradingStatus};

use crate::stage::{HOUR, SECOND, start};

/// A value that counts those of its kind that are in memory.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(living: &Arc<AtomicUsize>) -> Counted {
        living.fetch_add(1, Ordering::Relaxed); // Relaxed, here and below: one thread.
        Counted(Arc::clone(living))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct World {
    sim: Sim,
    cache: Cache<u64, Counted>,
    living: Arc<AtomicUsize>,
    computes: Arc<AtomicUsize>,
}

impl World {
    fn new(capacity: u64) -> World {
        let sim = Sim::new(start());
        let builder = Cache::builder().sim(&sim).seed(7).max_capacity(capacity);
        let cache =
            builder.default_ttl(100 * HOUR).xfetch_enabled(false).build().expect("in range");
        World { sim, cache, living: Arc::default(), computes: Arc::default() }
    }

    fn put(&self, key: u64, context: &Context) {
        self.cache.insert(&key, context, Counted::new(&self.living)).expect("known");
    }

    fn read(&self, key: u64, context: &Context) {
        let (cache, context) = (self.cache.clone(), context.clone());
        let (living, computes) = (Arc::clone(&self.living), Arc::clone(&self.computes));
        let _task = self.sim.spawn(Box::pin(async move {
            let compute = move || async move {
                computes.fetch_add(1, Ordering::Relaxed);
                Ok::<Counted, Error>(Counted::new(&living))
            };
            cache.get_or_compute(&key, &context, compute).await.expect("a value");
        }));
        self.sim.run_until_idle();
        self.cache.run_pending_tasks();
    }

    /// How many values are in memory once a sweep has had its time.
    fn in_memory(&self) -> usize {
        self.sim.advance_to(self.sim.now() + 2 * SECOND);
        self.cache.run_pending_tasks();
        self.living.load(Ordering::Relaxed)
    }
}

#[test]
fn whatever_kills_an_entry_gives_its_memory_back() {
    type Kill = fn(&World, &Context);
    let kills: [(&str, Kill); 7] = [
        ("key", |w, _| (0..100).for_each(|key| assert!(w.cache.invalidate(&key)))),
        ("tag", |w, _| w.cache.invalidate_tag("goals")),
        ("match", |w, _| assert_eq!(w.cache.invalidate_match(&w.cache.scope("m")), 100)),
        ("all", |w, _| w.cache.invalidate_all()),
        ("event", |w, _| {
            let scope = w.cache.scope("m");
            assert_eq!(
                w.cache.invalidate_event(&scope, "lineup_confirmed").expect("known").died,
                100
            );
        }),
        ("status", |w, _| {
            let scope = w.cache.scope("m");
            let died = w.cache.set_status(&scope, None, TradingStatus::Closed).expect("known");
            assert_eq!(died, 100);
        }),
        ("kickoff", |w, context| {
            w.sim.advance_to(2 * HOUR);
            // Enough that places are needed: one sweep for so many.
            (0..20).for_each(|key| w.read(key, context));
        }),
    ];
    for (name, kill) in kills {
        let world = World::new(100);
        let scope = world.cache.scope("m");
        let context = Context::new(&scope).market("btts").kickoff(start() + HOUR);
        (0..100).for_each(|key| world.put(key, &context));
        assert_eq!(world.in_memory(), 100, "{name}");
        kill(&world, &context);
        assert_eq!(world.in_memory(), 0, "{name}");
        assert_eq!(world.cache.entry_count(), 0, "{name}");
        assert_eq!(world.cache.activity().evictions, 0, "{name}: the dead are not evicted");
    }
}

#[test]
fn a_sweep_leaves_the_living_alone() {
    let world = World::new(100);
    let (a, b) = (world.cache.scope("a"), world.cache.scope("b"));
    for key in 0..100 {
        let scope = if key % 2 == 0 { &a } else { &b };
        world.put(key, &Context::new(scope).market("btts"));
    }
    world.cache.invalidate_match(&a);
    // Stored again before the sweep: in the place of a dead entry, and alive.
    world.put(0, &Context::new(&a).market("btts"));
    assert_eq!(world.in_memory(), 51);
    let served = (0..100).filter(|key| world.cache.get(key).is_some()).count();
    assert_eq!(served, 51);
    assert_eq!(world.cache.invalidate_match(&a), 1);
    assert_eq!(world.cache.invalidate_match(&b), 50);
}

#[test]
fn yesterdays_matches_do_not_keep_todays_out() {
    let world = World::new(100);
    let day = |name: &str, kickoff| {
        Context::new(&world.cache.scope(name)).market("btts").kickoff(start() + kickoff)
    };
    let (saturday, sunday) = (day("saturday", 10 * HOUR), day("sunday", 34 * HOUR));
    for _ in 0..20 {
        (0..100).for_each(|key| world.read(key, &saturday));
    }
    world.sim.advance_to(11 * HOUR);
    world.computes.store(0, Ordering::Relaxed);
    for _ in 0..5 {
        (100..200).for_each(|key| world.read(key, &sunday));
        world.sim.advance_to(world.sim.now() + SECOND);
    }
    let computes = world.computes.load(Ordering::Relaxed);
    assert!(
        computes <= 200,
        "{computes} computes of 500 reads: the first round, and at most another"
    );
}

#[test]
fn only_living_entries_are_counted_and_told_as_evicted() {
    let world = World::new(10);
    let scope = world.cache.scope("m");
    let mut told = world.cache.subscribe();
    (0..10).for_each(|key| world.put(key, &Context::new(&scope)));
    world.cache.run_pending_tasks();
    world.cache.invalidate_all();
    // No time passes, so no sweep comes between.
    for key in 10..1000 {
        world.put(key, &Context::new(&scope));
        world.cache.run_pending_tasks();
    }
    let evicted = std::iter::from_fn(|| told.try_next())
        .filter(|notice| matches!(notice, Notice::Evicted { .. }))
        .count() as u64;
    let lived = (10..1000).filter(|key| world.cache.peek(key).is_some()).count() as u64;
    assert_eq!(world.cache.activity().evictions, 990 - lived);
    assert_eq!(evicted, 990 - lived);
}

#[test]
fn a_thousand_invalidations_bring_one_sweep_and_a_shutdown_brings_none() {
    let world = World::new(100);
    for _ in 0..1000 {
        world.put(1, &Context::none());
        world.cache.invalidate_all();
    }
    assert_eq!(world.sim.now(), Duration::ZERO);
    world.sim.run_to_end();
    assert_eq!(world.sim.now(), SECOND, "one timer of a second, and none after it");
    world.put(1, &Context::none());
    world.cache.invalidate_all();
    let cache = world.cache.clone();
    let shutdown = async move { cache.shutdown().await.expect("outside of any compute") };
    let _task = world.sim.spawn(Box::pin(shutdown));
    world.sim.run_to_end();
    world.cache.invalidate_all();
    world.sim.run_to_end();
    assert_eq!(world.sim.now(), SECOND, "the timer has ended with the cache");
}
