// Keys without a value that can be served: which of them a get or a pin has loaded, and how often.
// Never knows: the insides of the cache.
// Read next: `refreshes.rs`.

use kairos_cache::{Context, Error, TradingStatus};

use super::{filled, minute};
use crate::stage::{Load, Loading, SECOND};

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
fn a_pin_fills_its_key_again_however_the_entry_went() {
    let stage = Loading::new(|b| minute(b).max_capacity(1000));
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
    let stage = Loading::new(|b| minute(b).max_capacity(8));
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
    let stage = Loading::new(minute);
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
    let stage = Loading::new(minute);
    let scope = stage.cache.scope("m");
    stage.read("k", &Context::new(&scope).market("btts"));
    stage.cache.invalidate_event(&scope, "goalkeeper_change").expect("known");
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!((stage.loads(), stage.cache.get("k").map(|hit| *hit)), (2, Some(2)));
}

#[test]
fn what_is_known_to_be_nothing_is_asked_for_again_only_when_that_has_aged() {
    let stage = Loading::new(|b| minute(b).negative_ttl(5 * SECOND));
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
