// One engine's column: operations checked by name, then applied to a real cache on virtual time.
// Never decides what a read returns or why: that is the cache's answer. Never names the cache's policy.
// Read next: `world.rs`, what each operation does.

mod caller;
mod decisions;
mod error;
mod feeds;
mod panics;
mod quote;
mod tally;
mod wall;
mod world;

use kairos_cache::{Config, EventGraph};

use crate::advice::Observed;
use crate::error::Reason;
use crate::report::Run;
use crate::scenario::{Name, Op, OpKind, Output, ReadId};

use self::decisions::Decisions;
use self::world::World;

pub(crate) use self::error::Error;

/// A cache on virtual time, to which the operations of a scenario are applied.
pub(crate) struct Engine {
    world: Option<World>,
    config: Config,
    graph: EventGraph,
    seed: u64,
    decisions: Decisions,
}

/// What is left of an engine.
pub(crate) struct Finished {
    /// The numbers of its run.
    pub(crate) run: Run,
    /// What it has seen of prices and zones.
    pub(crate) observed: Observed,
    /// Its configuration.
    pub(crate) config: Config,
    /// The decisions, which are complete and still to be kept.
    pub(crate) decisions: Option<Output>,
}

impl Engine {
    /// Creates the engine of a configuration. `decisions`, if given, receives a line for each finished read and each
    /// change.
    ///
    /// # Errors
    /// [`Error::Config`] names the field that is out of range.
    pub(crate) fn new(
        config: Config,
        seed: u64,
        decisions: Option<Output>,
    ) -> Result<Engine, Error> {
        // Built for its errors and its graph only: the cache that runs is built at the time of the first operation.
        let world = World::new(&config, seed, 0)?;
        let graph = world.event_graph().clone();
        Ok(Engine { world: None, config, graph, seed, decisions: Decisions::new(decisions) })
    }

    /// The event graph of the cache.
    pub(crate) fn event_graph(&self) -> &EventGraph {
        &self.graph
    }

    /// Checks that the cache knows every name in an operation. A few hash look-ups.
    ///
    /// # Errors
    /// The market, event or read that is unknown.
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

    /// Applies one operation: runs everything that is due by its time, then the operation, then everything that can
    /// run at that time.
    ///
    /// # Errors
    /// [`Error::Operation`] as from [`check`](Engine::check), in which case nothing has changed; [`Error::Write`].
    pub(crate) fn apply(&mut self, op: &Op) -> Result<(), Error> {
        self.check(op).map_err(Error::Operation)?;
        let Engine { world, config, seed, decisions, .. } = self;
        world_at(world, config, *seed, op.t_ms)?.apply(op, decisions)
    }

    /// Applies one operation, as [`apply`](Self::apply) does, from before the time of the report: nothing is written of
    /// it, and what the cache counts of it is not reported.
    ///
    /// # Errors
    /// As from [`apply`](Self::apply).
    pub(crate) fn prepare(&mut self, op: &Op) -> Result<(), Error> {
        self.check(op).map_err(Error::Operation)?;
        world_at(&mut self.world, &self.config, self.seed, op.t_ms)?.prepare(op)
    }

    /// Runs until nothing is left to run, cancels the reads that still wait, and returns the sums as the column `name`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn finish(mut self, name: &str) -> Result<Finished, Error> {
        let world = match self.world {
            Some(world) => world,
            None => World::new(&self.config, self.seed, 0)?,
        };
        let (run, observed) = world.finish(name, &mut self.decisions)?;
        Ok(Finished { run, observed, config: self.config, decisions: self.decisions.end()? })
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

/// The cache in `world`, which exists from the first operation.
fn world_at<'a>(
    world: &'a mut Option<World>,
    config: &Config,
    seed: u64,
    t_ms: i64,
) -> Result<&'a mut World, Error> {
    match world {
        Some(world) => Ok(world),
        none => Ok(none.insert(World::new(config, seed, t_ms)?)),
    }
}
