// Reads inside computes: they need no second turn, and none waits for itself.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `runtimes.rs`, computes that nothing runs.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use kairos_cache::{Cache, Computed, Context, Error, Hit, Sim};
use tokio::sync::Semaphore;

use crate::stage::{Failure, Running, SECOND, Stage, Work};

type Outcome = Result<u64, Error>;

fn none() -> Context {
    Context::none()
}

fn outcome(hit: Result<Hit<u64>, Error>) -> Outcome {
    hit.map(|hit| *hit)
}

/// A read of `key` whose compute is a read of `inner`, whose own compute finds 7.
async fn through(cache: Cache<String, u64>, key: &str, inner: &'static str) -> Outcome {
    let within = cache.clone();
    let compute = move || async move {
        let find = || async { Ok::<_, Failure>(7) };
        within.get_or_compute(inner, &none(), find).await.map(|hit| *hit)
    };
    outcome(cache.get_or_compute(key, &none(), compute).await)
}

fn is_reentrant(outcome: &Outcome) -> bool {
    match outcome {
        Err(Error::Compute(error)) => {
            matches!(error.downcast_ref::<Error>(), Some(Error::Reentrant))
        }
        _ => false,
    }
}

#[test]
fn a_nested_compute_needs_no_second_turn() {
    let stage = Stage::with(|builder| builder.max_concurrent_computes(1));
    let read = stage.start(through(stage.cache.clone(), "outer", "inner"));
    assert_eq!(read.take().map(Result::ok), Some(Some(7)), "at once");
    assert_eq!(stage.cache.sizes().flights, 0);
}

/// The compute that a nested read joins waits at the gate behind the one that the read is inside of.
#[test]
fn a_compute_that_waits_for_its_turn_begins_when_another_comes_to_wait_for_it() {
    let stage = Stage::with(|builder| builder.max_concurrent_computes(1));
    let (cache, work) = (stage.cache.clone(), Work::gated());
    let hold = Arc::clone(&work);
    let outer = stage.start(async move {
        let within = cache.clone();
        let compute = move || async move {
            hold.compute().await.map_err(|_| Error::Aborted)?;
            let find = || async { Ok::<_, Failure>(1) };
            within.get_or_compute("queued", &none(), find).await.map(|hit| *hit)
        };
        outcome(cache.get_or_compute("outer", &none(), compute).await)
    });
    let queued = stage.read("queued", &none(), &Work::at_once());
    assert!(!queued.has_ended(), "it waits for its turn");
    stage.open(&work, 1);
    assert_eq!(queued.value(), Some(1));
    assert_eq!(outer.take().map(Result::ok), Some(Some(1)));
}

/// A compute of "outer" that reads `key` and drops that read when it is told to; it runs on after that.
fn reads_and_drops(
    stage: &Stage,
    key: &'static str,
    inner: &Arc<Work>,
    context: Context,
) -> (Running<Outcome>, Arc<Semaphore>) {
    let (cache, inner, told) = (stage.cache.clone(), Arc::clone(inner), Semaphore::new(0));
    let told = Arc::new(told);
    let drops = Arc::clone(&told);
    let read = stage.start(async move {
        let within = cache.clone();
        let compute = move || async move {
            let mut read = Box::pin(
                within.get_or_compute(key, &context, move || Arc::clone(&inner).compute()),
            );
            let polled = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_pending())).await;
            assert!(polled, "the nested read waits");
            drops.acquire().await.expect("never closed").forget();
            drop(read);
            std::future::pending::<Outcome>().await
        };
        outcome(cache.get_or_compute("outer", &none(), compute).await)
    });
    (read, told)
}

/// What starts because a nested read was dropped is waited for by others, who are inside of nothing.
#[test]
fn a_compute_that_starts_as_a_nested_read_is_dropped_waits_for_its_turn() {
    let stage = Stage::with(|builder| builder.max_concurrent_computes(1));
    let (nested, pending) = (Work::gated(), Work::at_once());
    let (_outer, told) = reads_and_drops(&stage, "k", &nested, none());
    assert_eq!(nested.running(), 1, "without a place");
    let behind = stage.read("k", &none().force_refresh(true), &pending);
    told.add_permits(1);
    stage.sim.run_until_idle();
    assert_eq!((nested.running(), pending.started()), (0, 0), "the gate is full");
    assert!(!behind.has_ended());
}

/// A compute that was urgent for a read's sake is urgent no longer when that read has gone.
#[test]
fn a_pending_compute_that_no_nested_read_waits_for_any_more_waits_for_its_turn() {
    let stage = Stage::with(|builder| builder.max_concurrent_computes(2));
    let (first, pending, other) = (Work::gated(), Work::at_once(), Work::gated());
    let _first = stage.read("k", &none(), &first);
    let forced = || none().force_refresh(true);
    let (_outer, told) = reads_and_drops(&stage, "k", &Work::at_once(), forced());
    let behind = stage.read("k", &forced(), &pending);
    let _next = stage.read("other", &none(), &other);
    assert_eq!(other.started(), 0, "the gate is full");
    told.add_permits(1);
    stage.sim.run_until_idle();
    stage.open(&first, 1);
    assert_eq!((other.running(), pending.started()), (1, 0), "its turn comes after the other's");
    stage.open(&other, 1);
    assert_eq!(behind.value(), Some(1));
}

