// Reads by the loader, and what is counted of those and of loads behind others.
// Never knows: the insides of the cache.
// Read next: `fills.rs`.

use kairos_cache::{Context, Error, Reason};

use super::{filled, minute};
use crate::stage::{Loading, SECOND, Stage};

#[test]
fn a_read_by_the_loader_fills_once_and_is_then_served() {
    let stage = Loading::new(minute);
    stage.loads_take(SECOND);
    let reads = [(); 100].map(|()| stage.read("k", &Context::none()));
    stage.at(1);
    assert!(reads.iter().all(|read| read.value() == Some(1)));
    assert_eq!(stage.loads(), 1);
    let hit = stage.read("k", &Context::none()).hit().expect("served");
    assert_eq!((*hit, hit.receipt().reason), (1, Reason::Fresh));
    let stats = stage.cache.stats();
    assert_eq!((stats.strategy_compute, stats.strategy_serve_fresh), (100, 1));
    assert_eq!(stage.cache.activity().coalesced_computes, 99);
}

#[test]
fn a_read_by_the_loader_gives_it_the_callers_context() {
    let stage = Loading::new(minute);
    let scope = stage.cache.scope("m");
    let context = Context::new(&scope).market("btts").tag("team:a").max_age(SECOND);
    stage.read("k", &context);
    assert_eq!(stage.last_load(), "k in m btts [team:a]");
}

#[test]
fn a_cache_without_a_loader_refuses_to_read_without_a_closure() {
    let stage = Stage::new();
    let cache = stage.cache.clone();
    let read = stage.start(async move { cache.read("k", &Context::none()).await });
    assert!(matches!(read.error(), Some(Error::NoLoader)));
    assert_eq!(stage.cache.stats().total_requests, 0);
}

#[test]
fn a_read_joins_the_load_behind_a_get() {
    let stage = filled();
    stage.at(120);
    stage.loads_take(SECOND);
    assert!(stage.cache.get("k").is_none());
    let read = stage.read("k", &Context::none());
    stage.at(121);
    assert_eq!((read.value(), stage.loads()), (Some(2), 2));
    let stats = stage.cache.stats();
    assert_eq!((stats.swr_background_success, stats.strategy_compute), (1, 2));
}

#[test]
fn every_get_and_pin_that_was_served_is_counted_once() {
    let stage = filled();
    let mut pin = stage.cache.pin("k").expect("fresh");
    let mut served = 1; // The read that filled it.
    for second in 0..400 {
        stage.at(second);
        if second % 50 == 49 {
            stage.cache.invalidate("k");
        }
        served += u64::from(pin.get().is_some()) + u64::from(stage.cache.get("k").is_some());
        stage.sim.run_until_idle();
    }
    let stats = stage.cache.stats();
    assert_eq!(stats.total_requests, served);
    assert_eq!(
        stats.total_requests,
        stats.strategy_compute + stats.strategy_serve_fresh + stats.strategy_serve_stale
    );
    assert_eq!(stats.swr_background_success + 1, stage.loads());
    assert!(served > 780, "{served} of 800");
}
