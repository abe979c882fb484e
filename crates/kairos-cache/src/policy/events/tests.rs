// The claims of `events.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `events.rs`.

use super::*;

#[test]
fn an_event_affects_the_markets_it_shares_a_tag_with() {
    let graph = EventGraph::new(
        [("a", vec!["x", "y"]), ("b", vec!["y"]), ("c", vec![])],
        [("both", vec!["y"]), ("one", vec!["x"]), ("none", vec![])],
    )
    .expect("names differ, and every tag is on a market");
    let affected = |event| -> Vec<String> {
        let event = graph.event(event).expect("known");
        graph.affected(event).iter().map(ToString::to_string).collect()
    };
    assert_eq!(affected("both"), ["a", "b"]);
    assert_eq!(affected("one"), ["a"]);
    assert!(affected("none").is_empty());
    assert_eq!(graph.event("unknown"), None);
}

#[test]
fn a_context_tag_is_hit_by_the_events_that_name_it() {
    let graph = EventGraph::football();
    let named: Vec<EventId> = graph.events_naming(&["weather", "team:a"]);
    let expected: Vec<EventId> = ["weather_rain", "weather_snow", "weather_wind"]
        .map(|e| graph.event(e).expect("known"))
        .into();
    assert_eq!(named, expected);
}

#[test]
fn a_name_twice_or_empty_is_refused() {
    let build = |names: [&str; 2]| {
        EventGraph::new(names.map(|n| (n, [])), std::iter::empty::<(&str, [&str; 0])>())
    };
    assert_eq!(build(["a", "a"]).err(), Some(GraphError::Twice("a".into())));
    assert_eq!(build(["", "a"]).err(), Some(GraphError::NoName));
    assert_eq!(GraphError::Twice("a".into()).to_string(), "duplicate name \"a\"");
}

#[test]
fn an_empty_tag_is_refused_by_the_name_of_its_owner() {
    let build = |market: &'static str, event: &'static str| {
        EventGraph::new([("a", ["x", market])], [("b", ["x", event])]).err()
    };
    assert_eq!(build("", "y"), Some(GraphError::EmptyTag("a".into())));
    assert_eq!(build("y", ""), Some(GraphError::EmptyTag("b".into())));
    assert_eq!(build("y", "y"), None);
}

#[test]
fn an_event_that_names_a_tag_which_no_market_carries_is_refused_by_both_names() {
    let build = |tags: &[&'static str]| {
        let tags = tags.to_vec();
        EventGraph::new([("a", ["x", "y"]), ("b", ["y", "z"])], [("ok", vec!["x"]), ("e", tags)])
    };
    for tags in [&["x"][..], &["x", "y", "z"], &[]] {
        assert!(build(tags).is_ok(), "{tags:?}");
    }
    for tags in [&["w"][..], &["x", "w"], &["X", "w"], &["team:a"]] {
        let refused = build(tags).expect_err("not carried");
        let tag = tags.iter().find(|tag| **tag != "x").expect("given").to_string();
        assert_eq!(refused, GraphError::Uncarried { event: "e".into(), tag }, "{tags:?}");
        assert_eq!(refused.name(), Some("e"));
    }
    assert_eq!(
        build(&["w"]).expect_err("not carried").to_string(),
        r#"the event "e" names the tag "w", which no market carries"#
    );
}

#[test]
fn every_event_of_the_football_graph_names_tags_that_a_market_carries() {
    // `football` panics if not.
    let graph = EventGraph::football();
    for event in graph.event_names().map(|name| graph.event(name).expect("named")) {
        assert!(!graph.affected(event).is_empty());
    }
}

#[test]
fn a_market_or_event_of_another_graph_has_nothing_here() {
    let (small, names) = (EventGraph::new([("a", ["x"])], [("e", ["x"])]), EventGraph::football());
    let small = small.expect("no name twice");
    let (market, event) = (names.market("penalty"), names.event("sharp_money"));
    assert_eq!(small.market_tags(market.expect("known")).count(), 0);
    assert!(small.affected(event.expect("known")).is_empty());
}

#[test]
fn impact_is_rounded_to_a_tenth_of_a_percent() {
    for (affected, total, tenths) in [
        (4, 12, 333),
        (8, 12, 667),
        (1, 12, 83),
        (0, 0, 0),
        (12, 12, 1000),
        (1, 16, 62),
        (3, 16, 188),
    ] {
        assert_eq!(impact_tenths(affected, total), tenths);
    }
}
