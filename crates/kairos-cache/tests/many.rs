//! Many keys read in one pass: how each is decided, who computes what, and what is stored.
//! Never knows: the insides of the cache. Everything runs on virtual time.
//! Read next: `many_ends.rs` for failures and cancellation.

mod many_stage;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use kairos_cache::{
    Cache, Context, Error, Reason, Receipt, Scope, Sim, StatsSnapshot, TradingStatus, Volatility,
};
use many_stage::{Backend, Desk, SECOND, START};

fn none() -> Context {
    Context::none()
}

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
        let at = START + (125 + second) * SECOND;
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
        ("missing", Context::new(&calm).market("btts").kickoff(START + 1000 * SECOND)),
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
        .flat_map(|(key, context)| alone.one(key, context).answers().expect("at once"))
        .collect();
    let (desk, reads) = mixed();
    let together = desk.many_with(reads).answers().expect("at once");
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
    assert_eq!(desk.many("").answers().map(|answers| answers.len()), Some(0));
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

#[test]
fn stale_keys_are_refreshed_by_one_call_in_one_place() {
    let desk = Desk::with(|b| b.max_concurrent_refreshes(1));
    "a b c d".split(' ').for_each(|key| desk.store(key, &none(), 7));
    desk.seconds(70);
    let first = desk.many("a b c").answers().expect("served");
    assert!(first.iter().flatten().all(|answer| answer.receipt.refresh_started));
    let second = desk.many("c d").answers().expect("served");
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
    let latency = desk.cache.latency(kairos_cache::Strategy::ServeStale);
    assert!((1_990_000_000..2_050_000_000).contains(&latency.max()), "{}", latency.max());
}

/// A key that counts what is done with it.
#[derive(Debug, PartialOrd, Ord)]
struct Counted(u32);

static DONE: AtomicU64 = AtomicU64::new(0);

fn count() {
    DONE.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread.
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        count();
        Counted(self.0)
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        count();
        self.0 == other.0
    }
}

impl Eq for Counted {}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        count();
        self.0.hash(state);
    }
}

/// Reads so many missing keys in one call, and says how often a key was hashed, compared or cloned
/// and how often the read was polled.
fn effort_of(keys: u32) -> (u64, u32) {
    let sim = Sim::new(START);
    let cache: Cache<Counted, u32> =
        Cache::builder().sim(&sim).seed(1).max_capacity(100_000).build().expect("in range");
    let keys: Vec<Counted> = (0..keys).map(Counted).collect();
    let context = none();
    let before = DONE.load(Ordering::Relaxed); // Relaxed: one thread.
    let call = |keys: Vec<Counted>| async move {
        let found = keys.into_iter().map(|key| {
            let value = key.0;
            (key, value)
        });
        Ok::<HashMap<Counted, u32>, Error>(found.collect())
    };
    let mut read = Box::pin(cache.get_many(keys.iter().map(|key| (key, &context)), call));
    let woken = Arc::new(Woken(AtomicU64::new(0)));
    let waker = Arc::clone(&woken).into();
    let mut task = std::task::Context::from_waker(&waker);
    let mut polls = 0;
    let hits = loop {
        polls += 1;
        if let Poll::Ready(hits) = read.as_mut().poll(&mut task) {
            break hits;
        }
        sim.run_until_idle();
    };
    assert!(hits.into_iter().zip(&keys).all(|(hit, key)| *hit.expect("a value") == key.0));
    (DONE.load(Ordering::Relaxed) - before, polls) // Relaxed: one thread.
}

struct Woken(AtomicU64);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed); // Relaxed: one thread.
    }
}

#[test]
fn ten_thousand_keys_cost_about_ten_times_what_a_thousand_cost() {
    let ((few, polls_of_few), (many, polls_of_many)) = (effort_of(1_000), effort_of(10_000));
    assert!(many < few * 13, "{few} steps for 1000 keys, {many} for 10 000");
    assert!(polls_of_many < polls_of_few * 13, "{polls_of_few} polls, then {polls_of_many}");
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
    cache.shutdown().await;
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
        desk.cache.observe_odds(&desk.cache.scope("m"), "home_win", 2.0, START).ok(),
        Some(Volatility::Normal)
    );
}
