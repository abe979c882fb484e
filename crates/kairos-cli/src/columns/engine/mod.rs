// One engine's column: operations checked by name, then applied to a real cache on virtual time.
// Never decides what a read returns or why: that is the cache's answer. Never names the cache's policy.
// Read next: `world.rs`, what each operation does.

mod caller;
mod decisions;
mod error;
mod quote;
mod tally;
mod wall;
mod world;

use std::io::Write;

use kairos_cache::{Config, EventGraph};

use crate::error::Reason;
use crate::report::Run;
use crate::scenario::{Name, Op, OpKind, ReadId};

use self::decisions::Decisions;
use self::world::World;

pub(crate) use self::error::Error;

/// A cache on virtual time, and everything that a scenario does to it.
pub(crate) struct Engine {
    world: Option<World>,
    config: Config,
    graph: EventGraph,
    seed: u64,
    decisions: Decisions,
}

impl Engine {
    /// An engine of this configuration. `decisions` receives a line for each finished read and
    /// each change, if it is given.
    ///
    /// # Errors
    /// [`Error::Config`] names the field that is out of range.
    pub(crate) fn new(
        config: Config,
        seed: u64,
        decisions: Option<Box<dyn Write>>,
    ) -> Result<Engine, Error> {
        // Built once for its errors and its graph: the cache that runs begins with the first
        // operation.
        let world = World::new(&config, seed, 0)?;
        let graph = world.event_graph().clone();
        Ok(Engine { world: None, config, graph, seed, decisions: Decisions::new(decisions) })
    }

    /// The event graph of the cache.
    pub(crate) fn event_graph(&self) -> &EventGraph {
        &self.graph
    }

    /// Whether the cache knows every name in an operation. A few hash look-ups.
    ///
    /// # Errors
    /// The market, event or read that it does not know.
    pub(crate) fn check(&self, op: &Op) -> Result<(), Reason> {
        match &op.kind {
            OpKind::Get(get) => self.check_market(get.market.as_ref()),
            OpKind::Status { market, .. } => self.check_market(market.as_ref()),
            OpKind::Event { event, .. } if self.graph.event(event).is_none() => {
                Err(Reason::UnknownEvent(event.to_string()))
            }
            OpKind::Cancel { id: ReadId::Text(name) } if !self.has_read(name) => {
                Err(Reason::UnknownRead(name.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Applies one operation: first all that is due by its time, then the operation, then all
    /// that can happen at that time.
    ///
    /// # Errors
    /// [`Error::Operation`] as [`check`](Engine::check), and then nothing has happened;
    /// [`Error::Write`].
    pub(crate) fn apply(&mut self, op: &Op) -> Result<(), Error> {
        self.check(op).map_err(Error::Operation)?;
        let mut world = match self.world.take() {
            Some(world) => world,
            None => World::new(&self.config, self.seed, op.t_ms)?,
        };
        let applied = world.apply(op, &mut self.decisions);
        self.world = Some(world);
        applied
    }

    /// Lets time run on until nothing is left to happen, and sums up as the column `name`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn finish(mut self, name: &str) -> Result<Run, Error> {
        let world = match self.world.take() {
            Some(world) => world,
            None => World::new(&self.config, self.seed, 0)?,
        };
        let run = world.finish(name, &mut self.decisions)?;
        self.decisions.flush()?;
        Ok(run)
    }

    fn check_market(&self, market: Option<&Name>) -> Result<(), Reason> {
        match market {
            Some(market) if self.graph.market(market).is_none() => {
                Err(Reason::UnknownMarket(market.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn has_read(&self, id: &Name) -> bool {
        self.world.as_ref().is_some_and(|world| world.has_read(id))
    }
}
