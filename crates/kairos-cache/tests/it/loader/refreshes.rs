// Stale values behind gets and pins: what the refresh is told, how it ends, when the next one starts.
// Never knows: the insides of the cache.
// Read next: `abstains.rs`.

use std::time::Duration;

use kairos_cache::{Context, Reason, Strategy};

use super::{filled, minute};
use crate::stage::{Load, Loading, SECOND, start};

#[test]
fn a_stale_value_is_served_to_every_get_and_pin_while_one_refresh_runs() {
    let stage = filled();
    let mut pins: Vec<_> = (0..10).map(|_| stage.cache.pin("k").expect("fresh")).collect();
    stage.at(60);
    stage.loads_take(SECOND);
    let mut started = 0;
    for i in 0..100 {
        let hit = stage.cache.get("k").expect("stale is served");
        assert_eq!((*hit, hit.receipt().reason), (1, Reason::Stale));
        started += u32::from(hit.receipt().refresh_started);
        let hit = pins[i % 10].read().expect("stale is served");
        assert_eq!((*hit, hit.receipt().reason), (1, Reason::Stale));
        started += u32::from(hit.receipt().refresh_started);
    }
    stage.sim.run_until_idle();
    assert_eq!((started, stage.loads()), (1, 2));
    stage.at(61);
    assert!(pins.iter_mut().all(|pin| pin.get() == Some(&2)));
    let stats = stage.cache.stats();
    assert_eq!((stats.swr_background_success, stats.strategy_serve_stale), (1, 200));
    assert_eq!((stats.golden_hour_total, stats.cache_miss), (0, 1));
    assert_eq!(stats.total_requests, 211);
}

#[test]
fn a_background_load_is_told_match_market_and_tags_of_the_entry_and_nothing_else() {
    let stage = Loading::new(minute);
    let scope = stage.cache.scope("m");
    let kickoff = start() + Duration::from_secs(3 * 3600);
    let context = Context::new(&scope).market("btts").kickoff(kickoff).tag("team:b").tag("team:a");
    stage.read("k", &context.clone().force_refresh(true));
    stage.at(15 * 60);
    assert!(stage.cache.get("k").expect("stale").receipt().refresh_started);
    stage.sim.run_until_idle();
    assert_eq!((stage.loads(), stage.last_load().as_str()), (2, "k in m btts [team:a team:b]"));
    let told = Context::new(&scope).market("btts").tag("team:a").tag("team:b");
    assert_eq!(stage.last_context(), format!("{told:?}"), "no kickoff, no force, no prices");
    assert_eq!(stage.cache.invalidate_match(&scope), 1, "it was stored where the first was");
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    stage.cache.invalidate_tag("team:a");
    assert!(stage.cache.peek("k").is_none(), "with the tags of the first");
}

#[test]
fn refreshes_beyond_the_bulkhead_are_skipped_and_counted() {
    let stage = Loading::new(|b| minute(b).max_concurrent_refreshes(1));
    stage.read("a", &Context::none());
    stage.read("b", &Context::none());
    stage.at(60);
    stage.loads_take(SECOND);
    let started =
        ["a", "b"].map(|key| stage.cache.get(key).expect("stale").receipt().refresh_started);
    assert_eq!((started, stage.cache.activity().refreshes_skipped), ([true, false], 1));
    stage.at(61);
    assert!(stage.cache.get("b").expect("stale").receipt().refresh_started);
}

#[test]
fn after_a_failed_load_of_a_value_that_is_served_the_next_waits_for_the_throttle() {
    for failure in [Load::Fails, Load::Panics, Load::PanicsAtOnce] {
        let stage = filled();
        let mut pin = stage.cache.pin("k").expect("fresh");
        stage.at(60);
        stage.loads_end_with(failure);
        assert!(stage.cache.get("k").expect("stale").receipt().refresh_started);
        stage.sim.run_until_idle();
        stage.sim.advance_to(Duration::from_nanos(64_999_999_999));
        assert!(!stage.cache.get("k").expect("stale").receipt().refresh_started, "{failure:?}");
        assert!(!pin.read().expect("stale").receipt().refresh_started);
        stage.at(65);
        assert!(pin.read().expect("stale").receipt().refresh_started);
        stage.sim.run_until_idle();
        let stats = stage.cache.stats();
        assert_eq!((stage.loads(), stats.swr_background_error, stats.cache_errors), (3, 2, 0));
    }
}

