// The event graph: markets carry tags, events name tags, an event affects the markets it shares one with.
// Never knows: matches, entries, or generations.
// Read next: `../matches/classes.rs`, which turns an affected market into dead entries.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::fnv::BuildFnv;

/// Indices by name.
type Ids<I> = HashMap<Box<str>, I, BuildFnv>;

/// The index of a market in its event graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MarketId(pub(crate) u16);

/// The index of an event in its event graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub(crate) u16);

/// The name of a market, shared by all that report it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MarketName(Arc<str>);

impl From<&str> for MarketName {
    fn from(name: &str) -> Self {
        MarketName(name.into())
    }
}

impl Deref for MarketName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for MarketName {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for MarketName {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for MarketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The reason why an event graph is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphError {
    /// The name of a market or event is empty.
    NoName,
    /// Two markets, or two events, have this name.
    Twice(String),
    /// A tag of the market or event of this name is empty.
    EmptyTag(String),
    /// An event names a tag that no market of the graph carries, as a misspelt one is.
    Uncarried {
        /// The event.
        event: String,
        /// The tag.
        tag: String,
    },
    /// There are more than 65 535 markets or events.
    TooMany,
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GraphError::NoName => f.write_str("the name of a market or event is empty"),
            GraphError::Twice(name) => write!(f, "duplicate name {name:?}"),
            GraphError::EmptyTag(name) => write!(f, "{name:?} has an empty tag"),
            GraphError::Uncarried { event, tag } => {
                write!(f, "the event {event:?} names the tag {tag:?}, which no market carries")
            }
            GraphError::TooMany => f.write_str("more than 65535 markets or events"),
        }
    }
}

impl std::error::Error for GraphError {}

