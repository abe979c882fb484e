// The caller's iterator of reads is user code: it has run to its end before any key is claimed.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `ends.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context as Task, Waker};

use kairos_cache::{Cache, Context, Error};

use super::none;
use crate::stage::Stage;

type Found = Result<Vec<(String, u64)>, Error>;

async fn ones(keys: Vec<String>) -> Found {
    Ok(keys.into_iter().map(|key| (key, 1)).collect())
}

/// Begins a read of many keys; `between` is called as the iterator comes to the second.
fn begin(cache: &Cache<String, u64>, context: &Context, between: impl Fn()) {
    let reads = ["a", "b"].into_iter().map(|key| {
        if key == "b" {
            between();
        }
        (key, context)
    });
    let mut many = Box::pin(cache.explain_many(reads, ones));
    let _pending = many.as_mut().poll(&mut Task::from_waker(Waker::noop()));
}

#[test]
fn an_iterator_that_panics_leaves_no_claim() {
    let stage = Stage::new();
    let panics = || panic!("the caller's iterator");
    let caught = catch_unwind(AssertUnwindSafe(|| begin(&stage.cache, &none(), panics)));
    assert!(caught.is_err());
    assert_eq!(stage.cache.sizes().flights, 0);
    assert_eq!(stage.cache.activity().computes_for_misses, 0);
    assert_eq!(stage.cache.stats().total_requests, 0);
}

#[test]
fn an_iterator_may_use_the_cache_and_finds_no_key_claimed() {
    let stage = Stage::new();
    let looks = || {
        assert_eq!(stage.cache.sizes().flights, 0);
        // A read by the caller's own thread that waits for nothing of this call.
        let reads = stage.cache.blocking();
        let hit = reads.get_or_compute("a", &none(), || Ok::<u64, Error>(5));
        assert_eq!(*hit.expect("computed at once"), 5);
    };
    begin(&stage.cache, &none(), looks);
    assert_eq!(stage.cache.get("a").map(|hit| *hit), Some(5));
    stage.sim.run_until_idle();
    assert_eq!(stage.cache.sizes().flights, 0);
}

#[test]
fn what_an_iterator_does_comes_before_every_read() {
    let stage = Stage::new();
    stage.cache.insert("a", &none(), 3).expect("room");
    let context = none();
    let reads = ["a", "b"].into_iter().map(|key| {
        stage.cache.invalidate("a");
        (key, &context)
    });
    let mut many = Box::pin(stage.cache.explain_many(reads, ones));
    let mut task = Task::from_waker(Waker::noop());
    while many.as_mut().poll(&mut task).is_pending() {
        stage.sim.run_until_idle();
    }
    assert_eq!(stage.cache.stats().cache_miss, 2);
}
