// Keys, runtimes and wakers of the user's that panic or look at the cache when they are called.
// Never knows: the insides of the cache.
// Read next: `../flights/cancellation.rs`, readers that go away.

use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as Poll, Wake, Waker};
use std::time::UNIX_EPOCH;

use kairos_cache::{BoxFuture, Cache, Context, Error, Hit, Runtime, Sim, Task};

use super::{Mine, Results, World};
use crate::stage::SECOND;

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
            cache.shutdown().await.expect("outside of any compute");
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
    // Jitter is drawn by the key's hash, when the compute has ended.
    for (broken, jitter) in [(NO_CLONE, 0.0), (NO_HASH, 0.0), (NO_CLONE, 0.1), (NO_HASH, 0.1)] {
        let sim = Sim::new(UNIX_EPOCH);
        let cache: Cache<Fragile, u32> =
            Cache::builder().sim(&sim).jitter(jitter).build().expect("in range");
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
