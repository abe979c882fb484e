// Moves: which prices are one, and what one does.
// Never knows: the insides of the cache.
// Read next: `feeds.rs`, for moves that silence makes.

use std::time::Duration;

use kairos_cache::{Config, DriftMeasure, Reason, Runtime as _};

use super::{Failure, Market, SECOND};

fn soft(market: &Market, key: &str) -> Option<Reason> {
    market.cache.peek(key).map(|hit| hit.receipt().reason)
}

#[test]
fn a_soft_move_expires_the_match_and_a_hard_one_kills_it() {
    let market = Market::new(|b| b.drift_soft(0.01).drift_hard(0.05));
    let mut told = market.cache.subscribe();
    market.price("home", 2.0);
    market.price("draw", 3.0);
    let home = |bound: &str, died| (Some("home".to_owned()), bound.to_owned(), died);
    assert_eq!(Market::moves(&mut told), [home("hard", 0)], "the first price of a match alone");
    market.store("k", 1);
    market.price("home", 2.009);
    assert_eq!(soft(&market, "k"), Some(Reason::Fresh), "within half of the bound");
    market.price("home", 2.011);
    assert_eq!(soft(&market, "k"), Some(Reason::Stale));
    market.store("k", 2);
    market.price("home", 2.03);
    assert_eq!(soft(&market, "k"), Some(Reason::Stale), "from the new reference");
    market.store("k", 3);
    market.price("home", 2.06);
    assert_eq!(soft(&market, "k"), None, "the hard reference is still the first");
    let expected = [home("soft", 0), home("soft", 0), home("hard", 1)];
    assert_eq!(Market::moves(&mut told), expected);
    let activity = market.cache.activity();
    assert_eq!((activity.moves_soft, activity.moves_hard, activity.died_by_moves), (2, 2, 1));
    let stats = market.cache.stats();
    assert_eq!((stats.surgical_invalidation, stats.full_invalidation), (0, 0));
}

#[test]
fn what_is_computed_while_the_prices_move_is_covered() {
    for (hard, expected) in [(0.0, Some(Reason::Stale)), (0.01, None)] {
        let market = Market::new(|b| b.drift_soft(0.01).drift_hard(hard));
        market.price("home", 2.0);
        let (cache, context, sim) = (market.cache.clone(), market.context(), market.sim.clone());
        let _read = market.sim.spawn(Box::pin(async move {
            let slow = move || async move {
                sim.sleep(SECOND).await;
                Ok::<u64, Failure>(1)
            };
            cache.get_or_compute("k", &context, slow).await.expect("a value");
        }));
        market.sim.run_until_idle();
        market.price("home", 2.1);
        market.seconds(1);
        assert_eq!(soft(&market, "k"), expected);
    }
}

#[test]
fn prices_that_are_told_together_are_one_move_at_most() {
    let market = Market::new(|b| b.drift_soft(0.01));
    let mut told = market.cache.subscribe();
    let all = |prices: [f64; 3]| {
        let names = ["home", "draw", "away"];
        let outcomes =
            market.cache.observe_many(&market.scope, names.into_iter().zip(prices), market.wall());
        outcomes.expect("its own").into_iter().flatten().count()
    };
    assert_eq!(all([2.0, 3.0, 4.0]), 3);
    assert_eq!(all([2.1, 3.1, 0.5]), 2, "one is no price");
    assert_eq!(Market::moves(&mut told), [(None, "soft".into(), 0), (None, "soft".into(), 0)]);
    market.store("k", 1);
    assert_eq!(all([2.1, 3.1, 4.0]), 3);
    assert_eq!(soft(&market, "k"), Some(Reason::Fresh), "the newest are the references");
}

#[test]
fn a_dry_run_counts_and_tells_and_does_nothing() {
    let market = Market::new(|b| b.drift_hard(0.01).drift_dry_run(true));
    market.price("home", 2.0);
    market.store("k", 1);
    market.price("home", 3.0);
    assert_eq!(soft(&market, "k"), Some(Reason::Fresh));
    assert_eq!(market.cache.activity().moves_hard, 2);
}

