// The read that says why it is not served.
// Never knows: the insides of the cache.

use std::time::Duration;

use kairos_cache::{Computed, Context, Error, Reason, Refused, TradingStatus};

use super::{Said, none};
use crate::stage::{HOUR, SECOND, Stage, start};

/// The name of the reason, or the value.
fn check(said: &Said, context: &Context) -> Result<u64, &'static str> {
    said.cache.check("k", context).map(|value| *value).map_err(|refused| refused.name())
}

#[test]
fn what_is_fresh_or_stale_is_served_and_counted_as_get_counts_it() {
    let said = Said::new();
    said.run(&none(), 1);
    let before = said.cache.stats();
    assert_eq!(said.cache.check("k", &none()).expect("fresh").receipt().reason, Reason::Fresh);
    said.seconds(61);
    assert_eq!(said.cache.check("k", &none()).expect("stale").receipt().reason, Reason::Stale);
    let counted = said.cache.stats();
    assert_eq!(counted.cache_hit_fresh, before.cache_hit_fresh + 1);
    assert_eq!(counted.cache_hit_stale, before.cache_hit_stale + 1);
    said.seconds(60);
    assert_eq!(check(&said, &none()), Err("too_stale"));
    assert_eq!(said.cache.stats().total_requests, counted.total_requests, "counts nothing");
}

#[test]
fn the_first_reason_that_applies_is_said() {
    let said = Said::new();
    let scope = said.cache.scope("m");
    let context = Context::new(&scope).market("btts");
    assert_eq!(check(&said, &context), Err("absent"));
    said.run(&context, 1);
    assert_eq!(check(&said, &context), Ok(1));
    let old = context.clone().max_age(SECOND);
    said.seconds(2);
    assert_eq!(check(&said, &old), Err("too_stale"));
    assert_eq!(check(&said, &old.clone().force_refresh(true)), Err("too_stale"));
    said.cache.set_status(&scope, Some("btts"), TradingStatus::Suspended).expect("known");
    assert_eq!(check(&said, &old), Err("suspended"));
    said.cache.set_enabled(false);
    assert_eq!(check(&said, &old), Err("disabled"));
    said.cache.set_enabled(true);
    said.cache.set_status(&scope, Some("btts"), TradingStatus::Open).expect("known");
    assert_eq!(check(&said, &old), Err("absent"), "killed by the suspension");
}

#[test]
fn a_panic_is_said_before_what_is_stored_is_looked_at() {
    let said = Said::new();
    let scope = said.cache.scope("m");
    let context = Context::new(&scope);
    said.run(&context, 1);
    said.panic(&scope);
    assert_eq!(check(&said, &context), Err("panic"));
    assert_eq!(check(&said, &context.clone().force_refresh(true)), Err("panic"));
    said.cache.invalidate("k");
    assert_eq!(check(&said, &context), Err("panic"));
    said.cache.set_status(&scope, None, TradingStatus::Suspended).expect("known");
    assert_eq!(check(&said, &context), Err("suspended"));
}

#[test]
fn the_limit_is_the_smaller_of_max_age_and_the_stale_limit() {
    let said = Said::new();
    said.run(&none(), 1);
    let refused = |context: &Context| match said.cache.check("k", context) {
        Err(Refused::TooStale { age, limit }) => (age, limit),
        other => panic!("{other:?}"),
    };
    said.seconds(30);
    assert_eq!(refused(&none().max_age(20 * SECOND)), (30 * SECOND, 20 * SECOND));
    assert_eq!(refused(&none().force_refresh(true)), (30 * SECOND, Duration::ZERO));
    said.seconds(100);
    assert_eq!(refused(&none()), (130 * SECOND, 120 * SECOND));
    assert_eq!(refused(&none().max_age(HOUR)), (130 * SECOND, 120 * SECOND));
}

#[test]
fn beyond_the_bound_past_kickoff_a_cached_none_and_another_match_are_absent() {
    let said = Said::on(Stage::with(|builder| {
        builder.default_ttl(60 * SECOND).negative_ttl(60 * SECOND).max_matches(1)
    }));
    said.run(&none(), Computed::None);
    assert_eq!(check(&said, &none()), Err("absent"), "a cached none");
    let scope = said.cache.scope("m");
    let context = Context::new(&scope).kickoff(start() + 10 * SECOND);
    said.run(&context.clone().force_refresh(true), 1);
    assert_eq!(check(&said, &context), Ok(1));
    let beyond = Context::new(&said.cache.scope("beyond"));
    assert_eq!(check(&said, &beyond), Err("absent"), "beyond the bound");
    said.seconds(11);
    assert_eq!(check(&said, &context), Err("absent"), "past kickoff");
}

#[test]
fn a_check_publishes_its_kickoff_and_says_what_is_wrong_with_its_context() {
    let said = Said::new();
    let scope = said.cache.scope("m");
    said.run(&Context::new(&scope), 1);
    let kickoff = start() + HOUR / 2;
    assert_eq!(check(&said, &Context::new(&scope).kickoff(kickoff)), Ok(1));
    assert_eq!(scope.kickoff(), Some(kickoff));
    let unknown = said.cache.check("k", &Context::new(&scope).market("chess"));
    assert!(matches!(unknown, Err(Refused::Context(Error::UnknownMarket(_)))));
}
