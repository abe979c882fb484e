//! A loader behind reads that bring no closure: what it refreshes and fills by itself, and what it leaves alone.
//! Never knows: the insides of the cache. Everything runs on virtual time.
//! Read next: `../src/background.rs`, whose rules these are.

mod loader_stage;

use std::time::Duration;

use kairos_cache::{
    Builder, Config, Context, Error, Reason, Runtime as _, Strategy, TradingStatus,
};
use loader_stage::{Load, SECOND, Stage, start};

fn minute(builder: Builder<String, u64>) -> Builder<String, u64> {
    builder.default_ttl(60 * SECOND).xfetch_enabled(false)
}

/// A stage whose key `k` was loaded at 0 s, fresh for 60 s and served for 120 s.
fn filled() -> Stage {
    let stage = Stage::new(minute);
    assert_eq!(stage.read("k", &Context::none()).value(), Some(1));
    stage
}

#[test]
fn a_read_by_the_loader_fills_once_and_is_then_served() {
    let stage = Stage::new(minute);
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
    let stage = Stage::new(minute);
    let scope = stage.cache.scope("m");
    let context = Context::new(&scope).market("btts").tag("team:a").max_age(SECOND);
    stage.read("k", &context);
    assert_eq!(stage.last_load(), "k in m btts [team:a]");
}

#[test]
fn a_cache_without_a_loader_refuses_to_read_without_a_closure() {
    let cache = kairos_cache::Cache::<String, u64>::builder();
    let sim = kairos_cache::Sim::new(start());
    let cache = cache.sim(&sim).build().expect("in range");
    let (own, out) = (cache.clone(), loader_stage::Outcome::default());
    let outcome = out.clone();
    let _task = sim.spawn(Box::pin(async move {
        *outcome.lock().expect("no panic") = Some(own.read("k", &Context::none()).await);
    }));
    sim.run_until_idle();
    assert!(matches!(*out.lock().expect("no panic"), Some(Err(Error::NoLoader))));
    assert_eq!(cache.stats().total_requests, 0);
}

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
fn a_value_too_stale_for_a_get_is_loaded_behind_it_and_not_counted() {
    let stage = filled();
    stage.at(120);
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.cache.stats().total_requests, 1, "only the read that filled it");
    assert_eq!((stage.loads(), stage.cache.get("k").map(|hit| *hit)), (2, Some(2)));
    let stats = stage.cache.stats();
    assert_eq!((stats.swr_background_success, stats.swr_too_stale), (1, 0));
}

#[test]
fn a_background_load_is_told_match_market_and_tags_of_the_entry_and_nothing_else() {
    let stage = Stage::new(minute);
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
fn a_pin_fills_its_key_again_however_the_entry_went() {
    let stage = Stage::new(|b| minute(b).max_capacity(1000));
    let scope = stage.cache.scope("m");
    let context = Context::new(&scope).market("btts");
    stage.read("k", &context);
    let mut pin = stage.cache.pin("k").expect("fresh");
    let cache = &stage.cache;
    let ways: [(&str, &dyn Fn()); 5] = [
        ("event", &|| drop(cache.invalidate_event(&scope, "goalkeeper_change").expect("known"))),
        ("key", &|| _ = cache.invalidate("k")),
        ("all", &|| cache.invalidate_all()),
        ("match", &|| _ = cache.invalidate_match(&scope)),
        ("age", &|| stage.sim.advance_to(stage.sim.now() + 200 * SECOND)),
    ];
    for (number, (way, end)) in (1..).zip(ways) {
        assert_eq!(pin.get(), Some(&number), "before it went by {way}");
        end();
        assert_eq!(pin.get(), None, "gone by {way}");
        stage.sim.run_until_idle();
        assert_eq!((pin.get(), stage.loads()), (Some(&(number + 1)), number + 1), "by {way}");
    }
    let stats = stage.cache.stats();
    assert_eq!(stats.swr_background_success, 5);
    assert_eq!((stats.strategy_serve_fresh, stats.total_requests), (10, 11));
}

#[test]
fn a_pin_fills_its_key_again_after_an_eviction() {
    let stage = Stage::new(|b| minute(b).max_capacity(8));
    stage.read("k", &Context::none());
    let mut pin = stage.cache.pin("k").expect("fresh");
    for i in 0..400 {
        stage.read(&format!("other {}", i % 20), &Context::none());
        stage.cache.run_pending_tasks();
    }
    assert_eq!(stage.cache.get("k").map(|hit| *hit), None, "evicted");
    stage.sim.run_until_idle();
    let before = stage.loads();
    assert_eq!(pin.get(), None);
    stage.sim.run_until_idle();
    assert_eq!(stage.loads(), before + 1, "the pin knows where it belonged, `get` does not");
    assert_eq!(stage.last_load(), "k in - - []");
}

#[test]
fn a_pin_that_saw_a_suspension_fills_its_key_once_trading_goes_on() {
    let stage = Stage::new(minute);
    let scope = stage.cache.scope("m");
    stage.read("k", &Context::new(&scope).market("btts"));
    let mut pin = stage.cache.pin("k").expect("fresh");
    stage.cache.set_status(&scope, Some("btts"), TradingStatus::Closed).expect("known");
    assert!(pin.get().is_none() && stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.loads(), 1);
    stage.cache.set_status(&scope, Some("btts"), TradingStatus::Open).expect("known");
    assert_eq!(pin.get(), None);
    stage.sim.run_until_idle();
    assert_eq!(pin.get(), Some(&2));
}

#[test]
fn a_get_of_a_key_of_which_nothing_is_known_starts_nothing() {
    let stage = filled();
    assert!(stage.cache.get("other").is_none());
    stage.cache.invalidate("k");
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.loads(), 1);
}

