// Stale keys among many: one call refreshes them, in one place and after what is missing.
// Never knows: the insides of the cache.
// Read next: `ends.rs` for failures and cancellation.

use kairos_cache::Reason;

use super::none;
use crate::stage::{Desk, SECOND};

#[test]
fn stale_keys_are_refreshed_by_one_call_in_one_place() {
    let desk = Desk::with(|b| b.max_concurrent_refreshes(1));
    "a b c d".split(' ').for_each(|key| desk.store(key, &none(), 7));
    desk.seconds(70);
    let first = desk.many("a b c").take().expect("served");
    assert!(first.iter().flatten().all(|answer| answer.receipt.refresh_started));
    let second = desk.many("c d").take().expect("served");
    assert!(second.iter().flatten().all(|answer| !answer.receipt.refresh_started));
    assert_eq!(desk.backend.calls(), ["a b c"]);
    assert_eq!(desk.cache.activity().refreshes_skipped, 1, "c is being refreshed already");
    desk.open(1);
    assert_eq!(desk.stored("a b c d"), [Some(1), Some(1), Some(1), Some(7)]);
    let stats = desk.cache.stats();
    assert_eq!((stats.swr_background_success, stats.cache_hit_stale), (3, 5));
    // The place is free again.
    desk.many("d");
    assert_eq!(desk.backend.calls(), ["d"]);
}

#[test]
fn a_refresh_of_many_has_the_time_of_a_refresh_and_its_failure_is_that_of_each() {
    let desk = Desk::with(|b| b.refresh_timeout(5 * SECOND).throttle(3 * SECOND));
    "a b".split(' ').for_each(|key| desk.store(key, &none(), 7));
    desk.seconds(70);
    assert_eq!(desk.many("a b").values(), [7, 7]);
    desk.seconds(4);
    assert_eq!(desk.backend.running(), "a b");
    desk.seconds(1);
    assert_eq!(desk.backend.running(), "");
    assert_eq!(desk.cache.stats().swr_background_error, 2);
    desk.many("a b");
    assert_eq!(desk.backend.calls().len(), 1, "it is put off");
    desk.seconds(3);
    desk.many("a b");
    assert_eq!(desk.backend.calls(), ["a b"]);
}

#[test]
fn what_is_missing_goes_before_what_is_refreshed() {
    let desk = Desk::with(|b| b.max_concurrent_computes(1));
    desk.store("stale", &none(), 7);
    desk.seconds(70);
    let many = desk.many("stale missing");
    assert_eq!(desk.backend.calls(), ["missing"]);
    desk.open(1);
    assert_eq!(many.values(), [7, 1]);
    assert_eq!(desk.cache.activity().refreshes_skipped, 1);
}

#[test]
fn a_soft_timeout_holds_for_each_key_that_has_an_old_value() {
    let desk = Desk::with(|b| b.soft_timeout(2 * SECOND));
    desk.store("old", &none(), 7);
    desk.seconds(200);
    let many = desk.many("new old");
    desk.seconds(5);
    desk.open(1);
    let got = many.got();
    assert_eq!(got, [(Reason::Miss, Ok(1)), (Reason::SoftTimeout, Ok(7))]);
    assert_eq!(desk.stored("old"), [Some(1)], "the call went on");
    let snapshot = desk.cache.registry().snapshot();
    let latency = snapshot.value("kairos_cache_request_duration_seconds", &["serve_stale"]);
    let Some(kairos_metrics::Value::Histogram(latency)) = latency else { panic!("a histogram") };
    assert!((1_990_000_000..2_050_000_000).contains(&latency.max()), "{}", latency.max());
}
