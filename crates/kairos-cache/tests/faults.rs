//! User code that panics, or calls the cache from where it is dropped: nobody else is harmed, and no key hangs.
//! Never knows: the insides of the cache. Everything runs on virtual time.
//! Read next: `../src/contain.rs` and `../src/displaced.rs`.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as Poll, Wake, Waker};
use std::time::{Duration, UNIX_EPOCH};

use kairos_cache::{
    BoxFuture, Builder, Cache, Computed, Context, Error, Hit, Notice, Runtime, Sim, Task,
};

const SECOND: Duration = Duration::from_secs(1);

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
        let sim = Sim::new(UNIX_EPOCH);
        let cache = configure(Cache::builder().sim(&sim)).build().expect("in range");
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

#[test]
fn a_closure_whose_drop_panics_harms_its_own_reader_alone() {
    let world = World::new();
    world.bypass("running", || Mine::plain(1).into());
    world.bypass("pending", || Mine::plain(2).into());
    let capture = Mine::panics(0);
    world.bypass("spare", move || {
        let _capture = &capture;
        Mine::plain(3).into()
    });
    world.run(5);
    world.bypass("later", || Mine::plain(4).into());
    world.run(5);
    assert_eq!(world.got(), [("running", Some(1)), ("pending", Some(2)), ("later", Some(4))]);
}

#[test]
fn a_closure_that_was_left_and_panics_as_it_is_dropped_leaves_the_key_usable() {
    let world = World::new();
    world.bypass("running", || Mine::plain(1).into());
    let left = {
        let (cache, capture) = (world.cache.clone(), Mine::panics(0));
        world.sim.spawn(Box::pin(async move {
            let compute = move || async move { Ok::<_, std::io::Error>(capture) };
            let forced = Context::none().force_refresh(true);
            let _never = cache.get_or_compute("k", &forced, compute).await;
        }))
    };
    world.sim.run_until_idle();
    world.bypass("behind", || Mine::plain(2).into());
    let _panics = catch_unwind(AssertUnwindSafe(|| left.abort()));
    world.run(5);
    assert_eq!(world.got(), [("running", Some(1)), ("behind", Some(2))]);
}

#[test]
fn a_replaced_value_whose_drop_panics_takes_no_answer_with_it() {
    for next in [|| Computed::Value(Mine::plain(2)), || Computed::None] {
        let world = World::new();
        world.insert("k", Mine::panics(1));
        world.bypass("replaces", next);
        world.run(2);
        world.bypass("later", || Mine::plain(3).into());
        world.run(2);
        let results = world.got();
        assert_eq!(results.len(), 2);
        assert_eq!(results[1], ("later", Some(3)));
        assert_eq!(world.cache.stats().cache_errors, 0);
    }
}

#[test]
fn a_value_that_came_too_late_and_panics_as_it_is_dropped_frees_its_key() {
    let world = World::with(|builder| builder.hard_timeout(SECOND / 2));
    let (cache, sim) = (world.cache.clone(), world.sim.clone());
    let results = Arc::clone(&world.results);
    let _late = world.sim.spawn(Box::pin(async move {
        let sleepy = sim.clone();
        let compute = move || async move {
            // It moves the time itself, so that it ends after its timeout without yielding.
            let value = Mine::panics(1);
            sleepy.advance_to(SECOND);
            Ok::<_, std::io::Error>(value)
        };
        let hit = cache.get_or_compute("k", &Context::none(), compute).await;
        results.lock().expect("no panic").push(("late", hit.map(|hit| hit.0)));
    }));
    world.run(5);
    let late = world.results.lock().expect("no panic").remove(0);
    assert!(matches!(late, ("late", Err(Error::Timeout))));
    let hit = world.cache.get("k").map(|hit| hit.0);
    assert_eq!(hit, None);
    assert!(world.cache.insert("k", &Context::none(), Mine::plain(2)).expect("a plain context"));
    assert_eq!(world.cache.get("k").map(|hit| hit.0), Some(2));
}

