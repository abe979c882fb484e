// The end of a cache: `shutdown`, and the drop of the last clone.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `shutdown_on_threads.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as Task, Wake, Waker};

use kairos_cache::{Cache, Context, Error, Reason, Sim};

use crate::stage::{Lent, Running, SECOND, Stage, Work, start};

/// A shutdown that runs as a task.
fn begin(stage: &Stage) -> Running<Result<(), Error>> {
    let cache = stage.cache.clone();
    stage.start(async move { cache.shutdown().await })
}

fn is_refused(error: Option<Error>) -> bool {
    error.is_some_and(|error| matches!(error, Error::ShutDown))
}

#[test]
fn what_readers_wait_for_runs_to_its_end_and_nothing_else_begins() {
    let (stage, work, other) = (Stage::new(), Work::gated(), Work::at_once());
    let waiting = stage.read("k", &Context::none(), &work);
    let shutdown = begin(&stage);
    let joining = stage.read("k", &Context::none(), &work);
    assert!(is_refused(stage.read("other", &Context::none(), &other).error()));
    assert!(!shutdown.has_ended() && waiting.value().is_none());
    stage.open(&work, 1);
    assert_eq!((waiting.value(), joining.value()), (Some(1), Some(1)));
    assert!(shutdown.has_ended());
    assert_eq!(stage.cache.get("k").map(|hit| *hit), Some(1), "what is stored is served");
    assert_eq!(other.started(), 0);
    let (stats, activity) = (stage.cache.stats(), stage.cache.activity());
    assert_eq!((stats.strategy_compute, stats.strategy_serve_fresh, stats.cache_errors), (3, 1, 0));
    assert_eq!((activity.computes_for_misses, activity.computes_refused), (1, 1));
}

#[test]
fn a_running_refresh_is_aborted_and_a_stale_value_is_served_without_one() {
    let (stage, work) = (Stage::new(), Work::gated());
    stage.read("k", &Context::none(), &Work::at_once());
    stage.seconds(70);
    let served = stage.read("k", &Context::none(), &work).hit().expect("stale is served");
    assert!(served.receipt().refresh_started && work.running() == 1);
    let shutdown = begin(&stage);
    assert!(shutdown.has_ended());
    assert_eq!((work.running(), work.finished()), (0, 0));
    let served = stage.read("k", &Context::none(), &work).hit().expect("stale is served");
    assert_eq!((served.receipt().reason, served.receipt().refresh_started), (Reason::Stale, false));
    stage.seconds(60);
    assert!(is_refused(stage.read("k", &Context::none(), &work).error()), "too stale");
    let stats = stage.cache.stats();
    assert_eq!((stats.swr_background_success, stats.swr_background_error), (0, 0));
    assert_eq!(stage.cache.activity().refreshes_skipped, 0);
}

#[test]
fn a_refresh_that_a_reader_has_joined_goes_on_for_that_reader() {
    let stage = Stage::with(|b| b.default_ttl(60 * SECOND).refresh_timeout(1000 * SECOND));
    let work = Work::gated();
    stage.read("k", &Context::none(), &Work::at_once());
    stage.seconds(70);
    stage.read("k", &Context::none(), &work);
    stage.seconds(60);
    let joined = stage.read("k", &Context::none(), &work);
    let shutdown = begin(&stage);
    assert!(joined.value().is_none() && !shutdown.has_ended());
    assert_eq!(work.running(), 1);
    joined.cancel();
    stage.sim.run_until_idle();
    assert!(shutdown.has_ended());
    assert_eq!((work.running(), work.finished()), (0, 0));
}

#[test]
fn a_compute_that_its_reader_left_by_soft_timeout_is_aborted() {
    let stage = Stage::with(|b| b.default_ttl(60 * SECOND).soft_timeout(SECOND));
    let work = Work::gated();
    stage.read("k", &Context::none(), &Work::at_once());
    stage.seconds(130);
    let impatient = stage.read("k", &Context::none(), &work);
    stage.seconds(2);
    assert_eq!(impatient.hit().map(|hit| hit.receipt().reason), Some(Reason::SoftTimeout));
    assert_eq!(work.running(), 1);
    assert!(begin(&stage).has_ended());
    assert_eq!(work.running(), 0);
}

#[test]
fn computes_that_wait_for_their_turn_are_refused_at_once() {
    let stage = Stage::with(|b| b.max_concurrent_computes(1));
    let (work, other, forced) =
        (Work::gated(), Work::at_once(), Context::none().force_refresh(true));
    let running = stage.read("k", &Context::none(), &work);
    let at_gate = stage.read("other", &Context::none(), &other);
    let behind_it = stage.read("k", &forced, &other);
    assert!(at_gate.error().is_none() && behind_it.error().is_none());
    let shutdown = begin(&stage);
    assert!(is_refused(at_gate.error()) && is_refused(behind_it.error()));
    assert!(is_refused(stage.read("third", &Context::none(), &other).error()));
    assert!(is_refused(stage.read("k", &forced, &other).error()));
    stage.open(&work, 1);
    assert!(running.value() == Some(1) && shutdown.has_ended());
    assert_eq!((other.started(), stage.cache.activity().computes_refused), (0, 4));
}

