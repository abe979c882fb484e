// Blocking reads of many keys, deadlines, the blocking end and the blocking subscription.
// Never knows: the insides of the cache.
// Read next: `blocking.rs`, blocking reads of one key.

use std::convert::Infallible;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::UNIX_EPOCH;

use kairos_cache::{Cache, Context, Error, Hit, Notice, Reason, Sim, blocking};

use crate::stage::{Lent, SECOND};

type Squares = Result<Vec<(u32, u32)>, Infallible>;

/// A cache whose time moves only with the executor's.
fn stage() -> (Sim, blocking::Cache<u32, u32>) {
    let sim = Sim::new(UNIX_EPOCH);
    let runtime = Arc::new(Lent(sim.clone()));
    // A thread that begins late finds its compute still under way, however far the time has come.
    let forever = SECOND * (365 * 86_400);
    let builder = Cache::builder().clock(sim.clock()).runtime(runtime).hard_timeout(forever);
    (sim, builder.build().expect("in range").blocking())
}

/// A call that says when it has begun, and then waits to be let go.
fn gated() -> (impl Fn(Vec<u32>) -> Squares + Send + Sync, Receiver<()>, Sender<()>) {
    let ((begun, has_begun), (let_go, gate)) = (mpsc::channel(), mpsc::channel());
    let (begun, gate) = (Mutex::new(begun), Mutex::new(gate));
    let call = move |keys: Vec<u32>| {
        begun.lock().expect("no panic").send(()).expect("the test waits");
        let _let_go = gate.lock().expect("no panic").recv();
        Ok(keys.into_iter().map(|key| (key, key * key)).collect())
    };
    (call, has_begun, let_go)
}

fn reasons(hits: &[Result<Hit<u32>, Error>]) -> Vec<Option<Reason>> {
    hits.iter().map(|hit| hit.as_ref().ok().map(|hit| hit.receipt().reason)).collect()
}

#[test]
fn many_keys_are_read_by_one_closure_that_may_block() {
    let cache: Cache<u32, u32> = Cache::builder().build().expect("a thread of its own");
    let (cache, none) = (cache.blocking(), Context::none());
    cache.insert(&2, &none, 4).expect("no match is named");
    let (call, has_begun, let_go) = gated();
    let reads = cache.clone();
    let reader = thread::spawn(move || {
        let none = Context::none();
        reads.get_many([1, 2, 3].iter().map(|key| (key, &none)), call)
    });
    has_begun.recv().expect("one call");
    let_go.send(()).expect("it waits");
    let hits = reader.join().expect("no panic");
    assert_eq!(reasons(&hits), [Some(Reason::Miss), Some(Reason::Fresh), Some(Reason::Miss)]);
    assert!(has_begun.try_recv().is_err(), "no second call");
    let values: Vec<u32> = hits.into_iter().map(|hit| hit.expect("a value").into_value()).collect();
    assert_eq!(values, [1, 4, 9]);
}

#[test]
fn a_failed_or_panicking_call_is_the_error_of_each_key_in_it() {
    let cache: Cache<u32, u32> = Cache::builder().build().expect("a thread of its own");
    let (cache, none) = (cache.blocking(), Context::none());
    let keys = [1, 2];
    let reads = || keys.iter().map(|key| (key, &none));
    let fails = |_: Vec<u32>| Err::<Vec<(u32, u32)>, _>(std::fmt::Error);
    for hit in cache.get_many(reads(), fails) {
        assert!(hit.expect_err("it fails").compute_error::<std::fmt::Error>().is_some());
    }
    let panics = |_: Vec<u32>| -> Squares { panic!("no prices") };
    for hit in cache.get_many(reads(), panics) {
        assert!(matches!(hit, Err(Error::Panicked(message)) if &*message == "no prices"));
    }
    let hits = cache.get_many(reads(), |keys| -> Squares {
        Ok(keys.into_iter().map(|key| (key, key)).collect())
    });
    assert!(hits.iter().all(Result::is_ok), "the keys are usable at once");
}

