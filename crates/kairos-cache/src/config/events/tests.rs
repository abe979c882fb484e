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
