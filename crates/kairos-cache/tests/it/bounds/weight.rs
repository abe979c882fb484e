// Entries that are weighed: the sum of weights is bounded, whoever stores and however often.
// Never knows: how the store ranks entries. Everything runs on virtual time.
// Read next: `over_bound.rs`.

use std::time::UNIX_EPOCH;

use kairos_cache::{Cache, Config, Context, Error, Sim};

/// A cache of strings, each as heavy as it is long; one that reads "panic" has no weight.
fn weighed(max_weight: u64) -> Cache<u32, String> {
    Cache::builder()
        .sim(&Sim::new(UNIX_EPOCH))
        .max_capacity(1)
        .max_weight(max_weight)
        .weigher(|_key, value: &String| {
            assert_ne!(value, "panic");
            u32::try_from(value.len()).unwrap_or(u32::MAX)
        })
        .build()
        .expect("in range")
}

fn put(cache: &Cache<u32, String>, key: u32, weight: usize) {
    cache.insert(&key, &Context::none(), "x".repeat(weight)).expect("a plain context");
    cache.run_pending_tasks();
}

/// What lives, by key.
fn weights(cache: &Cache<u32, String>, keys: std::ops::Range<u32>) -> Vec<(u32, usize)> {
    keys.filter_map(|key| cache.peek(&key).map(|hit| (key, hit.len()))).collect()
}

#[test]
fn a_flood_of_entries_never_weighs_more_than_allowed() {
    let cache = weighed(10_000);
    for key in 0..5_000 {
        put(&cache, key, key as usize % 300);
    }
    let living = weights(&cache, 0..5_000);
    let sum: usize = living.iter().map(|(_, weight)| *weight).sum();
    assert!(sum <= 10_000 && sum > 5_000, "{sum}");
    assert!(living.len() > 1, "the number of entries is not bounded as well");
    assert_eq!(cache.activity().evictions, 5_000 - living.len() as u64);
}

#[test]
fn a_value_replaced_in_place_is_weighed_anew_and_stays() {
    let cache = weighed(100);
    put(&cache, 1, 10);
    put(&cache, 2, 10);
    put(&cache, 1, 90);
    assert_eq!(weights(&cache, 1..3), [(1, 90), (2, 10)]);
    put(&cache, 1, 95);
    let sum: usize = weights(&cache, 1..3).iter().map(|(_, weight)| *weight).sum();
    assert!(sum <= 100, "one of the two had to go: {sum}");
    put(&cache, 1, 5);
    put(&cache, 3, 90);
    assert_eq!(weights(&cache, 1..4), [(1, 5), (3, 90)]);
}

#[test]
fn replacing_a_value_by_a_heavier_one_counts_no_eviction_and_no_death() {
    let cache = weighed(100);
    let scope = cache.scope("m");
    let context = Context::new(&scope).market("btts");
    for weight in 1..50 {
        cache.insert(&7, &context, "x".repeat(weight)).expect("known");
        cache.run_pending_tasks();
    }
    assert_eq!(cache.activity().evictions, 0);
    assert_eq!(cache.invalidate_match(&scope), 1, "one entry lived");
}

#[test]
fn what_cannot_fit_or_be_weighed_is_not_kept_and_harms_nobody() {
    let cache = weighed(100);
    put(&cache, 1, 10);
    put(&cache, 2, 101);
    cache.insert(&3, &Context::none(), "panic".into()).expect("a plain context");
    cache.run_pending_tasks();
    assert_eq!(weights(&cache, 1..4), [(1, 10)]);
    put(&cache, 3, 20);
    assert_eq!(weights(&cache, 1..4), [(1, 10), (3, 20)]);
}

#[test]
fn entries_that_weigh_nothing_are_bounded_all_the_same() {
    let cache = weighed(100);
    for key in 0..1_000 {
        put(&cache, key, 0);
    }
    assert!(cache.entry_count() <= 100, "{}", cache.entry_count());
}

#[test]
fn a_weigher_and_a_bound_need_one_another() {
    let refused = |built: Result<Cache<u32, String>, Error>| {
        assert!(matches!(built, Err(Error::Config { field: "cache.max_weight", .. })));
    };
    refused(Cache::builder().max_weight(10).build());
    refused(Cache::builder().weigher(|_, _| 1).build());
    let mut config = Config::default();
    config.cache.max_capacity = 1;
    config.cache.max_weight = 10;
    refused(weighed(100).reload(&config).map(|()| unreachable!()));
}
