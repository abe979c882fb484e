// What events have saved: sums over the counts of each kind of event.
// Never knows: how counts are recorded.
// Read next: `../stress/counts.rs`, every count under load.

use std::sync::atomic::{AtomicBool, Ordering};

use kairos_cache::{Cache, Category, EventGraph, StatsSnapshot};

use crate::stage::Stage;

/// A graph whose events save 2/3, all and nothing of the work.
fn graph() -> EventGraph {
    let markets = [("a", ["x"]), ("b", ["y"]), ("c", ["z"])];
    let events = [("third", vec!["x"]), ("none", vec![]), ("all", vec!["x", "y", "z"])];
    EventGraph::new(markets, events).expect("names that are unlike")
}

fn cache() -> Cache<String, u64> {
    Stage::with(|builder| builder.event_graph(graph())).cache
}

/// The average of a snapshot, as it is written.
fn average(stats: &StatsSnapshot) -> String {
    stats.avg_cpu_saved_pct.to_string()
}

fn apply(cache: &Cache<String, u64>, event: &str, times: u32) {
    let scope = cache.scope("m");
    for _ in 0..times {
        cache.invalidate_event(&scope, event).expect("known");
    }
}

#[test]
fn the_average_is_that_of_tenths_whatever_the_order() {
    for (third, none, all, expected) in [
        (1, 0, 0, "66.7"),
        (0, 0, 3, "0"),
        (2, 1, 0, "77.8"),
        (3, 3, 3, "55.57"),
        (1_000, 0, 0, "66.7"),
    ] {
        let cache = cache();
        apply(&cache, "all", all);
        apply(&cache, "third", third);
        apply(&cache, "none", none);
        let stats = cache.stats();
        assert_eq!(average(&stats), expected);
        assert_eq!(stats.surgical_invalidation, u64::from(third + none + all));
        assert_eq!(stats.markets_preserved, u64::from(2 * third + 3 * none));
    }
}

#[test]
fn a_reset_between_leaves_the_average_of_what_came_after() {
    let cache = cache();
    for _ in 0..1_000 {
        apply(&cache, "third", 1);
        cache.reset_category(Category::Tags);
        assert_eq!(average(&cache.stats()), "0");
        apply(&cache, "third", 1);
        assert_eq!(average(&cache.stats()), "66.7", "no rest of a sum is left");
    }
    assert_eq!(average(&cache.lifetime_stats()), "66.7");
}

#[test]
fn a_reset_beside_events_never_tears_an_average() {
    let (cache, done) = (cache(), AtomicBool::new(false));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for _ in 0..20_000 {
                apply(&cache, "third", 1);
            }
            done.store(true, Ordering::Release); // Release: the last of its events.
        });
        // Acquire: pairs with the store.
        while !done.load(Ordering::Acquire) {
            cache.stats_reset();
            let stats = cache.stats();
            let expected = if stats.surgical_invalidation == 0 { "0" } else { "66.7" };
            assert_eq!(average(&stats), expected);
            assert_eq!(stats.markets_preserved, 2 * stats.surgical_invalidation);
        }
    });
    assert_eq!(cache.lifetime_stats().surgical_invalidation, 20_000);
}

#[test]
fn events_are_exposed_by_their_kind() {
    let cache = cache();
    apply(&cache, "third", 2);
    let text = cache.registry().encode_prometheus();
    assert!(text.contains(r#"kairos_cache_events_total{event="third"} 2"#), "{text}");
}
