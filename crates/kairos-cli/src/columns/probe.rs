// One engine with thresholds so low that it tells the score of every price: what a feed does to a configuration.
// Never reports: advice follows from what it has seen.
// Read next: `../advice/feed.rs`, which judges it.

use kairos_cache::{Config, EventGraph};

use super::engine::{Engine, Error as EngineError};
use crate::advice::{self, Observed};
use crate::error::{Error, Reason};
use crate::scenario::{Name, Op};

/// An engine that tells every score.
pub(crate) struct Probe(Engine);

impl Probe {
    /// The probe of a configuration.
    ///
    /// # Errors
    /// [`Error::Config`] if the command can build no engine from it.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        Engine::new(advice::probe(config), 0, None).map(Self).map_err(run_error)
    }

    /// The events of its graph.
    pub(crate) fn news(&self) -> Vec<Name> {
        self.graph().event_names().map(Name::from).collect()
    }

    /// The markets of its graph.
    pub(crate) fn markets(&self) -> Vec<Name> {
        self.graph().market_names().map(Name::from).collect()
    }

    /// Applies one operation.
    ///
    /// # Errors
    /// The name in it that the engine does not know.
    pub(crate) fn apply(&mut self, op: &Op) -> Result<(), Reason> {
        self.0.check(op)?;
        self.0.apply(op).map_err(|error| match error {
            EngineError::Operation(reason) => reason,
            // It has no decisions to write, and the configuration has made an engine before.
            other => unreachable!("{other}"),
        })
    }

    /// What it has seen.
    ///
    /// # Errors
    /// As from [`new`](Self::new), if nothing was applied.
    pub(crate) fn finish(self) -> Result<Observed, Error> {
        Ok(self.0.finish("").map_err(run_error)?.observed)
    }

    fn graph(&self) -> &EventGraph {
        self.0.event_graph()
    }
}

fn run_error(error: EngineError) -> Error {
    match error {
        EngineError::Config(source) => Error::Config(source),
        other => Error::Usage(other.to_string()),
    }
}
