// The TTL that a compute names: a bound where a zone has one, the TTL where no kickoff is known.
// Never knows: the insides of the cache.

use std::time::Duration;

use kairos_cache::{Computed, Context, Reason};

use super::{Said, none};
use crate::stage::{HOUR, SECOND, Stage, start};

#[test]
fn an_own_ttl_is_the_ttl_where_no_kickoff_is_known_however_long() {
    for seconds in [20, 200] {
        let said = Said::new();
        let read = said.run(&none(), Computed::value(1).ttl(seconds * SECOND));
        assert_eq!(read.hit().expect("a value").receipt().ttl, seconds * SECOND);
        said.seconds(seconds - 1);
        let hit = said.cache.get("k").expect("fresh");
        assert_eq!((hit.receipt().reason, hit.receipt().ttl), (Reason::Fresh, seconds * SECOND));
        said.seconds(1);
        assert_eq!(said.cache.get("k").expect("stale").receipt().reason, Reason::Stale);
    }
}

#[test]
fn an_own_ttl_shortens_that_of_the_zone_and_never_lengthens_it() {
    let said = Said::new();
    let scope = said.cache.scope("m");
    let golden = Context::new(&scope).kickoff(start() + Duration::from_secs(45 * 60));
    let ttl = |said: &Said, own: Duration| {
        let forced = golden.clone().force_refresh(true);
        let computed = said.run(&forced, Computed::value(1).ttl(own)).hit().expect("a value");
        let served = said.cache.get("k").expect("fresh");
        assert_eq!(computed.receipt().ttl, served.receipt().ttl);
        served.receipt().ttl
    };
    assert_eq!(ttl(&said, 10 * SECOND), 10 * SECOND);
    assert_eq!(ttl(&said, HOUR), 60 * SECOND);
}

/// The TTL is a function of now: a kickoff that becomes known makes the own TTL a bound.
#[test]
fn an_own_ttl_becomes_a_bound_when_a_kickoff_becomes_known() {
    let said = Said::new();
    let scope = said.cache.scope("m");
    said.run(&Context::new(&scope), Computed::value(1).ttl(5 * HOUR));
    assert_eq!(said.cache.get("k").expect("fresh").receipt().ttl, 5 * HOUR);
    let kickoff = start() + Duration::from_secs(45 * 60);
    said.cache.set_kickoff(&scope, kickoff).expect("a match with a state");
    assert_eq!(said.cache.get("k").expect("fresh").receipt().ttl, 60 * SECOND);
}

#[test]
fn an_own_ttl_of_zero_answers_and_is_not_stored() {
    let said = Said::new();
    let read = said.run(&none(), Computed::value(1).ttl(Duration::ZERO));
    assert_eq!((read.value(), said.stored()), (Some(1), None));
    assert_eq!(said.number("kairos_cache_results_discarded_total{reason=\"not_storable\"}"), 1);
}

#[test]
fn jitter_shortens_an_own_ttl_too() {
    let said = Said::on(Stage::with(|builder| builder.seed(3).jitter(0.5)));
    said.run(&none(), Computed::value(1).ttl(100 * SECOND));
    let ttl = said.cache.get("k").expect("fresh").receipt().ttl;
    assert!(ttl < 100 * SECOND && ttl >= 50 * SECOND, "{ttl:?}");
}
