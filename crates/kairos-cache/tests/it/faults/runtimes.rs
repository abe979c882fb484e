// Computes that no runtime runs: their keys are free, and whoever waits is told at once.
// Never knows: the insides of the cache.
// Read next: `../operation/runtimes.rs`, runtimes that hold things up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use kairos_cache::{BoxFuture, Cache, Clock, Context, Error, Notice, Runtime, Sim, Task};

use crate::stage::{Failure, SECOND, Stage, block_on, start};

fn none() -> Context {
    Context::none()
}

/// What a runtime does instead of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refuses {
    Tasks,
    Threads,
    Timers,
    Sleeps,
}

/// A runtime that keeps what it is given, and panics.
struct Broken {
    sim: Sim,
    refuses: Refuses,
    kept: Mutex<Vec<BoxFuture>>,
    closures: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
}

impl Broken {
    fn refuse(&self, what: Refuses, future: BoxFuture) -> BoxFuture {
        if self.refuses == what {
            self.kept.lock().expect("no panic").push(future);
            panic!("no {what:?}");
        }
        future
    }
}

impl Runtime for Broken {
    fn spawn(&self, future: BoxFuture) -> Task {
        self.sim.spawn(self.refuse(Refuses::Tasks, future))
    }

    fn spawn_timer(&self, future: BoxFuture) -> Task {
        self.sim.spawn_timer(self.refuse(Refuses::Timers, future))
    }

    fn sleep_until(&self, at: u64) -> BoxFuture {
        assert!(self.refuses != Refuses::Sleeps, "no sleeps");
        self.sim.sleep_until(at)
    }

    fn before_park(&self) {
        self.sim.before_park();
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) -> Task {
        if self.refuses == Refuses::Threads {
            self.closures.lock().expect("no panic").push(work);
            panic!("no threads");
        }
        self.sim.spawn_blocking(work)
    }
}

#[test]
fn work_that_a_runtime_refuses_ends_at_once_and_never_runs() {
    for refuses in [Refuses::Tasks, Refuses::Threads, Refuses::Timers] {
        let sim = Sim::new(start());
        let runtime = Arc::new(Broken {
            sim: sim.clone(),
            refuses,
            kept: Mutex::default(),
            closures: Mutex::default(),
        });
        let cache: Cache<u8, u8> = Cache::builder()
            .clock(sim.clock())
            .runtime(Arc::clone(&runtime) as Arc<dyn Runtime>)
            .max_concurrent_computes(1)
            .build()
            .expect("in range");
        let ran = Arc::new(AtomicBool::new(false));
        let runs = Arc::clone(&ran);
        let read = catch_unwind(AssertUnwindSafe(|| {
            let compute = move || {
                runs.store(true, Ordering::Release);
                Ok::<_, Failure>(1)
            };
            if refuses == Refuses::Tasks {
                let compute = move || std::future::ready(compute());
                block_on(cache.get_or_compute(&1, &none(), compute)).map(|hit| *hit)
            } else {
                cache.blocking().get_or_compute(&1, &none(), compute).map(|hit| *hit)
            }
        }));
        assert!(matches!(read, Ok(Err(Error::Aborted))), "{refuses:?}: {read:?}");
        assert_eq!(cache.sizes().flights, 0, "{refuses:?}");
        // What the runtime has kept does nothing when it is run after all.
        let kept = std::mem::take(&mut *runtime.kept.lock().expect("no panic"));
        let closures = std::mem::take(&mut *runtime.closures.lock().expect("no panic"));
        for future in kept {
            drop(sim.spawn(future));
        }
        for closure in closures {
            closure();
        }
        sim.run_to_end();
        assert!(!ran.load(Ordering::Acquire), "{refuses:?}");
        assert_eq!(cache.stats().cache_errors, 0, "{refuses:?}: nothing was computed");
    }
}

/// A runtime that takes so long to spawn that the task's time is up by then, and cannot abort it.
struct Late(Sim);

impl Runtime for Late {
    fn spawn(&self, future: BoxFuture) -> Task {
        let _runs_on = self.0.spawn(future);
        self.0.advance_to(self.0.now() + 100 * SECOND);
        Task::new(|| panic!("no abort"))
    }

    fn spawn_timer(&self, future: BoxFuture) -> Task {
        self.0.spawn_timer(future)
    }

