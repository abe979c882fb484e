// What is due behind those who store is done by a task of the cache's own, and by them where none comes.
// Never knows: how many rows a round is due for.
// Read next: `evictions.rs`.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kairos_cache::{BoxFuture, Cache, Context, Runtime, Sim, Task};

use crate::stage::{HOUR, Running, SECOND, start};

/// More than can wait for a round.
const SOME: u64 = 200;

/// How far an entry count may be beyond the bound before a round.
const BEHIND: u64 = 64;

thread_local! {
    /// Whether a caller of the cache is at it, and no task.
    static STORING: Cell<bool> = const { Cell::new(false) };
    /// Who has dropped a value: whether a caller was at it.
    static DROPPED: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
}

/// Tells whether a caller of the cache has dropped it.
struct Told;

impl Drop for Told {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(STORING.get()));
    }
}

/// The stage's executor, which counts tasks and drops them if it is told to.
struct Counting {
    sim: Sim,
    tasks: AtomicUsize,
    drops: AtomicBool,
}

impl Runtime for Counting {
    fn spawn(&self, future: BoxFuture) -> Task {
        self.tasks.fetch_add(1, Ordering::Relaxed); // Relaxed, here and below: one thread.
        if self.drops.load(Ordering::Relaxed) {
            return Task::new(|| {});
        }
        self.sim.spawn(future)
    }

    fn spawn_timer(&self, future: BoxFuture) -> Task {
        self.sim.spawn(future)
    }

    fn sleep_until(&self, deadline: u64) -> BoxFuture {
        self.sim.sleep_until(deadline)
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        self.sim.spawn_blocking(work)
    }
}

struct World<V: Send + Sync + 'static> {
    sim: Sim,
    runtime: Arc<Counting>,
    cache: Cache<u64, V>,
}

impl<V: Send + Sync + 'static> World<V> {
    fn new(capacity: u64) -> World<V> {
        let sim = Sim::new(start());
        let (tasks, drops) = (AtomicUsize::new(0), AtomicBool::new(false));
        let runtime = Arc::new(Counting { sim: sim.clone(), tasks, drops });
        let builder = Cache::builder().clock(sim.clock()).runtime(Arc::clone(&runtime) as _);
        let builder = builder.seed(3).max_capacity(capacity).default_ttl(HOUR);
        DROPPED.take();
        World { sim, runtime, cache: builder.build().expect("in range") }
    }

    fn put(&self, key: u64, value: V) {
        STORING.set(true);
        assert!(self.cache.insert(&key, &Context::none(), value).expect("room"));
        STORING.set(false);
    }

    fn tasks(&self) -> usize {
        self.runtime.tasks.load(Ordering::Relaxed)
    }
}

#[test]
fn a_task_ranks_and_evicts_without_being_called_for() {
    let world = World::<u64>::new(10);
    for key in 0..SOME {
        world.put(key, key);
        world.sim.advance_to(world.sim.now() + SECOND);
    }
    assert!(world.cache.entry_count() < 10 + BEHIND / 2, "{}", world.cache.entry_count());
    assert!((1..=SOME as usize / 8).contains(&world.tasks()), "{} tasks", world.tasks());
    world.cache.run_pending_tasks();
    assert_eq!(world.cache.entry_count(), 10);
    assert_eq!(world.cache.activity().evictions, SOME - 10);
}

#[test]
fn who_stores_drops_no_evicted_value_while_a_task_does() {
    for pause in [SECOND, SECOND / 20_000] {
        let world = World::<Told>::new(10);
        for key in 0..SOME {
            world.put(key, Told);
            world.sim.advance_to(world.sim.now() + pause);
        }
        let dropped = DROPPED.take();
        assert!(dropped.len() as u64 >= SOME - 10 - BEHIND, "{} of {SOME}", dropped.len());
        assert!(dropped.iter().all(|by_caller| !by_caller), "a caller has dropped one of others");
    }
}

