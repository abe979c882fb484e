// Every bounded part of the cache is flooded with made-up names, and keeps to its bound.
// Never knows: the insides of the cache. Everything runs on virtual time.
// Read next: `../../../examples/flood.rs`, the same at full size with the memory it takes.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{
    Builder, Cache, Context, Error, ObservationError, Runtime, Scope, Sim, TradingStatus,
};

const START: SystemTime = UNIX_EPOCH;
const HOUR: Duration = Duration::from_secs(3600);

type Small = Cache<u64, u64>;

fn small(configure: impl FnOnce(Builder<u64, u64>) -> Builder<u64, u64>) -> (Sim, Small) {
    let sim = Sim::new(START);
    let builder = Cache::builder().sim(&sim).seed(1).xfetch_enabled(false);
    (sim.clone(), configure(builder).build().expect("in range"))
}

fn insert(cache: &Small, key: u64, context: &Context) -> bool {
    cache.insert(&key, context, key).expect("a plain context, and few flights")
}

#[test]
fn a_flood_of_keys_leaves_as_many_entries_as_may_be() {
    let (_sim, cache) = small(|builder| builder.max_capacity(500));
    for key in 0..100_000 {
        insert(&cache, key, &Context::none());
    }
    cache.run_pending_tasks();
    let sizes = cache.sizes();
    assert!((400..=500).contains(&sizes.entries), "{sizes:?}");
    assert_eq!(sizes.flights, 0);
}

#[test]
fn a_flood_of_matches_that_nobody_keeps_stays_within_the_bound() {
    let (_sim, cache) = small(|builder| builder.max_capacity(200).max_matches(1_000));
    let kept = cache.scope("kept");
    let context = Context::new(&kept).market("btts");
    for i in 0..20_000 {
        let scope = cache.scope(&format!("m{i}"));
        assert!(!scope.is_over_bound(), "m{i}");
        insert(&cache, i, &Context::new(&scope).market("btts").kickoff(START + HOUR));
    }
    assert!(cache.sizes().matches <= 1_000, "{:?}", cache.sizes());
    // A match that is held is the same one after the flood.
    insert(&cache, 1_000_000, &context);
    let again = cache.try_scope("kept").expect("it has a state of its own");
    assert_eq!(cache.invalidate_event(&again, "goalkeeper_change").expect("known").died, 1);
    assert!(cache.get(&1_000_000).is_none());
}

#[test]
fn a_flood_of_matches_that_are_kept_is_not_cached_beyond_the_bound() {
    let (_sim, cache) = small(|builder| builder.max_capacity(50_000).max_matches(100));
    let scopes: Vec<Scope> = (0..5_000).map(|i| cache.scope(&format!("m{i}"))).collect();
    let stored = (0..)
        .zip(&scopes)
        .filter(|(key, scope)| insert(&cache, *key, &Context::new(scope).market("btts")));
    assert_eq!(stored.count(), 100);
    let sizes = cache.sizes();
    assert_eq!((sizes.matches, sizes.flights), (100, 0));
    assert_eq!(cache.activity().matches_over_bound, 4_900);
    assert!(matches!(cache.try_scope("new"), Err(Error::TooManyMatches)));
    assert_eq!(cache.invalidate_match(&scopes[4_999]), 0);
    assert_eq!(cache.invalidate_match(&scopes[7]), 1);
    drop(scopes);
    // Dead entries hold their matches until somebody needs the room.
    let room = (0..200).find_map(|_| cache.try_scope("new").ok());
    assert!(room.is_some(), "{:?}", cache.sizes());
}

#[test]
fn suspended_matches_stay_however_many_come_after_them() {
    let (_sim, cache) = small(|builder| builder.max_matches(10));
    cache.set_status(&cache.scope("s"), None, TradingStatus::Suspended).expect("known");
    for i in 0..1_000 {
        cache.scope(&format!("m{i}"));
    }
    let scope = cache.scope("s");
    assert!(!scope.is_over_bound() && !insert(&cache, 1, &Context::new(&scope)));
}

#[test]
fn a_desk_that_closes_its_matches_every_day_does_not_fill_the_bound() {
    let (sim, cache) = small(|builder| builder.max_matches(100).max_capacity(50));
    for day in 0..30u32 {
        let kickoff = START + 24 * HOUR * day + 12 * HOUR;
        for i in 0..40 {
            let scope = cache.scope(&format!("day {day}, match {i}"));
            assert!(!scope.is_over_bound(), "day {day}, match {i}: {:?}", cache.sizes());
            let context = Context::new(&scope).market("btts").kickoff(kickoff);
            insert(&cache, i, &context);
            cache.set_status(&scope, None, TradingStatus::Closed).expect("known");
        }
        sim.advance_to(24 * HOUR * (day + 1));
    }
}

#[test]
fn a_flood_of_tags_shares_beyond_the_bound_and_loses_no_invalidation() {
    let (_sim, cache) = small(|builder| builder.max_capacity(2_000).max_tags(500));
    let tagged = |i: u64| Context::none().tag(&format!("tag {i}"));
    for i in 0..20_000 {
        insert(&cache, i, &tagged(i));
    }
    assert!(cache.sizes().tags <= 500, "{:?}", cache.sizes());
    assert!(cache.activity().tags_over_bound > 0);
    for i in (0..20_000).step_by(7) {
        cache.invalidate_tag(&format!("tag {i}"));
        assert!(cache.get(&i).is_none(), "tag {i}");
    }
}