/// Nobody waits for a refresh, wherever the read was that left it behind.
#[test]
fn refreshes_that_reads_inside_a_compute_leave_behind_are_limited_as_any() {
    let stage = Stage::with(|builder| {
        builder.max_concurrent_refreshes(1).default_ttl(10 * SECOND).xfetch_enabled(false)
    });
    let keys = ["a", "b", "c"];
    for key in keys {
        assert!(stage.cache.insert(key, &none(), 1).expect("no match is named"));
    }
    stage.seconds(15);
    let (cache, calls) = (stage.cache.clone(), Arc::new(Mutex::new(Vec::new())));
    let called = Arc::clone(&calls);
    let read = stage.start(async move {
        let within = cache.clone();
        let compute = move || async move {
            let none = none();
            for key in keys {
                let called = Arc::clone(&called);
                let refresh = move |keys: Vec<String>| {
                    called.lock().expect("no panic").extend(keys);
                    std::future::pending::<Result<Vec<(String, u64)>, Failure>>()
                };
                assert_eq!(within.get_many([(key, &none)], refresh).await.len(), 1);
            }
            Ok::<_, Failure>(9)
        };
        outcome(cache.get_or_compute("outer", &none(), compute).await)
    });
    assert_eq!(read.take().map(Result::ok), Some(Some(9)), "served at once");
    assert_eq!(*calls.lock().expect("no panic"), ["a"]);
    assert_eq!(stage.cache.activity().refreshes_skipped, 2);
}

#[test]
fn a_read_of_the_key_being_computed_is_refused_at_once() {
    let stage = Stage::new();
    let read = stage.start(through(stage.cache.clone(), "k", "k"));
    assert!(read.take().is_some_and(|outcome| is_reentrant(&outcome)));
    assert_eq!(stage.cache.sizes().flights, 0);
    let bypass = |cache: Cache<String, u64>| async move {
        let within = cache.clone();
        let compute = move || async move {
            let forced = none().force_refresh(true);
            let find = || async { Ok::<_, Failure>(7) };
            within.get_or_compute("k", &forced, find).await.map(|hit| *hit)
        };
        outcome(cache.get_or_compute("k", &none(), compute).await)
    };
    let read = stage.start(bypass(stage.cache.clone()));
    assert!(read.take().is_some_and(|outcome| is_reentrant(&outcome)), "behind itself");
    assert_eq!(stage.cache.sizes().flights, 0);
}

/// Three keys, each of whose computes reads the next, each after a second.
#[test]
fn a_circle_through_others_is_refused_where_it_would_close() {
    let stage = Stage::new();
    let reads: Vec<Running<Outcome>> = [("a", "b"), ("b", "c"), ("c", "a")]
        .map(|(key, next)| {
            let (cache, sim) = (stage.cache.clone(), stage.sim.clone());
            stage.start(async move {
                let within = cache.clone();
                let compute = move || async move {
                    sim.sleep(SECOND).await;
                    let find = || async { Ok::<_, Failure>(7) };
                    within.get_or_compute(next, &none(), find).await.map(|hit| *hit)
                };
                outcome(cache.get_or_compute(key, &none(), compute).await)
            })
        })
        .into();
    stage.seconds(1);
    let outcomes: Vec<Outcome> = reads.iter().filter_map(Running::take).collect();
    assert_eq!(outcomes.len(), 3, "every read has ended");
    assert!(outcomes.iter().all(Result::is_err));
    assert_eq!(outcomes.iter().filter(|outcome| is_reentrant(outcome)).count(), 1);
    assert_eq!(stage.cache.sizes().flights, 0);
}

#[test]
fn a_circle_through_two_caches_is_refused() {
    let sim = Sim::new(crate::stage::start());
    let [one, two] = [(), ()].map(|()| Stage::<u64>::on(sim.clone(), |builder| builder).cache);
    let (first, within, back) = (one.clone(), two, one);
    let read = Running::start(&sim, async move {
        let compute = move || async move {
            let again = move || async move {
                let find = || async { Ok::<_, Failure>(7) };
                back.get_or_compute("k", &none(), find).await.map(|hit| *hit)
            };
            within.get_or_compute("k", &none(), again).await.map(|hit| *hit)
        };
        outcome(first.get_or_compute("k", &none(), compute).await)
    });
    assert!(read.take().is_some_and(|outcome| outcome.is_err()), "it has ended");
}

