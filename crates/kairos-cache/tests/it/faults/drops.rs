// Drops and weighers that panic or use the cache: captures, and values on each way out of it.
// Never knows: the insides of the cache.
// Read next: `broken.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as Task, Wake, Waker};
use std::time::UNIX_EPOCH;

use kairos_cache::{Cache, Computed, Context, Error, Notice, Runtime, Sim};

use super::{Mine, World};
use crate::stage::{Running, SECOND};

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

/// Wakes nobody, and panics as it is dropped.
struct Fragile;

impl Wake for Fragile {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("a waker's drop");
    }
}

/// Polls a read of "k" that computes for ever, by a waker to which the read holds the last share, and
/// then drops the read.
fn leave_with_a_fragile_waker(cache: &Cache<String, Mine>, sim: &Sim) {
    let none = Context::none();
    let compute = || std::future::pending::<Result<Mine, Error>>();
    let mut read = Box::pin(cache.get_or_compute("k", &none, compute));
    let waker = Waker::from(Arc::new(Fragile));
    assert!(read.as_mut().poll(&mut Task::from_waker(&waker)).is_pending());
    sim.run_until_idle();
    drop(waker);
    assert_eq!(cache.sizes().flights, 1);
    drop(read);
    sim.run_until_idle();
}

#[test]
fn a_compute_learns_that_its_last_reader_has_left_also_where_its_waker_panics() {
    let world = World::new();
    leave_with_a_fragile_waker(&world.cache, &world.sim);
    assert_eq!(world.cache.sizes().flights, 0, "the compute is aborted");
}

/// A reader that goes and wants the compute to go on is none that a shutdown waits for.
#[test]
fn a_compute_learns_that_its_reader_has_departed_also_where_its_waker_panics() {
    let world = World::with(|builder| builder.finish_abandoned(true));
    leave_with_a_fragile_waker(&world.cache, &world.sim);
    assert_eq!(world.cache.sizes().flights, 1, "the compute goes on");
    let cache = world.cache.clone();
    let ended = Running::start(&world.sim, async move { cache.shutdown().await });
    assert!(ended.has_ended(), "nobody waits for the compute");
}

#[test]
fn a_replaced_value_whose_drop_panics_takes_no_answer_with_it() {
    for next in [|| Computed::value(Mine::plain(2)), || Computed::None] {
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