/// What each way out of the cache does to a value whose drop uses the cache.
#[test]
fn a_value_may_use_the_cache_while_it_is_dropped() {
    let ways: [fn(&World); 6] = [
        |world| world.insert("k", Mine::plain(2)),
        |world| world.bypass("replaces", || Mine::plain(2).into()),
        |world| world.bypass("removes", || Computed::None),
        |world| assert!(world.cache.invalidate("k")),
        |world| {
            world.cache.invalidate_all();
            world.insert("k", Mine::plain(2));
        },
        |world| {
            // A flood evicts it, or is not let in and evicts itself.
            for key in ["a", "b", "c", "d"] {
                world.insert(key, Mine::plain(2));
                world.cache.get(key);
                world.cache.run_pending_tasks();
            }
            world.cache.invalidate("k");
        },
    ];
    for way in ways {
        let world = World::with(|builder| builder.max_capacity(2));
        let (cache, drops) = (world.cache.clone(), Arc::new(AtomicUsize::new(0)));
        let dropped = Arc::clone(&drops);
        let at_drop = move || {
            dropped.fetch_add(1, Ordering::Relaxed);
            cache.invalidate("k");
            cache.get("k");
            let stored = cache.insert("other", &Context::none(), Mine::plain(9));
            assert!(stored.expect("a plain context"));
        };
        world.insert("k", Mine(1, Some(Arc::new(at_drop))));
        way(&world);
        world.run(3);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn evicted_values_whose_drop_panics_are_counted_and_told_all_the_same() {
    let world = World::with(|builder| builder.max_capacity(1));
    let mut told = world.cache.subscribe();
    let keys = ["a", "b", "c", "d", "e", "f"];
    for key in keys {
        world.insert(key, Mine::panics(1));
        world.cache.run_pending_tasks();
    }
    let living = keys.iter().filter(|key| world.cache.peek(**key).is_some()).count();
    let evicted = (keys.len() - living) as u64;
    assert_eq!((world.cache.activity().evictions, evicted), (evicted, 5));
    let mut notices = 0;
    while let Some(Notice::Evicted { .. }) = told.try_next() {
        notices += 1;
    }
    assert_eq!(notices, evicted);
    for key in keys {
        world.cache.invalidate(key);
    }
}

#[test]
fn a_weigher_may_use_the_cache() {
    let shared = Arc::new(Mutex::new(None::<Cache<u32, u32>>));
    let inside = Arc::clone(&shared);
    let cache = Cache::builder()
        .sim(&Sim::new(UNIX_EPOCH))
        .max_weight(100)
        .weigher(move |key: &u32, value: &u32| {
            if let Some(cache) = inside.lock().expect("no panic").take() {
                cache.invalidate(key);
                assert!(cache.get(key).is_none());
            }
            *value
        })
        .build()
        .expect("in range");
    let insert = |value| cache.insert(&1, &Context::none(), value).expect("a plain context");
    assert!(insert(1));
    *shared.lock().expect("no panic") = Some(cache.clone());
    assert!(!insert(2), "the weigher's invalidation covers what is being stored");
    assert!(insert(3));
    assert_eq!(cache.get(&1).map(|hit| *hit), Some(3));
}

/// Reads the counters as soon as it is woken.
struct ReadsStats(Cache<String, Mine>, Mutex<Vec<u64>>);

impl Wake for ReadsStats {
    fn wake(self: Arc<Self>) {
        self.1.lock().expect("no panic").push(self.0.stats().cache_errors);
    }
}

#[test]
fn a_timeout_is_counted_before_its_waiters_know_of_it() {
    let world = World::with(|builder| builder.hard_timeout(SECOND));
    let none = Context::none();
    let hang = || std::future::pending::<Result<Mine, std::io::Error>>();
    let mut read = pin!(world.cache.get_or_compute("k", &none, hang));
    let woken = Arc::new(ReadsStats(world.cache.clone(), Mutex::default()));
    let waker = Waker::from(Arc::clone(&woken));
    assert!(read.as_mut().poll(&mut Poll::from_waker(&waker)).is_pending());
    world.run(2);
    assert_eq!(*woken.1.lock().expect("no panic"), [1]);
    assert!(read.as_mut().poll(&mut Poll::from_waker(&waker)).is_ready());
}

/// A runtime that panics instead of spawning while it is broken.
struct Broken(Sim, Arc<AtomicBool>);

impl Runtime for Broken {
    fn spawn(&self, future: BoxFuture) -> Task {
        assert!(!self.1.load(Ordering::Relaxed), "no task can be spawned");
        self.0.spawn(future)
    }

    fn sleep_until(&self, deadline: u64) -> BoxFuture {
        self.0.sleep_until(deadline)
    }
}

#[test]
fn a_compute_whose_task_cannot_be_spawned_is_aborted_and_frees_its_key() {
    for max_computes in [0, 1] {
        let broken = Arc::new(AtomicBool::new(false));
        let sim = Sim::new(UNIX_EPOCH);
        let runtime = Arc::new(Broken(sim.clone(), Arc::clone(&broken)));
        let cache = Cache::builder()
            .clock(sim.clock())
            .runtime(runtime)
            .max_concurrent_computes(max_computes)
            .build()
            .expect("in range");
        let world = World { sim, cache, results: Arc::default() };
        world.bypass("running", || Mine::plain(1).into());
        world.bypass("pending", || Mine::plain(2).into());
        broken.store(true, Ordering::Relaxed);
        world.run(5);
        {
            let results = world.results.lock().expect("no panic");
            assert!(matches!(results[1], ("pending", Err(Error::Aborted))), "{results:?}");
        }
        broken.store(false, Ordering::Relaxed);
        world.bypass("later", || Mine::plain(3).into());
        world.run(5);
        let got = world.got();
        assert_eq!(got, [("running", Some(1)), ("pending", None), ("later", Some(3))]);
        // Nothing of what could not be spawned is still under way.
        let cache = world.cache.clone();
        let down = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&down);
        let _task = world.sim.spawn(Box::pin(async move {
            cache.shutdown().await;
            done.store(true, Ordering::Relaxed);
        }));
        world.sim.run_until_idle();
        assert!(down.load(Ordering::Relaxed));
    }
}

/// A key that cannot be cloned, or not be hashed, while it is told so.
#[derive(Debug)]
struct Fragile(&'static str, Arc<AtomicUsize>);

const SOUND: usize = 0;
const NO_CLONE: usize = 1;
const NO_HASH: usize = 2;

impl Fragile {
    fn check(&self, broken: usize) {
        assert_ne!(self.1.load(Ordering::Relaxed), broken, "a key's own code panics");
    }
}

impl Clone for Fragile {
    fn clone(&self) -> Fragile {
        self.check(NO_CLONE);
        Fragile(self.0, Arc::clone(&self.1))
    }
}

impl Hash for Fragile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.check(NO_HASH);
        self.0.hash(state);
    }
}

