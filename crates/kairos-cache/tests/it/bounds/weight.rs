// Entries that are weighed: the sum of weights is bounded, whoever stores and however often.
// Never knows: how the store ranks entries. Everything runs on virtual time.
// Read next: `over_bound.rs`.

use std::time::UNIX_EPOCH;

use kairos_cache::{Cache, Config, Context, Error, Sim, TradingStatus};

use crate::stage::Running;

/// A cache of strings, each as heavy as it is long; one that reads "panic" has no weight.
fn weighed(max_weight: u64) -> Cache<u32, String> {
    weighed_on(&Sim::new(UNIX_EPOCH), max_weight)
}

fn weighed_on(sim: &Sim, max_weight: u64) -> Cache<u32, String> {
    Cache::builder()
        .sim(sim)
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
fn what_cannot_be_kept_takes_its_outdated_predecessor_along_and_is_said_not_to_be_stored() {
    let told = |text: &str| {
        let cache = weighed(100);
        for key in 1..=9 {
            put(&cache, key, 10);
        }
        let stored = cache.insert(&1, &Context::none(), text.into()).expect("a plain context");
        cache.run_pending_tasks();
        let others: Vec<u32> = weights(&cache, 2..10).into_iter().map(|(key, _)| key).collect();
        assert_eq!(others, [2, 3, 4, 5, 6, 7, 8, 9], "{text}");
        assert_eq!(cache.activity().evictions, 0);
        (stored, cache.peek(&1).is_some())
    };
    assert_eq!(told(&"x".repeat(101)), (false, false));
    assert_eq!(told("panic"), (false, false));
    assert_eq!(told(&"x".repeat(20)), (true, true));
}

#[test]
fn a_compute_of_what_cannot_be_kept_answers_its_readers() {
    for text in ["x".repeat(101), "panic".into()] {
        let sim = Sim::new(UNIX_EPOCH);
        let cache = weighed_on(&sim, 100);
        put(&cache, 1, 10);
        put(&cache, 2, 10);
        let (own, value) = (cache.clone(), text.clone());
        let read = Running::start(&sim, async move {
            let compute = move || async move { Ok::<_, Error>(value) };
            let forced = Context::none().force_refresh(true);
            own.get_or_compute(&1, &forced, compute).await.map(|hit| hit.len())
        });
        assert_eq!(read.take().expect("it has ended").ok(), Some(text.len()));
        cache.run_pending_tasks();
        assert_eq!(weights(&cache, 1..3), [(2, 10)]);
        assert_eq!((cache.activity().evictions, cache.sizes().flights), (0, 0));
        assert_eq!(cache.stats().golden_hour_total, 0, "nothing was stored");
    }
}

#[test]
fn a_fill_says_whether_its_value_is_kept() {
    let sim = Sim::new(UNIX_EPOCH);
    let cache = weighed_on(&sim, 100);
    let scope = cache.scope("m");
    let context = Context::new(&scope).market("btts");
    let fill = |before: &dyn Fn() -> bool, after: &dyn Fn() -> bool| {
        before();
        let fill = cache.begin(&1, &context).expect("room");
        after();
        let stored = fill.insert("x".into());
        assert_eq!(cache.get(&1).is_some(), stored);
        cache.invalidate(&1);
        stored
    };
    let nothing = || true;
    assert!(fill(&nothing, &nothing));
    let set = |status| cache.set_status(&scope, None, status).is_ok();
    let switch = |on| {
        cache.set_enabled(on);
        on
    };
    assert!(!fill(&nothing, &|| cache.invalidate(&1)), "killed meanwhile");
    assert!(!fill(&nothing, &|| cache.invalidate_match(&scope) > 0), "killed meanwhile");
    let all = || {
        cache.invalidate_all();
        true
    };
    assert!(!fill(&nothing, &all), "killed meanwhile");
    assert!(!fill(&|| set(TradingStatus::Suspended), &nothing), "suspended");
    assert!(!fill(&nothing, &|| set(TradingStatus::Open)), "begun while it was");
    assert!(!fill(&|| switch(false), &nothing), "switched off");
    assert!(fill(&|| switch(true), &nothing));
    let kicked_off = || cache.set_kickoff(&scope, UNIX_EPOCH).is_ok();
    sim.advance_to(std::time::Duration::from_secs(1));
    assert!(!fill(&kicked_off, &nothing), "no TTL in play");
}

/// A weigher that hangs until it is let go.
#[test]
fn a_weigher_that_hangs_is_timed_out_like_the_closure() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("threads");
    for many in [false, true] {
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let cache: Cache<u32, u32> = Cache::builder()
            .tokio_handle(runtime.handle().clone())
            .hard_timeout(std::time::Duration::from_millis(50))
            .max_weight(100)
            .weigher(move |_, _| {
                let _gone = held.lock().expect("no panic").recv();
                1
            })
            .build()
            .expect("in range");
        let none = Context::none();
        let error = runtime.block_on(async {
            if many {
                let compute = |keys: Vec<u32>| async move {
                    Ok::<_, Error>(keys.into_iter().map(|key| (key, 1)).collect::<Vec<_>>())
                };
                let mut hits = cache.get_many([(&1, &none)], compute).await;
                hits.remove(0).expect_err("out of time")
            } else {
                let compute = || async { Ok::<_, Error>(1) };
                cache.get_or_compute(&1, &none, compute).await.expect_err("out of time")
            }
        });
        assert!(matches!(error, Error::Timeout), "{error}");
        drop(let_go);
        runtime.block_on(cache.shutdown()).expect("outside of any compute");
        assert!(cache.get(&1).is_none());
    }
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
