// How each of many keys is decided, and who computes what where readers meet.
// Never knows: the insides of the cache.
// Read next: `refreshes.rs`.

use std::sync::Arc;

use kairos_cache::{
    Cache, Context, Error, Reason, Receipt, Scope, StatsSnapshot, TradingStatus, Volatility,
};

use super::none;
use crate::stage::{Backend, Desk, SECOND, start};

/// A desk with a key for each kind of decision, and their reads.
fn mixed() -> (Desk, Vec<(&'static str, Context)>) {
    let mut desk = Desk::with(|b| b.soft_timeout(5 * SECOND));
    desk.backend = Backend::ready();
    let (calm, panicking, closed) =
        (desk.cache.scope("calm"), desk.cache.scope("panicking"), desk.cache.scope("closed"));
    for key in ["too_stale", "too_old"] {
        desk.store(key, &none(), 7);
    }
    desk.seconds(65);
    desk.store("stale", &none(), 7);
    desk.seconds(70);
    for second in 0..10 {
        let price = if second < 9 { 2.0 } else { 9.0 };
        let at = start() + (125 + second) * SECOND;
        desk.cache.observe_odds(&panicking, "home_win", price, at).expect("in order");
    }
    for (key, context) in [
        ("fresh", none()),
        ("forced", none()),
        ("kept", Context::new(&calm)),
        ("wild", Context::new(&panicking)),
        ("shut", Context::new(&closed)),
    ] {
        desk.store(key, &context, 7);
    }
    desk.cache.set_status(&closed, None, TradingStatus::Suspended).expect("known");
    let reads = vec![
        ("fresh", none()),
        ("stale", none()),
        ("missing", Context::new(&calm).market("btts").kickoff(start() + 1000 * SECOND)),
        ("too_stale", none()),
        ("too_old", none().max_age(60 * SECOND)),
        ("forced", none().force_refresh(true)),
        ("kept", Context::new(&calm)),
        ("wild", Context::new(&panicking)),
        ("shut", Context::new(&closed)),
        ("elsewhere", none().tag("t")),
        ("unknown", Context::new(&calm).market("no such market")),
        ("astray", none().market("btts")),
    ];
    (desk, reads)
}

/// The counts, and not how long anything took.
fn counts(stats: &StatsSnapshot) -> StatsSnapshot {
    StatsSnapshot { max_latency_ms: 0.0, min_latency_ms: 0.0, avg_latency_ms: 0.0, ..stats.clone() }
}

#[test]
fn each_key_is_decided_and_counted_as_if_it_were_read_alone() {
    let (alone, reads) = mixed();
    let singly: Vec<_> = reads
        .iter()
        .flat_map(|(key, context)| alone.one(key, context).take().expect("at once"))
        .collect();
    let (desk, reads) = mixed();
    let together = desk.many_with(reads).take().expect("at once");
    let receipts = |answers: Vec<Result<kairos_cache::Answer<u64>, Error>>| -> Vec<_> {
        let one = |answer: Result<kairos_cache::Answer<u64>, Error>| {
            answer.map(|a| (a.receipt, a.outcome.is_ok())).map_err(|error| error.to_string())
        };
        answers.into_iter().map(one).collect()
    };
    let (singly, together): (Vec<Result<(Receipt, bool), String>>, _) =
        (receipts(singly), receipts(together));
    assert_eq!(singly, together);
    let reasons: Vec<_> = together.iter().map(|got| got.as_ref().map(|(r, _)| r.reason)).collect();
    let expected = [
        Reason::Fresh,
        Reason::Stale,
        Reason::Miss,
        Reason::TooStale,
        Reason::TooStale,
        Reason::Forced,
        Reason::Fresh,
        Reason::Panic,
        Reason::Suspended,
        Reason::Miss,
    ];
    assert_eq!(reasons[..10], expected.map(Ok));
    assert!(reasons[10].is_err_and(|e| e.contains("no such market")) && reasons[11].is_err());
    let stats = desk.cache.stats();
    assert_eq!(counts(&stats), counts(&alone.cache.stats()));
    assert_eq!(stats.total_requests, 10, "a refused context is no read");
    assert_eq!(desk.cache.activity(), alone.cache.activity());
    let calls = desk.backend.calls();
    assert_eq!(calls, ["missing too_stale too_old forced wild shut elsewhere", "stale"]);
    assert_eq!(alone.backend.calls().len(), 8);
}

#[test]
fn single_readers_join_the_call_of_many_and_many_join_theirs() {
    let desk = Desk::new();
    let single = desk.one("a", &none());
    let many = desk.many("a b c");
    let joining = desk.one("c", &none());
    assert_eq!(desk.backend.calls(), ["a", "b c"]);
    desk.open(1);
    assert_eq!((single.values(), many.values(), joining.values()), (vec![1], vec![], vec![]));
    desk.open(1);
    assert_eq!((many.values(), joining.values()), (vec![1, 2, 2], vec![2]));
    assert_eq!(desk.stored("a b c"), [Some(1), Some(2), Some(2)]);
    let activity = desk.cache.activity();
    assert_eq!((activity.computes_for_misses, activity.coalesced_computes), (3, 2));
    assert_eq!(desk.cache.stats().cache_miss, 5);
}

#[test]
fn calls_that_overlap_compute_each_key_once() {
    let desk = Desk::new();
    let (first, second, third) = (desk.many("a b c"), desk.many("b c d"), desk.many("d a"));
    assert_eq!(desk.backend.calls(), ["a b c", "d"]);
    desk.open(2);
    assert_eq!(first.values(), [1, 1, 1]);
    assert_eq!((second.values(), third.values()), (vec![1, 1, 2], vec![2, 1]));
}

#[test]
fn a_key_that_is_asked_for_twice_is_computed_once_and_answered_twice() {
    let desk = Desk::new();
    let forced = || none().force_refresh(true);
    let many = desk.many_with([
        ("a", none()),
        ("a", none()),
        ("b", forced()),
        ("a", none()),
        ("b", forced()),
    ]);
    assert_eq!(desk.backend.calls(), ["a b"]);
    desk.open(1);
    assert_eq!(many.values(), [1; 5]);
    let (stats, activity) = (desk.cache.stats(), desk.cache.activity());
    assert_eq!((stats.strategy_compute, stats.strategy_bypass), (3, 2));
    assert_eq!((activity.computes_for_misses, activity.computes_for_bypasses), (1, 1));
    assert_eq!((activity.coalesced_computes, activity.coalesced_bypasses), (2, 1));
}

#[test]
fn nothing_is_asked_for_where_nothing_is_read() {
    let desk = Desk::new();
    assert_eq!(desk.many("").take().map(|answers| answers.len()), Some(0));
    assert!(desk.backend.calls().is_empty());
    assert_eq!(desk.cache.stats().total_requests, 0);
}

#[test]
fn a_key_whose_running_compute_may_not_be_joined_is_asked_for_later_by_itself() {
    let desk = Desk::new();
    let running = desk.many("a b");
    let forced = || none().force_refresh(true);
    let many = desk.many_with([("a", forced()), ("c", none()), ("b", none()), ("b", forced())]);
    assert_eq!(desk.backend.calls(), ["a b", "c"]);
    desk.cache.invalidate("b");
    let after_it = desk.one("b", &none());
    desk.open(2);
    assert_eq!(running.values(), [1, 1]);
    assert_eq!(desk.backend.calls(), ["a", "b"]);
    desk.open(2);
    assert_eq!((many.values(), after_it.values()), (vec![3, 2, 1, 4], vec![4]));
}

#[test]
fn an_invalidation_during_the_call_keeps_out_exactly_what_it_covers() {
    let desk = Desk::new();
    let (one, two) = (desk.cache.scope("one"), desk.cache.scope("two"));
    let in_market = |scope: &Scope, market: &str| Context::new(scope).market(market);
    let many = desk.many_with([
        ("key", none()),
        ("other", none()),
        ("tagged", none().tag("t")),
        ("untagged", none().tag("u")),
        ("in_one", in_market(&one, "btts")),
        ("hit", in_market(&two, "btts")),
        ("spared", in_market(&two, "corners_over_under")),
        ("expired", none()),
    ]);
    desk.cache.invalidate("key");
    desk.cache.invalidate_tag("t");
    desk.cache.invalidate_match(&one);
    desk.cache.invalidate_event(&two, "goalkeeper_change").expect("known");
    desk.cache.expire("expired");
    desk.open(1);
    assert_eq!(many.values(), [1; 8], "they had asked before");
    let stored = desk.stored("key other tagged untagged in_one hit spared expired");
    assert_eq!(stored, [None, Some(1), None, Some(1), None, None, Some(1), Some(1)]);
    let reason = |key| desk.cache.peek(key).map(|hit| hit.receipt().reason);
    assert_eq!((reason("other"), reason("expired")), (Some(Reason::Fresh), Some(Reason::Stale)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_four_threads_no_key_is_computed_twice_at_once_and_every_read_is_answered() {
    let cache: Cache<String, u64> =
        Cache::builder().max_concurrent_computes(3).build().expect("in range");
    let backend = Backend::ready();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (cache, backend) = (cache.clone(), Arc::clone(&backend));
            tokio::spawn(async move {
                for round in 0..50 {
                    let keys: Vec<String> =
                        (0..20).map(|i| format!("k{}", (task * 7 + round * 3 + i) % 40)).collect();
                    let forced = none().force_refresh(round % 3 == 0);
                    let reads = keys.iter().map(|key| (key.as_str(), &forced));
                    let backend = Arc::clone(&backend);
                    let hits = cache.get_many(reads, move |keys| Arc::clone(&backend).call(keys));
                    assert!(hits.await.iter().all(Result::is_ok));
                    cache.invalidate(&keys[0]);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    cache.shutdown().await.expect("outside of any compute");
    let (stats, activity) = (cache.stats(), cache.activity());
    assert_eq!(stats.total_requests, 8 * 50 * 20);
    let computed = activity.computes_for_misses + activity.computes_for_bypasses;
    let coalesced = activity.coalesced_computes + activity.coalesced_bypasses;
    assert_eq!(stats.strategy_compute + stats.strategy_bypass, computed + coalesced);
    assert_eq!(backend.running(), "");
}

#[test]
fn a_read_of_many_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let (desk, context) = (Desk::new(), none());
    let reads = [("a", &context)];
    let backend = Backend::ready();
    let read = desk.cache.get_many(reads, move |keys| Arc::clone(&backend).call(keys));
    is_send(&read);
    assert_eq!(
        desk.cache.observe_odds(&desk.cache.scope("m"), "home_win", 2.0, start()).ok(),
        Some(Volatility::Normal)
    );
}