#[test]
fn a_get_fills_a_key_again_whose_entry_an_event_has_killed() {
    let stage = Stage::new(minute);
    let scope = stage.cache.scope("m");
    stage.read("k", &Context::new(&scope).market("btts"));
    stage.cache.invalidate_event(&scope, "goalkeeper_change").expect("known");
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!((stage.loads(), stage.cache.get("k").map(|hit| *hit)), (2, Some(2)));
}

#[test]
fn nothing_is_loaded_while_the_cache_is_off() {
    let stage = filled();
    let mut pin = stage.cache.pin("k").expect("fresh");
    stage.cache.set_enabled(false);
    stage.at(130);
    assert!(pin.get().is_none() && stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.loads(), 1);
    stage.cache.invalidate("k");
    stage.cache.set_enabled(true);
    assert!(pin.get().is_none());
    stage.sim.run_until_idle();
    assert_eq!(pin.get(), Some(&2));
}

#[test]
fn nothing_is_loaded_after_kickoff_where_it_could_not_be_stored() {
    let kickoff = start() + 30 * SECOND;
    let after_kickoff = |in_play_ttl| {
        let stage = Stage::new(|b| minute(b).in_play_ttl(in_play_ttl));
        let scope = stage.cache.scope("m");
        stage.read("k", &Context::new(&scope).kickoff(kickoff));
        let mut pin = stage.cache.pin("k").expect("fresh");
        stage.at(31);
        assert!(pin.get().is_none() && stage.cache.get("k").is_none());
        stage.sim.run_until_idle();
        (stage.loads(), pin.get().copied())
    };
    assert_eq!(after_kickoff(Duration::ZERO), (1, None));
    assert_eq!(after_kickoff(5 * SECOND), (2, Some(2)));
}

#[test]
fn nothing_is_loaded_while_a_panic_sends_readers_around_the_cache() {
    let stage = Stage::new(minute);
    let scope = stage.cache.scope("m");
    stage.read("k", &Context::new(&scope));
    let mut pin = stage.cache.pin("k").expect("fresh");
    stage.at(70);
    for (second, price) in [(66, 2.0), (67, 2.0), (68, 2.0), (69, 9.0)] {
        let at = start() + second * SECOND;
        stage.cache.observe_odds(&scope, "home", price, at).expect("in order");
    }
    assert!(pin.get().is_none() && stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.loads(), 1, "left to reads with a closure");
    stage.at(99);
    assert_eq!(pin.get(), Some(&1), "the panic is over: the value is stale");
    stage.sim.run_until_idle();
    assert_eq!((pin.get(), stage.loads()), (Some(&2), 2));
}

#[test]
fn refreshes_beyond_the_bulkhead_are_skipped_and_counted() {
    let stage = Stage::new(|b| minute(b).max_concurrent_refreshes(1));
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
fn what_is_known_to_be_nothing_is_asked_for_again_only_when_that_has_aged() {
    let stage = Stage::new(|b| minute(b).negative_ttl(5 * SECOND));
    stage.loads_end_with(Load::Nothing);
    assert!(matches!(stage.read("k", &Context::none()).error(), Some(Error::Nothing)));
    stage.loads_end_with(Load::Value);
    stage.at(4);
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.loads(), 1);
    stage.at(5);
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.cache.get("k").map(|hit| *hit), Some(2));
}

#[test]
fn an_invalidation_during_a_background_load_keeps_its_result_out() {
    let stage = Stage::new(minute);
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
        let stage = Stage::new(|b| b.default_ttl(60 * SECOND).xfetch_enabled(true));
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

#[test]
fn a_reload_that_leaves_no_ttl_in_play_ends_loading_there() {
    let stage = Stage::new(|b| minute(b).in_play_ttl(5 * SECOND));
    let scope = stage.cache.scope("m");
    stage.read("k", &Context::new(&scope).kickoff(start() - SECOND));
    assert_eq!(stage.cache.get("k").map(|hit| *hit), Some(1));
    stage.cache.reload(&Config::default()).expect("in range");
    stage.at(6);
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.loads(), 1);
}
