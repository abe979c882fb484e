//! The end of a cache: `shutdown`, and the drop of the last clone.
//! Never knows: the insides of the cache.
//! Read next: `../src/shutdown.rs`.

mod concurrent_stage;

use std::cell::RefCell;
use std::future::{Future as _, pending};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

use concurrent_stage::{Failure, Stage, Work};
use kairos_cache::{BoxFuture, Cache, Context, Error, Reason, Runtime, Sim, Task};

const SECOND: Duration = Duration::from_secs(1);

/// A shutdown that runs as a task.
struct Shutdown(Option<Task>, Arc<AtomicBool>);

impl Shutdown {
    fn begin(stage: &Stage) -> Shutdown {
        let (cache, resolved) = (stage.cache.clone(), Arc::new(AtomicBool::new(false)));
        let own = Arc::clone(&resolved);
        let task = stage.sim.spawn(Box::pin(async move {
            cache.shutdown().await;
            own.store(true, Ordering::Release);
        }));
        stage.sim.run_until_idle();
        Shutdown(Some(task), resolved)
    }

    fn has_resolved(&self) -> bool {
        self.1.load(Ordering::Acquire)
    }

    fn cancel(&mut self) {
        self.0.take().expect("cancelled once").abort();
    }
}

/// Says that it is gone.
struct Gone(Option<mpsc::Sender<()>>);

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(gone) = self.0.take() {
            let _nobody_asks = gone.send(());
        }
    }
}

fn is_refused(error: Option<Error>) -> bool {
    error.is_some_and(|error| matches!(error, Error::ShutDown))
}

#[test]
fn what_readers_wait_for_runs_to_its_end_and_nothing_else_begins() {
    let (stage, work, other) = (Stage::new(), Work::gated(), Work::at_once());
    let waiting = stage.read("k", &Context::none(), &work);
    let shutdown = Shutdown::begin(&stage);
    let joining = stage.read("k", &Context::none(), &work);
    assert!(is_refused(stage.read("other", &Context::none(), &other).error()));
    assert!(!shutdown.has_resolved() && waiting.value().is_none());
    stage.open(&work, 1);
    assert_eq!((waiting.value(), joining.value()), (Some(1), Some(1)));
    assert!(shutdown.has_resolved());
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
    let shutdown = Shutdown::begin(&stage);
    assert!(shutdown.has_resolved());
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
    let shutdown = Shutdown::begin(&stage);
    assert!(joined.value().is_none() && !shutdown.has_resolved());
    assert_eq!(work.running(), 1);
    joined.cancel();
    stage.sim.run_until_idle();
    assert!(shutdown.has_resolved());
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
    assert!(Shutdown::begin(&stage).has_resolved());
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
    let shutdown = Shutdown::begin(&stage);
    assert!(is_refused(at_gate.error()) && is_refused(behind_it.error()));
    assert!(is_refused(stage.read("third", &Context::none(), &other).error()));
    assert!(is_refused(stage.read("k", &forced, &other).error()));
    stage.open(&work, 1);
    assert!(running.value() == Some(1) && shutdown.has_resolved());
    assert_eq!((other.started(), stage.cache.activity().computes_refused), (0, 4));
}

#[test]
fn a_hanging_compute_is_waited_for_until_its_timeout() {
    let stage = Stage::with(|b| b.hard_timeout(5 * SECOND));
    let hanging = stage.read("k", &Context::none(), &Work::gated());
    let shutdown = Shutdown::begin(&stage);
    stage.seconds(4);
    assert!(!shutdown.has_resolved());
    stage.seconds(1);
    assert!(shutdown.has_resolved());
    assert!(matches!(hanging.error(), Some(Error::Timeout)));
}

#[test]
fn many_may_ask_and_whoever_gives_up_stops_nothing() {
    let (stage, work) = (Stage::new(), Work::gated());
    let waiting = stage.read("k", &Context::none(), &work);
    let mut given_up = Shutdown::begin(&stage);
    given_up.cancel();
    assert!(is_refused(stage.read("other", &Context::none(), &work).error()));
    let (second, third) = (Shutdown::begin(&stage), Shutdown::begin(&stage));
    stage.open(&work, 1);
    assert!(second.has_resolved() && third.has_resolved() && !given_up.has_resolved());
    assert_eq!(waiting.value(), Some(1));
    assert!(Shutdown::begin(&stage).has_resolved(), "again, when all is over");
}

#[test]
fn a_cache_that_is_shut_down_takes_values_and_invalidations() {
    let stage = Stage::new();
    assert!(Shutdown::begin(&stage).has_resolved());
    assert!(stage.cache.insert("k", &Context::none(), 7).expect("a plain context"));
    assert_eq!(stage.cache.pin("k").and_then(|mut pinned| pinned.get().copied()), Some(7));
    stage.cache.invalidate("k");
    assert!(stage.cache.get("k").is_none());
}

/// A runtime whose life shows whether anything still holds the cache.
struct Lent(Sim);

impl Runtime for Lent {
    fn spawn(&self, future: BoxFuture) -> Task {
        self.0.spawn(future)
    }

    fn sleep_until(&self, deadline: u64) -> BoxFuture {
        self.0.sleep_until(deadline)
    }
}