impl GraphError {
    /// Returns the name of the invalid market or event.
    pub fn name(&self) -> Option<&str> {
        match self {
            GraphError::NoName => Some(""),
            GraphError::Twice(name) | GraphError::EmptyTag(name) => Some(name),
            GraphError::Uncarried { event, .. } => Some(event),
            GraphError::TooMany => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Market {
    name: MarketName,
    tags: Vec<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Event {
    name: Box<str>,
    tags: Vec<Box<str>>,
    affected: Arc<[MarketName]>,
}

/// The event graph: which markets an event affects. Immutable once built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventGraph {
    markets: Vec<Market>,
    events: Vec<Event>,
    market_ids: Ids<MarketId>,
    event_ids: Ids<EventId>,
}

impl EventGraph {
    /// Builds a graph from `(market, tags)` and `(event, tags)`, in the order that answers keep. A
    /// market without tags is no event's, and an event without tags affects nothing.
    ///
    /// O(events × markets × tags). The tags of contexts, as `team:arsenal`, are not in the graph: an
    /// event that names one hits entries by it only if a market carries it too.
    ///
    /// ```
    /// use kairos_cache::{EventGraph, GraphError};
    ///
    /// let markets = [("set_winner", ["serve"]), ("aces", ["serve"])];
    /// let graph = EventGraph::new(markets, [("rain", ["serve"])])?;
    /// assert_eq!(graph.affected(graph.event("rain").expect("named above")).len(), 2);
    ///
    /// let misspelt = EventGraph::new(markets, [("rain", ["surf"])]);
    /// let error = GraphError::Uncarried { event: "rain".into(), tag: "surf".into() };
    /// assert_eq!(misspelt, Err(error));
    /// # Ok::<_, GraphError>(())
    /// ```
    ///
    /// # Errors
    /// [`GraphError`] for an empty or duplicate name, an empty tag, an event that names a tag which no
    /// market carries, and more than 65 535 markets or events.
    pub fn new<'a, M, E, T, U>(markets: M, events: E) -> Result<EventGraph, GraphError>
    where
        M: IntoIterator<Item = (&'a str, T)>,
        E: IntoIterator<Item = (&'a str, U)>,
        T: IntoIterator<Item = &'a str>,
        U: IntoIterator<Item = &'a str>,
    {
        let mut graph = EventGraph {
            markets: Vec::new(),
            events: Vec::new(),
            market_ids: Ids::default(),
            event_ids: Ids::default(),
        };
        for (name, tags) in markets {
            let id = MarketId(u16::try_from(graph.markets.len()).or(Err(GraphError::TooMany))?);
            claim_name(&mut graph.market_ids, name, id)?;
            let tags = named_tags(name, tags)?;
            graph.markets.push(Market { name: MarketName(name.into()), tags });
        }
        for (name, tags) in events {
            let id = EventId(u16::try_from(graph.events.len()).or(Err(GraphError::TooMany))?);
            claim_name(&mut graph.event_ids, name, id)?;
            let tags = named_tags(name, tags)?;
            let carried = |tag| graph.markets.iter().any(|market| market.tags.contains(tag));
            if let Some(tag) = tags.iter().find(|tag| !carried(tag)) {
                let (event, tag) = (name.to_owned(), tag.to_string());
                return Err(GraphError::Uncarried { event, tag });
            }
            let shares = |m: &Market| m.tags.iter().any(|t| tags.contains(t));
            let affected =
                graph.markets.iter().filter(|m| shares(m)).map(|m| m.name.clone()).collect();
            graph.events.push(Event { name: name.into(), tags, affected });
        }
        Ok(graph)
    }

    /// Returns the football graph: 12 markets, 13 tags, 12 events.
    ///
    /// ```
    /// use kairos_cache::EventGraph;
    ///
    /// let football = EventGraph::football();
    /// assert_eq!((football.market_count(), football.event_names().len()), (12, 12));
    /// ```
    pub fn football() -> EventGraph {
        EventGraph::new(
            FOOTBALL_MARKETS.iter().map(|&(name, tags)| (name, tags.iter().copied())),
            FOOTBALL_EVENTS.iter().map(|&(name, tags)| (name, tags.iter().copied())),
        )
        .expect("the tables below have no name twice, and each event's tags are on a market")
    }

    /// Returns the market of a name. O(1).
    pub fn market(&self, name: &str) -> Option<MarketId> {
        self.market_ids.get(name).copied()
    }

    /// Returns the event of a name. O(1).
    pub fn event(&self, name: &str) -> Option<EventId> {
        self.event_ids.get(name).copied()
    }

    /// Returns the number of markets.
    pub fn market_count(&self) -> usize {
        self.markets.len()
    }

    /// Returns the names of all markets, in the graph's order.
    pub fn market_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.markets.iter().map(|m| &*m.name)
    }

    /// Returns the names of all events, in the graph's order.
    pub fn event_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.events.iter().map(|e| &*e.name)
    }

    /// The name of a market of this graph.
    pub(crate) fn market_name(&self, market: MarketId) -> &str {
        &self.markets[usize::from(market.0)].name
    }

    /// Returns the tags of a market; none for an index beyond this graph's markets.
    pub fn market_tags(&self, market: MarketId) -> impl Iterator<Item = &str> {
        let market = self.markets.get(usize::from(market.0));
        market.into_iter().flat_map(|market| &market.tags).map(|t| &**t)
    }

    /// Returns the tags that an event names; none for an index beyond this graph's events.
    pub fn event_tags(&self, event: EventId) -> impl Iterator<Item = &str> {
        let event = self.events.get(usize::from(event.0));
        event.into_iter().flat_map(|event| &event.tags).map(|t| &**t)
    }

    /// Returns the markets that share a tag with an event, in the graph's order; none for an index
    /// beyond this graph's events.
    pub fn affected(&self, event: EventId) -> &[MarketName] {
        self.events.get(usize::from(event.0)).map_or(&[], |event| &event.affected)
    }

    /// A share in the markets that an event affects. The event must be of this graph.
    pub(crate) fn share_affected(&self, event: EventId) -> Arc<[MarketName]> {
        Arc::clone(&self.events[usize::from(event.0)].affected)
    }

    /// Returns the events that name at least one of these tags.
    pub fn events_naming(&self, tags: &[&str]) -> Vec<EventId> {
        (0u16..)
            .zip(&self.events)
            .filter(|(_, event)| event.tags.iter().any(|t| tags.contains(&&**t)))
            .map(|(index, _)| EventId(index))
            .collect()
    }
}

/// The share of markets that an event affects, in tenths of a percent, halves to even.
pub(crate) fn impact_tenths(affected: usize, total: usize) -> u32 {
    if total == 0 {
        return 0;
    }
    let (tenths, rest) = (affected * 1000 / total, affected * 1000 % total);
    let up = rest * 2 > total || rest * 2 == total && tenths % 2 == 1;
    tenths as u32 + u32::from(up)
}

fn claim_name<I>(ids: &mut Ids<I>, name: &str, id: I) -> Result<(), GraphError> {
    if name.is_empty() {
        return Err(GraphError::NoName);
    }
    match ids.insert(name.into(), id) {
        Some(_) => Err(GraphError::Twice(name.to_owned())),
        None => Ok(()),
    }
}

fn named_tags<'a>(
    name: &str,
    tags: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Box<str>>, GraphError> {
    let tags: Vec<Box<str>> = tags.into_iter().map(Box::from).collect();
    if tags.iter().any(|tag| tag.is_empty()) {
        return Err(GraphError::EmptyTag(name.to_owned()));
    }
    Ok(tags)
}

type Row = (&'static str, &'static [&'static str]);

const FOOTBALL_MARKETS: [Row; 12] = [
    ("over_under_25", &["goals", "weather", "lineup", "tactics", "form"]),
    ("btts", &["goals", "lineup", "goalkeeper_change", "tactics", "form"]),
    ("first_goalscorer", &["lineup", "form", "player_injury", "tactics"]),
    ("corners_over_under", &["weather", "tactics", "referee", "form"]),
    ("cards_over_under", &["referee", "rivalry", "weather", "discipline", "tactics"]),
    ("handicap", &["lineup", "home_advantage", "form", "player_injury", "tactics"]),
    (
        "match_result",
        &["lineup", "home_advantage", "form", "player_injury", "goalkeeper_change", "tactics"],
    ),
    ("double_chance", &["lineup", "home_advantage", "form", "tactics"]),
    ("halftime_fulltime", &["tactics", "lineup", "form"]),
    ("clean_sheet", &["goalkeeper_change", "lineup", "tactics", "form", "weather"]),
    ("penalty", &["referee", "tactics", "discipline"]),
    ("edge_calculation", &["edge_calculation", "odds_movement"]),
];

const FOOTBALL_EVENTS: [Row; 12] = [
    ("weather_rain", &["weather"]),
    ("weather_snow", &["weather"]),
    ("weather_wind", &["weather"]),
    ("player_injury", &["player_injury", "lineup", "tactics"]),
    ("goalkeeper_change", &["goalkeeper_change", "goals", "lineup"]),
    ("lineup_confirmed", &["lineup"]),
    ("key_player_suspended", &["player_injury", "lineup", "tactics"]),
    ("referee_assigned", &["referee"]),
    ("venue_changed", &["home_advantage"]),
    ("odds_steam", &["edge_calculation", "odds_movement"]),
    ("line_movement", &["odds_movement"]),
    ("sharp_money", &["edge_calculation"]),
];

#[cfg(test)]
mod tests;
