// Coalescing, failure, timeout and cancellation of computes, seen from outside.
// Never knows: the insides of the cache.
// Read next: `refresh.rs` and `cancellation.rs`.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use kairos_cache::{Cache, Clock, Context, Error, Reason, Runtime as _, Strategy};
use tokio::sync::Semaphore;

use crate::stage::{Failure, Read, Stage, Work, start};

#[test]
fn a_hundred_readers_of_a_missing_key_make_one_compute_and_the_first_may_leave() {
    let (stage, work) = (Stage::new(), Work::gated());
    let mut reads: Vec<Read> = (0..100).map(|_| stage.read("k", &Context::none(), &work)).collect();
    reads.remove(0).cancel();
    stage.open(&work, 1);
    assert!(reads.iter().all(|read| read.value() == Some(1)));
    assert_eq!((work.started(), work.running()), (1, 0));
    let stats = stage.cache.stats();
    assert_eq!(
        (stats.total_requests, stats.strategy_compute),
        (99, 99),
        "a cancelled read is none"
    );
    assert_eq!(stage.cache.activity().computes_for_misses, 1);
    assert_eq!(stage.cache.activity().coalesced_computes, 99, "the closure was the first's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_readers_on_four_threads_make_one_compute_and_the_first_may_leave() {
    let cache: Cache<String, u64> = Cache::builder().build().expect("defaults");
    let (work, joined) = (Work::gated(), Arc::new(Semaphore::new(0)));
    let read = |cache: &Cache<String, u64>| {
        let (cache, work) = (cache.clone(), Arc::clone(&work));
        async move {
            let none = Context::none();
            cache.get_or_compute("k", &none, move || work.compute()).await.map(|hit| *hit)
        }
    };
    let mut first = Box::pin(read(&cache));
    let pending = poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await;
    assert!(pending);
    let others: Vec<_> = (0..99)
        .map(|_| {
            let (read, joined) = (read(&cache), Arc::clone(&joined));
            tokio::spawn(async move {
                let mut read = pin!(read);
                let polled = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await;
                assert!(polled.is_pending(), "the gate is closed");
                joined.add_permits(1);
                read.await
            })
        })
        .collect();
    joined.acquire_many(99).await.expect("never closed").forget();
    drop(first);
    work.let_go(1);
    for other in others {
        assert_eq!(other.await.expect("no panic").expect("a value"), 1);
    }
    assert_eq!(work.started(), 1);
}

#[test]
fn under_panic_a_thousand_readers_behind_a_compute_share_the_next_one() {
    let (stage, work) = (Stage::new(), Work::gated());
    let scope = stage.cache.scope("m");
    stage.panic(&scope);
    let context = Context::new(&scope);
    let reads: Vec<Read> = (0..1000).map(|_| stage.read("k", &context, &work)).collect();
    stage.open(&work, 1);
    assert_eq!(reads[0].value(), Some(1));
    assert!(reads[1..].iter().all(|read| read.value().is_none()), "it started before they came");
    stage.open(&work, 1);
    for read in &reads[1..] {
        let hit = read.hit().expect("finished");
        assert_eq!((*hit, hit.receipt().reason), (2, Reason::Panic));
    }
    assert_eq!(work.started(), 2);
    let stats = stage.cache.stats();
    assert_eq!((stats.strategy_bypass, stats.cache_bypass_vix), (1000, 1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_panic_each_of_a_thousand_readers_gets_a_compute_that_started_after_it_arrived() {
    let (clock, _hand) = Clock::manual(start());
    let cache: Cache<String, u64> = Cache::builder().clock(clock).build().expect("defaults");
    let scope = cache.scope("m");
    for second in 0..10 {
        let at = start() - Duration::from_secs(10 - second);
        cache.observe_odds(&scope, "home_win", 2.0, at).expect("in order");
    }
    cache.observe_odds(&scope, "home_win", 9.0, start()).expect("in order");
    // Work counts itself as it runs and fails if two computes run at once.
    let work = Work::at_once();
    let reads: Vec<_> = (0..1000)
        .map(|_| {
            let (cache, context, work) = (cache.clone(), Context::new(&scope), Arc::clone(&work));
            tokio::spawn(async move {
                let before = work.started();
                let hit = cache
                    .get_or_compute("k", &context, move || async move {
                        tokio::task::yield_now().await;
                        work.compute().await
                    })
                    .await
                    .expect("a value");
                assert_eq!(hit.receipt().strategy, Strategy::Bypass);
                assert!(*hit > before, "compute {} had started: {before}", *hit);
            })
        })
        .collect();
    for read in reads {
        read.await.expect("no panic");
    }
    assert_eq!(cache.stats().cache_bypass_vix, 1000);
    assert_eq!(cache.activity().computes_for_bypasses, work.started());
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("boom");
    }
}

#[test]
fn a_compute_that_panics_gives_every_waiter_a_typed_error_and_frees_its_key() {
    #[derive(Clone, Copy)]
    enum Where {
        Closure,
        Future,
        Drop,
    }
    for place in [Where::Closure, Where::Future, Where::Drop] {
        let stage = Stage::new();
        let gate = Arc::new(Semaphore::new(0));
        let (sender, receiver) = std::sync::mpsc::channel();
        for _ in 0..3 {
            let (cache, gate, sender) = (stage.cache.clone(), Arc::clone(&gate), sender.clone());
            let _runs = stage.sim.spawn(Box::pin(async move {
                let none = Context::none();
                let read = cache.get_or_compute("k", &none, move || {
                    assert!(!matches!(place, Where::Closure), "boom");
                    async move {
                        let _bomb = matches!(place, Where::Drop).then_some(Bomb);
                        let _opened = gate.acquire().await;
                        assert!(!matches!(place, Where::Future), "boom");
                        Ok::<u64, Failure>(1)
                    }
                });
                sender.send(read.await).expect("the test waits");
            }));
        }
        stage.sim.run_until_idle();
        gate.add_permits(1);
        stage.sim.run_until_idle();
        for _ in 0..3 {
            let error = receiver.try_recv().expect("finished").expect_err("it panicked");
            assert!(matches!(&error, Error::Panicked(message) if &**message == "boom"), "{error}");
        }
        assert_eq!(stage.cache.stats().cache_errors, 1);
        assert_eq!(stage.read("k", &Context::none(), &Work::at_once()).value(), Some(1));
    }
}

#[test]
fn a_compute_that_hangs_is_aborted_at_the_hard_timeout_and_frees_its_key() {
    let (stage, work) = (Stage::new(), Work::gated());
    let reads = [(); 3].map(|()| stage.read("k", &Context::none(), &work));
    stage.sim.advance_to(Duration::from_nanos(29_999_999_999));
    assert!(reads.iter().all(|read| read.error().is_none()));
    assert_eq!(work.running(), 1);
    stage.sim.advance_to(Duration::from_secs(30));
    assert!(reads.iter().all(|read| matches!(read.error(), Some(Error::Timeout))));
    assert_eq!((work.running(), work.finished()), (0, 0), "the work itself was dropped");
    assert_eq!(stage.cache.stats().cache_errors, 1);
    assert_eq!(stage.read("k", &Context::none(), &Work::at_once()).value(), Some(1));
    stage.sim.run_to_end();
    assert_eq!(stage.sim.now(), Duration::from_secs(30), "no timer is left");
}

#[test]
fn the_last_waiter_to_leave_aborts_the_compute_and_counts_nothing() {
    let (stage, work) = (Stage::new(), Work::gated());
    let [first, second] = [(); 2].map(|()| stage.read("k", &Context::none(), &work));
    first.cancel();
    stage.sim.run_until_idle();
    assert_eq!(work.running(), 1);
    second.cancel();
    stage.sim.run_until_idle();
    assert_eq!((work.running(), work.finished()), (0, 0), "the work itself was dropped");
    assert!(stage.cache.peek("k").is_none());
    let stats = stage.cache.stats();
    assert_eq!((stats.total_requests, stats.cache_errors), (0, 0));
    assert_eq!(stage.read("k", &Context::none(), &Work::at_once()).value(), Some(1));
}

#[test]
fn whoever_waits_behind_a_compute_may_leave_and_its_closure_does_not_run() {
    let (stage, first, second) = (Stage::new(), Work::gated(), Work::gated());
    let context = Context::none().force_refresh(true);
    let running = stage.read("k", &context, &first);
    let leaves = stage.read("k", &context, &second);
    let stays = stage.read("k", &context, &first);
    leaves.cancel();
    stage.open(&first, 1);
    assert_eq!((running.value(), stays.value()), (Some(1), None));
    stage.open(&first, 1);
    assert_eq!(stays.value(), Some(2));
    assert_eq!(second.started(), 0);
}

#[test]
fn a_compute_whose_runtime_ends_leaves_an_error_and_a_free_key() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("threads");
    let cache: Cache<String, u64> =
        Cache::builder().tokio_handle(runtime.handle().clone()).build().expect("defaults");
    let (work, none) = (Work::gated(), Context::none());
    let mut read = {
        let work = Arc::clone(&work);
        Box::pin(cache.get_or_compute("k", &none, move || work.compute()))
    };
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(read.as_mut().poll(&mut cx).is_pending());
    runtime.shutdown_timeout(Duration::from_secs(60));
    let Poll::Ready(answer) = read.as_mut().poll(&mut cx) else { panic!("it must be answered") };
    assert!(matches!(answer, Err(Error::Aborted)));
    assert_eq!(work.running(), 0);
}