    fn sleep_until(&self, at: u64) -> BoxFuture {
        self.0.sleep_until(at)
    }
}

#[test]
fn an_abort_that_panics_as_soon_as_the_task_is_known_leaves_the_reader_its_answer() {
    let sim = Sim::new(start());
    let cache: Cache<u8, u8> = Cache::builder()
        .clock(sim.clock())
        .runtime(Arc::new(Late(sim.clone())))
        .hard_timeout(SECOND)
        .build()
        .expect("in range");
    let read = catch_unwind(AssertUnwindSafe(|| {
        let compute = || std::future::pending::<Result<u8, Failure>>();
        block_on(cache.get_or_compute(&1, &none(), compute)).map(|hit| *hit)
    }));
    assert!(matches!(read, Ok(Err(Error::Timeout))), "{read:?}");
}

#[test]
fn a_refresh_that_cannot_run_has_failed_and_is_throttled() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (clock, hand) = Clock::manual(start());
    let cache: Cache<u8, u8> = Cache::builder()
        .tokio_handle(runtime.handle().clone())
        .clock(clock)
        .default_ttl(SECOND)
        .stale_multiplier(100.0)
        .xfetch_enabled(false)
        .loader(|_, _| async { Ok::<_, Failure>(1) })
        .build()
        .expect("in range");
    cache.insert(&1, &none(), 1).expect("no match is named");
    let mut notices = cache.subscribe();
    drop(runtime);
    hand.advance(SECOND + SECOND);
    let started =
        (0..20).filter(|_| cache.get(&1).expect("stale").receipt().refresh_started).count() as u64;
    assert_eq!((started, cache.stats().swr_background_error), (1, 1));
    let told = notices.try_next();
    assert!(
        matches!(told, Some(Notice::RefreshFailed { key: 1, error: Error::Aborted })),
        "{told:?}"
    );
}

/// The runtime that was given has ended: what comes next runs on another.
#[test]
fn a_cache_outlives_the_runtime_that_it_was_given() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cache: Cache<u8, u8> =
        Cache::builder().tokio_handle(runtime.handle().clone()).build().expect("in range");
    drop(runtime);
    let read = || block_on(cache.get_or_compute(&1, &none(), || async { Ok::<_, Failure>(2) }));
    assert!(matches!(read(), Err(Error::Aborted)), "it was given to the one that has ended");
    assert_eq!(read().map(|hit| *hit).expect("on a thread of the cache's own"), 2);
}

/// Each test of a program has a runtime of its own, and all of them one cache.
#[test]
fn a_cache_without_a_runtime_of_its_own_computes_where_it_is_read() {
    let cache: Cache<u8, u8> = Cache::builder().build().expect("in range");
    for key in 0..3 {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (reads, here) = (cache.clone(), std::thread::current().id());
        let on = runtime.block_on(async move {
            let compute = || async {
                tokio::task::yield_now().await;
                let is_here = std::thread::current().id();
                Ok::<_, Failure>((is_here, 1))
            };
            let found = Arc::new(Mutex::new(None));
            let told = Arc::clone(&found);
            let compute = move || async move {
                let (on, value) = compute().await?;
                *told.lock().expect("no panic") = Some(on);
                Ok::<_, Failure>(value)
            };
            reads.get_or_compute(&key, &none(), compute).await.expect("a value");
            found.lock().expect("no panic").take()
        });
        assert_eq!(on, Some(here));
    }
}

static SHARED: LazyLock<Cache<u8, u8>> =
    LazyLock::new(|| Cache::builder().build().expect("in range"));

