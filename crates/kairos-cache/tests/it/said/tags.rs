// Tags that a compute finds, against what is invalidated before, during and after it.
// Never knows: the insides of the cache.
// Read next: `drawn.rs`, the same in drawn orders.

use kairos_cache::{Builder, Computed, Context, EventGraph, Reason, TradingStatus};

use super::{Said, none};
use crate::stage::{SECOND, Stage};

/// Three markets, each with a tag and with an event that names it. The tests read the first two.
fn graph() -> EventGraph {
    let markets = [("btts", ["goals"]), ("cards", ["bookings"]), ("postponed", ["weather"])];
    let events = [("goal", ["goals"]), ("booking", ["bookings"]), ("rain", ["weather"])];
    EventGraph::new(markets, events).expect("names that are unlike")
}

fn configured(configure: impl FnOnce(Builder<String, u64>) -> Builder<String, u64>) -> Said {
    Said::on(Stage::with(|builder| {
        let builder = builder.seed(1).xfetch_enabled(false).default_ttl(60 * SECOND);
        configure(builder.event_graph(graph()))
    }))
}

fn tagged(value: u64) -> Computed<u64> {
    Computed::value(value).tags(["team:arsenal"])
}

#[test]
fn a_found_tag_kills_and_expires_as_one_of_the_context_does() {
    let said = configured(|builder| builder);
    said.run(&none().tag("own"), tagged(1));
    said.cache.expire_tag("team:arsenal");
    assert_eq!(said.cache.get("k").expect("stale").receipt().reason, Reason::Stale);
    said.cache.invalidate_tag("team:arsenal");
    assert_eq!(said.stored(), None);
    said.run(&none().tag("own"), tagged(2));
    said.cache.invalidate_tag("own");
    assert_eq!(said.stored(), None, "beside those of the context");
}

/// Whether or not anybody knew the tag, and whether or not there is room for it.
#[test]
fn an_invalidation_of_a_tag_while_it_is_being_found_covers_the_result() {
    for room in [1, 2, 1000] {
        for known in [false, true] {
            let said = configured(|builder| builder.max_tags(room));
            let hold = |tag: &str| said.cache.insert(tag, &none().tag(tag), 0);
            hold("team:chelsea").expect("no match is named");
            if known {
                hold("team:arsenal").expect("no match is named");
            }
            let read = said.read(&none(), tagged(1));
            said.cache.invalidate_tag("team:arsenal");
            said.go();
            assert_eq!((read.value(), said.stored()), (Some(1), None), "room for {room}");
            said.run(&none(), tagged(2));
            assert_eq!(said.stored(), Some(2), "room for {room}: what begins later stands");
        }
    }
}

#[test]
fn a_tag_that_was_forgotten_while_it_was_being_found_covers_the_result() {
    let said = configured(|builder| builder.max_tags(8));
    said.cache.insert("holder", &none().tag("team:arsenal"), 0).expect("no match is named");
    let read = said.read(&none(), tagged(1));
    said.cache.invalidate_tag("team:arsenal");
    // So many tags come and go that the table forgets all that nothing holds.
    for i in 0..64 {
        let context = none().tag(&format!("t{i}"));
        said.cache.insert("other", &context, 0).expect("no match is named");
        said.cache.invalidate("other");
    }
    said.go();
    assert_eq!((read.value(), said.stored()), (Some(1), None));
}

#[test]
fn an_expiry_of_a_tag_while_it_is_being_found_leaves_the_result_stale() {
    let said = configured(|builder| builder);
    let _read = said.read(&none(), tagged(1));
    said.cache.expire_tag("team:arsenal");
    said.go();
    assert_eq!(said.cache.get("k").expect("stale").receipt().reason, Reason::Stale);
}

#[test]
fn a_tag_of_others_that_is_known_covers_no_result_that_does_not_name_it() {
    let said = configured(|builder| builder);
    for (key, tag) in [("x", "team:chelsea"), ("y", "team:arsenal")] {
        said.cache.insert(key, &none().tag(tag), 0).expect("no match is named");
    }
    let _read = said.read(&none(), tagged(1));
    said.cache.invalidate_tag("team:chelsea");
    said.go();
    assert_eq!(said.stored(), Some(1));
}

/// What nobody knew when it joined: that the result would carry the tag.
#[test]
fn a_read_that_comes_after_the_invalidation_and_joins_looks_again() {
    for expire in [false, true] {
        let said = configured(|builder| builder);
        let (first, second) = (said.read(&none(), tagged(1)), said.read(&none(), 7));
        if expire {
            said.cache.expire_tag("team:arsenal");
        } else {
            said.cache.invalidate_tag("team:arsenal");
        }
        let late = said.read(&none(), tagged(2));
        said.go();
        assert_eq!((first.value(), second.value()), (Some(1), Some(1)), "they came before it");
        if expire {
            assert_eq!(late.hit().expect("served").receipt().reason, Reason::Stale);
        } else {
            assert!(!late.has_ended(), "its own compute has begun");
        }
        said.go();
        assert_eq!((said.stored(), said.cache.stats().cache_errors), (Some(2), 0));
        assert_eq!(said.number("kairos_cache_reads_waited_total"), 3, "counted once");
    }
}