/// The loader reads the cache that it loads for.
#[test]
fn a_loader_that_reads_its_own_key_is_refused() {
    let own: Arc<Mutex<Option<Cache<String, u64>>>> = Arc::default();
    let cache = Arc::clone(&own);
    let stage = Stage::with(|builder| {
        builder.loader(move |key: String, context: Context| {
            let cache = cache.lock().expect("no panic").clone().expect("set before any read");
            async move { cache.read(&key, &context).await.map(|hit| *hit) }
        })
    });
    *own.lock().expect("no panic") = Some(stage.cache.clone());
    let reads = stage.cache.clone();
    let read = stage.start(async move { outcome(reads.read("k", &none()).await) });
    assert!(read.take().is_some_and(|outcome| is_reentrant(&outcome)));
    *own.lock().expect("no panic") = None;
}

/// A call for many keys reads one of them, and then another.
#[test]
fn a_batch_that_reads_a_key_of_its_own_is_refused_and_others_pass_the_gate() {
    for (inner, expected) in [("b", None), ("other", Some(7))] {
        let stage = Stage::with(|builder| builder.max_concurrent_computes(1));
        let cache = stage.cache.clone();
        let read = stage.start(async move {
            let (within, none) = (cache.clone(), none());
            let call = move |keys: Vec<String>| {
                let within = within.clone();
                async move {
                    let find = || async { Ok::<_, Failure>(7) };
                    let found = *within.get_or_compute(inner, &Context::none(), find).await?;
                    Ok::<_, Error>(keys.into_iter().map(move |key| (key, Computed::value(found))))
                }
            };
            cache.get_many([("a", &none), ("b", &none)], call).await.swap_remove(0).map(|hit| *hit)
        });
        let outcome = read.take().expect("it has ended");
        assert_eq!(outcome.ok(), expected, "{inner}");
        assert_eq!(stage.cache.sizes().flights, 0);
    }
}

#[test]
fn a_blocking_read_inside_a_blocking_compute_is_refused_for_its_own_key_only() {
    let cache: Cache<String, u64> =
        Cache::builder().max_concurrent_computes(1).build().expect("in range");
    for (inner, is_refused) in [("k", true), ("other", false)] {
        let (reads, within) = (cache.blocking(), cache.blocking());
        let compute = move || {
            let find = || Ok::<_, Failure>(7);
            within.get_or_compute(inner, &none(), find).map(|hit| *hit)
        };
        let outcome = outcome(reads.get_or_compute("k", &none(), compute));
        assert_eq!(is_reentrant(&outcome), is_refused, "{inner}: {outcome:?}");
    }
}

#[test]
fn a_shutdown_inside_a_compute_is_refused_and_shuts_nothing_down() {
    let stage = Stage::new();
    let cache = stage.cache.clone();
    let read = stage.start(async move {
        let within = cache.clone();
        let compute = move || async move { within.shutdown().await.map(|()| 1) };
        outcome(cache.get_or_compute("k", &none(), compute).await)
    });
    assert!(read.take().is_some_and(|outcome| is_reentrant(&outcome)));
    assert_eq!(stage.read("other", &none(), &Work::at_once()).value(), Some(1));
}

/// Two caches on one executor.
fn two_caches() -> (Sim, [Cache<String, u64>; 2]) {
    let sim = Sim::new(crate::stage::start());
    let caches = [(), ()].map(|()| Stage::<u64>::on(sim.clone(), |builder| builder).cache);
    (sim, caches)
}

#[test]
fn a_shutdown_that_a_compute_of_the_cache_waits_for_through_another_cache_is_refused() {
    let (sim, [one, two]) = two_caches();
    let (cache, ends) = (one.clone(), one.clone());
    let read = Running::start(&sim, async move {
        let compute = move || async move {
            let inner = move || async move { ends.shutdown().await.map(|()| 1) };
            two.get_or_compute("inner", &none(), inner).await.map(|hit| *hit)
        };
        outcome(cache.get_or_compute("outer", &none(), compute).await)
    });
    assert!(read.take().expect("it has ended").is_err());
    let after = Running::start(&sim, async move {
        let find = || async { Ok::<_, Failure>(7) };
        outcome(one.get_or_compute("k", &none(), find).await)
    });
    assert_eq!(after.take().map(Result::ok), Some(Some(7)), "nothing was shut down");
}

/// A compute of another cache shuts this one down, whose own compute then comes to wait for it.
#[test]
fn a_read_that_would_wait_for_its_own_caches_end_is_refused() {
    let (sim, [one, two]) = two_caches();
    let (first, within, clock) = (one.clone(), two.clone(), sim.clone());
    let waits = Running::start(&sim, async move {
        let compute = move || async move {
            clock.sleep(SECOND).await;
            let find = || async { Ok::<_, Failure>(7) };
            within.get_or_compute("ends", &none(), find).await.map(|hit| *hit)
        };
        outcome(first.get_or_compute("waits", &none(), compute).await)
    });
    let ends = Running::start(&sim, async move {
        let compute = move || async move { one.shutdown().await.map(|()| 1) };
        outcome(two.get_or_compute("ends", &none(), compute).await)
    });
    assert!(!ends.has_ended() && !waits.has_ended());
    sim.advance_to(SECOND);
    assert!(waits.take().is_some_and(|outcome| is_reentrant(&outcome)));
    assert_eq!(ends.take().map(Result::ok), Some(Some(1)), "and then it has ended");
}
