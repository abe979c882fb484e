// Models of the end: a shutdown sleeps through no end, and sees what was done before it.
// Never knows: what a compute does, but for a mark that it leaves.

use std::sync::Arc;
use std::sync::atomic::AtomicBool as Flag;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Wake, Waker};

use kairos_cache::model::{Drain, Underway};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Whether it has been woken. Std's atomic: it is no part of what is modelled.
#[derive(Default)]
struct Woken(Flag);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst); // SeqCst: the test's own flag.
    }
}

struct World {
    drain: Drain,
    /// What each compute has done. Relaxed: the drain alone orders it.
    done: [AtomicUsize; 2],
}

impl World {
    fn new() -> Arc<World> {
        let done = std::array::from_fn(|_| AtomicUsize::new(0));
        Arc::new(World { drain: Drain::new(|| {}), done })
    }

    fn done(&self) -> usize {
        self.done.iter().map(|done| done.load(Ordering::Relaxed)).sum()
    }
}

/// A compute on a thread of its own.
fn compute(world: &Arc<World>, which: usize, underway: Arc<Underway>) -> thread::JoinHandle<()> {
    let world = Arc::clone(world);
    thread::spawn(move || {
        world.done[which].store(1, Ordering::Relaxed);
        drop(underway);
    })
}

/// Closes the drain and polls a shutdown once: whether it was told of the end, and else who is woken.
fn shut_down(world: &World) -> Result<(), Arc<Woken>> {
    world.drain.close();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut emptied = Box::pin(world.drain.emptied());
    if emptied.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
        return Ok(());
    }
    // It waits on, also when this has returned.
    std::mem::forget(emptied);
    Err(woken)
}

/// The end of a shutdown, when all computes have ended.
fn assert_told(shutdown: Result<(), Arc<Woken>>) {
    if let Err(woken) = shutdown {
        assert!(woken.0.load(SeqCst), "a shutdown sleeps through the end");
    }
}

#[test]
fn a_shutdown_sees_what_every_compute_has_done() {
    loom::model(|| {
        let world = World::new();
        let computes = [0, 1].map(|which| {
            let underway = world.drain.enter().expect("it is open");
            compute(&world, which, underway)
        });
        let shutdown = shut_down(&world);
        assert!(shutdown.is_err() || world.done() == 2, "it has ended before it was done");
        computes.into_iter().for_each(|compute| compute.join().unwrap());
        assert_told(shutdown);
    });
}

#[test]
fn of_two_shutdowns_none_sleeps_through_the_end() {
    loom::model(|| {
        let world = World::new();
        let compute = compute(&world, 0, world.drain.enter().expect("it is open"));
        let other = Arc::clone(&world);
        let other = thread::spawn(move || shut_down(&other));
        let own = shut_down(&world);
        compute.join().unwrap();
        let other = other.join().unwrap();
        assert_told(own);
        assert_told(other);
    });
}

/// A compute enters beside the shutdown, or is refused.
#[test]
fn whoever_closes_a_drain_sees_what_was_done() {
    loom::model(|| {
        let world = World::new();
        let entering = Arc::clone(&world);
        let entering = thread::spawn(move || {
            let Some(underway) = entering.drain.enter() else { return 0 };
            entering.done[0].store(1, Ordering::Relaxed);
            drop(underway);
            1
        });
        let shutdown = shut_down(&world);
        let seen = world.done();
        let entered = entering.join().unwrap();
        assert!(shutdown.is_err() || seen == entered, "it has ended before it was done");
        assert_told(shutdown);
    });
}
