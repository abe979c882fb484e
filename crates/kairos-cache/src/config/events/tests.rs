// The claims of `events.rs`, each as a test.
// Never knows: files.
// Read next: `../events.rs`.

use super::*;
use crate::config::Config;

#[test]
fn an_event_graph_needs_both_tables() {
    let config = Config::from_toml("[events]\nmarkets = { a = [\"x\"] }").expect("valid TOML");
    assert!(matches!(event_graph(&config.events), Err(Error::Config { field: "events", .. })));
    let text = "[events]\nmarkets = { a = [\"x\"] }\nevents = { e = [\"x\"] }";
    let config = Config::from_toml(text).expect("valid TOML");
    let graph = event_graph(&config.events).expect("both tables");
    assert_eq!(graph.affected(graph.event("e").expect("known")).len(), 1);
}

#[test]
fn a_tag_that_no_market_carries_is_refused_in_a_configuration_too() {
    let text = "[events]\nmarkets = { a = [\"x\"] }\nevents = { e = [\"x\", \"y\"] }";
    let config = Config::from_toml(text).expect("valid TOML");
    let refused = event_graph(&config.events).expect_err("nobody carries y").to_string();
    assert_eq!(refused, r#"event graph: the event "e" names the tag "y", which no market carries"#);
    assert!(config.validate().is_err());
}
