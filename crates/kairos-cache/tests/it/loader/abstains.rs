// When no load is started behind gets and pins.
// Never knows: the insides of the cache.
// Read next: `../resilience/mod.rs`, computes that readers bring.

use std::time::Duration;

use kairos_cache::{Config, Context};

use super::{filled, minute};
use crate::stage::{Loading, SECOND, start};

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
        let stage = Loading::new(|b| minute(b).in_play_ttl(in_play_ttl));
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
    let stage = Loading::new(minute);
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
fn a_reload_that_leaves_no_ttl_in_play_ends_loading_there() {
    let stage = Loading::new(|b| minute(b).in_play_ttl(5 * SECOND));
    let scope = stage.cache.scope("m");
    stage.read("k", &Context::new(&scope).kickoff(start() - SECOND));
    assert_eq!(stage.cache.get("k").map(|hit| *hit), Some(1));
    stage.cache.reload(&Config::default()).expect("in range");
    stage.at(6);
    assert!(stage.cache.get("k").is_none());
    stage.sim.run_until_idle();
    assert_eq!(stage.loads(), 1);
}
