// `[events]`: the event graph of a configuration, and the configuration of an event graph.
// Never knows: files.
// Read next: `../policy/events.rs`, which holds the graph.

use super::sections::EventsConfig;
use crate::error::Error;
use crate::policy::EventGraph;

/// The event graph of a configuration: its tables, or the football graph.
pub(crate) fn event_graph(config: &EventsConfig) -> Result<EventGraph, Error> {
    if config.graph.is_some() {
        let allowed =
            "replaced by its tables with Config::read_event_graph before a cache is built";
        return Err(Error::Config { field: "events.graph", allowed });
    }
    match (&config.markets, &config.events) {
        (None, None) => Ok(EventGraph::football()),
        (Some(markets), Some(events)) => Ok(EventGraph::new(
            markets.iter().map(|(name, tags)| (name.as_str(), tags.iter().map(String::as_str))),
            events.iter().map(|(name, tags)| (name.as_str(), tags.iter().map(String::as_str))),
        )?),
        _ => Err(Error::Config {
            field: "events",
            allowed: "complete: both markets and events, or neither",
        }),
    }
}

impl EventsConfig {
    /// The tables of an event graph.
    ///
    /// ```
    /// use kairos_cache::{Config, EventGraph, EventsConfig};
    ///
    /// let mut config = Config::default();
    /// config.events = EventsConfig::of(&EventGraph::football());
    /// assert_eq!(config.events.markets.as_ref().map(|markets| markets.len()), Some(12));
    /// config.validate()?;
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn of(graph: &EventGraph) -> EventsConfig {
        let names = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect();
        let market = |name: &str| {
            let id = graph.market(name).expect("a name of this graph");
            (name.to_owned(), names(&mut graph.market_tags(id)))
        };
        let event = |name: &str| {
            let id = graph.event(name).expect("a name of this graph");
            (name.to_owned(), names(&mut graph.event_tags(id)))
        };
        EventsConfig {
            graph: None,
            markets: Some(graph.market_names().map(market).collect()),
            events: Some(graph.event_names().map(event).collect()),
        }
    }
}

#[cfg(all(test, feature = "toml", not(kairos_loom)))]
mod tests;