#[test]
fn the_bound_holds_where_no_task_ever_runs() {
    let world = World::<Told>::new(10);
    for key in 0..10 * SOME {
        world.put(key, Told);
        assert!(world.cache.entry_count() <= 10 + BEHIND, "{}", world.cache.entry_count());
    }
    let dropped = DROPPED.take().len() as u64;
    assert!(dropped >= 10 * SOME - 10 - BEHIND, "{dropped} values have been dropped");
    assert_eq!(world.tasks(), 1, "one is to come");
}

#[test]
fn the_bound_holds_where_the_runtime_drops_every_task() {
    let world = World::<Told>::new(10);
    world.runtime.drops.store(true, Ordering::Relaxed);
    for key in 0..10 * SOME {
        world.put(key, Told);
        world.sim.advance_to(world.sim.now() + SECOND);
        assert!(world.cache.entry_count() <= 10 + BEHIND, "{}", world.cache.entry_count());
    }
    let before = world.tasks();
    world.runtime.drops.store(false, Ordering::Relaxed);
    for key in 0..SOME {
        world.put(key, Told);
    }
    assert!(world.tasks() > before, "another is asked for");
}

#[test]
fn nothing_is_asked_for_while_nothing_is_stored() {
    let world = World::<u64>::new(100);
    for key in 0..SOME {
        world.put(key, key);
    }
    world.cache.run_pending_tasks();
    world.sim.run_until_idle();
    let before = world.tasks();
    for _ in 0..100 {
        (0..SOME).for_each(|key| _ = world.cache.get(&key));
        world.sim.advance_to(world.sim.now() + SECOND);
    }
    assert_eq!(world.tasks(), before);
}

#[test]
fn dead_rows_are_taken_out_by_a_task_without_a_row_that_is_put_in() {
    let world = World::<u64>::new(1_000);
    (0..SOME).for_each(|key| world.put(key, key));
    world.cache.run_pending_tasks();
    world.sim.run_until_idle();
    // A task is asked for at most once a millisecond.
    world.sim.advance_to(world.sim.now() + SECOND);
    (0..SOME).for_each(|key| assert!(world.cache.invalidate(&key)));
    world.sim.run_until_idle();
    assert!(world.cache.entry_count() <= SOME - BEHIND, "{}", world.cache.entry_count());
}

#[test]
fn the_end_of_a_cache_is_the_end_of_its_task() {
    // By a shutdown: whoever stores does the work.
    let world = World::<Told>::new(10);
    let cache = world.cache.clone();
    assert!(Running::start(&world.sim, async move { cache.shutdown().await }).has_ended());
    for key in 0..SOME {
        world.put(key, Told);
    }
    assert_eq!(world.tasks(), 0);
    assert!(world.cache.entry_count() <= 10 + BEHIND);
    // By its drop: a task that is to come holds nothing of it.
    let World { sim, cache, .. } = World::<Told>::new(10);
    for key in 0..BEHIND / 2 {
        assert!(cache.insert(&key, &Context::none(), Told).expect("room"));
    }
    let before = DROPPED.take().len() as u64;
    drop(cache);
    assert_eq!(before + DROPPED.take().len() as u64, BEHIND / 2);
    sim.run_until_idle();
}

/// Panics when it is dropped, if it is told to.
struct Panics(bool, Arc<AtomicUsize>);

impl Drop for Panics {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
        assert!(!self.0, "a value's drop");
    }
}

#[test]
fn a_drop_that_panics_harms_no_other_and_no_later_round() {
    let world = World::<Panics>::new(10);
    let dropped = Arc::new(AtomicUsize::new(0));
    for key in 0..SOME {
        world.put(key, Panics(key % 3 == 0, Arc::clone(&dropped)));
        world.sim.advance_to(world.sim.now() + SECOND);
    }
    world.cache.run_pending_tasks();
    assert_eq!(dropped.load(Ordering::Relaxed) as u64, SOME - 10);
    assert_eq!(world.cache.entry_count(), 10);
}