#[test]
fn a_flood_of_tags_that_entries_let_go_of_never_has_to_share() {
    let (_sim, cache) = small(|builder| builder.max_capacity(200).max_tags(2_000));
    let scope = cache.scope("m");
    for i in 0..50_000 {
        insert(&cache, i, &Context::new(&scope).market("btts").tag(&format!("tag {i}")));
    }
    assert!(cache.sizes().tags <= 2_000, "{:?}", cache.sizes());
    assert_eq!(cache.activity().tags_over_bound, 0);
    cache.invalidate_tag("tag 49999");
    assert!(cache.get(&49_999).is_none());
}

#[test]
fn a_flood_of_odds_markets_is_refused_until_a_window_has_emptied() {
    let (sim, cache) = small(|builder| builder.max_markets(8));
    let scope = cache.scope("m");
    let observe = |market: &str| cache.observe_odds(&scope, market, 2.0, START + sim.now());
    let refused = (0..1_000).filter(|i| observe(&format!("market {i}")).is_err()).count();
    assert_eq!(refused, 992);
    let last = observe("market 999").expect_err("the eighth was the last");
    assert!(matches!(last, Error::Observation(ObservationError::TooManyMarkets)), "{last}");
    let exposed = cache.registry().encode_prometheus();
    let line = r#"kairos_cache_observations_refused_total{reason="too_many_markets"} 993"#;
    assert!(exposed.contains(line), "{exposed}");
    sim.advance_to(Duration::from_secs(1800));
    assert!(observe("market 0").is_ok(), "known, and not empty yet");
    sim.advance_to(Duration::from_secs(1801));
    assert!(observe("new").is_ok());
    assert_eq!(observe("market 0").ok(), Some(kairos_cache::Volatility::Normal));
}

/// Reads of `keys` whose computes never end; what those that did end with were answered.
fn hang(sim: &Sim, cache: &Small, keys: impl Iterator<Item = u64>) -> Arc<Mutex<Vec<Error>>> {
    let errors: Arc<Mutex<Vec<Error>>> = Arc::default();
    for key in keys {
        let (cache, errors) = (cache.clone(), Arc::clone(&errors));
        let _read = sim.spawn(Box::pin(async move {
            let compute = || std::future::pending::<Result<u64, std::io::Error>>();
            let ended = cache.get_or_compute(&key, &Context::none(), compute).await;
            errors.lock().expect("no panic").push(ended.expect_err("the compute never ends"));
        }));
    }
    sim.run_until_idle();
    errors
}

#[test]
fn a_flood_of_flights_is_refused_while_those_that_fly_are_joined() {
    let (sim, cache) = small(|builder| builder.max_flights(100));
    insert(&cache, 5_000, &Context::none());
    let errors = hang(&sim, &cache, 0..1_000);
    assert_eq!(cache.sizes().flights, 100);
    assert_eq!(errors.lock().expect("no panic").len(), 900);
    assert!(errors.lock().expect("no panic").iter().all(|e| matches!(e, Error::Overloaded)));
    assert!(matches!(cache.begin(&2_000, &Context::none()), Err(Error::Overloaded)));
    assert_eq!(cache.activity().flights_over_bound, 901);
    // Every read that was refused is counted as one that needed a compute.
    assert_eq!((cache.stats().cache_miss, cache.stats().total_requests), (900, 900));
    let joined = hang(&sim, &cache, 0..100);
    assert_eq!(joined.lock().expect("no panic").len(), 0);
    // A stale value is served, and its refresh skipped.
    sim.advance_to(Duration::from_secs(29));
    cache.expire(&5_000);
    assert_eq!(cache.get(&5_000).map(|hit| *hit), Some(5_000));
    sim.run_to_end();
    assert_eq!(cache.sizes().flights, 0);
    assert!(cache.begin(&2_000, &Context::none()).is_ok());
}

#[test]
fn a_refresh_without_room_for_its_flight_is_skipped_and_the_old_value_served() {
    let (sim, cache) = small(|builder| builder.max_flights(1));
    insert(&cache, 1, &Context::none());
    cache.expire(&1);
    let _held = cache.begin(&2, &Context::none()).expect("room");
    let served = Arc::new(Mutex::new(None));
    let (reader, answer) = (cache.clone(), Arc::clone(&served));
    let _read = sim.spawn(Box::pin(async move {
        let compute = || async { Ok::<u64, std::io::Error>(9) };
        let hit = reader.get_or_compute(&1, &Context::none(), compute).await.expect("stale");
        *answer.lock().expect("no panic") = Some((*hit, hit.receipt().refresh_started));
    }));
    sim.run_until_idle();
    assert_eq!(*served.lock().expect("no panic"), Some((1, false)));
    assert_eq!(cache.activity().refreshes_skipped, 1);
}

#[test]
fn a_flood_of_computes_fills_the_queue_and_no_more() {
    let (sim, cache) = small(|builder| builder.max_concurrent_computes(4).compute_queue(20));
    let errors = hang(&sim, &cache, 0..5_000);
    assert_eq!(cache.activity().computes_refused, 5_000 - 24);
    assert_eq!(errors.lock().expect("no panic").len(), 5_000 - 24);
    assert_eq!(cache.sizes().flights, 24);
}