impl PartialEq for Fragile {
    fn eq(&self, other: &Fragile) -> bool {
        self.0 == other.0
    }
}

impl Eq for Fragile {}

#[test]
fn a_key_whose_own_code_panics_keeps_nobody_waiting() {
    for broken in [NO_CLONE, NO_HASH] {
        let sim = Sim::new(UNIX_EPOCH);
        let cache: Cache<Fragile, u32> = Cache::builder().sim(&sim).build().expect("in range");
        let state = Arc::new(AtomicUsize::new(SOUND));
        let results: Results<u32> = Arc::default();
        let read = |name| {
            let (cache, timer) = (cache.clone(), sim.clone());
            let (state, results) = (Arc::clone(&state), Arc::clone(&results));
            let _task = sim.spawn(Box::pin(async move {
                let compute = move || async move {
                    timer.sleep(SECOND).await;
                    Ok::<_, std::io::Error>(1)
                };
                let (key, forced) = (Fragile("k", state), Context::none().force_refresh(true));
                let hit: Result<Hit<u32>, _> = cache.get_or_compute(&key, &forced, compute).await;
                results.lock().expect("no panic").push((name, hit.map(|hit| *hit)));
            }));
            sim.run_until_idle();
        };
        read("running");
        read("pending");
        state.store(broken, Ordering::Relaxed);
        sim.advance_to(SECOND * 5);
        state.store(SOUND, Ordering::Relaxed);
        read("later");
        sim.advance_to(SECOND * 10);
        let results = results.lock().expect("no panic");
        let names: Vec<&str> = results.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["running", "pending", "later"]);
        assert!(matches!(results[1].1, Err(Error::Panicked(_))), "{results:?}");
        assert!(results[2].1.is_ok());
    }
}