#[test]
fn after_a_failed_load_of_a_key_without_a_value_the_next_waits_for_the_throttle_too() {
    let stage = filled();
    let mut pins = [(); 2].map(|()| stage.cache.pin("k").expect("fresh"));
    stage.cache.invalidate("k");
    stage.loads_end_with(Load::Fails);
    for second in 0..=9 {
        stage.at(second);
        assert!(pins.iter_mut().all(|pin| pin.get().is_none()));
        stage.sim.run_until_idle();
    }
    assert_eq!(stage.loads(), 3, "the first, and one each at 0 s and 5 s");
    stage.loads_end_with(Load::Value);
    stage.read("k", &Context::none());
    stage.cache.invalidate("k");
    assert!(pins[0].get().is_none());
    stage.sim.run_until_idle();
    assert_eq!(pins[0].get(), Some(&5), "a success in between ends the waiting");
}

#[test]
fn a_load_that_hangs_is_aborted_after_the_refresh_timeout() {
    let stage = filled();
    stage.at(60);
    stage.loads_end_with(Load::Hangs);
    assert!(stage.cache.get("k").expect("stale").receipt().refresh_started);
    stage.sim.run_until_idle();
    assert_eq!(stage.running(), 1);
    stage.at(70);
    assert_eq!((stage.running(), stage.cache.stats().swr_background_error), (0, 1));
}

#[test]
fn a_load_that_finds_nothing_removes_the_value() {
    let stage = filled();
    stage.at(60);
    stage.loads_end_with(Load::Nothing);
    assert_eq!(stage.cache.get("k").map(|hit| *hit), Some(1));
    stage.sim.run_until_idle();
    assert!(stage.cache.get("k").is_none());
    assert_eq!(stage.cache.stats().swr_background_success, 1);
}

#[test]
fn an_invalidation_during_a_background_load_keeps_its_result_out() {
    let stage = Loading::new(minute);
    let scope = stage.cache.scope("m");
    let cache = &stage.cache;
    let ways: [(&str, &dyn Fn()); 5] = [
        ("key", &|| _ = cache.invalidate("k")),
        ("tag", &|| cache.invalidate_tag("team:a")),
        ("event", &|| drop(cache.invalidate_event(&scope, "goalkeeper_change").expect("known"))),
        ("match", &|| _ = cache.invalidate_match(&scope)),
        ("all", &|| cache.invalidate_all()),
    ];
    stage.read("k", &Context::new(&scope).market("btts").tag("team:a"));
    let mut pin = stage.cache.pin("k").expect("fresh");
    for (way, invalidate) in ways {
        stage.sim.advance_to(stage.sim.now() + 60 * SECOND);
        let before = stage.loads();
        stage.loads_take(2 * SECOND);
        assert!(pin.read().expect("stale").receipt().refresh_started);
        stage.sim.advance_to(stage.sim.now() + SECOND);
        invalidate();
        stage.sim.advance_to(stage.sim.now() + SECOND);
        assert_eq!((stage.loads(), stage.running()), (before + 1, 0), "{way}");
        assert!(stage.cache.peek("k").is_none(), "{way}");
        stage.loads_take(Duration::ZERO);
        assert!(pin.get().is_none());
        stage.sim.run_until_idle();
        assert_eq!(pin.get(), Some(&(before + 2)), "{way}");
    }
}

#[test]
fn a_fresh_value_that_loads_slowly_is_refreshed_early_behind_gets_and_pins() {
    for by_pin in [false, true] {
        let stage = Loading::new(|b| b.default_ttl(60 * SECOND).xfetch_enabled(true));
        stage.loads_take(5 * SECOND);
        let first = stage.read("k", &Context::none());
        stage.at(5);
        assert_eq!(first.value(), Some(1));
        let mut pin = stage.cache.pin("k").expect("fresh");
        let started = (5..65).find(|second| {
            stage.at(*second);
            let hit = if by_pin { pin.read() } else { stage.cache.get("k") }.expect("fresh");
            assert_eq!(hit.receipt().strategy, Strategy::ServeFresh);
            hit.receipt().refresh_started
        });
        let started = started.expect("it is certain by the end of the TTL");
        stage.at(started + 5);
        assert_eq!((pin.get(), stage.loads()), (Some(&2), 2));
    }
}