#[test]
fn a_configuration_with_other_bounds_is_a_move_of_every_match_that_has_a_price() {
    let market = Market::new(|b| b.drift_hard(0.01));
    market.price("home", 2.0);
    market.store("k", 1);
    let mut config = Config::default();
    config.drift.hard = 0.01;
    config.xfetch.enabled = false;
    market.cache.reload(&config).expect("in range");
    assert_eq!(soft(&market, "k"), Some(Reason::Fresh), "the bounds are the same");
    config.drift.measure = DriftMeasure::Probability;
    market.cache.reload(&config).expect("in range");
    assert_eq!(soft(&market, "k"), None);
    market.store("k", 2);
    market.price("home", 2.009);
    assert_eq!(soft(&market, "k"), Some(Reason::Fresh), "half a percentage point is 2 % at 2.0");
    market.price("home", 2.03);
    assert_eq!(soft(&market, "k"), None);
}

#[test]
fn a_market_that_has_to_be_forgotten_is_a_move() {
    let market = Market::new(|b| b.drift_hard(0.5).max_markets(1));
    market.price("home", 2.0);
    market.store("k", 1);
    market.seconds(31 * 60);
    assert!(soft(&market, "k").is_some());
    market.price("draw", 3.0);
    assert_eq!(soft(&market, "k"), None, "nobody would see the forgotten one move");
}

/// What is no price makes no room for itself: it would move the match.
#[test]
fn a_refused_price_of_a_new_market_moves_nothing_though_others_could_be_forgotten() {
    let market = Market::new(|b| b.drift_hard(0.5).silence_after(3600 * SECOND).max_markets(1));
    market.price("home", 2.0);
    market.store("k", 1);
    market.seconds(31 * 60);
    let refused = market.cache.observe_odds(&market.scope, "draw", 1.0, market.wall());
    assert!(refused.is_err());
    assert_eq!(soft(&market, "k"), Some(Reason::Fresh));
    assert_eq!(market.cache.activity().moves_hard, 1, "the first price of the match");
    market.price("home", 2.1);
    assert_eq!(soft(&market, "k"), Some(Reason::Fresh), "its reference is still there");
}

#[test]
fn prices_that_swing_across_a_bound_move_the_match_each_time() {
    let market = Market::new(|b| b.drift_soft(0.01));
    for swing in 0..1000 {
        market.price("home", if swing % 2 == 0 { 2.0 } else { 2.05 });
    }
    assert_eq!(market.cache.activity().moves_soft, 1000);
}

#[test]
fn bounds_out_of_range_and_quiet_ttls_without_their_grounds_are_refused_by_field() {
    let hour = 3600 * SECOND;
    let check = |change: &dyn Fn(&mut Config), field: &str| {
        let mut config = Config::default();
        config.drift.soft = 0.01;
        config.feed.silence_after = 60 * SECOND;
        config.golden_hour.standard_quiet_ttl = 24 * hour;
        assert!(config.validate().is_ok());
        change(&mut config);
        let error = config.validate().expect_err(field).to_string();
        assert!(error.starts_with(&format!("configuration: {field} must be ")), "{error}");
    };
    for wrong in [f64::NAN, f64::INFINITY, -0.01, 1e-10, 1.01] {
        check(&move |c| c.drift.soft = wrong, "drift.soft");
        check(&move |c| c.drift.hard = wrong, "drift.hard");
    }
    check(&|c| c.drift.hard = 0.009, "drift.hard");
    check(&|c| c.drift.soft = 0.0, "golden_hour.standard_quiet_ttl");
    check(&|c| c.feed.silence_after = Duration::ZERO, "golden_hour.standard_quiet_ttl");
    check(&|c| c.golden_hour.standard_quiet_ttl = hour, "golden_hour.standard_quiet_ttl");
    let insert = kairos_cache::EvaluateAt::Insert;
    check(&|c| c.golden_hour.evaluate = insert, "golden_hour.standard_quiet_ttl");
    check(&|c| c.golden_hour.zones[3].quiet_ttl = 25 * hour, "golden_hour.zones.quiet_ttl");
    check(&|c| c.golden_hour.zones[0].quiet_ttl = SECOND, "golden_hour.zones.quiet_ttl");
    check(&|c| c.golden_hour.in_play_quiet_ttl = hour, "golden_hour.in_play_quiet_ttl");
    check(&|c| c.feed.silent_ttl = Duration::ZERO, "feed.silent_ttl");
}