/// The deadline is each read's: what is served at once stays served.
#[test]
fn at_the_deadline_the_reads_that_still_wait_end_and_no_other() {
    let (sim, cache) = stage();
    cache.insert(&2, &Context::none(), 4).expect("no match is named");
    let (call, has_begun, let_go) = gated();
    let patient = cache.within(5 * SECOND);
    let reader = thread::spawn(move || {
        let none = Context::none();
        patient.get_many([1, 2].iter().map(|key| (key, &none)), call)
    });
    has_begun.recv().expect("one call");
    sim.advance(5 * SECOND);
    let hits = reader.join().expect("no panic");
    assert!(matches!(hits[0], Err(Error::Timeout)), "{:?}", hits[0]);
    assert_eq!(hits[1].as_ref().ok().map(|hit| **hit), Some(4));
    drop(let_go);
    let cancelled = "kairos_cache_reads_cancelled_total 1\n";
    assert!(cache.registry().encode_prometheus().contains(cancelled));
}

#[test]
fn where_one_thread_drives_the_runtime_many_reads_are_served_or_refused_together() {
    let cache: Cache<u32, u32> = Cache::builder().build().expect("a thread of its own");
    let (cache, none) = (cache.blocking(), Context::none());
    cache.insert(&2, &none, 4).expect("no match is named");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let never = |_: Vec<u32>| -> Squares { unreachable!("no compute begins") };
        let served = cache.get_many([(&2, &none)], never);
        assert_eq!(reasons(&served), [Some(Reason::Fresh)]);
        for hit in cache.get_many([(&1, &none), (&2, &none)], never) {
            assert!(matches!(hit, Err(Error::BlocksRuntime)));
        }
        assert!(matches!(cache.shutdown(), Ok(())), "nothing is under way: it need not wait");
    });
}

#[test]
fn a_blocking_end_waits_for_what_is_under_way_or_until_its_deadline() {
    let (sim, cache) = stage();
    let (call, has_begun, let_go) = gated();
    let reads = cache.clone();
    let reader = thread::spawn(move || reads.get_many([(&3, &Context::none())], call));
    has_begun.recv().expect("one call");
    let patient = cache.within(SECOND);
    let ender = thread::spawn(move || patient.shutdown());
    while !ender.is_finished() {
        sim.advance(SECOND / 10);
        thread::yield_now();
    }
    assert!(matches!(ender.join().expect("no panic"), Err(Error::Timeout)));
    let_go.send(()).expect("it waits");
    assert_eq!(reader.join().expect("no panic")[0].as_ref().ok().map(|hit| **hit), Some(9));
    assert!(cache.shutdown().is_ok());
}

#[test]
fn a_thread_that_subscribes_waits_for_notices_its_deadline_and_the_end() {
    let (sim, cache) = stage();
    let mut notices = cache.within(SECOND).subscribe();
    let waiter = thread::spawn(move || {
        let outcomes = [notices.next(), notices.next()];
        (outcomes, notices)
    });
    cache.set_enabled(false);
    while !waiter.is_finished() {
        sim.advance(SECOND);
        thread::yield_now();
    }
    let (outcomes, _) = waiter.join().expect("no panic");
    let told = |heard: &Result<Option<Notice<u32>>, Error>| match heard {
        Ok(Some(Notice::Switched { .. })) => "switched",
        Ok(_) => "another",
        Err(Error::Timeout) => "timeout",
        Err(_) => "refused",
    };
    // The first wait may have come to its end before the notice.
    assert!(
        [["switched", "timeout"], ["timeout", "switched"]].contains(&outcomes.each_ref().map(told))
    );
    let mut notices = cache.subscribe();
    let waiter = thread::spawn(move || notices.next());
    drop(cache);
    assert!(matches!(waiter.join().expect("no panic"), Ok(None)));
}
