// What a match's handle tells, and when two are equal; what a hit gives away.
// Never knows: the insides of the cache.
// Read next: `given.rs`, for what is told of matches.

use std::collections::HashSet;

use kairos_cache::{Context, Error, TradingStatus, Volatility};

use crate::stage::{HOUR, SECOND, Stage, Work, start};

#[test]
fn a_handle_tells_what_was_last_given_of_its_match() {
    let stage = Stage::new();
    let scope = stage.cache.scope("one");
    assert_eq!((scope.kickoff(), scope.lineup()), (None, false));
    assert_eq!(scope.status(), TradingStatus::Open);
    for ahead in [5 * HOUR, 3 * HOUR] {
        stage.cache.set_kickoff(&scope, start() + ahead).expect("its own");
        assert_eq!(scope.kickoff(), Some(start() + ahead));
    }
    let before_1970 = std::time::UNIX_EPOCH - SECOND;
    stage.cache.set_kickoff(&scope, before_1970).expect("its own");
    assert_eq!(scope.kickoff(), Some(before_1970));
    stage.cache.set_lineup_confirmed(&scope, true).expect("its own");
    assert!(scope.lineup());
    for status in [TradingStatus::Suspended, TradingStatus::Closed, TradingStatus::Open] {
        stage.cache.set_status(&scope, None, status).expect("its own");
        assert_eq!(scope.status(), status);
    }
    stage.cache.set_status(&scope, Some("btts"), TradingStatus::Closed).expect("a market");
    assert_eq!(scope.status(), TradingStatus::Open, "a market alone is closed");
}

#[test]
fn handles_are_equal_by_match_and_cache() {
    let (stage, other): (Stage, Stage) = (Stage::with(|b| b.max_matches(2)), Stage::new());
    let (one, two) = (stage.cache.scope("one"), stage.cache.scope("two"));
    assert_eq!(one, stage.cache.scope("one"));
    assert_ne!(one, two);
    assert_ne!(one, other.cache.scope("one"));
    let beyond = stage.cache.scope("three");
    assert!(beyond.is_over_bound());
    assert_eq!(beyond, stage.cache.scope("three"));
    assert_eq!((beyond.kickoff(), beyond.lineup()), (None, false));
    assert_eq!(stage.cache.find_scope("three"), None);
    assert_eq!(stage.cache.find_scope("one").as_ref(), Some(&one));
    let handles = ["one", "one", "two", "three", "three"].map(|name| stage.cache.scope(name));
    assert_eq!(HashSet::from(handles).len(), 3);
}

#[test]
fn a_hit_gives_its_value_away_and_the_cache_keeps_its_own() {
    let stage = Stage::new();
    assert_eq!(stage.read("k", &Context::none(), &Work::at_once()).value(), Some(1));
    assert_eq!(stage.cache.get("k").expect("stored").into_value(), 1);
    assert!(stage.cache.get("k").is_some());
    stage.sim.advance(SECOND);
    assert_eq!(stage.sim.now(), SECOND);
}

#[test]
fn a_handle_tells_the_volatility_that_readers_go_by_for_as_long_as_it_holds() {
    let stage = Stage::new();
    let scope = stage.cache.scope("one");
    assert_eq!(scope.volatility(), Volatility::Normal);
    stage.panic(&scope);
    assert_eq!(scope.volatility(), Volatility::Panic);
    let held: Vec<Volatility> = (0..40)
        .map(|_| {
            stage.sim.advance(SECOND);
            scope.volatility()
        })
        .collect();
    let panics = held.iter().take_while(|status| **status == Volatility::Panic).count();
    assert_eq!(panics, 29, "30 s, the last of them not included");
    assert!(held[panics..].iter().all(|status| *status != Volatility::Panic));
}

/// A handle from beyond the bound reaches the match once there is room, by every way in.
#[test]
fn a_handle_from_beyond_the_bound_reaches_its_match_once_that_has_a_state() {
    let stage: Stage = Stage::with(|b| b.max_matches(1));
    let first = stage.cache.scope("one");
    let early = stage.cache.scope("two");
    assert!(early.is_over_bound());
    let refused = early.set_kickoff(start() + HOUR);
    assert!(matches!(refused, Err(Error::TooManyMatches)));
    assert!(matches!(early.set_lineup_confirmed(true), Err(Error::TooManyMatches)));
    drop(first);
    let second = stage.cache.try_scope("two").expect("there is room");
    early.set_kickoff(start() + HOUR).expect("its match has a state");
    early.set_lineup_confirmed(true).expect("its match has a state");
    stage.panic(&second);
    for scope in [&early, &second] {
        assert_eq!((scope.kickoff(), scope.lineup()), (Some(start() + HOUR), true));
        assert_eq!(scope.volatility(), Volatility::Panic);
    }
    assert_eq!(stage.cache.scopes(), [second]);
}
