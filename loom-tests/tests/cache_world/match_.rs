//! The stage of the models of a match: the real `ScopeState`, one market, one key's place in the store.
//! Never knows: which interleaving a model is about.
//! Read next: `../cache_suspension.rs`, the first model played on it.
#![allow(dead_code, reason = "each file of models uses its part of the stage")]

use std::sync::Arc;

use kairos_cache::model::{Capture, Class, KeyMarks, Mark, ScopeState, Sequence};
use kairos_cache::{EventGraph, EventId, MarketId};

use super::{Shelf, Source, Turn};

/// One market with one tag, and one event that names it.
pub(crate) fn graph() -> Arc<EventGraph> {
    let graph = EventGraph::new([("btts", ["goals"])], [("goal", ["goals"])]);
    Arc::new(graph.expect("names that are unlike"))
}

/// A match, its cache, and a value outside of the cache.
pub(crate) struct Match {
    pub(crate) sequence: Sequence,
    pub(crate) everything: Arc<Mark>,
    pub(crate) tag: Arc<Mark>,
    pub(crate) scope: ScopeState,
    pub(crate) graph: Arc<EventGraph>,
    pub(crate) market: MarketId,
    pub(crate) event: EventId,
    pub(crate) source: Source,
    pub(crate) shelf: Shelf,
    pub(crate) turn: Turn,
}

impl Match {
    pub(crate) fn new(graph: &Arc<EventGraph>) -> Match {
        Match {
            sequence: Sequence::new(),
            everything: Arc::default(),
            tag: Arc::default(),
            scope: ScopeState::new("m", graph.market_count()),
            graph: Arc::clone(graph),
            market: graph.market("btts").expect("a market of the graph"),
            event: graph.event("goal").expect("an event of the graph"),
            source: Source::new(),
            shelf: Shelf::new(),
            turn: Turn::new(),
        }
    }

    /// The class of the market's entries.
    pub(crate) fn class(&self) -> Arc<Class> {
        let mark = |_: &str| Arc::clone(&self.tag);
        self.scope.class(Some(self.market), &[], &self.graph, mark)
    }

    pub(crate) fn capture(&self, class: &Arc<Class>) -> Capture {
        Capture::take(&self.sequence, &self.everything, class)
    }

    /// Stores a value as the engine does: looks at the flag, then has it admitted.
    pub(crate) fn store(&self, value: u64, capture: &Capture, key: KeyMarks) {
        if !self.scope.is_suspended(Some(self.market)) {
            self.shelf.store(value, capture, key);
        }
    }

    /// Captures, computes, stores.
    pub(crate) fn compute_and_store(&self, class: &Arc<Class>) {
        let capture = self.capture(class);
        let value = self.source.read();
        self.store(value, &capture, KeyMarks::default());
    }

    /// What a read is served; nothing while the market is suspended.
    pub(crate) fn serve(&self) -> Option<u64> {
        let found = self.shelf.serve();
        found.filter(|_| !self.scope.is_suspended(Some(self.market)))
    }
}