#[test]
fn a_cache_that_is_dropped_during_a_refresh_is_freed_when_the_refresh_ends() {
    for (opened, ends_at) in [(true, 70), (false, 80)] {
        let (sim, work) = (Sim::new(concurrent_stage::start()), Work::gated());
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
    let (sim, work) = (Sim::new(concurrent_stage::start()), Work::gated());
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_tokio_a_hanging_compute_is_gone_when_shutdown_resolves() {
    let cache: Cache<String, u64> =
        Cache::builder().hard_timeout(Duration::from_millis(20)).build().expect("valid");
    let (gone, is_gone) = mpsc::channel();
    let reader = tokio::spawn({
        let cache = cache.clone();
        async move {
            let token = Gone(Some(gone));
            let compute = || async move {
                let _token = token;
                pending::<Result<u64, Failure>>().await
            };
            cache.get_or_compute("k", &Context::none(), compute).await.map(|hit| *hit)
        }
    });
    while cache.activity().computes_for_misses == 0 {
        tokio::task::yield_now().await;
    }
    let clone = cache.clone();
    tokio::join!(cache.shutdown(), clone.shutdown());
    assert_eq!(is_gone.try_recv(), Ok(()));
    assert!(matches!(reader.await.expect("no panic"), Err(Error::Timeout)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_tokio_a_compute_that_never_yields_is_waited_for_until_its_timeout() {
    let cache: Cache<String, u64> =
        Cache::builder().hard_timeout(Duration::from_millis(20)).build().expect("valid");
    let (let_go, held) = mpsc::channel::<()>();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let reader = tokio::spawn({
        let cache = cache.clone();
        async move {
            let compute = || async move {
                started.send(()).expect("the test waits for it");
                held.recv().expect("the test lets go");
                Ok::<u64, Failure>(1)
            };
            cache.get_or_compute("k", &Context::none(), compute).await.map(|hit| *hit)
        }
    });
    has_started.await.expect("it starts");
    cache.shutdown().await;
    assert!(matches!(reader.await.expect("no panic"), Err(Error::Timeout)));
    let_go.send(()).expect("it is still blocked");
}

#[test]
fn a_runtime_that_ends_takes_a_long_queue_with_it() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let cache: Cache<String, u64> = Cache::builder()
        .tokio_handle(runtime.handle().clone())
        .max_concurrent_computes(1)
        .compute_queue(10_000)
        .build()
        .expect("valid");
    let none = Context::none();
    let keys: Vec<String> = (0..10_000).map(|i| i.to_string()).collect();
    let mut reads: Vec<_> = keys
        .iter()
        .map(|key| Box::pin(cache.get_or_compute(key, &none, pending::<Result<u64, Failure>>)))
        .collect();
    let mut cx = std::task::Context::from_waker(Waker::noop());
    assert!(reads.iter_mut().all(|read| read.as_mut().poll(&mut cx).is_pending()));
    drop(runtime);
    for read in &mut reads {
        assert!(matches!(read.as_mut().poll(&mut cx), Poll::Ready(Err(Error::Aborted))));
    }
}

thread_local! {
    static ON_EXIT: RefCell<Gone> = const { RefCell::new(Gone(None)) };
}

/// A cache outside any runtime, with a refresh that hangs, and the news of its thread's end.
fn cache_on_its_own_thread(
    runtime: &tokio::runtime::Runtime,
) -> (Cache<String, u64>, mpsc::Receiver<()>, mpsc::Receiver<()>) {
    let cache: Cache<String, u64> = Cache::builder()
        .default_ttl(Duration::from_nanos(1))
        .stale_multiplier(1e15)
        .refresh_timeout(Duration::from_millis(20))
        .xfetch_enabled(false)
        .build()
        .expect("valid");
    let (exit, exited) = mpsc::channel();
    let (gone, is_gone) = mpsc::channel();
    let first = || async move {
        ON_EXIT.with_borrow_mut(|on_exit| *on_exit = Gone(Some(exit)));
        Ok::<u64, Failure>(1)
    };
    let value = runtime.block_on(cache.get_or_compute("k", &Context::none(), first));
    assert_eq!(value.map(|hit| *hit).ok(), Some(1));
    let token = Gone(Some(gone));
    let hanging = || async move {
        let _token = token;
        pending::<Result<u64, Failure>>().await
    };
    let stale = runtime.block_on(cache.get_or_compute("k", &Context::none(), hanging));
    assert_eq!(stale.map(|hit| hit.receipt().refresh_started).ok(), Some(true));
    (cache, is_gone, exited)
}

#[test]
fn on_its_own_thread_a_cache_shuts_down_and_the_thread_ends_with_the_last_clone() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (cache, is_gone, exited) = cache_on_its_own_thread(&runtime);
    runtime.block_on(cache.shutdown());
    assert_eq!(is_gone.try_recv(), Ok(()), "the refresh has been aborted");
    assert!(exited.try_recv().is_err());
    drop(cache);
    assert_eq!(exited.recv(), Ok(()));
}

#[test]
fn on_its_own_thread_a_cache_that_is_dropped_ends_with_its_refresh() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (cache, is_gone, exited) = cache_on_its_own_thread(&runtime);
    drop(cache);
    assert_eq!((is_gone.recv(), exited.recv()), (Ok(()), Ok(())));
}