/// Tests that run side by side, each on a runtime of its own that ends with it: a read that waits for
/// another test's compute may see that end, and no key is held by it.
#[test]
fn a_static_cache_serves_tests_that_run_side_by_side() {
    let test = |number: u8| {
        let mut aborted = 0;
        for round in 0..50 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let key = (number / 2 + round) % 8;
            let none = none();
            let compute = || async {
                tokio::task::yield_now().await;
                Ok::<_, Failure>(1)
            };
            // Some leave with a compute under way, which goes with their runtime.
            let leaves = round % 3 == 0;
            let read = SHARED.get_or_compute(&key, &none, compute);
            let answer = runtime.block_on(async {
                tokio::select! {
                    biased;
                    answer = read => Some(answer.map(|hit| *hit)),
                    () = tokio::task::yield_now(), if leaves => None,
                }
            });
            match answer {
                Some(Err(Error::Aborted)) => aborted += 1,
                Some(answer) => assert_eq!(answer.expect("a value"), 1),
                None => {}
            }
            SHARED.invalidate(&key);
        }
        aborted
    };
    let aborted: u32 = std::thread::scope(|threads| {
        let tests: Vec<_> = (0..8).map(|number| threads.spawn(move || test(number))).collect();
        tests.into_iter().map(|test| test.join().expect("no panic")).sum()
    });
    assert!(aborted < 400, "every read was aborted");
    for key in 0..8 {
        let none = none();
        let found = SHARED.get_or_compute(&key, &none, || async { Ok::<_, Failure>(2) });
        assert_eq!(block_on(found).map(|hit| *hit).expect("the key is free"), 2);
    }
    // A flight leaves its table after its reader has been told.
    while SHARED.sizes().flights > 0 {
        std::thread::yield_now();
    }
}

/// A computation that does IO needs a runtime that has it, also where the reader has none.
#[test]
#[expect(clippy::disallowed_methods, reason = "it asks whether there are timers, and for no time")]
fn a_compute_without_any_runtime_has_io_and_timers() {
    let cache: Cache<u8, u16> = Cache::builder().build().expect("in range");
    let compute = || async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        tokio::time::sleep(Duration::from_nanos(1)).await;
        Ok::<_, Failure>(listener.local_addr()?.port())
    };
    let hit = block_on(cache.get_or_compute(&1, &none(), compute)).expect("a value");
    assert!(*hit > 0);
}

/// A compute that has begun, or has not, on a runtime that nobody drives any more.
#[test]
fn the_turn_of_a_compute_that_nobody_drives_comes_back_when_its_time_is_up() {
    for begins in [false, true] {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (clock, mover) = Clock::manual(start());
        let cache: Cache<u8, u8> = Cache::builder()
            .clock(clock)
            .tokio_handle(runtime.handle().clone())
            .hard_timeout(SECOND)
            .queue_timeout(100 * SECOND)
            .max_concurrent_computes(1)
            .build()
            .expect("in range");
        let hangs = || std::future::pending::<Result<u8, Failure>>();
        let no = none();
        let mut first = Box::pin(cache.get_or_compute(&1, &no, hangs));
        let mut noop = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(first.as_mut().poll(&mut noop).is_pending());
        if begins {
            runtime.block_on(async { tokio::task::yield_now().await });
        }
        mover.advance(SECOND);
        let late = block_on(first).map(|hit| *hit);
        assert!(matches!(late, Err(Error::Timeout)), "{late:?}");
        let mut second = Box::pin(cache.get_or_compute(&2, &no, hangs));
        assert!(second.as_mut().poll(&mut noop).is_pending());
        // The first task is there until its runtime runs, and the second once it has the turn.
        while runtime.handle().metrics().num_alive_tasks() < 2 {
            std::thread::yield_now();
        }
        let flights = cache.sizes().flights;
        assert_eq!(flights, if begins { 2 } else { 1 }, "what has not begun is over");
    }
}

/// Nothing moves the time of a runtime that has ended: what is left goes by the system's.
#[test]
fn a_cache_outlives_the_runtime_whose_clock_it_has() {
    for paused in [false, true] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(paused)
            .build()
            .expect("a runtime");
        let builder = Cache::<u8, u8>::builder().hard_timeout(Duration::from_millis(1));
        let builder = builder.soft_timeout(Duration::from_millis(1)).default_ttl(SECOND);
        let cache = runtime.block_on(async { builder.clock(Clock::tokio()).build() });
        let cache = cache.expect("in range");
        let no = none();
        let hangs = || std::future::pending::<Result<u8, Failure>>();
        drop(runtime);
        let late = block_on(cache.get_or_compute(&1, &no, hangs)).map(|hit| *hit);
        assert!(matches!(late, Err(Error::Timeout)), "{late:?}");
    }
}

#[test]
fn a_sweep_goes_on_with_the_next_runtime() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (clock, mover) = Clock::manual(start());
    let builder = Cache::<u8, u8>::builder().tokio_handle(runtime.handle().clone());
    let cache = builder.clock(clock).build().expect("in range");
    for key in 0..100 {
        assert!(cache.insert(&key, &none(), 1).expect("no match is named"));
    }
    drop(runtime);
    cache.invalidate_all();
    while cache.entry_count() > 0 {
        mover.advance(SECOND);
        cache.run_pending_tasks();
        std::thread::yield_now();
    }
}