#[test]
fn a_hanging_compute_is_waited_for_until_its_timeout() {
    let stage = Stage::with(|b| b.hard_timeout(5 * SECOND));
    let hanging = stage.read("k", &Context::none(), &Work::gated());
    let shutdown = begin(&stage);
    stage.seconds(4);
    assert!(!shutdown.has_ended());
    stage.seconds(1);
    assert!(shutdown.has_ended());
    assert!(matches!(hanging.error(), Some(Error::Timeout)));
}

#[test]
fn many_may_ask_and_whoever_gives_up_stops_nothing() {
    let (stage, work) = (Stage::new(), Work::gated());
    let waiting = stage.read("k", &Context::none(), &work);
    let given_up = begin(&stage);
    given_up.cancel();
    assert!(is_refused(stage.read("other", &Context::none(), &work).error()));
    let (second, third) = (begin(&stage), begin(&stage));
    stage.open(&work, 1);
    assert!(second.has_ended() && third.has_ended() && !given_up.has_ended());
    assert_eq!(waiting.value(), Some(1));
    assert!(begin(&stage).has_ended(), "again, when all is over");
}

/// Counts its wakes, and panics as it is woken if it is told to.
struct Woken(AtomicUsize, bool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed); // Relaxed, here and below: one thread.
        assert!(!self.1, "a waker panics");
    }
}

#[test]
fn a_shutdown_whose_waker_panics_takes_neither_the_others_nor_the_compute_with_it() {
    let (stage, work) = (Stage::new(), Work::gated());
    let waiting = stage.read("k", &Context::none(), &work);
    let woken = [true, false].map(|panics| Arc::new(Woken(AtomicUsize::new(0), panics)));
    let mut shutdowns = woken.each_ref().map(|_| Box::pin(stage.cache.shutdown()));
    for (shutdown, woken) in shutdowns.iter_mut().zip(&woken) {
        let waker = Waker::from(Arc::clone(woken));
        assert!(shutdown.as_mut().poll(&mut Task::from_waker(&waker)).is_pending());
    }
    stage.open(&work, 1);
    assert_eq!(waiting.value(), Some(1));
    assert_eq!(woken.map(|woken| woken.0.load(Ordering::Relaxed)), [1, 1]);
    for shutdown in &mut shutdowns {
        assert!(shutdown.as_mut().poll(&mut Task::from_waker(Waker::noop())).is_ready());
    }
}

#[test]
fn a_cache_that_is_shut_down_takes_values_and_invalidations() {
    let stage = Stage::new();
    assert!(begin(&stage).has_ended());
    assert!(stage.cache.insert("k", &Context::none(), 7).expect("a plain context"));
    assert_eq!(stage.cache.pin("k").and_then(|mut pinned| pinned.get().copied()), Some(7));
    stage.cache.invalidate("k");
    assert!(stage.cache.get("k").is_none());
}

#[test]
fn a_cache_that_is_dropped_during_a_refresh_is_freed_when_the_refresh_ends() {
    for (opened, ends_at) in [(true, 70), (false, 80)] {
        let (sim, work) = (Sim::new(start()), Work::gated());
        let lent = Arc::new(Lent(sim.clone()));
        let builder = Cache::builder().clock(sim.clock()).runtime(Arc::clone(&lent) as _);
        let stage = Stage {
            sim: sim.clone(),
            cache: builder.default_ttl(60 * SECOND).build().expect("valid"),
        };
        stage.read("k", &Context::none(), &Work::at_once());
        stage.seconds(70);
        stage.read("k", &Context::none(), &work);
        drop(stage);
        assert!(Arc::strong_count(&lent) > 1 && work.running() == 1);
        if opened {
            work.let_go(1);
        }
        sim.run_to_end();
        assert_eq!((work.running(), work.finished()), (0, u64::from(opened)));
        assert_eq!(Arc::strong_count(&lent), 1, "nothing holds the cache");
        assert_eq!(sim.now(), ends_at * SECOND, "a refresh ends after 10 s at the latest");
    }
}

#[test]
fn a_waiting_reader_holds_what_it_waits_for_when_the_last_clone_goes() {
    let (sim, work) = (Sim::new(start()), Work::gated());
    let lent = Arc::new(Lent(sim.clone()));
    let builder = Cache::builder().clock(sim.clock()).runtime(Arc::clone(&lent) as _);
    let stage = Stage { sim: sim.clone(), cache: builder.build().expect("valid") };
    let waiting = stage.read("k", &Context::none(), &work);
    let hanging = stage.read("h", &Context::none(), &Work::gated());
    drop(stage);
    work.let_go(1);
    sim.run_to_end();
    assert_eq!(waiting.value(), Some(1));
    assert!(matches!(hanging.error(), Some(Error::Timeout)));
    assert_eq!(Arc::strong_count(&lent), 1, "nothing holds the cache");
}