#[test]
fn a_read_of_a_match_beyond_the_bound_that_comes_after_the_invalidation_looks_again() {
    let said = configured(|builder| builder.max_matches(1));
    let _held = said.cache.scope("held");
    let context = Context::new(&said.cache.scope("m"));
    let first = said.read(&context, tagged(1));
    said.cache.invalidate_tag("team:arsenal");
    let late = said.read(&context, tagged(2));
    said.go();
    assert_eq!((first.value(), late.has_ended()), (Some(1), false));
    said.go();
    assert_eq!(late.value(), Some(2));
}

#[test]
fn an_event_that_names_a_found_tag_kills_the_value_and_counts_it() {
    let said = configured(|builder| builder);
    let scope = said.cache.scope("m");
    let died = |event: &str| said.cache.invalidate_event(&scope, event).expect("known").died;
    said.run(&Context::new(&scope).market("btts"), Computed::value(1).tags(["weather"]));
    assert_eq!((died("booking"), said.stored()), (0, Some(1)));
    assert_eq!((died("rain"), said.stored()), (1, None));
    said.run(&Context::new(&scope).market("btts"), Computed::value(2).tags(["weather"]));
    assert_eq!((died("goal"), said.stored()), (1, None), "by its market's own");
}

#[test]
fn an_event_while_a_tag_is_being_found_covers_the_result_if_it_names_it() {
    for (event, stored) in [("rain", None), ("goal", None), ("booking", Some(1))] {
        let said = configured(|builder| builder);
        let scope = said.cache.scope("m");
        let context = Context::new(&scope).market("btts");
        // Another value of the match carries the same tags.
        let also = context.clone().tag("weather");
        said.cache.insert("also", &also, 0).expect("known");
        let read = said.read(&context, Computed::value(1).tags(["weather"]));
        said.cache.invalidate_event(&scope, event).expect("known");
        said.go();
        assert_eq!((read.value(), said.stored()), (Some(1), stored), "{event}");
    }
}

/// Nobody can say which events would have named the tags of what was not there.
#[test]
fn any_event_of_the_match_covers_a_result_with_tags_that_nothing_carried() {
    let said = configured(|builder| builder);
    let (scope, other) = (said.cache.scope("m"), said.cache.scope("n"));
    let context = Context::new(&scope).market("btts");
    for (of, stored) in [(&other, Some(1)), (&scope, None)] {
        let _read = said.read(&context, tagged(1));
        said.cache.invalidate_event(of, "booking").expect("known");
        said.go();
        assert_eq!(said.stored(), stored, "{}", of.name());
        said.cache.invalidate("k");
        // So that the class is forgotten.
        for i in 0..200 {
            let many = context.clone().tag(&format!("t{i}"));
            said.cache.insert("other", &many, 0).expect("known");
        }
    }
}

#[test]
fn a_status_of_another_market_covers_no_result_and_one_of_its_own_does() {
    for (market, stored) in [("cards", Some(1)), ("btts", None)] {
        let said = configured(|builder| builder);
        let scope = said.cache.scope("m");
        let _read = said.read(&Context::new(&scope).market("btts"), tagged(1));
        for status in [TradingStatus::Suspended, TradingStatus::Open] {
            said.cache.set_status(&scope, Some(market), status).expect("known");
        }
        said.go();
        assert_eq!(said.stored(), stored, "{market}");
    }
}

#[test]
fn a_match_expired_while_a_tag_is_being_found_leaves_the_result_stale() {
    let said = configured(|builder| builder);
    let scope = said.cache.scope("m");
    let _read = said.read(&Context::new(&scope), tagged(1));
    said.cache.expire_match(&scope);
    said.go();
    assert_eq!(said.cache.get("k").expect("stale").receipt().reason, Reason::Stale);
}

/// A read that names no match leaves the value its tags, those found before among them.
#[test]
fn a_refresh_without_a_match_keeps_found_tags_and_adds_those_found_now() {
    for tag in ["team:arsenal", "team:chelsea"] {
        let said = configured(|builder| builder);
        said.run(&Context::new(&said.cache.scope("m")), tagged(1));
        said.seconds(61);
        let read = said.read(&none(), Computed::value(2).tags(["team:chelsea"]));
        assert_eq!(read.value(), Some(1), "stale");
        said.go();
        assert_eq!(said.stored(), Some(2));
        said.cache.invalidate_tag(tag);
        assert_eq!(said.stored(), None, "{tag}");
    }
}

#[test]
fn found_tags_count_against_their_bound_and_are_forgotten_with_their_values() {
    let said = configured(|builder| builder.max_tags(64));
    for i in 0..1000 {
        said.run(&none().force_refresh(true), Computed::value(i).tags([format!("t{i}")]));
    }
    assert_eq!(said.stored(), Some(999));
    let tags = said.cache.sizes().tags;
    assert!(tags <= 64, "{tags}");
    said.cache.invalidate_tag("t999");
    assert_eq!(said.stored(), None);
}