/// A timeout that lets the next compute in does so on a thread beside that of timers, which is no
/// place for a compute: it has no IO there, and would hold up every cache's timeouts.
#[test]
fn a_compute_that_a_timeout_lets_in_runs_where_computes_run() {
    let (clock, mover) = Clock::manual(start());
    let cache: Cache<u8, String> = Cache::builder()
        .clock(clock)
        .hard_timeout(SECOND)
        .queue_timeout(9 * SECOND)
        .max_concurrent_computes(1)
        .build()
        .expect("in range");
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let on = std::thread::scope(|threads| {
        let blocks = threads.spawn(|| {
            let block = move || {
                begun.send(()).expect("the test waits");
                let _released = held.recv();
                Ok::<_, Failure>(String::from("late"))
            };
            cache.blocking().get_or_compute(&1, &none(), block).map(|hit| hit.to_string())
        });
        has_begun.recv().expect("it begins");
        let queued = threads.spawn(|| {
            let here = || async {
                let _socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
                Ok::<_, Failure>(format!("{:?}", std::thread::current().name()))
            };
            block_on(cache.get_or_compute(&2, &none(), here)).map(|hit| hit.to_string())
        });
        while cache.activity().computes_queued == 0 {
            std::thread::yield_now();
        }
        mover.advance(SECOND);
        let on = queued.join().expect("no panic");
        release.send(()).expect("it waits");
        assert!(matches!(blocks.join().expect("no panic"), Err(Error::Timeout)));
        on
    });
    assert_eq!(on.expect("a value"), "Some(\"kairos\")");
}

#[test]
fn a_manual_clock_drives_the_timeouts_on_tokio() {
    let (clock, mover) = Clock::manual(start());
    let cache: Cache<u8, u8> =
        Cache::builder().clock(clock).hard_timeout(3 * SECOND).build().expect("in range");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let read = runtime.block_on(async {
        let reads = cache.clone();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let read = tokio::spawn(async move {
            let hang = || async move {
                let _told = begun.send(());
                std::future::pending::<Result<u8, Failure>>().await
            };
            reads.get_or_compute(&1, &none(), hang).await.map(|hit| *hit)
        });
        has_begun.await.expect("it begins");
        mover.advance(4 * SECOND);
        read.await.expect("no panic")
    });
    assert!(matches!(read, Err(Error::Timeout)), "{read:?}");
}

#[test]
fn the_clock_of_tokio_follows_its_paused_time() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let cache: Cache<u8, u8> = Cache::builder()
            .clock(Clock::tokio())
            .default_ttl(60 * SECOND)
            .build()
            .expect("in range");
        cache.insert(&1, &none(), 1).expect("no match is named");
        let age = || cache.peek(&1).map(|hit| hit.receipt().age);
        assert_eq!(age(), Some(Duration::ZERO));
        tokio::time::advance(10 * SECOND).await;
        assert_eq!(age(), Some(10 * SECOND));
        let hang = || std::future::pending::<Result<u8, Failure>>();
        let read = cache.get_or_compute(&2, &none(), hang).await.map(|hit| *hit);
        assert!(matches!(read, Err(Error::Timeout)), "{read:?}");
    });
}

/// A sweep that its runtime refuses does not keep the next one from being asked for.
#[test]
fn a_sweep_that_cannot_run_is_asked_for_again() {
    let stage = Stage::new();
    let sim = stage.sim.clone();
    let runtime = Arc::new(Broken {
        sim: sim.clone(),
        refuses: Refuses::Sleeps,
        kept: Mutex::default(),
        closures: Mutex::default(),
    });
    let cache: Cache<u8, u8> = Cache::builder()
        .clock(sim.clock())
        .runtime(runtime as Arc<dyn Runtime>)
        .build()
        .expect("in range");
    cache.insert(&1, &none(), 1).expect("no match is named");
    let swept = catch_unwind(AssertUnwindSafe(|| cache.invalidate_all()));
    assert!(swept.is_ok(), "the invalidation is done, whatever becomes of the sweep");
    assert!(cache.get(&1).is_none());
}
